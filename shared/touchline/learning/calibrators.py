"""Fitting calibrations on forecasts of matches that the forecaster had not seen, and choosing one by later matches."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from sklearn.isotonic import isotonic_regression

from touchline.domain import scoring
from touchline.domain.calibration import FLOOR, TEMPERATURES, Calibration, Dirichlet, Isotonic, Temperature, Unchanged
from touchline.domain.pooling import softmax
from touchline.domain.splits import Moments
from touchline.learning.examples import Floats, Outcomes

ENOUGH = 400
"""Fewer held-out matches than this cannot tell a better calibration from a lucky one."""
TOLERANCE = 3e-4
"""A calibration must win by this much log-loss over a simpler one: less is noise even on many thousands of matches."""
_BINS = 30
_BIN_MATCHES = 100
"""A bin of fewer matches than this tells a frequency too roughly: there are fewer bins then."""
_HELD = 20.0
"""Strength of the ridge towards no calibration, in log-loss of all matches."""
_TRUST = 30.0
"""Matches by which each bin's frequency is drawn towards what was promised, so that no bin ends at never."""


def choose(p: Floats, outcome: Outcomes, kickoff: Moments) -> tuple[Calibration, dict[str, float]]:
    """Calibration of (n, 3) forecasts made out of fold, and the log-loss of each kind on the newer half.

    Each kind is fitted on the older half of the matches and compared on the newer half; the simplest of those that
    are as good as the best is then fitted on all of them.
    """
    if len(p) < ENOUGH:
        return Unchanged(), {}
    cut = np.sort(kickoff)[len(kickoff) // 2]
    older, newer = kickoff < cut, kickoff >= cut
    losses = {
        name: float(scoring.log_loss(fit(p[older], outcome[older]).apply(p[newer]), outcome[newer]).mean())
        for name, fit in KINDS.items()
    }
    bar = min(losses.values()) + TOLERANCE
    chosen = next(name for name, loss in losses.items() if loss <= bar)
    return KINDS[chosen](p, outcome), losses


def fit_temperature(p: Floats, outcome: Outcomes) -> Temperature:
    """Temperature with the least log-loss."""
    found = minimize_scalar(
        lambda log_t: float(scoring.log_loss(Temperature(float(np.exp(log_t))).apply(p), outcome).mean()),
        bounds=tuple(np.log(TEMPERATURES)),
        method="bounded",
        options={"xatol": 1e-4},
    )
    return Temperature(float(np.exp(found.x)))


def fit_dirichlet(p: Floats, outcome: Outcomes) -> Dirichlet:
    """Multinomial logistic regression on the logarithms, with a ridge towards leaving them as they are."""
    logarithms = np.log(np.clip(p, FLOOR, 1 - FLOOR))
    came = np.eye(3)[outcome]
    same = np.concatenate([np.eye(3), np.zeros((1, 3))])
    inputs = np.column_stack([logarithms, np.ones(len(p))])

    def loss(point: Floats) -> tuple[float, Floats]:
        moved = point.reshape(4, 3)
        said = softmax(inputs @ moved)
        told = -np.sum(came * np.log(np.maximum(said, 1e-300)))
        slope = inputs.T @ (said - came) + 2 * _HELD * (moved - same)
        return float(told + _HELD * np.sum((moved - same) ** 2)) / len(p), slope.ravel() / len(p)

    found: Any = minimize(loss, same.ravel(), jac=True, method="L-BFGS-B", options={"gtol": 1e-7, "ftol": 1e-12})
    (home, draw, away) = found.x.reshape(4, 3).T.tolist()
    return Dirichlet((tuple(home[:3]), tuple(draw[:3]), tuple(away[:3])), (home[3], draw[3], away[3]))


def fit_isotonic(p: Floats, outcome: Outcomes) -> Isotonic:
    """Rising curve for each class through bins of equally many matches.

    Binned first: a curve through single matches has cliffs, on which a difference in the eighth digit of a
    probability would become one in the third.
    """
    curves = [_rising(p[:, column], outcome == column) for column in range(3)]
    (home, draw, away) = curves
    return Isotonic(promised=(home[0], draw[0], away[0]), came=(home[1], draw[1], away[1]))


def _rising(p: Floats, hit: NDArray[np.bool_]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    wanted = max(1, min(_BINS, len(p) // _BIN_MATCHES))
    edges = np.unique(np.quantile(p, np.linspace(0, 1, wanted + 1)[1:-1]))
    bins = np.searchsorted(edges, p)
    count = np.bincount(bins, minlength=len(edges) + 1)
    used = count > 0
    promised = np.bincount(bins, p, minlength=len(count))[used] / count[used]
    hits = np.bincount(bins, hit.astype(np.float64), minlength=len(count))[used]
    came = (hits + _TRUST * promised) / (count[used] + _TRUST)
    rising = np.maximum.accumulate(isotonic_regression(came, sample_weight=count[used].astype(np.float64)))
    return tuple(promised.tolist()), tuple(rising.tolist())


KINDS: dict[str, Callable[[Floats, Outcomes], Calibration]] = {
    "none": lambda p, outcome: Unchanged(),
    "temperature": fit_temperature,
    "dirichlet": fit_dirichlet,
    "isotonic": fit_isotonic,
}
"""Simplest first."""
