"""Do forecasts keep what they promise? A gap that can be looked at after every match, for years, without crying wolf.

If outcomes follow a forecast p, its log-loss has the entropy of p as its mean, and a variance that p tells as well. The
gap between the two is standardised for one look. For any number of looks there is evidence: the likelihood ratio of
what a distorted forecast q says against p. Its mean is 1 if p is true, whatever came before, so the product over the
matches is a nonnegative martingale, and so is a mixture of such products; it exceeds 1/a at any time with probability
at most a (Ville 1939; Howard, Ramdas, McAuliffe and Sekhon 2021). Nothing is approximated, and the order of the matches
does not matter.

The ratio of q = p^t / sum p^t equals exp(l loss) / E_p[exp(l loss)] with l = 1 - t: to temper the forecast and to tilt
its log-loss exponentially is the same thing.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from touchline.domain.scoring import FLOOR, log_loss

Floats = NDArray[np.float64]

ALPHA: Final = 0.05
"""Share of healthy models that may ever be accused."""


class Distortion(msgspec.Struct, frozen=True):
    """What might be true instead of a forecast p: p^exponent, times exp(tilt) for each outcome, made to sum to 1."""

    leaning: str
    """What is wrong with p then."""
    weight: float
    """Share in the mixture; a distortion with weight w is found log(1/w) nats later than alone."""
    exponent: float = 1.0
    """Below 1, the model is surer than it may be; 1/1.1 where it is 10 % over-confident (log-odds times 1.1)."""
    tilt: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Of home, draw, away; above 0, the model gives that outcome too little."""


DISTORTIONS: Final = (
    Distortion("too sure", 0.10, 0.65),
    Distortion("too sure", 0.20, 0.80),
    Distortion("too sure", 0.40, 0.90),
    Distortion("not sure enough", 0.10, 1.12),
    Distortion("not sure enough", 0.05, 1.30),
    Distortion("too little for home", 0.025, tilt=(0.15, 0.0, 0.0)),
    Distortion("too much for home", 0.025, tilt=(-0.15, 0.0, 0.0)),
    Distortion("too little for draws", 0.025, tilt=(0.0, 0.15, 0.0)),
    Distortion("too much for draws", 0.025, tilt=(0.0, -0.15, 0.0)),
    Distortion("too little for away", 0.025, tilt=(0.0, 0.0, 0.15)),
    Distortion("too much for away", 0.025, tilt=(0.0, 0.0, -0.15)),
)
"""Most of the weight lies on slight over-confidence: it is what ails most models, and the hardest to see."""


class Gap(msgspec.Struct, frozen=True):
    """Settled against expected log-loss of n matches, and the evidence that the forecasts are not what happens."""

    n: int
    settled: float
    """Mean log-loss."""
    expected: float
    """Mean entropy."""
    z: float
    """Sum of loss - entropy over its standard deviation as the forecasts tell it; 0 where all are certain."""
    evidence: float
    """Natural logarithm of the mixed likelihood ratio: an e-value at any time."""
    leaning: str
    """What the evidence points at most."""


def gap(p: ArrayLike, y: ArrayLike) -> Gap:
    """How forecasts compare with what happened.

    Args:
        p: (n, 3) probabilities that sum to 1.
        y: (n,) 0 home, 1 draw, 2 away.

    Raises:
        ValueError: the arrays are not probabilities and outcomes of the same matches, or there is no match.

    >>> told = gap([[0.8, 0.1, 0.1]] * 20, [0, 1, 2, 0] * 5)
    >>> round(told.settled - told.expected, 3), round(told.z, 1), round(told.evidence, 1), told.leaning
    (0.624, 3.4, 1.8, 'too sure')
    """
    loss = log_loss(p, y)
    if not len(loss):
        raise ValueError("no match to judge")
    table = np.asarray(p, np.float64).reshape(-1, 3)
    entropy, variance = moments(table)
    by_distortion = ratios(table)[np.arange(len(loss)), np.asarray(y, np.int64)].sum(axis=0)
    spread = float(np.sqrt(variance.sum()))
    return Gap(
        n=len(loss),
        settled=float(loss.mean()),
        expected=float(entropy.mean()),
        z=float((loss - entropy).sum() / spread) if spread > 0 else 0.0,
        evidence=float(mixed(by_distortion)),
        leaning=DISTORTIONS[int(np.argmax(by_distortion + _LOG_WEIGHTS))].leaning,
    )


def moments(p: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of the log-loss of each forecast if it is true, in nats: (n, 3) -> (n,), (n,).

    >>> [round(float(part[0]), 4) for part in moments(np.array([[0.5, 0.25, 0.25]]))]
    [1.0397, 0.1201]
    """
    log = np.log(np.maximum(p, FLOOR))
    entropy = -(p * log).sum(axis=1)
    return entropy, np.maximum((p * log**2).sum(axis=1) - entropy**2, 0.0)


def ratios(p: Floats, distortions: Sequence[Distortion] = DISTORTIONS) -> Floats:
    """Logarithms of the likelihood ratios: (n, 3) forecasts -> (n, 3 outcomes, k distortions).

    The mean of exp of them under p is 1 for every forecast and distortion.

    >>> table = np.array([[0.6, 0.3, 0.1]])
    >>> np.einsum("no,nok->nk", table, np.exp(ratios(table))).round(9).tolist() == [[1.0] * len(DISTORTIONS)]
    True
    """
    log = np.log(np.maximum(p, FLOOR))[:, :, None]
    exponents = np.array([one.exponent for one in distortions])
    tilts = np.array([one.tilt for one in distortions]).T
    raw = log * (exponents - 1) + tilts
    total = np.log(np.sum(np.exp(raw + log), axis=1, keepdims=True))
    return np.asarray(raw - total)


def mixed(by_distortion: Floats) -> Floats:
    """Logarithm of the mixture of products, from sums of log-ratios: (..., k) -> (...).

    >>> float(mixed(np.zeros(len(DISTORTIONS))).round(9))
    0.0
    """
    return np.asarray(np.logaddexp.reduce(np.asarray(by_distortion) + _LOG_WEIGHTS, axis=-1))


def accused(evidence: ArrayLike, weights: ArrayLike, alpha: float = ALPHA) -> NDArray[np.bool_]:
    """Which of several signals raise an alarm, all together at most a share `alpha` of the time if all are healthy.

    Weighted e-BH (Wang and Ramdas 2022), valid however the signals hang together. At the first moment at which it
    accuses one of several healthy ones their weighted mean exceeds 1/alpha, and that mean is a martingale too, so
    that Ville's inequality holds for all signals and all looks at once.

    Args:
        evidence: (m,) logarithms of e-values.
        weights: (m,) shares of the attention, at least 0, summing to 1 or less.
        alpha: see above.

    >>> accused([4.0, 0.0, 9.0], [0.5, 0.25, 0.25]).tolist(), accused([3.5], [1.0]).tolist(), accused([], []).tolist()
    ([True, False, True], [True], [])
    """
    with np.errstate(divide="ignore"):
        told = np.asarray(evidence, np.float64) + np.log(np.asarray(weights, np.float64))
    best = np.sort(told)[::-1]
    needed = -np.log(alpha) - np.log(np.arange(1, len(best) + 1))
    enough = np.flatnonzero(best >= needed)
    return np.asarray(told >= best[enough[-1]]) if len(enough) else np.zeros(len(best), bool)


_LOG_WEIGHTS: Final = np.log([one.weight for one in DISTORTIONS])
