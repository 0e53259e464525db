"""Forecast: the champion speaks of the coming fixtures, it is sealed before kick-off, and published once."""

import io
from datetime import timedelta
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

import served
from served import ListedRegistry, against, forecasted, promoted, publish_features, publish_model
from touchline import tables
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain import joint_goals, score_grid
from touchline.domain.feature_rows import row_hash
from touchline.domain.features import FEATURE_NAMES
from touchline.domain.forecasts import ForecastSet
from touchline.domain.state import TeamState
from touchline.errors import CorruptObject, DataError
from touchline.manifest import bundle_of, current, decode, encode, read_object, read_publication
from touchline.ports import Forecast
from touchline.settings import ForecastSettings
from touchline.stages import forecast
from touchline.stages.predict_heads import Lookout
from touchline.work import Result

FIRST = "predictions/published/000000000001-000000000001.json"


@pytest.fixture
def champion(ports: Container) -> str:
    """A champion is there; key of its serving publication."""
    ports.registry = ListedRegistry("m1", "m2")
    return promoted(ports, publish_model(ports.store, "m1", 1)).publications[0]


def published(ports: Container, key: str = FIRST) -> ForecastSet:
    _, manifest = read_publication(ports.store, key)
    return decode(read_object(ports.store, manifest.outputs["forecasts"]), ForecastSet)


def ticked(ports: Container, days: int) -> Result:
    return forecast.run(served.event("twice-daily", kind="cron"), ports, ForecastSettings(horizon_days=days))


def upcoming() -> pd.DataFrame:
    return served.tables()[0]["upcoming"]


def due(days: int = 14) -> pd.DataFrame:
    table = upcoming()
    return table[(table["kickoff"] > served.NOW) & (table["kickoff"] <= served.NOW + timedelta(days=days))]


def test_every_fixture_of_the_horizon_is_forecast_by_the_champion(ports: Container, champion: str) -> None:
    result = forecasted(ports, publish_features(ports.store))
    assert (result.outcome, result.publications, result.reason) == ("done", (FIRST,), "")
    told = published(ports)
    assert [match.match_id for match in told.matches] == due().sort_values(["kickoff", "match_id"])["match_id"].tolist()
    assert len(told.matches) > 10
    _, serving = current(ports.store, "serving")
    model = ports.model(*bundle_of(serving))
    rows = due().set_index("match_id").loc[[match.match_id for match in told.matches], list(FEATURE_NAMES)]
    expected = model.predict(rows.to_numpy())
    np.testing.assert_allclose([[m.home, m.draw, m.away] for m in told.matches], expected, atol=1e-12)
    np.testing.assert_allclose([m.rates for m in told.matches], model.both(rows.to_numpy())[1], atol=1e-12)


def test_goals_of_the_table_are_those_that_the_published_rates_lead_to(ports: Container, champion: str) -> None:
    forecasted(ports, publish_features(ports.store))
    told = published(ports)
    chances = [[m.home, m.draw, m.away] for m in told.matches]
    grids = joint_goals.joint(chances, [m.rates for m in told.matches], [m.rho for m in told.matches]).grids
    np.testing.assert_allclose(score_grid.results(grids), chances, atol=1e-12)
    _, manifest = read_publication(ports.store, FIRST)
    table = (
        tables.read(ports.store, manifest.outputs["table"])
        .set_index("match_id")
        .loc[[m.match_id for m in told.matches]]
    )
    found = score_grid.markets(grids)
    expected = table[["expected_goals_home", "expected_goals_away"]]
    np.testing.assert_allclose(expected, found.expected_goals, atol=1e-12)
    np.testing.assert_allclose(table["over_25"], found.over[:, 2], atol=1e-12)
    assert table["both_score"].between(0.1, 0.9).all()
    assert table["likeliest_score"].str.fullmatch(r"\d-\d").all()


def test_what_is_told_of_model_time_and_invention(ports: Container, champion: str) -> None:
    forecasted(ports, publish_features(ports.store))
    told = published(ports)
    assert (told.mode, told.as_of, told.simulated) == ("simulated", "2026-03-02T09:00:00+00:00", True)
    assert (told.model.model_id, told.model.promotion, told.model.trained_until) == ("m1", 1, "2026-03-01")
    assert [one.forecaster for one in told.model.scores] == [
        "This model", "Bookmaker, at kick-off", "Elo rating alone", "League averages",
    ]  # fmt: skip
    assert (told.model.scores[0].n, told.model.scores[0].low) == (900, 0.98)


def test_everything_published_is_sealed_and_in_the_ledger(ports: Container, champion: str) -> None:
    forecasted(ports, publish_features(ports.store))
    sealed = ports.ledger.forecasts()
    assert {row.match_id: row.home for row in sealed} == {m.match_id: m.home for m in published(ports).matches}
    assert all(row.sealed_at == served.NOW and row.sealed_at < row.kickoff for row in sealed)
    exported = msgspec.json.decode(ports.store.get("ledger/forecasts/000000000001.json"))
    assert exported["header"]["made_at"] == "2026-03-02T09:00:00Z"
    assert sorted(row["match_id"] for row in exported["forecasts"]) == sorted(row.match_id for row in sealed)
    assert exported["forecasts"][0]["sealed_at"] == "2026-03-02T09:00:00Z"
    row = due().set_index("match_id").loc[sealed[0].match_id, list(FEATURE_NAMES)]
    assert sealed[0].features_hash == row_hash(row.to_numpy(dtype=np.float64))


def test_people_get_a_table_and_predict_gets_the_state(ports: Container, champion: str) -> None:
    forecasted(ports, publish_features(ports.store))
    _, manifest = read_publication(ports.store, FIRST)
    table = pd.read_parquet(io.BytesIO(read_object(ports.store, manifest.outputs["table"])))
    assert table["match_id"].tolist() == [match.match_id for match in published(ports).matches]
    assert {"competition", "date", "home_team", "away_team", "home", "draw", "away", "model_version"} <= set(table)
    np.testing.assert_allclose(table[["home", "draw", "away"]].sum(axis=1), 1, atol=1e-6)
    state = TeamState.from_bytes(read_object(ports.store, manifest.outputs["state"]))
    assert {name for _, _, name in state.teams()} >= set(table["home_team"])


def test_twice_is_once(ports: Container, champion: str) -> None:
    key = publish_features(ports.store)
    forecasted(ports, key)
    left = {info.key: info.etag for info in ports.store.list("")}
    for wakes in (key, champion):
        assert forecasted(ports, wakes).outcome == "unchanged"
    assert {info.key: info.etag for info in ports.store.list("")} == left


def test_time_alone_brings_fixtures_in(ports: Container, champion: str, clock: VirtualClock) -> None:
    forecasted(ports, publish_features(ports.store), days=7)
    before = {match.match_id for match in published(ports).matches}
    for days, revision in ((1, 1), (6, 2)):
        clock.move(served.NOW + timedelta(days=days))
        result = ticked(ports, days=7)
        assert result.publications == (f"predictions/published/000000000001-000000000001_{revision:06d}.json",)
        assert ticked(ports, days=7).outcome == "unchanged"
    told = {match.match_id for match in published(ports, result.publications[0]).matches}
    assert told - before
    assert {row.match_id for row in ports.ledger.forecasts()} >= told | before
    publication, _ = current(ports.store, "predictions")
    assert publication.revision == 2
    assert Lookout().newest(ports.store)[1] == result.publications[0]
    latest = msgspec.json.decode(ports.store.get("predictions/latest.json"))
    assert latest["revision"] == 2


def test_what_time_takes_away_is_no_news(ports: Container, champion: str, clock: VirtualClock) -> None:
    forecasted(ports, publish_features(ports.store))
    far = published(ports).matches[-1].kickoff
    clock.move(far - timedelta(minutes=1))
    assert forecasted(ports, champion, days=0).publications == (FIRST,)


def test_a_fixture_without_a_time_is_sealed_before_its_day(ports: Container, champion: str) -> None:
    table = due().assign(kickoff=lambda rows: rows["kickoff"].dt.normalize() + timedelta(hours=12), kickoff_known=False)
    forecasted(ports, publish_features(ports.store, upcoming=table))
    assert min(table["kickoff"]) == served.NOW.replace(hour=12)
    assert min(match.kickoff for match in published(ports).matches).date() > served.NOW.date()
    for row in ports.ledger.forecasts():
        assert row.kickoff == row.kickoff.replace(hour=0)


def test_the_exported_ledger_holds_what_a_broken_attempt_sealed(
    ports: Container, champion: str, clock: VirtualClock
) -> None:
    first = due().sort_values("kickoff").iloc[0]
    kickoff = first["kickoff"].to_pydatetime()
    earlier = Forecast(first["match_id"], "m1", 1, 1, kickoff, 0.5, 0.3, 0.2, "hash", "simulated")
    ports.ledger.seal([earlier], served.NOW)
    clock.move(kickoff)
    forecasted(ports, publish_features(ports.store))
    exported = msgspec.json.decode(ports.store.get("ledger/forecasts/000000000001.json"))
    sealed = [row.match_id for row in ports.ledger.forecasts()]
    assert [row["match_id"] for row in exported["forecasts"]] == sealed
    assert sealed[0] == first["match_id"]


def test_either_side_may_come_first(ports: Container) -> None:
    ports.registry = ListedRegistry()
    features = publish_features(ports.store)
    waiting = forecasted(ports, features)
    assert (waiting.outcome, waiting.reason) == (
        "skipped",
        "nothing to forecast from: nothing published by serving yet",
    )
    serving = promoted(ports, publish_model(ports.store, "m1", 1)).publications[0]
    assert forecasted(ports, serving).publications == (FIRST,)


def test_a_champion_without_features_waits(ports: Container, champion: str) -> None:
    assert forecasted(ports, champion).reason == "nothing to forecast from: nothing published by features yet"


def test_superseded_features_are_passed_over(ports: Container, champion: str) -> None:
    older = publish_features(ports.store, 1)
    newer = publish_features(ports.store, 2)
    assert forecasted(ports, older).outcome == "skipped"
    assert forecasted(ports, newer).publications == ("predictions/published/000000000002-000000000001.json",)


def test_unchanged_features_seal_nothing_anew_and_a_new_champion_does(ports: Container, champion: str) -> None:
    forecasted(ports, publish_features(ports.store, 1))
    first = len(ports.ledger.forecasts())
    forecasted(ports, publish_features(ports.store, 2))
    assert len(ports.ledger.forecasts()) == first
    serving = promoted(ports, publish_model(ports.store, "m2", 2, **against("m1"))).publications[0]
    assert forecasted(ports, serving).publications == ("predictions/published/000000000002-000000000002.json",)
    assert len(ports.ledger.forecasts()) == 2 * first
    told = published(ports, "predictions/published/000000000002-000000000002.json")
    assert told.model.version == "m2"


def test_what_has_kicked_off_is_never_forecast(ports: Container, champion: str, clock: VirtualClock) -> None:
    first = due()["kickoff"].min().to_pydatetime()
    clock.move(first)
    forecasted(ports, publish_features(ports.store))
    assert min(match.kickoff for match in published(ports).matches) > first
    assert all(row.kickoff > first for row in ports.ledger.forecasts())


def test_an_empty_horizon_is_published_with_its_reason(ports: Container, champion: str, clock: VirtualClock) -> None:
    key = publish_features(ports.store)
    clock.move(upcoming()["kickoff"].max().to_pydatetime())
    result = forecasted(ports, key)
    last = upcoming()["kickoff"].max().date()
    assert (result.outcome, result.summary["forecasts"]) == ("done", 0)
    assert result.reason == published(ports).reason == f"no fixture in the next 14 days (the last known was on {last})"
    assert ports.ledger.forecasts() == []
    assert list(ports.store.list("ledger/forecasts/")) == []


def test_fixtures_beyond_the_horizon_are_announced(ports: Container, champion: str) -> None:
    far = upcoming()[upcoming()["kickoff"] > served.NOW + timedelta(days=14)]
    result = forecasted(ports, publish_features(ports.store, upcoming=far))
    assert result.reason == f"no fixture in the next 14 days (the next is on {far['kickoff'].min().date()})"


def test_no_fixture_at_all_is_said_plainly(ports: Container, champion: str) -> None:
    result = forecasted(ports, publish_features(ports.store, upcoming=upcoming().head(0)))
    assert result.reason == "no coming fixture is known"
    assert published(ports).simulated  # the model behind it was learnt from invented matches


def test_a_champion_of_other_features_is_refused_clearly(ports: Container) -> None:
    ports.registry = ListedRegistry()
    names = [*FEATURE_NAMES[:-1], "moon_phase"]
    files = {"features.json": encode({"names": names, "dtype": "float32", "sha256": ""})}
    promoted(ports, publish_model(ports.store, "m1", 1, files=files))
    with pytest.raises(DataError, match="trained on") as refused:
        forecasted(ports, publish_features(ports.store))
    assert refused.value.details == ("moon_phase",)
    assert list(ports.store.list("predictions/")) == []


def test_features_of_another_version_are_refused_clearly(ports: Container, champion: str) -> None:
    other = upcoming().drop(columns=[FEATURE_NAMES[3]])
    with pytest.raises(DataError, match=f"{FEATURE_NAMES[3]} is the first"):
        forecasted(ports, publish_features(ports.store, upcoming=other))


def test_a_model_that_gives_no_probabilities_is_refused(ports: Container, champion: str) -> None:
    class Broken:
        model_id, features = "m1", FEATURE_NAMES

        def predict(self, features: Any) -> Any:
            return np.full((len(features), 3), 0.5)

    key = publish_features(ports.store)
    ports.model = lambda bundle, digests: Broken()
    with pytest.raises(DataError, match="no probabilities"):
        forecasted(ports, key)
    assert ports.ledger.forecasts() == []


def test_a_tampered_bundle_never_speaks(ports: Container, champion: str) -> None:
    key = publish_features(ports.store)
    etag = ports.store.stat("models/m1/model.onnx").etag
    assert ports.store.swap("models/m1/model.onnx", b"something else", etag)
    with pytest.raises(CorruptObject, match=r"models/m1/model\.onnx"):
        forecasted(ports, key)


def test_missing_values_hash_alike_and_others_do_not() -> None:
    row = np.array([1.0, np.nan])
    other = np.array([1.0, np.float64.fromhex("nan") * -1])
    assert row_hash(row) == row_hash(other) != row_hash(np.array([1.0, 0.0]))
