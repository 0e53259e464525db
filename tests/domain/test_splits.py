"""Splits keep the order of time."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.splits import EMBARGO, expanding, known_before, newest

START = np.datetime64("2023-08-01T12:00", "us")
days = st.lists(st.integers(0, 400), max_size=60)


def moments(offsets):
    return START + np.array(offsets, dtype="timedelta64[D]").astype("timedelta64[us]")


@given(days, st.integers(1, 5))
def test_nothing_is_learnt_from_the_future(offsets, folds):
    kickoff = moments(offsets)
    for split in expanding(kickoff, folds):
        assert len(split.train)
        assert len(split.test)
        assert kickoff[split.train].max() + EMBARGO <= kickoff[split.test].min()


@given(days, st.integers(1, 5))
def test_matches_of_one_moment_stay_together(offsets, folds):
    kickoff = moments(offsets)
    for split in expanding(kickoff, folds):
        inside = set(split.test.tolist())
        for moment in np.unique(kickoff[split.test]):
            assert set(np.flatnonzero(kickoff == moment).tolist()) <= inside


@given(days, st.integers(1, 5))
def test_folds_grow_and_judge_each_match_once(offsets, folds):
    kickoff = moments(offsets)
    splits = expanding(kickoff, folds)
    assert len(splits) <= folds
    judged = [row for split in splits for row in split.test.tolist()]
    assert len(judged) == len(set(judged))
    for earlier, later in pairwise(splits):
        assert set(earlier.train.tolist()) < set(later.train.tolist())
        assert kickoff[earlier.test].max() < kickoff[later.test].min()


@given(st.permutations(list(range(40))))
def test_the_order_of_the_rows_does_not_matter(order):
    kickoff = moments(range(0, 400, 10))
    plain, shuffled = expanding(kickoff, 3), expanding(kickoff[list(order)], 3)
    for a, b in zip(plain, shuffled, strict=True):
        assert sorted(np.array(order)[b.train]) == a.train.tolist()
        assert sorted(np.array(order)[b.test]) == a.test.tolist()


def test_the_newer_half_is_judged_in_equal_blocks():
    splits = expanding(moments(range(0, 1200, 10)), 3)
    assert [(len(split.train), len(split.test)) for split in splits] == [(60, 20), (80, 20), (100, 20)]


def test_a_single_moment_cannot_be_split():
    assert expanding(moments([5, 5, 5, 5]), 3) == []
    assert expanding(moments([]), 3) == []


def test_at_least_one_fold_is_needed():
    with pytest.raises(ValueError, match="at least one fold"):
        expanding(moments([1, 2]), 0)


@given(days, st.integers(0, 500))
def test_the_held_out_part_is_the_newest(offsets, window):
    kickoff = moments(offsets)
    split = newest(kickoff, window)
    held = np.flatnonzero(kickoff >= kickoff.max() - np.timedelta64(window, "D")) if len(kickoff) else np.array([])
    assert split.test.tolist() == held.tolist()
    if len(split.train):
        assert kickoff[split.train].max() + EMBARGO <= kickoff[split.test].min()


def test_a_result_that_may_be_unknown_is_not_learnt_from():
    same_evening = np.array(["2024-03-02T12:00", "2024-03-02T23:00", "2024-03-03T12:00"], "M8[us]")
    assert newest(same_evening, 0).train.tolist() == [0]


@given(days, st.integers(0, 400))
def test_known_before_counts_from_the_end_of_the_day_of_a_match_without_a_time(offsets, day):
    kickoff = moments(offsets)
    moment = START + np.timedelta64(day, "D")
    known = known_before(kickoff, moment)
    assert np.all(kickoff[known] + EMBARGO <= moment)
    assert len(known) == np.sum(kickoff <= moment - EMBARGO)
