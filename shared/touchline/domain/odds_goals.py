"""Expected goals behind chances of home win, draw and away win: what the prices of a result say about totals."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchline.domain.price_goals import RHO, price_goals
from touchline.domain.score_grid import RATES, outcomes

Floats = NDArray[np.float64]

_STEPS: Final = 25
_REACH: Final = 0.7
"""Longest step of the log of a rate."""
_NEAR: Final = 1e-10
_NUDGE: Final = 1e-5


def rates_of(probabilities: ArrayLike, rho: float = RHO) -> Floats:
    """Expected goals (n, 2) whose score grid has these chances of home win, draw and away win, (n, 3).

    Two equations for two unknowns, solved by Newton's method on the logs of the rates. Chances that no rates lead to
    get rates at a bound of `RATES`. Rows with a missing chance become NaN.

    Raises:
        ValueError: a chance is not between 0 and 1.

    >>> rates_of(outcomes([[1.6, 1.1], [0.4, 3.0]], RHO)).round(6).tolist()
    [[1.6, 1.1], [0.4, 3.0]]
    """
    given = np.asarray(probabilities, dtype=np.float64).reshape(-1, 3)
    known = ~np.isnan(given).any(axis=1)
    if not np.all((given[known] > 0) & (given[known] < 1)):
        raise ValueError("chances must lie between 0 and 1")
    found = np.full((len(given), 2), np.nan)
    start = np.log(np.clip(price_goals(given[known]), *RATES))
    found[known] = np.clip(np.exp(_solved(_to_draw(given[known]), start, rho)), *RATES)
    return found


def _solved(wanted: Floats, start: Floats, rho: float) -> Floats:
    """Logs of the rates at which the log-odds of home and away against the draw are those wanted, (n, 2).

    Where the steps lead nowhere, as they may for all but certain results, the start is the better answer.
    """
    logs, first = start, np.abs(wanted - _said(start, rho)).sum(axis=1, keepdims=True)
    for _ in range(_STEPS):
        gap = wanted - _said(logs, rho)
        if np.abs(gap).max(initial=0.0) < _NEAR:
            break
        by_home, by_away = ((_said(logs + nudge, rho) - _said(logs - nudge, rho)) / (2 * _NUDGE) for nudge in _NUDGES)
        step = np.linalg.solve(np.stack([by_home, by_away], axis=2), gap[:, :, None])[:, :, 0]
        logs = np.clip(logs + np.clip(step, -_REACH, _REACH), *_BOUNDS)
    return np.where(np.abs(wanted - _said(logs, rho)).sum(axis=1, keepdims=True) <= first, logs, start)


_NUDGES: Final = _NUDGE * np.eye(2)
_BOUNDS: Final = np.log(RATES)


def _said(logs: Floats, rho: float) -> Floats:
    return _to_draw(outcomes(np.clip(np.exp(logs), *RATES), rho))


def _to_draw(chances: Floats) -> Floats:
    logs = np.log(chances)
    return np.asarray(logs[:, [0, 2]] - logs[:, [1]])
