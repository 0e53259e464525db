"""How the alarm of the calibration gap behaves when somebody looks after every match, for years.

Forecasts are what closing prices say of real matches, in the order of time. For a healthy model outcomes are drawn from
them; for a sick one from them too, while it tells what a distortion makes of them.
"""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import pandas as pd
from figures import DATA, Figure
from numpy.typing import NDArray

from touchline.domain import calibration_gap
from touchline.domain.calibration_gap import ALPHA
from touchline.stages.drift_health import FIRST, attention

Floats = NDArray[np.float64]

RUNS: Final = 5_000
HORIZON: Final = 2_000
LONG: Final = 30_000
"""Matches that a sick model is watched for at most: four seasons of 22 divisions."""
LEAGUES: Final = ("E0", "D1", "SP1", "I1", "F1", "N1", "B1", "P1", "T1", "G1")
_AT_ONCE: Final = 100
_PRICES: Final = ("psc_h", "psc_d", "psc_a")


def figures(runs: int) -> Iterator[Figure]:
    """False alarms of one model and of a family of signals; delays of what a model may suffer from."""
    runs = runs or RUNS
    p, league = forecasts()
    yield from _healthy(p, runs)
    yield from _family(p, league, max(runs // 5, 1))
    for name, told in SICK.items():
        yield _caught(name, p, told(p), max(runs // 10, 1))


def forecasts() -> tuple[Floats, NDArray[np.object_]]:
    """What closing prices say of all matches that have them, (n, 3), and the division of each."""
    table = pd.read_parquet(DATA / "football_data_uk.parquet", columns=["date", "league", *_PRICES]).dropna()
    table = table.sort_values("date", kind="stable")
    p = 1 / table[list(_PRICES)].to_numpy(np.float64)
    return p / p.sum(axis=1, keepdims=True), table["league"].to_numpy(object)


def sharpened(p: Floats, exponent: float) -> Floats:
    """Forecasts with all log-odds times `exponent`: 1.1 is a model that is 10 % over-confident."""
    q = p**exponent
    return np.asarray(q / q.sum(axis=1, keepdims=True))


def tilted(p: Floats, place: int, by: float) -> Floats:
    """Forecasts that give one outcome exp(by) times as much, made to sum to 1."""
    q = p * np.exp(by * np.eye(3)[place])
    return np.asarray(q / q.sum(axis=1, keepdims=True))


def bolder(p: Floats) -> Floats:
    """Forecasts that give the likeliest outcome a tenth more than it deserves, at the cost of the others."""
    best = np.eye(3, dtype=bool)[p.argmax(axis=1)]
    top = np.minimum(1.1 * p.max(axis=1, keepdims=True), 0.999)
    rest = np.where(best, 0.0, p)
    return np.asarray(np.where(best, top, rest / rest.sum(axis=1, keepdims=True) * (1 - top)))


SICK: Final[dict[str, Callable[[Floats], Floats]]] = {
    "10 % over-confident (log-odds times 1.1)": lambda p: sharpened(p, 1.1),
    "the favourite is given a tenth too much": bolder,
    "25 % over-confident": lambda p: sharpened(p, 1.25),
    "50 % over-confident": lambda p: sharpened(p, 1.5),
    "not sure enough (log-odds times 0.85)": lambda p: sharpened(p, 0.85),
    "home given exp(0.15) times too much": lambda p: tilted(p, 0, 0.15),
    "draws given exp(0.15) times too little": lambda p: tilted(p, 1, -0.15),
}


def paths(said: Floats, true: Floats, matches: int, runs: int, seed: int) -> Iterator[Floats]:
    """Evidence after each match, (some runs, matches): stretches of the record, outcomes drawn from `true`."""
    ratios, rng = calibration_gap.ratios(said), np.random.default_rng(seed)
    edges = np.cumsum(true, axis=1)[:, :2]
    weights = np.log([one.weight for one in calibration_gap.DISTORTIONS])
    at_once = max(1, min(_AT_ONCE, 2_000_000 // matches))
    for begun in range(0, runs, at_once):
        count = min(at_once, runs - begun)
        rows = (rng.integers(0, len(said) - matches, count)[:, None] + np.arange(matches)) % len(said)
        outcome = (rng.random(rows.shape)[:, :, None] > edges[rows]).sum(axis=2)
        total = np.full(rows.shape, -np.inf)
        for place, weight in enumerate(weights):
            total = np.logaddexp(total, ratios[rows, outcome, place].cumsum(axis=1) + weight)
        yield total


def _healthy(p: Floats, runs: int) -> Iterator[Figure]:
    """Whoever looks with a plain z of 1.96 each time is told of trouble again and again; the alarm is not."""
    ever = sum(int((path.max(axis=1) >= -np.log(ALPHA)).sum()) for path in paths(p, p, HORIZON, runs, 1))
    yield Figure(
        figure=f"healthy model, a look after each of {HORIZON} matches: share of runs with an alarm", n=runs,
        measured=ever / runs, goal=f"<= {ALPHA}", reached=ever / runs <= ALPHA,
    )  # fmt: skip
    yield Figure(
        figure="the same, where a z beyond 1.96 is an alarm from the 30th match on", n=runs, measured=_naive(p, runs)
    )


def _naive(p: Floats, runs: int) -> float:
    rng, (entropy, variance) = np.random.default_rng(2), calibration_gap.moments(p)
    losses, edges, ever = -np.log(p), np.cumsum(p, axis=1)[:, :2], 0
    for begun in range(0, runs, _AT_ONCE):
        count = min(_AT_ONCE, runs - begun)
        rows = rng.integers(0, len(p) - HORIZON, count)[:, None] + np.arange(HORIZON)
        outcome = (rng.random(rows.shape)[:, :, None] > edges[rows]).sum(axis=2)
        z = (losses[rows, outcome] - entropy[rows]).cumsum(axis=1) / np.sqrt(variance[rows].cumsum(axis=1))
        ever += int((np.abs(z[:, 29:]).max(axis=1) > 1.96).sum())
    return ever / runs


def _family(p: Floats, league: NDArray[np.object_], runs: int) -> Iterator[Figure]:
    """Three healthy models that know more or less of the same matches, in ten divisions and together: 33 signals."""
    mine = np.flatnonzero(np.isin(league, LEAGUES))
    p, league, rng = p[mine], league[mine], np.random.default_rng(3)
    ratios = [calibration_gap.ratios(said) for said in (p, coarser(p, 30), coarser(p, 8))]
    keys = [(str(model), name) for model in range(len(ratios)) for name in ("", *LEAGUES)]
    shares, ever, looks = np.array(attention(keys, "0")), 0, np.arange(49, HORIZON, 50)
    for _ in range(runs):
        rows = int(rng.integers(0, len(p) - HORIZON)) + np.arange(HORIZON)
        outcome = (rng.random(HORIZON)[:, None] > np.cumsum(p[rows], axis=1)[:, :2]).sum(axis=1)
        masks = [np.ones(HORIZON, bool), *(league[rows] == name for name in LEAGUES)]
        evidence = np.array(
            [
                calibration_gap.mixed((model[rows, outcome] * mask[:, None]).cumsum(axis=0)[looks])
                for model in ratios
                for mask in masks
            ]
        ).T
        ever += any(calibration_gap.accused(look, shares).any() for look in evidence)
    yield Figure(
        figure=f"three healthy models in ten divisions, a look after every 50 of {HORIZON} matches: any of 33 alarms",
        measured=ever / runs, goal=f"<= {ALPHA}", reached=ever / runs <= ALPHA, n=runs,
    )  # fmt: skip


def coarser(p: Floats, groups: int) -> Floats:
    """What a healthy model says that only knows in which of so many groups a match is, by its chance of a home win."""
    edges = np.quantile(p[:, 0], np.linspace(0, 1, groups + 1)[1:-1])
    group = np.searchsorted(edges, p[:, 0])
    means = np.array([p[group == place].mean(axis=0) for place in range(groups)])
    return np.asarray(means[group])


def _caught(name: str, true: Floats, said: Floats, runs: int) -> Figure:
    """Matches until the alarm of a champion that has half of the attention, as it has beside other models."""
    needed, first = -np.log(ALPHA) - np.log(FIRST), []
    for path in paths(said, true, LONG, runs, 4):
        beyond = path >= needed
        first.append(np.where(beyond.any(axis=1), beyond.argmax(axis=1) + 1.0, np.inf))
    delays = np.concatenate(first)
    median, most = (float(np.quantile(delays, share, method="higher")) for share in (0.5, 0.9))
    shares = {f"within {limit:,}": round(float((delays <= limit).mean()), 3) for limit in (2_000, 8_000, LONG)}
    needed_alone = _alone(true, said)
    return Figure(
        figure=f"matches until the alarm: {name}", n=runs, goal=f">= 0.95 within {LONG:,}",
        measured={"median": median, "nine of ten": most, **shares, "one look that knows what ails it": needed_alone},
        reached=bool(np.isfinite(delays).mean() >= 0.95),
    )  # fmt: skip


def _alone(true: Floats, said: Floats) -> int:
    """Matches after which the best of all tests at one look, 5 % one-sided, would see it half of the time.

    The test of Neyman and Pearson knows the distortion: n = (1.645 sd / divergence)^2 by the normal limit.
    """
    gain = np.log(true) - np.log(said)
    under_true, under_said = (gain * true).sum(axis=1), (gain * said).sum(axis=1)
    spread = np.sqrt(np.mean((gain**2 * said).sum(axis=1) - under_said**2))
    return int(np.ceil((1.645 * spread / np.mean(under_true - under_said)) ** 2))
