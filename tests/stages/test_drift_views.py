"""Views of the settled record: identical matches, benchmarks where they are known, returns by region, tiny data."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

from features_published import START, played, publish_features, sealed_before
from snapshots import league
from touchline.bootstrap import Container
from touchline.domain.views import POINTER, Leaderboard, ReturnsTable
from touchline.domain.vocabulary import REFERENCE_BOOKMAKERS, odds_columns
from touchline.errors import CorruptObject
from touchline.manifest import Manifest, encode, publish, read_publication, write_object
from touchline.ports import Forecast, Promotion
from touchline.settings import Drift
from touchline.stages import drift
from touchline.stages.drift_views import contenders
from touchline.stages.predict_views import read_views
from touchline.tables import write
from touchline.work import Event

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PRICES = odds_columns(REFERENCE_BOOKMAKERS[0])
QUOTED = {"home": 0.5, "draw": 0.3, "away": 0.2}


def run(ports: Container) -> tuple[Leaderboard, ReturnsTable]:
    drift.run(Event(id="e", kind="cron", source="test", time=NOW, key="daily"), ports, Drift())
    views = read_views(ports.store)
    assert views is not None
    return views


def decided(ports: Container, *champions: str) -> None:
    """Promotions 1, 2, ... of these models."""
    for number, model in enumerate(champions):
        previous = champions[number - 1] if number else ""
        ports.promotions.decide(Promotion(0, model, "champion", previous, model, "", "", {}, NOW, f"w{number}"))


def serve(ports: Container, champion: str, challenger: str = "", number: int = 1) -> None:
    """What serves, as far as views ask."""
    parameters: dict[str, Any] = {"model_id": champion, "model_version": champion}
    if challenger:
        parameters |= {"challenger": {"model_id": challenger, "model_version": challenger}}
    card = encode({"model_id": champion, "trained_from": START, "trained_until": START + timedelta(days=9)})
    outputs = {"card.json": write_object(ports.store, f"models/{champion}/card.json", card)}
    manifest = Manifest(
        stage="serving", id=f"s{number}", inputs=(), outputs=outputs, parameters=parameters, versions={}, counts={}
    )
    publish(ports.store, manifest, number)


def seal(ports: Container, forecasts: list[Forecast]) -> None:
    for forecast in forecasts:
        ports.ledger.seal([forecast], forecast.kickoff - timedelta(days=2))


def priced(table: pd.DataFrame, home: float, draw: float, away: float) -> pd.DataFrame:
    """A snapshot of these matches, all at the same prices before kick-off."""
    rows = league(2).head(1)
    rows = pd.concat([rows] * len(table), ignore_index=True).assign(match_id=table["match_id"].to_numpy())
    return rows.assign(**dict(zip(PRICES, (home, draw, away), strict=True)))


def with_benchmarks(ports: Container, table: pd.DataFrame, known: int) -> None:
    """Features whose benchmarks know a bookmaker of the last `known` matches."""
    _, manifest = read_publication(ports.store, publish_features(ports.store, table))
    quoted = {f"{name}_{outcome}": p for name in ("bookmaker", "closing") for outcome, p in QUOTED.items()}
    told = table[["match_id"]].assign(**quoted)
    told.iloc[: len(table) - known, 1:] = np.nan
    outputs = {**manifest.outputs, "benchmarks": write(ports.store, "features/b/benchmarks.parquet", told)}
    again = Manifest(
        stage="features", id="b", inputs=(), outputs=outputs, parameters={}, versions={}, counts={}
    )  # fmt: skip
    publish(ports.store, again, 2)


def test_before_anything_is_settled_the_views_say_so(ports: Container) -> None:
    assert read_views(ports.store) is None
    publish_features(ports.store, played(20))
    board, returned = run(ports)
    assert (board.standings, board.every, board.duels, returned.returns) == ((), (), (), ())
    assert "nothing is settled yet" in board.reason == returned.reason


def test_one_settled_match_is_shown_with_a_warning(ports: Container) -> None:
    publish_features(ports.store, played(20))
    seal(ports, sealed_before(played(20).head(1), 0.5, 0.3, 0.2, version="m1"))
    board, returned = run(ports)
    assert [(one.model_version, one.competition, one.n, one.few, one.low) for one in board.standings] == [
        ("m1", "", 1, True, None),
        ("m1", "SIM1", 1, True, None),
    ]
    assert (board.until, board.contenders, board.duels) == ("2025-01-01", ("m1",), ())
    assert [(one.region, one.n, one.roi) for one in returned.returns] == [("", 0, None)]


def test_champion_and_challenger_are_compared_on_identical_matches(ports: Container) -> None:
    table = played(400)
    with_benchmarks(ports, table, known=150)
    serve(ports, "m1", "m2")
    decided(ports, "m1")
    seal(ports, sealed_before(table.tail(200), 0.45, 0.3, 0.25, version="m1"))
    seal(ports, sealed_before(table.tail(120), 0.8, 0.1, 0.1, version="m2"))
    board, _ = run(ports)
    together = {one.model_version: one for one in board.standings if one.competition == ""}
    assert set(together) == {"m1", "m2", "bookmaker", "elo", "prior"}
    assert {one.n for one in together.values()} == {120}
    assert not together["m1"].few
    assert together["m1"].low < together["m1"].log_loss < together["m1"].high
    losses = [one.log_loss for one in board.standings if one.competition == ""]
    assert losses == sorted(losses)
    own = {(one.model_version, one.competition): one.n for one in board.every}
    assert own == {("m1", ""): 200, ("m2", ""): 120, ("m1", "SIM1"): 200, ("m2", "SIM1"): 120}
    duels = {(one.model_version, one.against): one for one in board.duels if one.competition == ""}
    assert duels["m2", "m1"].n == 120
    assert duels["m2", "m1"].difference == pytest.approx(together["m2"].log_loss - together["m1"].log_loss)
    assert duels["m2", "m1"].low > 0
    assert duels["m1", "bookmaker"].n == 150
    assert duels["m1", "elo"].n == 200


def test_a_benchmark_that_knows_little_takes_no_matches_from_the_others(ports: Container) -> None:
    table = played(300)
    with_benchmarks(ports, table, known=20)
    seal(ports, sealed_before(table.tail(60), 0.45, 0.3, 0.25, version="m1"))
    board, _ = run(ports)
    assert {(one.model_version, one.n) for one in board.standings} == {("m1", 60), ("elo", 60), ("prior", 60)}


def test_competitions_stand_apart(ports: Container) -> None:
    table = played(40).assign(competition=["E0", "D1"] * 20)
    publish_features(ports.store, table)
    seal(ports, sealed_before(table, 0.5, 0.3, 0.2, version="m1"))
    assert [(one.competition, one.n) for one in run(ports)[0].standings] == [("", 40), ("D1", 20), ("E0", 20)]


def test_void_forecasts_and_those_of_another_mode_do_not_count(ports: Container) -> None:
    table = played(20)
    publish_features(ports.store, table, snapshot=league(2).head(1).assign(status="abandoned"))
    seal(ports, sealed_before(league(2).head(1), 0.5, 0.3, 0.2, version="m1"))
    seal(ports, sealed_before(table.head(2), 0.5, 0.3, 0.2, version="m1"))
    assert run(ports)[0].every[0].n == 2


def known(*rows: int) -> np.ndarray:
    p = np.full((4, 3), np.nan)
    p[list(rows)] = 1 / 3
    return p


@pytest.mark.parametrize(
    ("models", "serving", "compared"),
    [
        ({"a": known(0)}, ("", ""), ("a",)),
        ({"a": known(0, 1), "b": known(1)}, ("a", "b"), ("a", "b")),
        ({"a": known(0), "b": known(1)}, ("a", "b"), ("a",)),
        ({"a": known(0), "b": known(1)}, ("", ""), ("b",)),
        ({"a": known(0, 1), "b": known(1, 2), "c": known(0, 1)}, ("a", ""), ("a", "c")),
        ({"a": known(0, 1), "b": known(2, 3)}, ("new", ""), ("b",)),
    ],
)
def test_who_is_compared(models: dict[str, np.ndarray], serving: tuple[str, str], compared: tuple[str, ...]) -> None:
    days = np.array(["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"], "datetime64[D]")
    assert contenders(models, days, serving) == compared


def test_flat_stakes_follow_what_the_champion_of_the_moment_said(ports: Container) -> None:
    """At 2.5 for a home win, 0.5 is worth a stake and 0.3 is not; the challenger's word counts for nothing."""
    table = played(60).assign(competition=["E0", "D1"] * 30)
    publish_features(ports.store, table, snapshot=priced(table.head(50), 2.5, 2.0, 2.0))
    decided(ports, "m1")
    seal(ports, sealed_before(table, 0.5, 0.25, 0.25, version="m1"))
    seal(ports, sealed_before(table, 0.2, 0.4, 0.4, version="m2"))
    _, returned = run(ports)
    homes = (table["outcome"].head(50) == 0).sum()
    total, england, germany = returned.returns
    assert (total.region, england.region, germany.region) == ("", "England", "Germany")
    assert (total.matches, total.n, total.staked, total.returned) == (50, 50, 50.0, pytest.approx(2.5 * homes))
    assert total.roi == pytest.approx(2.5 * homes / 50 - 1)
    assert total.low < total.roi < total.high
    assert total.few
    assert germany.n == england.n == 25


def test_after_a_promotion_the_new_champions_word_counts(ports: Container) -> None:
    table = played(30)
    publish_features(ports.store, table, snapshot=priced(table, 2.5, 2.0, 2.0))
    decided(ports, "m1", "m2")
    seal(ports, sealed_before(table, 0.5, 0.25, 0.25, version="m1"))
    said = sealed_before(table, 0.3, 0.35, 0.35, version="m2")
    later = [msgspec.structs.replace(one, promotion=2, features_hash="g") for one in said]
    for forecast in later:
        ports.ledger.seal([forecast], forecast.kickoff - timedelta(days=1))
    total, *_ = run(ports)[1].returns
    assert (total.matches, total.n) == (30, 0)


def test_the_same_again_moves_nothing_and_older_features_never_take_the_pointer(ports: Container) -> None:
    publish_features(ports.store, played(20), seq=5)
    seal(ports, sealed_before(played(20).head(3), 0.5, 0.3, 0.2, version="m1"))
    run(ports)
    before = {info.key: info.etag for info in ports.store.list("views/")}
    run(ports)
    assert {info.key: info.etag for info in ports.store.list("views/")} == before
    seal(ports, sealed_before(played(20).tail(3), 0.5, 0.3, 0.2, version="m1"))
    board, _ = run(ports)
    assert (board.seq, board.every[0].n) == (5, 6)
    told = {key.rpartition("/")[2] for key in before if key != POINTER}
    assert told >= {"leaderboard.json", "returns.json", "track.json", "health.json", "manifest.json"}


def test_what_is_not_as_promised_is_refused(ports: Container) -> None:
    publish_features(ports.store, played(20))
    run(ports)
    (key,) = [info.key for info in ports.store.list("views/") if info.key.endswith("leaderboard.json")]
    info = ports.store.stat(key)
    assert info is not None
    ports.store.swap(key, b"{}", info.etag)
    with pytest.raises(CorruptObject, match="leaderboard"):
        read_views(ports.store)
