"""Fitting calibrations on forecasts of matches that the forecaster had not seen, and choosing one by later matches."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.isotonic import isotonic_regression

from touchline.domain import scoring
from touchline.domain.calibration import TEMPERATURES, Calibration, Isotonic, Temperature, Unchanged
from touchline.domain.splits import Moments
from touchline.learning.examples import Floats, Outcomes

ENOUGH = 400
"""Fewer held-out matches than this cannot tell a better calibration from a lucky one."""
TOLERANCE = 3e-4
"""A calibration must win by this much log-loss over a simpler one: less is noise even on many thousands of matches."""
_BINS = 30
_BIN_MATCHES = 100
"""A bin of fewer matches than this tells a frequency too roughly: there are fewer bins then."""
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
    "isotonic": fit_isotonic,
}
"""Simplest first."""
