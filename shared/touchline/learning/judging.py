"""Forecasters judged on identical matches: scores, paired differences, parts, calibration and its noise floor."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from touchline.domain import scoring
from touchline.domain.noise_floor import Floor, noise_floor
from touchline.domain.vocabulary import OUTCOMES
from touchline.learning.card import Difference, Estimate, ModelScore
from touchline.learning.evaluation import FEW
from touchline.learning.examples import Floats, Outcomes

Forecasts = Mapping[str, Floats]
BINS: Final = 10
SINGLES: Final = (scoring.rps, scoring.log_loss, scoring.brier, scoring.accuracy)


class Part(msgspec.Struct, frozen=True):
    """Some of the matches: a competition or a season. `few` warns of numbers that say little."""

    name: str
    n: int
    few: bool
    rps: dict[str, float]
    log_loss: dict[str, float]
    differences: dict[str, Difference]
    """The first forecaster minus the others."""


class Bin(msgspec.Struct, frozen=True):
    """Forecasts of about the same height: how many, what they promised on average, how often it came."""

    n: int
    promised: float
    came: float
    low: float
    high: float
    """Interval of `came` by Wilson (1927), 95 %."""


class ClassCalibration(msgspec.Struct, frozen=True):
    """One outcome: what was promised and what came over all matches, the error over the bins, and its noise floor."""

    promised: float
    came: float
    ece: float
    floor: Floor
    bins: tuple[Bin, ...]


class Calibration(msgspec.Struct, frozen=True):
    """One forecaster: calibration error of the three classes pooled, its noise floor, and each class."""

    ece: float
    floor: Floor
    classes: dict[str, ClassCalibration]


class Judged(msgspec.Struct, frozen=True):
    """All verdicts by name of the forecaster, on the same n matches."""

    n: int
    scores: dict[str, ModelScore]
    differences: dict[str, Difference]
    """The first forecaster minus the others; below zero it is better."""


def common(forecasts: Forecasts) -> NDArray[np.bool_]:
    """Matches that all forecasters forecast: no row of NaN."""
    return np.asarray(np.logical_and.reduce([~np.isnan(p).any(axis=1) for p in forecasts.values()]), np.bool_)


def judge(forecasts: Forecasts, outcome: Outcomes) -> Judged:
    """Scores and differences with their bootstrap intervals; every forecaster sees the same resamples.

    Args:
        forecasts: (n, 3) by name, without NaN; the first is the one that is compared with the others.
        outcome: (n,).
    """
    singles = np.stack([[score(p, outcome) for score in SINGLES] for p in forecasts.values()])
    gaps = [scoring.calibration_gaps(p, outcome, BINS) for p in forecasts.values()]
    drawn = scoring.bootstrap_means(np.column_stack([singles.reshape(-1, len(outcome)).T, *gaps]))
    means, errors = np.split(drawn, [singles.shape[0] * singles.shape[1]], axis=1)
    means = means.reshape(len(drawn), *singles.shape[:2])
    errors = np.abs(errors.reshape(len(drawn), len(gaps), BINS)).sum(axis=2)
    value = singles.mean(axis=2)
    scores, differences = {}, {}
    for place, (name, p) in enumerate(forecasts.items()):
        rps, log_loss, brier, accuracy = (
            _estimate(value[place, column], means[:, place, column]) for column in range(len(SINGLES))
        )
        ece = _estimate(scoring.ece(p, outcome, BINS), errors[:, place])
        scores[name] = ModelScore(len(outcome), rps, log_loss, brier, ece, accuracy)
        if place:
            gap, gap_drawn = value[0] - value[place], means[:, 0] - means[:, place]
            differences[name] = Difference(len(outcome), *(_estimate(gap[c], gap_drawn[:, c]) for c in range(2)))
    return Judged(len(outcome), scores, differences)


def parts(forecasts: Forecasts, outcome: Outcomes, name: NDArray[Any]) -> tuple[Part, ...]:
    """Verdicts on the matches of each name, in their order."""
    return tuple(_part(str(each), forecasts, outcome, name == each) for each in np.unique(name))


def _part(name: str, forecasts: Forecasts, outcome: Outcomes, rows: NDArray[np.bool_]) -> Part:
    y = outcome[rows]
    rps, log_loss = (
        np.stack([score(p[rows], y) for p in forecasts.values()]) for score in (scoring.rps, scoring.log_loss)
    )
    gaps = np.concatenate([rps[:1] - rps[1:], log_loss[:1] - log_loss[1:]])
    intervals = [_estimate(mean, draws) for mean, draws in zip(gaps.mean(axis=1), _drawn(gaps), strict=True)]
    others = list(forecasts)[1:]
    found = zip(others, intervals[: len(others)], intervals[len(others) :], strict=True)
    return Part(
        name,
        len(y),
        len(y) < FEW,
        dict(zip(forecasts, rps.mean(axis=1).round(12).tolist(), strict=True)),
        dict(zip(forecasts, log_loss.mean(axis=1).round(12).tolist(), strict=True)),
        {other: Difference(len(y), first, second) for other, first, second in found},
    )


def _drawn(values: Floats) -> Floats:
    return scoring.bootstrap_means(values.T).T


def calibration(p: Floats, outcome: Outcomes) -> Calibration:
    """Reliability of one forecaster's (n, 3) forecasts, per class and pooled, beside what a perfect one would show."""
    floors = noise_floor(p, bins=BINS)
    classes = {
        name: _class(p[:, column], outcome == column, floors.classes[column]) for column, name in enumerate(OUTCOMES)
    }
    return Calibration(round(scoring.ece(p, outcome, BINS), 12), floors.pooled, classes)


def _class(p: Floats, came: NDArray[np.bool_], floor: Floor) -> ClassCalibration:
    where = np.minimum((p * BINS).astype(np.int64), BINS - 1)
    count = np.bincount(where, minlength=BINS)
    promised, hits = (np.bincount(where, values, minlength=BINS) for values in (p, came))
    bins = tuple(_bin(int(count[b]), promised[b], hits[b]) for b in np.flatnonzero(count))
    ece = float(np.abs(promised - hits).sum() / len(p))
    return ClassCalibration(round(float(p.mean()), 12), round(float(came.mean()), 12), round(ece, 12), floor, bins)


def _bin(n: int, promised: float, hits: float) -> Bin:
    ends = binomtest(round(hits), n).proportion_ci(method="wilson")
    return Bin(n, *(round(float(each), 12) for each in (promised / n, hits / n, ends.low, ends.high)))


def _estimate(value: float, drawn: Floats) -> Estimate:
    return Estimate(round(float(value), 12), *scoring.interval(drawn))
