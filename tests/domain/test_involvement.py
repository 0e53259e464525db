"""Chances of players: drawn towards their line, never from what came later, better than a base rate where it can be."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapshots import league
from squads import line_ups, squad_shares
from touchline.domain import involvement
from touchline.errors import DataError
from touchline.learning.player_scores import evaluate

SHARES = st.floats(0.0, 1.0)
GOALS = st.floats(0.0, 50.0)


def appearances(spread: float = 0.15) -> pd.DataFrame:
    return line_ups(league(), spread=spread).assign(team_goals=1.35)


@given(SHARES, GOALS, st.floats(0.1, 50.0), st.floats(0.1, 64.0))
def test_a_share_lies_between_the_line_and_what_was_seen(mean: float, events: float, exposure: float, weight: float):
    share = involvement.shrunken(events, exposure, mean, weight)
    seen = events / exposure
    assert min(mean, seen) - 1e-9 <= share <= max(mean, seen) + 1e-9


@given(SHARES, st.floats(0.0, 5.0), st.floats(0.0, 90.0), st.floats(0.0, 1.0))
def test_more_minutes_are_never_less_likely_to_see_a_goal(share: float, goals: float, minutes: float, part: float):
    less, more = involvement.chance(share, goals, minutes * part), involvement.chance(share, goals, minutes)
    assert 0 <= less <= more + 1e-12 <= 1 + 1e-12


def test_nobody_is_told_of_later_matches() -> None:
    rows = involvement.prepared(appearances())
    cut = rows["kickoff"].quantile(0.6)
    later = rows["kickoff"] > cut
    changed = rows.assign(goals=rows["goals"].mask(later, 9.0), exposure=rows["exposure"].mask(later, 0.1))
    told = [involvement.before(one)[~later] for one in (rows, changed)]
    pd.testing.assert_frame_equal(*told)
    first = rows.drop_duplicates("player").index
    assert (involvement.before(rows).loc[first, "exposure"] == 0).all()


def test_what_was_known_is_the_sum_of_the_matches_before() -> None:
    rows = involvement.prepared(appearances())
    one = rows.iloc[-1]
    earlier = rows[(rows["player"] == one["player"]) & (rows["available_time"] <= one["kickoff"])]
    found = involvement.before(rows).iloc[-1]
    assert found["goals"] == earlier["goals"].sum()
    assert found["exposure"] == pytest.approx(earlier["exposure"].sum())


def test_a_substitute_has_the_line_that_he_started_in_last() -> None:
    rows = appearances()
    player = rows["player"].iloc[-1]
    bench = (rows["player"] == player) & (rows.index > rows[rows["player"] == player].index[3])
    rows = rows.assign(position=rows["position"].mask(bench, "Sub"), starter=~bench)
    found = involvement.prepared(rows)
    assert set(found.loc[found["player"] == player, "line"]) == {"forward"}


def test_planted_shares_are_found_and_beat_the_base_rate() -> None:
    rows = involvement.prepared(appearances())
    players = involvement.totals(rows)
    found = involvement.shares(players, involvement.fit(rows))[:, 0]
    teams = sorted(set(rows["team"]))
    planted = squad_shares(teams, 1, 0.15)
    wanted = [planted[teams[number // 100], number % 100] for number in players["player"]]
    assert np.corrcoef(found, wanted)[0, 1] > 0.9
    for score in evaluate(appearances()):
        assert score.difference.high < 0


def test_where_players_are_alike_nothing_is_gained_and_nearly_nothing_lost() -> None:
    rows = involvement.prepared(appearances(spread=0.0))
    assert involvement.fit(rows).strengths[0] >= 32
    for score in evaluate(appearances(spread=0.0)):
        assert abs(score.difference.value) < 0.002


def test_too_few_matches_are_not_judged() -> None:
    rows = appearances()
    few = rows[rows["match_id"].isin(rows["match_id"].unique()[:20])]
    with pytest.raises(DataError, match="20 matches with line-ups are too few"):
        evaluate(few)


def test_nothing_is_learnt_from_no_appearance() -> None:
    with pytest.raises(ValueError, match="no appearance"):
        involvement.fit(involvement.prepared(appearances()).iloc[:0])
