"""Entries, slices and curves of the track record, from arrays of one forecaster's settled matches.

Arrays: `p` is (n, 3) with rows that sum to 1, in the order of OUTCOMES; `outcome` is (n,) with 0 home, 1 draw, 2 away.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from touchline.domain import reliability, scoring
from touchline.domain.standings import WIDTH, clustered, few
from touchline.domain.track import MOST_POINTS, RIVALS, Against, Curve, Entry, Mean, Slice
from touchline.domain.views import Returns

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]
AGAINST_PRICES: Final = ("closing", "bookmaker")
"""Rivals of a curve, the first that there is."""
_SCORES: Final = (scoring.log_loss, scoring.rps, scoring.brier, scoring.accuracy)
DIGITS: Final = 9


@dataclass(frozen=True)
class Told:
    """What one forecaster said of n settled matches, and what that was worth."""

    p: Floats
    outcome: NDArray[np.int64]
    days: NDArray[np.datetime64]
    scores: Floats
    """(n, 4): log-loss, RPS, Brier, accuracy."""
    rivals: Mapping[str, Floats]
    """The same of RIVALS on these matches, NaN where one said nothing."""
    bets: Floats
    """(n, 3): flat stake, what came back, closing-line value; NaN where there is none."""

    def part(self, rows: Rows) -> "Told":
        """Some of the matches."""
        rivals = {name: scores[rows] for name, scores in self.rivals.items()}
        return Told(self.p[rows], self.outcome[rows], self.days[rows], self.scores[rows], rivals, self.bets[rows])


def scores(p: Floats, outcome: NDArray[np.int64]) -> Floats:
    """Log-loss, RPS, Brier and accuracy of each match, (n, 4), NaN where nothing was said.

    >>> scores(np.array([[0.5, 0.3, 0.2], [np.nan] * 3]), np.array([0, 1])).round(3).tolist()
    [[0.693, 0.145, 0.38, 1.0], [nan, nan, nan, nan]]
    """
    made, known = np.full((len(p), len(_SCORES)), np.nan), ~np.isnan(p).any(axis=1)
    made[known] = np.stack([score(p[known], outcome[known]) for score in _SCORES], axis=1)
    return made


def entry(names: tuple[str, str, str], told: Told) -> Entry:
    """The line of a model in a competition and a season (the `names`), of at least one match."""
    means = [_mean(column, told.days) for column in told.scores.T]
    against = (_against(name, told) for name in RIVALS if name in told.rivals)
    return Entry(
        model_version=names[0], competition=names[1], season=names[2], n=len(told.p),
        log_loss=means[0], rps=means[1], brier=means[2], accuracy=means[3],
        expected=_rounded(reliability.entropies(told.p).mean()),
        ece=_rounded(scoring.ece(told.p, told.outcome)), noise=_rounded(reliability.expected_ece(told.p)),
        against=tuple(one for one in against if one), returns=_returns(told), closing_value=_closing_value(told),
        first=str(told.days.min()), until=str(told.days.max()), few=few(told.days),
    )  # fmt: skip


def _against(name: str, told: Told) -> Against | None:
    """None where there is no match that both forecast."""
    both = ~np.isnan(told.rivals[name][:, 0])
    if not both.any():
        return None
    ours, theirs, days = told.scores[both], told.rivals[name][both], told.days[both]
    gaps = [_mean(column, days) for column in (ours - theirs).T]
    return Against(
        rival=name, n=int(both.sum()), ours=_rounded(ours[:, 0].mean()), theirs=_rounded(theirs[:, 0].mean()),
        log_loss=gaps[0], rps=gaps[1], brier=gaps[2], accuracy=gaps[3], few=few(days),
    )  # fmt: skip


def _returns(told: Told) -> Returns | None:
    priced = ~np.isnan(told.bets[:, 0])
    if not priced.any():
        return None
    placed = np.nan_to_num(told.bets[:, 0]) > 0
    staked, paid = told.bets[placed, 0], told.bets[placed, 1]
    roi = _mean(paid / staked - 1, told.days[placed]) if placed.any() else None
    return Returns(
        region="", matches=int(priced.sum()), n=int(placed.sum()), staked=_rounded(staked.sum()),
        returned=_rounded(paid.sum()), roi=roi.value if roi else None, low=roi.low if roi else None,
        high=roi.high if roi else None, few=few(told.days[placed]),
    )  # fmt: skip


def _closing_value(told: Told) -> Mean | None:
    known = ~np.isnan(told.bets[:, 2])
    return _mean(told.bets[known, 2], told.days[known]) if known.any() else None


def curve(told: Told) -> Curve | None:
    """Difference to the prices, day by day, each band as wide as the interval of the mean up to that day says.

    None where neither closing prices nor those before the match are known of half of the matches.
    """
    name = _known(told, AGAINST_PRICES)
    if not name:
        return None
    both = ~np.isnan(told.rivals[name][:, 0])
    gap = told.scores[both, 0] - told.rivals[name][both, 0]
    days, place = np.unique(told.days[both], return_inverse=True)
    sums, counts = (np.bincount(place, weights).astype(np.float64) for weights in (gap, np.ones_like(gap)))
    total, half = running(sums, counts)
    shown = np.unique(np.linspace(0, len(days) - 1, min(len(days), MOST_POINTS)).round().astype(np.int64))
    return Curve(
        rival=name, n=len(gap), days=tuple(str(days[at]) for at in shown),
        total=tuple(round(float(total[at]), 6) for at in shown),
        low=tuple(None if at == 0 else round(float(total[at] - half[at]), 6) for at in shown),
        high=tuple(None if at == 0 else round(float(total[at] + half[at]), 6) for at in shown),
    )  # fmt: skip


def running(sums: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Sums up to each day, and half the width of their 95 % band with days as clusters, both (days,); 0 on the first.

    As in `standings.clustered`, from sums of squares: that of each day's sum less its share by the mean up to then.

    Args:
        sums: (days,) sum of each day.
        counts: (days,) matches of each day.

    >>> [part.round(3).tolist() for part in running(np.array([1.0, 2.0, 3.0]), np.ones(3))]
    [[1.0, 3.0, 6.0], [0.0, 1.96, 3.395]]
    """
    total, n = np.cumsum(sums), np.cumsum(counts)
    mean = total / n
    squares = np.cumsum(sums**2) - 2 * mean * np.cumsum(sums * counts) + mean**2 * np.cumsum(counts**2)
    groups = np.arange(1, len(sums) + 1)
    return total, WIDTH * np.sqrt(groups / np.maximum(groups - 1, 1) * squares.clip(0.0))


def slice_of(name: str, told: Told) -> Slice:
    """One group of at least one match."""
    rival = _known(told, RIVALS)
    sides = told.p[:, [0, 2]]
    won = np.where(sides[:, 0] >= sides[:, 1], told.outcome == 0, told.outcome == 2).astype(np.float64)
    return Slice(
        name=name, n=len(told.p), log_loss=_mean(told.scores[:, 0], told.days), rps=_mean(told.scores[:, 1], told.days),
        ece=_rounded(scoring.ece(told.p, told.outcome)), noise=_rounded(reliability.expected_ece(told.p)),
        promised=_rounded(sides.max(axis=1).mean()), came=_mean(won, told.days),
        against=_against(rival, told) if rival else None, few=few(told.days),
    )  # fmt: skip


def _known(told: Told, names: tuple[str, ...]) -> str:
    """The first of these rivals that knows half of the matches, empty if none does."""
    halves = (name for name in names if name in told.rivals)
    return next((name for name in halves if (~np.isnan(told.rivals[name][:, 0])).mean() >= 0.5), "")


def _mean(values: Floats, days: NDArray[np.datetime64]) -> Mean:
    value, low, high = clustered(values, days)
    return Mean(_rounded(value), *(None if end is None else _rounded(end) for end in (low, high)))


def _rounded(value: float) -> float:
    return round(float(value), DIGITS)
