"""No future, reading before learning, one way offline and online: each law checked, and shown to catch a breach."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchbook import later_changed, matchbook
from touchline.domain import encoding, rows
from touchline.domain.features import FEATURE_NAMES, build, compute, features_for
from touchline.domain.history import remember
from touchline.domain.state import TeamState
from touchline.domain.vocabulary import ODDS_COLUMNS
from touchline.errors import UnknownName

SEEDS = st.integers(0, 10_000)
HOUR = 3_600_000_000
Build = Callable[[pd.DataFrame], np.ndarray]


def honest(table: pd.DataFrame) -> np.ndarray:
    return build(table).values


def by_match(table: pd.DataFrame, values: np.ndarray, which: np.ndarray | None = None) -> bytes:
    """Features in the order of match_id as bytes: equal only if every bit is."""
    order = table["match_id"].argsort().to_numpy()
    if which is not None:
        order = order[which[order]]
    return np.ascontiguousarray(values[order]).tobytes()


def sees_the_future(make: Build, seed: int) -> bool:
    """Whether a change of what became available after some kick-off changes features of matches up to that kick-off."""
    table = matchbook(seed)
    moment = table["kickoff"].sort_values().iloc[len(table) // 2]
    changed = later_changed(table, moment, seed + 1)
    earlier = (table["kickoff"] <= moment).to_numpy()
    return by_match(table, make(table), earlier) != by_match(changed, make(changed), earlier)


class TestNoFuture:
    @settings(deadline=None, max_examples=8)
    @given(SEEDS)
    def test_what_became_available_after_kickoff_changes_no_bit(self, seed: int) -> None:
        assert not sees_the_future(honest, seed)

    @settings(deadline=None, max_examples=5)
    @given(SEEDS)
    def test_matches_to_come_may_as_well_not_exist(self, seed: int) -> None:
        table = matchbook(seed)
        moment = table["kickoff"].sort_values().iloc[len(table) // 2]
        earlier = (table["kickoff"] <= moment).to_numpy()
        known = table[earlier]
        assert by_match(table, honest(table), earlier) == by_match(known, honest(known))

    @settings(deadline=None, max_examples=5)
    @given(SEEDS)
    def test_a_correction_of_a_known_result_is_seen_by_later_matches_only(self, seed: int) -> None:
        table = matchbook(seed)
        row = int(np.flatnonzero(table["status"] == "finished")[0])
        corrected = table.copy()
        corrected.loc[row, "home_goals"] += 3
        seen = (table["kickoff"] >= table["available_time"][row]).to_numpy()
        one, other = honest(table), honest(corrected)
        assert by_match(table, one, ~seen) == by_match(table, other, ~seen)
        same_team = (table["home_team"] == table["home_team"][row]).to_numpy() & seen
        changed = (one != other)[:, FEATURE_NAMES.index("elo_difference")]
        assert changed[same_team].all()


def with_own_goals(table: pd.DataFrame) -> np.ndarray:
    return np.column_stack([honest(table), table["home_goals"]])


def standardised_over_all(table: pd.DataFrame) -> np.ndarray:
    values = honest(table)
    return values - np.nanmean(values, axis=0)


def read_after_full_time(table: pd.DataFrame) -> np.ndarray:
    fixtures, names = encoding.fixtures(table)
    history = remember(encoding.played(table, fixtures), names)
    return compute(history.look(fixtures, fixtures.kickoff + 5 * HOUR))


def known_before_kickoff(table: pd.DataFrame) -> np.ndarray:
    fixtures, names = encoding.fixtures(table)
    played = encoding.played(table, fixtures)
    history = remember(replace(played, available=played.available - 6 * HOUR), names)
    return compute(history.look(fixtures, fixtures.kickoff))


@pytest.mark.parametrize("leak", [with_own_goals, standardised_over_all, read_after_full_time, known_before_kickoff])
def test_the_law_catches_a_planted_leak(leak: Build) -> None:
    assert any(sees_the_future(leak, seed) for seed in range(6))


class TestOrder:
    @settings(deadline=None, max_examples=5)
    @given(SEEDS, st.randoms(use_true_random=False))
    def test_the_order_of_rows_means_nothing(self, seed: int, random: object) -> None:
        table = matchbook(seed)
        shuffled = table.sample(frac=1, random_state=seed)
        one, other = build(table), build(shuffled)
        assert by_match(table, one.values) == by_match(shuffled, other.values)
        assert one.state.to_bytes() == other.state.to_bytes()

    @settings(deadline=None, max_examples=5)
    @given(SEEDS)
    def test_matches_of_one_day_teach_in_any_order(self, seed: int) -> None:
        """Teams that play once a day learn the same, whichever of the day's matches is taken first."""
        table = matchbook(seed)
        table["kickoff"] = table["kickoff"].dt.normalize()
        table["available_time"] = table["kickoff"] + pd.Timedelta(hours=5)
        sides = pd.concat([table["home_team"], table["away_team"]]).to_frame("team").assign(day=[*table["kickoff"]] * 2)
        twice = sides.duplicated().to_numpy().reshape(2, -1).any(axis=0)
        table = table[~twice].reset_index(drop=True)
        renamed = table.assign(match_id=table["match_id"].sample(frac=1, random_state=seed).to_numpy())
        np.testing.assert_allclose(honest(table), honest(renamed), rtol=1e-9, atol=1e-9)

    def test_a_row_that_stands_twice_teaches_once(self) -> None:
        table = matchbook(5)
        doubled = pd.concat([table, table.head(20)], ignore_index=True)
        assert by_match(table, honest(table)) == by_match(table, honest(doubled)[: len(table)])

    def test_of_two_versions_of_a_match_the_one_known_first_teaches(self) -> None:
        table = matchbook(5)
        again = table[table["status"] == "finished"].head(20)
        again = again.assign(home_goals=9.0, available_time=again["available_time"] + pd.Timedelta(days=30))
        doubled = pd.concat([again, table], ignore_index=True)
        assert by_match(table, honest(table)) == by_match(table, honest(doubled)[20:])

    def test_a_team_with_two_results_at_one_moment_learns_from_both(self) -> None:
        table = matchbook(7, matches=40).assign(status="finished")
        scores = {f"{side}_goals": np.arange(40) % 4.0 for side in ("home", "away")}
        first = table["kickoff"].min()
        crowded = table.assign(**scores, kickoff=first, available_time=first + pd.Timedelta(hours=5))
        state = build(crowded).state
        played = pd.concat([crowded["home_team"], crowded["away_team"]]).value_counts()
        matches = state.memory.teams[:-1, rows.STANDINGS.start]
        known = dict(zip((key.split("\x1f")[1] for key in state.names.teams), matches, strict=True))
        assert known == played.to_dict()


class TestReading:
    def test_a_lookup_creates_nothing(self) -> None:
        state = build(matchbook(3)).state
        before = state.to_bytes()
        with pytest.raises(UnknownName):
            features_for(state, ["Ahs"], ["Elm"], ["E0"], ["2023-24"], np.array(["2024-01-01"], "datetime64[us]"))
        features_for(state, ["Ash"], ["Elm"], ["E0"], ["2030-31"], np.array(["2031-01-01"], "datetime64[us]"))
        assert state.to_bytes() == before

    def test_a_fixture_of_strangers_changes_nothing_else(self) -> None:
        table = matchbook(3)
        stranger = table.iloc[[0]].assign(match_id="m-new", status="scheduled", home_team="Yew", home_goals=np.nan)
        more = build(pd.concat([table, stranger], ignore_index=True))
        assert by_match(table, more.values[:-1]) == by_match(table, honest(table))
        assert more.state.memory.teams.shape == build(table).state.memory.teams.shape
        row = dict(zip(FEATURE_NAMES, more.values[-1], strict=True))
        assert (row["home_experience"], row["home_new_in_league"]) == (0, 1)
        assert np.isnan([row["home_rest_days"], row["home_points_last5"], row["head_to_head_points"]]).all()

    def test_a_result_is_seen_from_the_moment_it_is_available(self) -> None:
        table = matchbook(11).sort_values("kickoff", ignore_index=True)
        first = int(np.flatnonzero(table["status"] == "finished")[0])
        team, moment = table["home_team"][first], table["available_time"][first]
        next_match = table.iloc[[first]].assign(
            match_id="m-next", status="scheduled", kickoff=moment, home_goals=np.nan
        )
        both = pd.concat([table.iloc[: first + 1], next_match], ignore_index=True)
        experience = build(both).values[-1, FEATURE_NAMES.index("home_experience")]
        just_before = both["kickoff"].dt.tz_localize(None).to_numpy() - np.where(both.index == len(both) - 1, 1, 0)
        early = build(both, as_of=just_before).values[-1, FEATURE_NAMES.index("home_experience")]
        assert team == next_match["home_team"].iloc[0]
        assert (experience, early) == (1, 0)

    def test_reading_after_kickoff_is_refused(self) -> None:
        table = matchbook(1)
        late = table["kickoff"].dt.tz_localize(None).to_numpy() + np.timedelta64(1, "us")
        with pytest.raises(ValueError, match="as_of lies after kickoff"):
            build(table, as_of=late)

    def test_a_result_known_before_its_kickoff_is_refused(self) -> None:
        table = matchbook(1)
        with pytest.raises(ValueError, match="available before kick-off is over"):
            build(table.assign(available_time=table["kickoff"]))

    def test_a_match_without_a_time_is_refused(self) -> None:
        table = matchbook(1)
        with pytest.raises(ValueError, match="kickoff: 1 rows have no time"):
            build(table.assign(kickoff=table["kickoff"].where(table.index != 4)))


class TestParity:
    @settings(deadline=None, max_examples=5)
    @given(SEEDS)
    def test_the_state_gives_the_same_bits_as_the_table(self, seed: int) -> None:
        table = matchbook(seed)
        rng = np.random.default_rng(seed)
        last = table["available_time"].max()
        known = set(build(table).state.teams())
        nothing_known = dict.fromkeys(("home_goals", *ODDS_COLUMNS), np.nan)
        coming = table.assign(match_id="c-" + table["match_id"], status="scheduled", **nothing_known)
        coming["kickoff"] = last + pd.to_timedelta(rng.integers(0, 400, len(table)), unit="h")
        coming["season"] = rng.choice(["2022-23", "2023-24"], len(table))
        names = {(country, name) for country, _, name in known}
        country = coming["competition"].map({"E0": "England", "E1": "England", "D1": "Germany"})
        sides = [list(zip(country, coming[side], strict=True)) for side in ("home_team", "away_team")]
        coming = coming[[home in names and away in names for home, away in zip(*sides, strict=True)]]
        built = build(pd.concat([table, coming], ignore_index=True))
        state = TeamState.from_bytes(built.state.to_bytes())
        asked = [coming[name].tolist() for name in ("home_team", "away_team", "competition", "season")]
        kickoff = coming["kickoff"].dt.tz_localize(None).to_numpy()
        served = features_for(state, *asked, kickoff)
        assert np.ascontiguousarray(served).tobytes() == np.ascontiguousarray(built.values[len(table) :]).tobytes()
        alone = features_for(state, *(each[-1:] for each in asked), kickoff[-1:])
        assert np.ascontiguousarray(alone).tobytes() == np.ascontiguousarray(served[-1:]).tobytes()
