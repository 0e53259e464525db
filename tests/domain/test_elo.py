"""Laws of the ratings: what one wins the other pays, surprises move them, a reading leaves no trace."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from touchline.domain import elo, goal_rates, market, pi_rating, ratings, rows
from touchline.domain.rating_kernels import boost, learn, pi_goals

SMALL = arrays.arrays(np.float64, (2, rows.RATINGS), elements=st.floats(-1, 1))
POINTS = arrays.arrays(np.float64, 2, elements=st.floats(1000, 2000))
GOALS = arrays.arrays(np.int64, 2, elements=st.integers(0, 9)).map(lambda goals: goals.astype(float))
ONE, TEN = np.array([1.0, 0.0]), np.array([10.0, 0.0])
"""More goals of the home team."""
XG = rows.KINDS.index("xg")


def learnt(
    teams: np.ndarray, goals: np.ndarray, *, xg: np.ndarray | None = None, price: float = np.nan, draw: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Ratings (2, RATINGS) after a match of teams known for long, and what it asks of its league."""
    after, asked = teams.copy(), np.zeros(rows.LEAGUE)
    counts = np.full((len(rows.COUNTS), 2), np.nan)
    counts[0] = goals
    if xg is not None:
        counts[1] = xg
    learn(
        *after,
        ratings.LEAGUE_START,
        asked,
        counts,
        np.array([price, draw]),
        100.0,
        100.0,
        ratings.PACE,
        ratings.Columns(),
    )
    return after, asked


class TestElo:
    @given(SMALL, POINTS, GOALS)
    def test_what_one_wins_the_other_pays(self, teams: np.ndarray, points: np.ndarray, goals: np.ndarray) -> None:
        teams[:, rows.ELO] = points
        after, _ = learnt(teams, goals)
        assert after[:, rows.ELO].sum() == pytest.approx(points.sum(), rel=1e-12)

    @given(SMALL, POINTS, GOALS)
    def test_the_winner_gains_and_more_by_more_goals(
        self, teams: np.ndarray, points: np.ndarray, goals: np.ndarray
    ) -> None:
        teams[:, rows.ELO] = points
        won = goals + TEN
        one, two = (learnt(teams, each)[0][0, rows.ELO] for each in (won, won + ONE))
        assert two > one > points[0]

    @given(st.floats(-1000, 1000))
    def test_expectations_of_both_sides_add_up(self, difference: float) -> None:
        home = elo.expected_score(difference)
        away = 1 - elo.expected_score(difference)
        assert home + away == pytest.approx(1)
        assert elo.expected_score(difference + 1) > home

    def test_home_advantage_makes_equals_unequal(self) -> None:
        assert elo.expected_score(0.0) > 0.5
        assert elo.expected_score(-elo.HOME_ADVANTAGE) == 0.5


class TestLearning:
    def test_what_the_market_expected_moves_nothing(self) -> None:
        teams, goals = np.zeros((2, rows.RATINGS)), market.MARGIN * market.HOME_ADVANTAGE * ONE
        after, asked = learnt(teams, goals, price=market.HOME_ADVANTAGE)
        np.testing.assert_allclose(after[:, rows.MARKET], 0.0, atol=1e-12)
        np.testing.assert_allclose(asked[rows.MARKET_HOME], 0.0, atol=1e-12)

    @given(st.floats(-2, 2), GOALS)
    def test_a_result_better_than_its_price_is_news(self, price: float, goals: np.ndarray) -> None:
        fewer, more = (learnt(np.zeros((2, rows.RATINGS)), each, price=price)[0] for each in (goals, goals + ONE))
        fast = rows.MARKET.start + rows.SPEEDS.index("fast")
        slow = rows.MARKET.start + rows.SPEEDS.index("slow")
        assert more[0, fast] >= fewer[0, fast]
        assert more[1, fast] <= fewer[1, fast]
        assert more[0, slow] == fewer[0, slow]

    @given(SMALL, GOALS)
    def test_one_more_goal_lifts_attack_and_sinks_the_other_defence(self, teams: np.ndarray, goals: np.ndarray) -> None:
        fewer, more = (learnt(teams, each)[0] for each in (goals, goals + ONE))
        assert (more[0, rows.ATTACK] >= fewer[0, rows.ATTACK]).all()
        assert (more[1, rows.DEFENCE] <= fewer[1, rows.DEFENCE]).all()
        np.testing.assert_array_equal(more[1, rows.ATTACK], fewer[1, rows.ATTACK])

    def test_shots_speak_where_they_were_counted(self) -> None:
        teams, goals, xg = np.zeros((2, rows.RATINGS)), np.array([0.0, 3.0]), np.array([3.0, 0.2])
        attack = rows.ATTACK.start + XG
        assert learnt(teams, goals, xg=xg)[0][0, attack] > 0 > learnt(teams, goals)[0][0, attack]

    @given(SMALL, GOALS)
    def test_what_was_not_counted_moves_no_rating_of_its_own(self, teams: np.ndarray, goals: np.ndarray) -> None:
        kinds = [rows.KINDS.index(name) for name in ("on_target", "shots", "corners")]
        after, asked = learnt(teams, goals)
        for part in (rows.ATTACK, rows.DEFENCE):
            np.testing.assert_array_equal(after[:, part][:, kinds], teams[:, part][:, kinds])
        assert asked[rows.COUNTED].tolist() == [1, 0, 0, 0, 0]

    def test_a_likely_draw_says_the_same_of_both(self) -> None:
        teams = np.zeros((2, rows.RATINGS))
        likely, unlikely = (learnt(teams, np.ones(2), price=0.5, draw=market.DRAW_LEVEL + more) for more in (0.3, -0.3))
        np.testing.assert_allclose(likely[0][:, rows.MARKET_DRAW], 0.3 * market.DRAW_RATE)
        np.testing.assert_allclose(unlikely[0][:, rows.MARKET_DRAW], -0.3 * market.DRAW_RATE)
        assert likely[1][rows.DRAW_LEVEL] > 0 > unlikely[1][rows.DRAW_LEVEL]

    def test_without_a_price_the_market_rating_stays(self) -> None:
        teams = np.full((2, rows.RATINGS), 0.2)
        after, asked = learnt(teams, np.ones(2))
        assert (after[:, rows.MARKET] == 0.2).all()
        assert asked[rows.PRICED] == 0
        after, asked = learnt(teams, np.ones(2), price=2.0)
        assert (after[0, rows.MARKET] > 0.2).all()
        assert (after[1, rows.MARKET] < 0.2).all()
        assert asked[rows.PRICED] == 1

    def test_new_teams_learn_faster(self) -> None:
        factors = [boost(float(played), ratings.PACE) for played in range(100)]
        assert (np.diff(factors) < 0).all()
        assert min(factors) >= 1


class TestSettling:
    MEANS = np.array([[elo.START], *[[0.0]] * (rows.RATINGS - 1)])
    NO, YES = np.zeros((2, 1), bool), np.ones((2, 1), bool)

    def test_a_newcomer_starts_below_its_league(self) -> None:
        unknown = np.full((rows.RATINGS, 2, 1), np.nan)
        settled = ratings.settle(unknown, self.MEANS, self.YES, self.NO)
        below = settled < self.MEANS[:, np.newaxis]
        assert below[: rows.MARKET_DRAW].all()
        assert not below[rows.MARKET_DRAW].any()

    def test_between_seasons_ratings_come_closer_to_the_mean(self) -> None:
        strong = np.full((rows.RATINGS, 2, 1), 0.8) + self.MEANS[:, np.newaxis]
        settled = ratings.settle(strong, self.MEANS, self.NO, self.YES) - self.MEANS[:, np.newaxis]
        moves = ratings.PACE.regression > 0
        assert ((settled > 0) & (settled <= 0.8 + 1e-12)).all()
        assert (settled[moves] < 0.8).all()

    def test_within_a_season_nothing_moves(self) -> None:
        strong = np.full((rows.RATINGS, 2, 1), 0.8)
        np.testing.assert_array_equal(ratings.settle(strong, self.MEANS, self.NO, self.NO), strong)


class TestPi:
    @given(SMALL)
    def test_a_result_as_expected_moves_nothing(self, teams: np.ndarray) -> None:
        home, away = teams[0, rows.PI_HOME], teams[1, rows.PI_AWAY]
        expected = pi_rating.goal_difference(home) - pi_rating.goal_difference(away)
        after, _ = learnt(teams, np.array([expected, 0.0]))
        pi = slice(rows.PI_HOME, rows.PI_AWAY + 1)
        np.testing.assert_allclose(after[:, pi], teams[:, pi], atol=1e-12)

    def test_a_large_error_counts_less_than_in_proportion(self) -> None:
        one, two = (learnt(np.zeros((2, rows.RATINGS)), goals * ONE)[0][0, rows.PI_HOME] for goals in (1.0, 2.0))
        assert one < two < 2 * one
        assert one == pytest.approx(pi_rating.RATE * pi_rating.SPREAD * np.log10(2))

    @given(st.floats(-3, 3))
    def test_what_is_learnt_and_what_is_read_are_the_same_goals(self, rating: float) -> None:
        assert pi_goals(rating, ratings.PACE) == pytest.approx(float(pi_rating.goal_difference(rating)), abs=1e-12)

    @given(st.floats(0.01, 3))
    def test_goal_difference_is_odd_and_grows(self, rating: float) -> None:
        assert pi_rating.goal_difference(-rating) == -pi_rating.goal_difference(rating)
        assert pi_rating.goal_difference(rating) > 0


class TestShots:
    def test_shots_on_target_are_worth_most(self) -> None:
        few, many = goal_rates.expected_goals_from_shots([3.0, 6.0], [12.0, 12.0], [5.0, 5.0])
        assert many > few + 0.5

    def test_corners_may_be_unknown_but_not_shots(self) -> None:
        known = goal_rates.expected_goals_from_shots([4.0, np.nan, 4.0], [9.0, 9.0, np.nan], [np.nan, 4.0, 4.0])
        assert np.isnan(known).tolist() == [False, True, True]

    def test_more_on_target_than_shots_is_taken_for_no_miss(self) -> None:
        assert goal_rates.expected_goals_from_shots(5.0, 4.0, 3.0) == goal_rates.expected_goals_from_shots(
            5.0, 5.0, 3.0
        )


class TestMarket:
    @given(st.floats(0.05, 0.9), st.floats(0.05, 0.9))
    def test_supremacy_changes_sign_with_the_sides(self, home: float, away: float) -> None:
        total = home + away + 0.3
        told = market.supremacy([[home / total, 0.3 / total, away / total], [away / total, 0.3 / total, home / total]])
        assert told[0] == pytest.approx(-told[1], abs=1e-12)

    def test_unknown_prices_stay_unknown(self) -> None:
        assert np.isnan(market.supremacy([[np.nan] * 3])).all()
