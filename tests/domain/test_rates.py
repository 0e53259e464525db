"""Laws of the bucket: it agrees with a count of tokens kept in fractions, and keeps its promises to who waits."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.rates import spend, whole_seconds

RATES = st.sampled_from((1, 2, 3, 7, 60, 100, 600, 6000, 10_000_000))
GAPS = st.lists(st.one_of(st.just(0), st.integers(0, 240), st.integers(0, 100_000)), max_size=60)
"""Eighths of a second between requests; many come at once."""
BEGIN = st.sampled_from((0.0, 1.0, 86_400.0, 1e7))


@given(RATES, GAPS, BEGIN)
def test_it_decides_as_a_count_of_tokens_does(rate: int, gaps: list[int], now: float) -> None:
    tokens, full_at = Fraction(rate), now
    for gap in gaps:
        now += gap / 8
        tokens = min(Fraction(rate), tokens + Fraction(gap * rate, 480))
        spent = spend(full_at, now, rate)
        if abs(tokens - 1) > Fraction(1, 1000):  # on the very edge the rounding of the clock decides
            assert spent.allowed == (tokens >= 1)
        tokens -= spent.allowed
        full_at = spent.full_at
        assert abs(spent.remaining - (tokens if spent.allowed else 0)) < 1.01


@given(RATES, BEGIN)
def test_a_full_bucket_holds_a_minute_of_tokens_and_says_how_many_are_left(rate: int, now: float) -> None:
    rate, full_at = min(rate, 600), now - 1.0
    for left in reversed(range(rate)):
        spent = spend(full_at, now, rate)
        assert (spent.allowed, spent.remaining, spent.wait) == (True, left, 0.0)
        full_at = spent.full_at
    refused = spend(full_at, now, rate)
    assert (refused.allowed, refused.remaining, refused.full_at) == (False, 0, full_at)


@given(RATES, BEGIN, st.floats(0, 1))
def test_who_waits_as_told_is_answered_and_who_does_not_is_not(rate: int, now: float, part: float) -> None:
    full_at = now + 60.0
    wait = spend(full_at, now, rate).wait
    assert spend(full_at, now + wait, rate).allowed
    assert spend(full_at, now + whole_seconds(wait), rate).allowed
    if part * wait < wait - 1e-3:
        assert not spend(full_at, now + part * wait, rate).allowed


@given(RATES, GAPS)
def test_no_minute_has_more_than_twice_the_rate_and_no_hour_more_than_an_hour_and_a_bucket(
    rate: int, gaps: list[int]
) -> None:
    rate, now, full_at = min(rate, 100), 0.0, 0.0
    taken: list[float] = []
    for gap in gaps:
        now += gap / 8
        for _ in range(3):
            spent = spend(full_at, now, rate)
            full_at = spent.full_at
            taken += [now] * spent.allowed
    for window in (60.0, 3600.0):
        for first in taken:
            within = [one for one in taken if first <= one < first + window]
            assert len(within) <= rate + window * rate / 60
