"""The track record as drift publishes it: who, where and when, identical matches, void ones, what was public."""

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pandas as pd
import pytest

from features_published import played, publish_features, sealed_before
from snapshots import league
from touchline.bootstrap import Container
from touchline.domain import scoring
from touchline.domain.track import MOST_MODELS, MOST_VOID, PUBLIC, Entry, Figures, Track
from touchline.domain.vocabulary import REFERENCE_BOOKMAKERS, odds_columns
from touchline.manifest import current, publish
from touchline.ports import Forecast, Promotion
from touchline.stages.drift_prices import snapshots_of
from touchline.stages.drift_settle import settled_of
from touchline.stages.drift_views import publish_views
from touchline.stages.predict_views import read_view
from touchline.tables import read, write

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
BEFORE = odds_columns(REFERENCE_BOOKMAKERS[0])
CLOSING = odds_columns(REFERENCE_BOOKMAKERS[0], closing=True)


def tracked(ports: Container) -> Track:
    """The track record of what is in the ledger, published and read again."""
    publication, features = current(ports.store, "features")
    table = read(ports.store, features.outputs["played"])
    settled = settled_of(ports, table, snapshots_of(features))
    publish_views(ports, publication.seq, features, table, settled)
    found = read_view(ports.store, "track", Track)
    assert found is not None
    return found


def seal(ports: Container, forecasts: list[Forecast]) -> None:
    for forecast in forecasts:
        ports.ledger.seal([forecast], forecast.kickoff - timedelta(days=2))


def two_leagues(matches: int = 120) -> pd.DataFrame:
    """Matches of two competitions and two seasons, with what tells groups apart."""
    number = np.arange(matches)
    return played(matches).assign(
        competition=np.where(number % 3, "E0", "D1"),
        season=np.where(number < matches // 2, "2024-25", "2025-26"),
        elo_expected_score=np.where(number % 2, 0.6, 0.4),
        home_new_in_league=(number % 5 == 0).astype(float), away_new_in_league=0.0,
        home_season_matches=number % 38 * 1.0, away_season_matches=number % 38 * 1.0,
    )  # fmt: skip


def line(track: Track, model: str, competition: str = "", season: str = "") -> Entry:
    (one,) = (
        one for one in track.entries if (one.model_version, one.competition, one.season) == (model, competition, season)
    )
    return one


def figures(track: Track, model: str, competition: str = "", season: str = "") -> Figures:
    (one,) = (
        one for one in track.figures if (one.model_version, one.competition, one.season) == (model, competition, season)
    )
    return one


def test_before_anything_is_settled_the_record_says_so(ports: Container) -> None:
    publish_features(ports.store, played(20))
    track = tracked(ports)
    assert (track.entries, track.figures, track.voids, track.mode) == ((), (), (), "simulated")
    assert "nothing is settled yet" in track.reason


def test_every_competition_and_season_has_its_line_and_the_lines_add_up(ports: Container) -> None:
    table = two_leagues()
    publish_features(ports.store, table)
    seal(ports, sealed_before(table, 0.5, 0.3, 0.2, version="m1"))
    seal(ports, sealed_before(table.tail(30), 0.2, 0.3, 0.5, version="m2"))
    track = tracked(ports)
    assert (track.models, track.until) == (("m2", "m1"), str(table["kickoff"].max().date()))
    whole = line(track, "m1")
    loss = scoring.log_loss([[0.5, 0.3, 0.2]] * 120, table["outcome"])
    assert (whole.n, whole.log_loss.value) == (120, pytest.approx(loss.mean()))
    counts = {(one.competition, one.season): one.n for one in track.entries if one.model_version == "m1"}
    assert counts == {
        ("", ""): 120, ("", "2024-25"): 60, ("", "2025-26"): 60, ("D1", ""): 40, ("E0", ""): 80,
        ("D1", "2024-25"): 20, ("D1", "2025-26"): 20, ("E0", "2024-25"): 40, ("E0", "2025-26"): 40,
    }  # fmt: skip
    parts = [line(track, "m1", *key) for key in counts if all(key)]
    assert sum(one.n * one.log_loss.value for one in parts) / 120 == pytest.approx(whole.log_loss.value)
    assert {one.season for one in track.entries if one.model_version == "m2"} == {"", "2025-26"}
    assert not whole.few
    assert line(track, "m2").few


def test_everybody_is_met_on_identical_matches(ports: Container) -> None:
    """Elo and the shares learn from the first 200 matches; prices are known of the last 40."""
    table = two_leagues(300)
    rows = pd.concat([league(2).head(1)] * 40, ignore_index=True).assign(match_id=table["match_id"].tail(40).to_numpy())
    prices = dict(zip((*BEFORE, *CLOSING), (2.5, 3.0, 4.0, 2.0, 3.2, 4.4), strict=True))
    publish_features(ports.store, table, snapshot=rows.assign(**prices))
    seal(ports, sealed_before(table.tail(100), 0.5, 0.25, 0.25, version="m1"))
    one = line(tracked(ports), "m1")
    assert {against.rival: against.n for against in one.against} == {"elo": 100, "prior": 100}
    for against in one.against:
        assert against.ours == pytest.approx(one.log_loss.value)
        assert against.log_loss.value == pytest.approx(against.ours - against.theirs, abs=1e-8)
    homes = int((table["outcome"].tail(40) == 0).sum())
    assert one.returns is not None
    assert (one.returns.matches, one.returns.n, one.returns.returned) == (40, 40, pytest.approx(2.5 * homes))
    assert one.closing_value is not None
    assert one.closing_value.value == pytest.approx(np.log(2.5 / 2.0))


def test_figures_are_those_of_the_lines(ports: Container) -> None:
    table = two_leagues()
    publish_features(ports.store, table)
    seal(ports, sealed_before(table, 0.5, 0.3, 0.2, version="m1"))
    track = tracked(ports)
    made = {(one.competition, one.season) for one in track.figures}
    assert made == {("", ""), ("", "2024-25"), ("", "2025-26"), ("D1", ""), ("E0", "")}
    for one in track.figures:
        n = line(track, "m1", one.competition, one.season).n
        assert sum(each.count for each in one.bins) == 3 * n
        assert sum(month.n for month in one.months) == n
        assert one.ece == line(track, "m1", one.competition, one.season).ece
        assert 0 < one.noise <= one.noise_high
    groups = {each.name: each.n for each in figures(track, "m1").slices}
    assert groups["competition:E0"] == line(track, "m1", "E0").n
    assert groups["favourite:home"] + groups["favourite:away"] == 120
    assert groups["newcomers:one"] == 24
    assert "competition:E0" not in {each.name for each in figures(track, "m1", "D1").slices}


def test_what_was_public_is_the_word_of_each_champion_of_its_time(ports: Container) -> None:
    table = two_leagues(60)
    publish_features(ports.store, table)
    for number, model in enumerate(("m1", "m2")):
        before = "m1" if number else ""
        ports.promotions.decide(Promotion(0, model, "champion", before, model, "", "", {}, NOW, f"w{number}"))
    seal(ports, sealed_before(table, 0.5, 0.3, 0.2, version="m1"))
    later = [
        msgspec.structs.replace(one, promotion=2) for one in sealed_before(table.tail(20), 0.2, 0.3, 0.5, version="m2")
    ]
    for forecast in later:
        ports.ledger.seal([forecast], forecast.kickoff - timedelta(days=1))
    track = tracked(ports)
    assert track.models[0] == PUBLIC
    said = np.array([[0.5, 0.3, 0.2]] * 40 + [[0.2, 0.3, 0.5]] * 20)
    assert line(track, PUBLIC).n == 60
    assert line(track, PUBLIC).log_loss.value == pytest.approx(scoring.log_loss(said, table["outcome"]).mean())


def test_what_was_sealed_in_the_shadow_is_public_from_the_promotion_on_and_until_the_rollback(
    ports: Container,
) -> None:
    """Nobody seals the same anew when he becomes champion; who does so within the last hour comes too late."""
    table = two_leagues(60)
    publish_features(ports.store, table)
    start, first, second = (table["kickoff"].iloc[place].to_pydatetime() for place in (0, 20, 40))
    decided = (("m1", start - timedelta(days=9)), ("m2", first - 2 * HALF_HOUR), ("m1", second - HALF_HOUR))
    before = ""
    for number, (model, at) in enumerate(decided):
        ports.promotions.decide(Promotion(0, model, "champion", before, model, "", "", {}, at, f"w{number}"))
        before = model
    for model, said in (("m1", (0.5, 0.3, 0.2)), ("m2", (0.2, 0.3, 0.5))):
        ports.ledger.seal(sealed_before(table, *said, version=model), table["kickoff"].min() - timedelta(days=2))
    said = np.array([[0.5, 0.3, 0.2]] * 20 + [[0.2, 0.3, 0.5]] * 21 + [[0.5, 0.3, 0.2]] * 19)
    assert line(tracked(ports), PUBLIC).log_loss.value == pytest.approx(scoring.log_loss(said, table["outcome"]).mean())


def test_void_forecasts_are_counted_and_listed_with_their_reason(ports: Container) -> None:
    table, lost = played(20), league(2).head(1)
    publish_features(ports.store, table, snapshot=lost.assign(status="abandoned"))
    seal(ports, sealed_before(lost, 0.5, 0.3, 0.2, version="m1"))
    track = tracked(ports)
    assert (track.entries, track.reason) == (
        (),
        "nothing is settled yet: forecasts are settled when their matches are over",
    )
    seal(ports, sealed_before(table.head(2), 0.5, 0.3, 0.2, version="m1"))
    track = tracked(ports)
    assert [(one.model_version, one.reason, one.n) for one in track.voided] == [("m1", "the match was abandoned", 1)]
    (void,) = track.voids
    first = lost.iloc[0]
    assert (void.match_id, void.competition, void.season) == (first["match_id"], first["competition"], first["season"])
    assert void.day == str(first["kickoff"].date())
    assert line(track, "m1").n == 2


def test_a_void_match_that_no_snapshot_knows_any_more_is_listed_all_the_same(ports: Container) -> None:
    """Its kick-off was moved before the sealing; the list keeps to the newest."""
    table = played(MOST_VOID + 5)
    moved = table.assign(kickoff=table["kickoff"] + timedelta(days=30))
    publish_features(ports.store, table)
    for forecast in sealed_before(moved, 0.5, 0.3, 0.2, version="m1"):
        ports.ledger.seal([forecast], forecast.kickoff - timedelta(days=2))
    track = tracked(ports)
    assert [one.n for one in track.voided] == [MOST_VOID + 5]
    assert len(track.voids) == MOST_VOID
    assert (track.voids[0].competition, track.voids[0].season) == ("", "")
    assert track.voids[0].day > track.voids[-1].day


def test_line_ups_behind_the_features_are_no_matches(ports: Container) -> None:
    """They name a match once for each player, and do not say how it stands."""
    table, lost = played(20), league(2).head(1)
    publish_features(ports.store, table, snapshot=lost.assign(status="abandoned"))
    seal(ports, sealed_before(pd.concat([table.head(2), lost]), 0.5, 0.3, 0.2, version="m1"))
    _, features = current(ports.store, "features")
    named = table.loc[[0, 0, 1], ["match_id", "competition", "season"]].assign(player=["a", "b", "c"])
    inputs = (*features.inputs, write(ports.store, "raw/x/appearances.parquet", named))
    publish(ports.store, msgspec.structs.replace(features, id="with-line-ups", inputs=inputs), 2)
    track = tracked(ports)
    assert (line(track, "m1").n, len(track.voids)) == (2, 1)


def test_of_very_many_models_the_oldest_have_one_line(ports: Container) -> None:
    table = two_leagues(MOST_MODELS + 8)
    publish_features(ports.store, table)
    for number in range(MOST_MODELS + 2):
        seal(ports, sealed_before(table.iloc[number : number + 6], 0.5, 0.3, 0.2, version=f"m{number:02d}"))
    track = tracked(ports)
    assert track.models[0] == f"m{MOST_MODELS + 1:02d}"
    assert [one.model_version for one in track.entries][-2:] == ["m01", "m00"]
    full = {one.model_version for one in track.entries if one.competition}
    assert len(full) == MOST_MODELS
    drawn = [one for one in track.figures if one.season or one.competition]
    assert {one.model_version for one in drawn} == set(track.models[:3])
