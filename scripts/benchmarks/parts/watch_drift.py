"""How often the drift report cries wolf, and how often it sees a shift of 0.3 standard deviations.

Real features of real matches, learnt from over seven years. What is current is drawn from the reference itself: match
days at random, so that matches of a day stay together, and windows of consecutive matches, which sway with the season.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from figures import DATA, Figure, matches
from numpy.typing import NDArray

from touchline.domain import benchmarks, drift, drift_chance
from touchline.domain.drift_chance import Inflation
from touchline.learning.walkforward import WalkOptions, lined_up

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

RUNS: Final = 1_000
CURRENT: Final = 500
SHIFT: Final = 0.3
LEARNT: Final = np.datetime64("2014-07-01"), np.datetime64("2021-07-01")
GROUP: Final = 10


@dataclass(frozen=True)
class World:
    """What a champion learnt from, and what its features and forecasts do by themselves."""

    names: list[str]
    whole: Floats
    """(n, k) in the order of time."""
    day: Rows
    """(n,) number of the match day."""
    inflation: Inflation
    spread: Floats
    """(k,) standard deviations."""
    reference: Floats
    """The rows that are kept."""


def figures(runs: int) -> Iterator[Figure]:
    """Alarms of the report: any feature or forecast that counts as drifted."""
    runs = runs or RUNS
    for name, world, draws in (
        ("real features, match days at random", real(), _days),
        ("real features, consecutive matches", real(), _consecutive),
        ("154 independent normal features", normal(), _fresh),
    ):
        yield from _rates(name, world, draws, runs)


def real() -> World:
    """Features of the matches of LEARNT, and what Elo alone says of them as forecasts."""
    line = lined_up(matches(DATA / "football_data_uk.parquet"), date(2021, 7, 1), WalkOptions())
    rows = np.flatnonzero(line.finished & (line.kickoff >= LEARNT[0]) & (line.kickoff < LEARNT[1]))
    rows = rows[np.argsort(line.kickoff[rows], kind="stable")]
    values = line.features.values[rows].astype(np.float64)
    elo = values[:, line.features.names.index("elo_difference")]
    said = benchmarks.elo(elo, line.outcome[rows], elo)
    return _world(
        [*line.features.names, *("home", "draw", "away")], np.column_stack([values, said]), line.kickoff[rows]
    )


def normal() -> World:
    """Independent rows and columns."""
    rng = np.random.default_rng(0)
    day = np.datetime64("2014-07-01") + np.arange(20_000) // 20
    return _world([f"feature {place}" for place in range(154)], rng.normal(size=(20_000, 154)), day)


def _world(names: list[str], whole: Floats, kickoff: "NDArray[np.datetime64]") -> World:
    _, day = np.unique(kickoff.astype("datetime64[D]"), return_inverse=True)
    inflation = drift_chance.inflation(whole, CURRENT)
    return World(
        names, whole, day, inflation, np.nanstd(whole, axis=0), np.asfortranarray(whole[drift.thinned(len(whole))])
    )


def _days(world: World, rng: np.random.Generator) -> Floats:
    """CURRENT matches of match days at random."""
    order = rng.permutation(world.day.max() + 1)
    counts = np.bincount(world.day)[order]
    chosen = order[: np.searchsorted(counts.cumsum(), CURRENT) + 1]
    return world.whole[np.flatnonzero(np.isin(world.day, chosen))[:CURRENT]]


def _consecutive(world: World, rng: np.random.Generator) -> Floats:
    begun = int(rng.integers(0, len(world.whole) - CURRENT))
    return world.whole[begun : begun + CURRENT]


def _fresh(world: World, rng: np.random.Generator) -> Floats:
    return rng.normal(size=(CURRENT, world.whole.shape[1]))


def _rates(
    name: str, world: World, draw: Callable[[World, np.random.Generator], Floats], runs: int
) -> Iterator[Figure]:
    rng, k = np.random.default_rng(5), len(world.names)
    shifted = {"all features": k, f"{GROUP} features at random": GROUP, "one feature at random": 1}
    alarms, seen = 0, dict.fromkeys(shifted, 0)
    blamed: dict[str, int] = {}
    for run in range(runs):
        current = draw(world, rng)
        found = _drifted(world, current)
        alarms += bool(found)
        for feature in found:
            blamed[feature] = blamed.get(feature, 0) + 1
        if run % 5 == 0:
            for planted, count in shifted.items():
                places = rng.choice(k, count, replace=False)
                seen[planted] += _sees(world, current, places)
    yield Figure(
        figure=f"{name}: share of comparisons without drift with an alarm", measured=alarms / runs, goal="< 0.01",
        reached=alarms / runs < 0.01, n=runs,
    )  # fmt: skip
    if blamed:
        yield Figure(figure=f"{name}: features that were blamed", measured=blamed)
    tried = len(range(0, runs, 5))
    for planted, count in seen.items():
        rate = count / tried
        yield Figure(
            figure=f"{name}: {SHIFT} standard deviations in {planted}, share caught", measured=round(rate, 3), n=tried,
            goal=">= 0.9", reached=rate >= 0.9,
        )  # fmt: skip


def _drifted(world: World, current: Floats) -> list[str]:
    return [one.name for one in drift.compare(world.reference, current, world.names, world.inflation) if one.drifted]


def _sees(world: World, current: Floats, places: Rows) -> bool:
    """Whether one of the shifted features is found, corrected for all of them."""
    moved = current.copy()
    moved[:, places] += SHIFT * world.spread[places]
    return bool(set(_drifted(world, moved)) & {world.names[place] for place in places})
