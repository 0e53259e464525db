"""Entries, slices and curves: cases reckoned by hand, and laws of identical matches."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.standings import clustered
from touchline.domain.track import MOST_POINTS
from touchline.domain.track_scores import Told, curve, entry, running, scores, slice_of
from tracked import told

NAMES = ("m1", "E0", "2025-26")


def by_hand() -> Told:
    """Three matches on two days; the rival knows the first two, and prices were known of all but the last."""
    p = np.array([[0.5, 0.3, 0.2], [0.25, 0.25, 0.5], [0.4, 0.3, 0.3]])
    outcome = np.array([0, 0, 2])
    days = np.array(["2026-03-01", "2026-03-01", "2026-03-08"], "datetime64[D]")
    elo = np.array([[0.4, 0.3, 0.3], [0.5, 0.25, 0.25], [np.nan] * 3])
    bets = np.array([[1.0, 2.2, 0.1], [1.0, 0.0, -0.2], [np.nan] * 3])
    return Told(p, outcome, days, scores(p, outcome), {"elo": scores(elo, outcome)}, bets)


def test_an_entry_reckoned_by_hand() -> None:
    one = entry(NAMES, by_hand())
    assert (one.model_version, one.competition, one.season, one.n, one.few) == (*NAMES, 3, True)
    assert (one.first, one.until) == ("2026-03-01", "2026-03-08")
    losses = [log(2), log(4), -log(0.3)]
    assert one.log_loss.value == pytest.approx(np.mean(losses))
    deviations = [losses[0] + losses[1] - 2 * np.mean(losses), losses[2] - np.mean(losses)]
    half = 1.959963984540054 * (2 * (deviations[0] ** 2 + deviations[1] ** 2)) ** 0.5 / 3
    assert one.log_loss.high == pytest.approx(np.mean(losses) + half)
    assert one.rps.value == pytest.approx((0.5 * (0.25 + 0.04) + 0.5 * (0.5625 + 0.25) + 0.5 * (0.16 + 0.49)) / 3)
    assert one.brier.value == pytest.approx((0.38 + 0.875 + 0.74) / 3)
    assert one.accuracy.value == pytest.approx(1 / 3)
    assert one.expected == pytest.approx(np.mean([1.0297, 1.0397, 1.0889]), abs=1e-4)


def test_a_rival_is_met_where_both_forecast() -> None:
    (against,) = entry(NAMES, by_hand()).against
    assert (against.rival, against.n) == ("elo", 2)
    assert against.ours == pytest.approx((log(2) + log(4)) / 2)
    assert against.theirs == pytest.approx((-log(0.4) + log(2)) / 2)
    assert against.log_loss.value == pytest.approx(against.ours - against.theirs)
    assert (against.log_loss.low, against.accuracy.value) == (None, -0.5)


def test_stakes_are_those_that_were_settled() -> None:
    one = entry(NAMES, by_hand())
    assert one.returns is not None
    assert (one.returns.matches, one.returns.n, one.returns.staked, one.returns.returned) == (2, 2, 2.0, 2.2)
    assert one.returns.roi == pytest.approx(0.1)
    assert one.closing_value is not None
    assert one.closing_value.value == pytest.approx(-0.05)


def test_without_prices_there_is_no_return_and_without_a_stake_no_rate() -> None:
    whole = by_hand()
    none = entry(NAMES, replace(whole, bets=np.full((3, 3), np.nan)))
    assert (none.returns, none.closing_value) == (None, None)
    idle = entry(NAMES, replace(whole, bets=np.array([[0.0, 0.0, np.nan]] * 3))).returns
    assert idle is not None
    assert (idle.matches, idle.n, idle.roi, idle.low) == (3, 0, None, None)


def test_a_rival_who_knows_none_of_the_matches_is_not_met() -> None:
    assert entry(NAMES, by_hand().part(np.array([False, False, True]))).against == ()


@given(st.integers(1, 60), st.integers(0, 50), st.floats(0.3, 1.0))
def test_differences_are_those_of_the_means_on_identical_matches(n: int, seed: int, knows: float) -> None:
    whole = told(n, seed, knows=knows)
    for one in entry(NAMES, whole).against:
        both = ~np.isnan(whole.rivals[one.rival][:, 0])
        assert one.n == both.sum()
        assert one.ours == pytest.approx(whole.scores[both, 0].mean())
        assert one.log_loss.value == pytest.approx(one.ours - one.theirs, abs=1e-8)
        if one.rps.low is not None and one.rps.high is not None:
            assert one.rps.low <= one.rps.value <= one.rps.high


@given(st.integers(2, 60), st.integers(0, 50), st.integers(1, 5))
def test_the_last_point_of_a_curve_is_the_mean_with_its_interval(n: int, seed: int, per_day: int) -> None:
    whole = told(n, seed, per_day)
    drawn = curve(whole)
    assert drawn is not None
    assert (drawn.rival, drawn.n) == ("closing", n)
    gap = whole.scores[:, 0] - whole.rivals["closing"][:, 0]
    mean, low, high = clustered(gap, whole.days)
    assert drawn.total[-1] == pytest.approx(n * mean, abs=1e-5)
    if low is not None and high is not None and drawn.low[-1] is not None:
        assert (drawn.low[-1], drawn.high[-1]) == pytest.approx((n * low, n * high), abs=1e-5)
    assert drawn.low[0] is drawn.high[0] is None


@given(st.lists(st.tuples(st.floats(-3, 3), st.integers(1, 9)), min_size=1, max_size=12))
def test_every_point_of_a_band_is_that_of_the_days_up_to_it(days: list[tuple[float, int]]) -> None:
    sums, counts = (np.array(column, float) for column in zip(*days, strict=True))
    total, half = running(sums, counts)
    for last in range(1, len(days)):
        values = [sums[day] / counts[day] for day in range(last + 1) for _ in range(int(counts[day]))]
        names = [day for day in range(last + 1) for _ in range(int(counts[day]))]
        mean, low, _ = clustered(values, names)
        assert total[last] == pytest.approx(len(values) * mean, abs=1e-6)
        assert total[last] - half[last] == pytest.approx(len(values) * low, abs=1e-4)


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    drawn, every = curve(told(3 * MOST_POINTS, per_day=1)), told(3 * MOST_POINTS, per_day=1)
    assert drawn is not None
    assert len(drawn.days) == len(drawn.total) == len(drawn.low) == MOST_POINTS
    assert (drawn.days[0], drawn.days[-1]) == (str(every.days.min()), str(every.days.max()))
    assert drawn.total[-1] == pytest.approx((every.scores - every.rivals["closing"])[:, 0].sum(), abs=1e-5)


def test_a_curve_takes_other_prices_where_closing_ones_are_rare_and_none_where_both_are() -> None:
    whole = told(40)
    rare = np.full((40, 4), np.nan)
    rare[:19] = whole.rivals["closing"][:19]
    drawn = curve(replace(whole, rivals={**whole.rivals, "closing": rare}))
    assert drawn is not None
    assert drawn.rival == "bookmaker"
    assert curve(replace(whole, rivals={"closing": rare, "elo": whole.rivals["elo"]})) is None


def test_a_group_tells_how_often_the_favourite_of_the_model_won() -> None:
    """Favourites: home 0.5 (won), away 0.5 (lost), home 0.4 (lost). The rival knows two of three matches."""
    one = slice_of("elo:close", by_hand())
    assert (one.name, one.n, one.few) == ("elo:close", 3, True)
    assert one.promised == pytest.approx((0.5 + 0.5 + 0.4) / 3)
    assert one.came.value == pytest.approx(1 / 3)
    assert one.against is not None
    assert (one.against.rival, one.against.n) == ("elo", 2)
    assert slice_of("elo:close", replace(by_hand(), rivals={})).against is None
