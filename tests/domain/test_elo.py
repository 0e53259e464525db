"""Laws of the ratings: what one wins the other pays, surprises move them, a reading leaves no trace."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from touchline.domain import elo, goal_rates, market, pi_rating, ratings
from touchline.domain.ratings import Results

MATCHES = 6
RATINGS = arrays.arrays(np.float64, (2, MATCHES), elements=st.floats(1000, 2000))
SMALL = arrays.arrays(np.float64, (ratings.SIZE, 2, MATCHES), elements=st.floats(-1, 1))
GOALS = arrays.arrays(np.int64, (2, MATCHES), elements=st.integers(0, 9)).map(lambda goals: goals.astype(float))
ONE, TEN = np.array([[1.0], [0.0]]), np.array([[10.0], [0.0]])
"""More goals of the home team."""


def learnt(teams: np.ndarray, goals: np.ndarray, **known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ratings after these matches, and the steps of the league."""
    xg = known.get("xg", np.full_like(goals, np.nan))
    prices = known.get("supremacy", np.full(goals.shape[1], np.nan))
    experience = np.full(goals.shape, 100)
    league = np.repeat(ratings.LEAGUE_START[:, np.newaxis], goals.shape[1], axis=1)
    return ratings.learn(teams, league, Results.of(goals, xg, prices, experience))


class TestElo:
    @given(SMALL, RATINGS, GOALS)
    def test_what_one_wins_the_other_pays(self, teams: np.ndarray, points: np.ndarray, goals: np.ndarray) -> None:
        teams[ratings.ELO] = points
        after, _ = learnt(teams, goals)
        np.testing.assert_allclose(after[ratings.ELO].sum(axis=0), points.sum(axis=0), rtol=1e-12)

    @given(SMALL, RATINGS, GOALS)
    def test_the_winner_gains_and_more_by_more_goals(
        self, teams: np.ndarray, points: np.ndarray, goals: np.ndarray
    ) -> None:
        teams[ratings.ELO] = points
        won = goals + TEN
        one, two = (learnt(teams, each)[0][ratings.ELO, 0] for each in (won, won + ONE))
        assert (one > points[0]).all()
        assert (two > one).all()

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
    @given(SMALL, GOALS)
    def test_ratings_are_read_before_they_are_learnt(self, teams: np.ndarray, goals: np.ndarray) -> None:
        before = teams.copy()
        learnt(teams, goals)
        np.testing.assert_array_equal(teams, before)

    @given(SMALL, GOALS)
    def test_matches_of_one_level_do_not_touch(self, teams: np.ndarray, goals: np.ndarray) -> None:
        together, _ = learnt(teams, goals)
        alone = [learnt(teams[:, :, at : at + 1], goals[:, at : at + 1])[0] for at in range(MATCHES)]
        assert np.concatenate(alone, axis=2).tobytes() == together.tobytes()

    @given(SMALL, GOALS)
    def test_one_more_goal_lifts_attack_and_sinks_the_other_defence(self, teams: np.ndarray, goals: np.ndarray) -> None:
        fewer, more = (learnt(teams, each)[0] for each in (goals, goals + ONE))
        assert (more[ratings.ATTACK, 0] >= fewer[ratings.ATTACK, 0]).all()
        assert (more[ratings.DEFENCE, 1] <= fewer[ratings.DEFENCE, 1]).all()
        np.testing.assert_array_equal(more[ratings.ATTACK, 1], fewer[ratings.ATTACK, 1])

    def test_shots_speak_where_they_were_counted(self) -> None:
        teams = np.zeros((ratings.SIZE, 2, 1))
        goals, xg = np.array([[0.0], [3.0]]), np.array([[3.0], [0.2]])
        shots = 5
        assert learnt(teams, goals, xg=xg)[0][shots, 0] > 0 > learnt(teams, goals)[0][shots, 0]

    def test_without_a_price_the_market_rating_stays(self) -> None:
        teams = np.full((ratings.SIZE, 2, 2), 0.2)
        after, step = learnt(teams, np.ones((2, 2)), supremacy=np.array([np.nan, 2.0]))
        np.testing.assert_array_equal(after[ratings.MARKET, :, 0], [0.2, 0.2])
        assert after[ratings.MARKET, 0, 1] > 0.2 > after[ratings.MARKET, 1, 1]
        np.testing.assert_array_equal(step[ratings.PRICED], [0.0, 1.0])

    def test_new_teams_learn_faster(self) -> None:
        boost = goal_rates.learning_rate(np.arange(100))
        assert (np.diff(boost) < 0).all()
        assert boost.min() >= 1


class TestSettling:
    MEANS = np.array([[elo.START], *[[0.0]] * (ratings.SIZE - 1)])
    NO, YES = np.zeros((2, 1), bool), np.ones((2, 1), bool)

    def test_a_newcomer_starts_below_its_league(self) -> None:
        unknown = np.full((ratings.SIZE, 2, 1), np.nan)
        settled = ratings.settle(unknown, self.MEANS, self.YES, self.NO)
        assert (settled < self.MEANS[:, np.newaxis]).all()

    def test_between_seasons_ratings_come_closer_to_the_mean(self) -> None:
        strong = np.full((ratings.SIZE, 2, 1), 0.8) + self.MEANS[:, np.newaxis]
        settled = ratings.settle(strong, self.MEANS, self.NO, self.YES) - self.MEANS[:, np.newaxis]
        moves = ratings.REGRESSION > 0
        assert ((settled > 0) & (settled <= 0.8 + 1e-12)).all()
        assert (settled[moves] < 0.8).all()

    def test_within_a_season_nothing_moves(self) -> None:
        strong = np.full((ratings.SIZE, 2, 1), 0.8)
        np.testing.assert_array_equal(ratings.settle(strong, self.MEANS, self.NO, self.NO), strong)


class TestPi:
    @given(st.floats(-3, 3), st.floats(-3, 3))
    def test_a_result_as_expected_moves_nothing(self, home: float, away: float) -> None:
        expected = pi_rating.goal_difference(home) - pi_rating.goal_difference(away)
        assert pi_rating.step(home, away, expected) == 0

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
