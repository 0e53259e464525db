"""From a validated snapshot to features, benchmarks and the team state."""

from datetime import UTC, datetime
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from snapshots import everything, league, publish_raw
from touchline.bootstrap import Container
from touchline.domain.features import FEATURE_NAMES, build, features_for
from touchline.domain.state import TeamState
from touchline.domain.uses import columns
from touchline.errors import DataError, GateRejected
from touchline.manifest import Manifest, Ref, current, publish, read_object, read_publication, write_object
from touchline.settings import Feature
from touchline.stages import feature
from touchline.work import Event, Result

BOOKMAKER = ["bookmaker_home", "bookmaker_draw", "bookmaker_away"]
QUOTED = ["quoted_by", "quoted_home", "quoted_draw", "quoted_away"]
CLOSING = ["closing_home", "closing_draw", "closing_away"]


def passed_on(ports: Container, key: str) -> str:
    """Publish a snapshot under `validated/`, as the stage before does when its gates pass."""
    publication, raw = read_publication(ports.store, key)
    manifest = Manifest(
        stage="validated",
        id=raw.id,
        inputs=tuple(raw.outputs.values()),
        outputs=raw.outputs,
        parameters=raw.parameters,
        versions={"validate": "1"},
        counts={},
    )
    return publish(ports.store, manifest, publication.seq)[0]


def run(ports: Container, key: str) -> Result:
    event = Event(id="e", kind="object", source="test", time=datetime(2026, 3, 2, tzinfo=UTC), key=key)
    return feature.run(event, ports, Feature())


def run_on(ports: Container, table: pd.DataFrame, seq: int = 1) -> Result:
    return run(ports, passed_on(ports, publish_raw(ports.store, table, seq)))


def output(ports: Container, name: str) -> pd.DataFrame:
    _, manifest = current(ports.store, "features")
    return pd.read_parquet(BytesIO(read_object(ports.store, manifest.outputs[name])))


class TestPublished:
    def test_played_and_upcoming_matches_have_features(self, ports: Container) -> None:
        table = league()
        result = run_on(ports, table, seq=4)

        assert (result.outcome, result.publications) == ("done", ("features/published/000000000004.json",))
        played, upcoming = output(ports, "played"), output(ports, "upcoming")
        assert set(played["match_id"]) == set(table.loc[table["status"] == "finished", "match_id"])
        assert set(upcoming["match_id"]) == set(table.loc[table["status"] == "scheduled", "match_id"])
        assert played.columns.tolist() == [*feature.KEYS, "home_goals", "away_goals", "outcome", *FEATURE_NAMES]
        assert upcoming.columns.tolist() == [*feature.KEYS, *FEATURE_NAMES]
        assert played["outcome"].dtype == np.int8
        assert (played[list(FEATURE_NAMES)].dtypes == np.float64).all()

    def test_the_outcome_is_who_won(self, ports: Container) -> None:
        run_on(ports, league())
        played = output(ports, "played")
        margin = np.sign(played["home_goals"] - played["away_goals"])
        assert (margin == 1 - played["outcome"]).all()

    def test_what_is_made_of_it_is_told(self, ports: Container) -> None:
        result = run_on(ports, league())
        _, manifest = current(ports.store, "features")
        assert manifest.parameters == {"features": feature.features_hash(), "simulated": True}
        assert sorted(manifest.outputs) == ["benchmarks", "played", "state", "upcoming"]
        assert manifest.counts == result.summary
        assert manifest.outputs["played"].rows == manifest.counts["played"] == len(output(ports, "played"))
        assert manifest.outputs["played"].schema

    def test_the_state_answers_as_the_file_says(self, ports: Container) -> None:
        run_on(ports, league())
        _, manifest = current(ports.store, "features")
        state = TeamState.from_bytes(read_object(ports.store, manifest.outputs["state"]))
        upcoming = output(ports, "upcoming").iloc[-3:]
        asked = [upcoming[name].tolist() for name in ("home_team", "away_team", "competition", "season")]
        served = features_for(state, *asked, upcoming["kickoff"].dt.tz_localize(None).to_numpy())
        known = list(columns("past_prices"))
        served = pd.DataFrame(served, columns=FEATURE_NAMES)
        np.testing.assert_array_equal(served[known], upcoming[known])


class TestBenchmarks:
    def test_prices_are_kept_apart_as_probabilities(self, ports: Container) -> None:
        table = league()
        run_on(ports, table)
        benchmarks = output(ports, "benchmarks").set_index("match_id")
        assert benchmarks.columns.tolist() == [*BOOKMAKER, *CLOSING, *QUOTED]
        known = benchmarks[BOOKMAKER].dropna()
        assert len(known)
        np.testing.assert_allclose(known.sum(axis=1), 1)
        assert not {*BOOKMAKER, *CLOSING} & {*output(ports, "played"), *output(ports, "upcoming")}

    def test_the_favoured_bookmaker_comes_first_and_the_next_fills_in(self, ports: Container) -> None:
        table = league()
        prices = {"ps": (2.0, 4.0, 4.0), "b365": (4.0, 4.0, 2.0)}
        for bookmaker, triple in prices.items():
            for outcome, price in zip(("home", "draw", "away"), triple, strict=True):
                table[f"odds_{bookmaker}_{outcome}"] = price
        others = [name for name in table if name.startswith(("odds_", "closing_")) and name.split("_")[1] not in prices]
        table[others] = np.nan
        table.loc[0, "odds_ps_draw"] = np.nan
        run_on(ports, table)
        benchmarks = output(ports, "benchmarks")
        assert benchmarks[BOOKMAKER].iloc[0].tolist() == [0.25, 0.25, 0.5]
        assert benchmarks[BOOKMAKER].iloc[1].tolist() == [0.5, 0.25, 0.25]
        assert benchmarks[QUOTED].iloc[:2].values.tolist() == [["b365", 4.0, 4.0, 2.0], ["ps", 2.0, 4.0, 4.0]]

    def test_prices_of_a_match_are_in_no_feature_but_those_that_say_so(self, ports: Container) -> None:
        table = league()
        run_on(ports, table, seq=1)
        before = output(ports, "upcoming")
        prices = [name for name in table if name.startswith(("odds_", "closing_"))]
        upcoming = table["status"] == "scheduled"
        table.loc[upcoming, prices] = 7.0
        run_on(ports, table, seq=2)
        known = [*feature.KEYS, *columns("past_prices")]
        pd.testing.assert_frame_equal(before[known], output(ports, "upcoming")[known], check_exact=True)


class TestTwice:
    def test_the_same_snapshot_changes_nothing(self, ports: Container) -> None:
        key = passed_on(ports, publish_raw(ports.store, league()))
        run(ports, key)
        before = everything(ports.store)
        assert run(ports, key).outcome == "unchanged"
        assert everything(ports.store) == before

    def test_the_order_of_rows_changes_no_byte(self, ports: Container) -> None:
        run_on(ports, league(), seq=1)
        _, one = current(ports.store, "features")
        run_on(ports, league().sample(frac=1, random_state=1), seq=2)
        _, other = current(ports.store, "features")
        hashes = [{name: ref.sha256 for name, ref in manifest.outputs.items()} for manifest in (one, other)]
        assert hashes[0] == hashes[1]

    def test_a_snapshot_that_a_newer_one_replaced_is_left(self, ports: Container) -> None:
        old = passed_on(ports, publish_raw(ports.store, league(), 1))
        (newer,) = run(ports, passed_on(ports, publish_raw(ports.store, league(), 2))).publications
        result = run(ports, old)
        assert (result.outcome, result.reason) == ("skipped", f"superseded by {newer}")

    def test_an_older_snapshot_counts_where_the_newest_is_refused(self, ports: Container) -> None:
        old = passed_on(ports, publish_raw(ports.store, league(), 1))
        passed_on(ports, publish_raw(ports.store, league(), 2))  # of which nothing is made
        assert run(ports, old).outcome == "done"


class TestRefused:
    def test_features_that_know_the_outcome_are_kept_with_their_reason(self, ports: Container) -> None:
        """Where the first in the alphabet always wins, ratings foretell every result, as only a leak can."""
        table = league()
        first = table["home_team"] < table["away_team"]
        table = table.assign(home_goals=5.0 * first, away_goals=5.0 * ~first)
        with pytest.raises(GateRejected, match="features: leak in") as caught:
            run_on(ports, table.assign(status="finished"))
        where = caught.value.hint.removeprefix("see ")
        assert b'"passed":false' in ports.store.get(where)
        assert list(ports.store.list("features/")) == []

    def test_a_snapshot_that_is_no_table_is_refused(self, ports: Container) -> None:
        ref = write_object(ports.store, "raw/x/matches.parquet", b"no table")
        manifest = Manifest(
            stage="validated", id="x", inputs=(ref,), outputs={"matches": ref}, parameters={}, versions={}, counts={}
        )
        key, _ = publish(ports.store, manifest, 1)
        with pytest.raises(DataError, match="not a parquet file"):
            run(ports, key)

    def test_a_snapshot_that_is_gone_is_said_to_be(self, ports: Container) -> None:
        ref = Ref("raw/gone/matches.parquet", "0" * 64)
        manifest = Manifest(
            stage="validated", id="x", inputs=(ref,), outputs={"matches": ref}, parameters={}, versions={}, counts={}
        )
        key, _ = publish(ports.store, manifest, 1)
        with pytest.raises(LookupError, match=r"raw/gone/matches\.parquet"):
            run(ports, key)


class TestCountries:
    def test_countries_are_made_one_after_the_other_and_give_one_state(self, ports: Container) -> None:
        table = pd.concat([league().assign(competition=code) for code in ("E0", "D1", "E1")], ignore_index=True)
        table["match_id"] += table["competition"]
        run_on(ports, table)
        played, whole = output(ports, "played"), build(table)
        assert set(played["competition"].tail((played["competition"] == "D1").sum())) == {"D1"}
        rows = pd.Index(table["match_id"]).get_indexer(played["match_id"])
        np.testing.assert_array_equal(played[list(FEATURE_NAMES)], whole.values[rows])
        _, manifest = current(ports.store, "features")
        assert read_object(ports.store, manifest.outputs["state"]) == whole.state.to_bytes()

    def test_a_snapshot_without_matches_gives_tables_without_rows(self, ports: Container) -> None:
        assert run_on(ports, league().head(0)).summary == {"played": 0, "upcoming": 0, "benchmarks": 0}
        assert output(ports, "played").columns.tolist()[-len(FEATURE_NAMES) :] == list(FEATURE_NAMES)
