"""Attack and defence of all teams of one country, fitted again and again while its matches come in."""

import numpy as np
from numpy.typing import NDArray

from touchline.domain.compiled import compiled, part

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Singles = NDArray[np.float32]

FURTHEST = 400.0
"""Doublings of the weights before they are brought back to 1: far below what a float holds."""
FAINT = 0.02
"""Counts, faded: a team of which less is left is forgotten."""
EARLY = 20
"""Refits that start far from their solution, and the sweeps that each of them gets."""


@compiled
def refit(
    match: Ints, age: Floats, since: Floats, counts: Floats, sizes: Ints, constants: Floats, prior: Floats,
    team_row: Ints, league_row: Ints, strengths: Singles, bases: Singles,
) -> None:  # fmt: skip
    """Fit one kind of strength at every refit, each from the one before.

    The mean of a count is base(division, venue) * exp(attack of the side - defence of the other). Not matches are kept,
    but sums: what each team counted, and the weighted bases of each pair. Weights of new matches grow with time.

    Arrays:
        match: (m, 4) home slot, away slot, division, and the number of the refit that first knows it, rising.
        age: (m,) half-lives from the start to the match's result.
        since: (r,) half-lives from the start to each refit; counts: (m, 2) of home and away, NaN where not counted.
        sizes: teams, divisions, sweeps.
        constants: ridge, half-life over the half-life of the bases, weight of the prior bases, start of a newcomer
            below the mean of its division.
        prior: (2,) mean counts at home and away where nothing is known.
        team_row, league_row: (r + 1,) first row of each refit in `strengths` and in `bases`.
        strengths: (team rows, 2) to be written: attack and defence after each refit, NaN where nothing was counted.
        bases: (league rows, 4) to be written: bases of home and away, mean attack and defence.
    """
    teams, divisions, sweeps = sizes
    ridge, slower, prior_weight, below = constants
    pairs = np.zeros((2, teams, teams))
    made, strength, factor = np.zeros((2, teams)), np.zeros((2, teams)), np.ones((2, teams))
    exposure, mean = np.zeros((2, teams)), np.zeros((2, divisions))
    division, counted, base = np.full(teams, -1), np.zeros((divisions, 3)), np.zeros((divisions, 2))
    epoch, base_epoch, row = since[:1].sum(), since[:1].sum(), 0
    for number in range(len(since)):
        now, first, known = since[number], row, team_row[number + 1] - team_row[number]
        if now - epoch > FURTHEST:
            fade(epoch - now, pairs, made, exposure)
            epoch = now
        if (now - base_epoch) * slower > FURTHEST:
            counted *= 2.0 ** ((base_epoch - now) * slower)
            base_epoch = now
        while row < len(match) and match[row, 3] == number:
            count(match[row, 2], counts[row], 2.0 ** ((age[row] - base_epoch) * slower), counted)
            row += 1
        set_bases(counted, prior, prior_weight * 2.0 ** ((now - base_epoch) * slower), base)
        scale = 2.0 ** (now - epoch)
        for each in range(first, row):
            join(match[each], exposure[0], FAINT * scale, mean - below, division, strength, factor)
            weight = 2.0 ** (age[each] - epoch)
            meet(match[each, 0], match[each, 1], base[match[each, 2]], counts[each], weight, pairs, made)
        for _ in range(sweeps if number > EARLY else EARLY):
            step(known, ridge * scale, pairs, made, strength, factor, division, mean, exposure)
            average(known, strength, division, exposure[0], scale, mean)
        keep_teams(strength, exposure[0] < FAINT * scale, strengths[team_row[number] : team_row[number + 1]])
        keep_bases(base, mean, counted[:, 2] > 0, bases[league_row[number] : league_row[number + 1]])


@part
def fade(doublings: float, pairs: Floats, made: Floats, exposure: Floats) -> None:
    """Bring sums back by so many doublings of their weights, less than none."""
    pairs *= 2.0**doublings
    made *= 2.0**doublings
    exposure *= 2.0**doublings


@part
def join(
    match: Ints, exposure: Floats, faint: float, start: Floats, division: Ints, strength: Floats, factor: Floats
) -> None:
    """Both teams of a match play in its division; who is new or forgotten starts there."""
    for side in range(2):
        team, league = match[side], match[2]
        if division[team] < 0 or exposure[team] < faint:
            arrive(team, start[:, league], strength, factor)
        division[team] = league


@part
def keep_teams(strength: Floats, faint: Bools, kept: Singles) -> None:
    """Write down strengths, (teams, 2)."""
    for team in range(len(kept)):
        for side in range(2):
            kept[team, side] = np.nan if faint[team] else strength[side, team]


@part
def keep_bases(base: Floats, mean: Floats, told: Bools, kept: Singles) -> None:
    """Write down bases and means, (divisions, 4)."""
    for league in range(len(kept)):
        for side in range(2):
            kept[league, side] = base[league, side] if told[league] else np.nan
            kept[league, 2 + side] = mean[side, league]


@part
def count(league: int, counts: Floats, weight: float, counted: Floats) -> None:
    """Add a match to the sums of its division."""
    if counts[0] == counts[0]:
        counted[league, 0] += weight * counts[0]
        counted[league, 1] += weight * counts[1]
        counted[league, 2] += weight


@part
def set_bases(counted: Floats, prior: Floats, weight: float, base: Floats) -> None:
    """Mean counts at home and away of each division.

    >>> base = np.zeros((1, 2))
    >>> set_bases.py_func(np.array([[6.0, 2.0, 4.0]]), np.array([1.5, 1.0]), 4.0, base)
    >>> base.tolist()
    [[1.5, 0.75]]
    """
    for league in range(len(base)):
        for side in range(2):
            base[league, side] = (counted[league, side] + weight * prior[side]) / (counted[league, 2] + weight)


@part
def arrive(team: int, start: Floats, strength: Floats, factor: Floats) -> None:
    """A team that is new, or of which nothing is remembered."""
    strength[:, team] = start
    factor[0, team] = np.exp(start[0])
    factor[1, team] = np.exp(-start[1])


@part
def meet(home: int, away: int, base: Floats, counts: Floats, weight: float, pairs: Floats, made: Floats) -> None:
    """Add a match to the sums of its teams."""
    if counts[0] == counts[0]:
        pairs[0, away, home] += weight * base[0]
        pairs[1, home, away] += weight * base[0]
        pairs[0, home, away] += weight * base[1]
        pairs[1, away, home] += weight * base[1]
        made[0, home] += weight * counts[0]
        made[1, away] += weight * counts[0]
        made[0, away] += weight * counts[1]
        made[1, home] += weight * counts[1]


@part
def step(
    known: int, pull: float, pairs: Floats, made: Floats, strength: Floats, factor: Floats, division: Ints,
    mean: Floats, exposure: Floats,
) -> None:  # fmt: skip
    """Every attack, then every defence, towards what was counted."""
    for side in range(2):
        expect(known, pairs[side], factor[1 - side], factor[side], exposure[side])
        sweep(known, side, made[side], pull, strength[side], factor[side], division, mean[side], exposure[side])


@part
def expect(known: int, pairs: Floats, other: Floats, own: Floats, expected: Floats) -> None:
    """What every team would count, or let the others count, by its strength and theirs."""
    expected[:known] = 0.0
    for one in range(known):
        row, strength = pairs[one], other[one]
        for team in range(known):
            expected[team] += row[team] * strength
    for team in range(known):
        expected[team] *= own[team]


@part
def sweep(
    known: int,
    side: int,
    made: Floats,
    ridge: float,
    strength: Floats,
    factor: Floats,
    division: Ints,
    mean: Floats,
    expected: Floats,
) -> None:
    """One Newton step of every attack (side 0) or defence (side 1), the other one held."""
    sign = 1.0 - 2.0 * side
    for team in range(known):
        pull = ridge * (strength[team] - mean[division[team]])
        strength[team] += (sign * (made[team] - expected[team]) - pull) / (expected[team] + ridge)
        factor[team] = np.exp(sign * strength[team])


@part
def average(known: int, strength: Floats, division: Ints, exposure: Floats, scale: float, mean: Floats) -> None:
    """Mean attack and defence of each division over the teams that are there now."""
    total = np.zeros((3, mean.shape[1]))
    for team in range(known):
        if exposure[team] > scale:
            for side in range(2):
                total[side, division[team]] += strength[side, team]
            total[2, division[team]] += 1
    for league in range(mean.shape[1]):
        if total[2, league] > 0:
            mean[:, league] = total[:2, league] / total[2, league]
