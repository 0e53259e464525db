"""Means and sums over a team's last matches, against the plain way of making them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain import form
from touchline.domain.sequences import NONE, Sequences, take

GAMES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=40)


def sequences(games: list[tuple[int, int]]) -> Sequences:
    entity, moment = np.array(games, np.int64).reshape(-1, 2).T
    return Sequences(entity, moment, 5)


class TestSequences:
    @given(GAMES, st.integers(0, 4), st.integers(-1, 10))
    def test_the_newest_up_to_a_moment_is_found(self, games: list[tuple[int, int]], entity: int, moment: int) -> None:
        told = sequences(games)
        found = told.find(np.array([entity]), np.array([moment]))[0]
        fitting = [row for row, (who, when) in enumerate(games) if who == entity and when <= moment]
        latest = max(fitting, key=lambda row: (games[row][1], row), default=None)
        assert (None if found == NONE else told.order[found]) == latest

    @given(GAMES)
    def test_newest_is_the_end_of_each_sequence(self, games: list[tuple[int, int]]) -> None:
        told = sequences(games)
        assert told.newest().tolist() == told.find(np.arange(5), np.full(5, 99)).tolist()

    @given(GAMES)
    def test_every_occurrence_has_its_place(self, games: list[tuple[int, int]]) -> None:
        told = sequences(games)
        assert told.order[told.place()].tolist() == list(range(len(games)))

    def test_nobody_is_found_under_no_number(self) -> None:
        assert sequences([(0, 1)]).find(np.array([NONE]), np.array([9])).tolist() == [NONE]

    def test_steps_back_stop_at_the_start(self) -> None:
        assert sequences([(0, 1), (0, 2), (1, 1)]).before(1).tolist() == [NONE, 0, NONE]

    def test_taking_from_nothing_gives_what_stands_for_missing(self) -> None:
        assert take(np.empty((2, 0)), np.array([NONE]), 7.0).tolist() == [[7.0], [7.0]]


class TestMeans:
    @given(GAMES, st.sampled_from(form.SPANS), st.integers(0, 99))
    def test_exponential_means_follow_each_team(self, games: list[tuple[int, int]], span: int, seed: int) -> None:
        told = sequences(games)
        rng = np.random.default_rng(seed)
        values = np.where(rng.random((2, len(games))) < 0.2, np.nan, rng.normal(size=(2, len(games))))
        expected = np.full_like(values, np.nan)
        for row, back in enumerate(told.position):
            for measure, value in enumerate(values[:, row]):
                old = expected[measure, row - 1] if back else np.nan
                fresh = value if np.isnan(old) else old + 2 / (span + 1) * (value - old)
                expected[measure, row] = old if np.isnan(value) else fresh
        np.testing.assert_allclose(form.exponential(values, told, span), expected, rtol=1e-12)

    @given(GAMES)
    def test_the_last_five_are_counted_and_no_more(self, games: list[tuple[int, int]]) -> None:
        told = sequences(games)
        values = np.arange(len(games), dtype=float)[np.newaxis]
        expected = [values[0, row - min(back, 4) : row + 1].mean() for row, back in enumerate(told.position)]
        np.testing.assert_allclose(form.last_mean(values, told)[0], expected)

    def test_matches_without_the_statistic_do_not_count(self) -> None:
        told = sequences([(0, 1), (0, 2)])
        means = form.last_mean(np.array([[np.nan, 4.0]]), told)
        assert np.isnan(means[0, 0])
        assert means[0, 1] == 4.0


class TestSums:
    def test_meetings_before_the_last_ten_are_forgotten(self) -> None:
        told = sequences([(0, when) for when in range(12)])
        sums = form.last_sum(np.ones((1, 12)), told)
        assert sums.tolist() == [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10]]

    def test_a_new_run_starts_from_nothing(self) -> None:
        runs = np.array([1, 1, 2, 3, 3])
        assert form.running(np.ones((1, 5)), runs).tolist() == [[1, 2, 1, 1, 2]]

    def test_kickoffs_are_remembered_newest_first(self) -> None:
        kickoffs = form.recent_kickoffs(np.array([10, 20, 5]), sequences([(0, 1), (0, 2), (1, 1)]))
        assert kickoffs[:3].T.tolist() == [
            [10, form.NEVER, form.NEVER],
            [20, 10, form.NEVER],
            [5, form.NEVER, form.NEVER],
        ]

    @pytest.mark.parametrize(
        ("competitions", "stints"), [([1, 1, 1], [1, 2, 3]), ([1, 2, 1], [1, 1, 1]), ([2, 1, 1], [1, 1, 2])]
    )
    def test_a_stint_ends_where_the_competition_changes(self, competitions: list[int], stints: list[int]) -> None:
        told = sequences([(0, 1), (0, 2), (0, 3)])
        assert form.stint(np.array(competitions), told).tolist() == stints
