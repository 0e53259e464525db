"""Form, standings and meetings, match by match as compiled loops, and the search for what was known at a moment."""

import numpy as np
from numpy.typing import NDArray

from touchline.domain.compiled import compiled, part

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@compiled
def form(home: Ints, away: Ints, statistics: Floats, shares: Floats, last: int, teams: int, made: Floats) -> None:
    """Means of what both teams did and what was done to them, after each match.

    Arrays:
        home, away: (r,) codes in teaching order.
        statistics: (r, s, 2) of home and away, NaN where not counted: points, then counts.
        shares: (2,) what the newest value counts in the two exponentially weighted means.
        last: matches of the plain mean.
        teams: number of teams.
        made: (2r, 5 (2s - 1)) to be written: windows, then measures.
    """
    size = 2 * statistics.shape[1] - 1
    ring = np.full((teams, last, size), np.nan)
    means = np.full((teams, 4, size), np.nan)
    games = np.zeros(teams, np.int64)
    value = np.empty(size)
    for k in range(len(home)):
        for side in range(2):
            team = home[k] if side == 0 else away[k]
            measures(statistics[k], side, value)
            ring[team, games[team] % last] = value
            games[team] += 1
            for measure in range(size):
                if value[measure] == value[measure]:
                    fresh = value[measure]
                    means[team, 0, measure] = moved(means[team, 0, measure], fresh, shares[0])
                    means[team, 1, measure] = moved(means[team, 1, measure], fresh, shares[1])
                    means[team, 2 + side, measure] = moved(means[team, 2 + side, measure], fresh, shares[1])
            row = made[2 * k + side]
            for measure in range(size):
                row[measure] = recent(ring[team, :, measure], games[team])
                for window in range(4):
                    row[(window + 1) * size + measure] = means[team, window, measure]


@part
def measures(statistics: Floats, side: int, value: Floats) -> None:
    """Points of a side, then each count for and against it."""
    value[0] = statistics[0, side]
    for count in range(1, statistics.shape[0]):
        value[2 * count - 1] = statistics[count, side]
        value[2 * count] = statistics[count, 1 - side]


@part
def moved(old: float, fresh: float, share: float) -> float:
    """The first value starts a mean.

    >>> moved.py_func(np.nan, 2.0, 0.5), moved.py_func(2.0, 4.0, 0.25)
    (2.0, 2.5)
    """
    return fresh if old != old else old + share * (fresh - old)


@part
def recent(ring: Floats, games: int) -> float:
    """Mean of what is known, newest first."""
    total, known = 0.0, 0
    for back in range(1, min(games, len(ring)) + 1):
        value = ring[(games - back) % len(ring)]
        if value == value:
            total += value
            known += 1
    return total / known if known else np.nan


@compiled
def standing(
    home: Ints,
    away: Ints,
    competition: Ints,
    season: Ints,
    kickoff: Ints,
    statistics: Floats,
    now: Floats,
    recent_kickoffs: int,
    made: Floats,
) -> None:
    """Where both teams stand after each match.

    Arrays:
        home, away, competition, season, kickoff: (r,) in teaching order.
        statistics: (r, s, 2), points and goals first.
        now: (teams, 5 + kick-offs + 2) standing, kick-offs, competition and season now; written.
        recent_kickoffs: how many kick-offs are remembered.
        made: (2r, same columns) to be written.
    """
    last_competition = 5 + recent_kickoffs
    for k in range(len(home)):
        for side in range(2):
            row = now[home[k] if side == 0 else away[k]]
            same = row[last_competition] == competition[k]
            if not (same and row[last_competition + 1] == season[k]):
                row[1:4] = 0.0
            row[0] += 1
            row[1] += 1
            row[2] += statistics[k, 0, side]
            row[3] += statistics[k, 1, side] - statistics[k, 1, 1 - side]
            row[4] = row[4] + 1 if same else 1.0
            for back in range(last_competition - 1, 5, -1):
                row[back] = row[back - 1]
            row[5] = kickoff[k]
            row[last_competition] = competition[k]
            row[last_competition + 1] = season[k]
            made[2 * k + side] = row


@compiled
def meetings(home: Ints, away: Ints, pair: Ints, pairs: int, statistics: Floats, remembered: int, made: Floats) -> None:
    """Sums over the last meetings of each pair, seen from the team with the smaller code.

    Arrays:
        home, away, pair: (r,) codes in teaching order.
        pairs: number of pairs.
        statistics: (r, s, 2), points and goals first.
        remembered: meetings that count.
        made: (r, 4) to be written: meetings, points of first and second, goals of the first.
    """
    ring, met = np.zeros((pairs, remembered, 3)), np.zeros(pairs, np.int64)
    for k in range(len(home)):
        first = 0 if home[k] < away[k] else 1
        mine = ring[pair[k]]
        slot = met[pair[k]] % remembered
        mine[slot, 0] = statistics[k, 0, first]
        mine[slot, 1] = statistics[k, 0, 1 - first]
        mine[slot, 2] = statistics[k, 1, first] - statistics[k, 1, 1 - first]
        met[pair[k]] += 1
        made[k, 0] = min(met[pair[k]], remembered)
        for column in range(3):
            made[k, 1 + column] = mine[:, column].sum()


@compiled
def known_at(asked: Ints, moments: Ints, order: Ints, told: Ints, available: Ints, sizes: Ints) -> Ints:
    """Numbers of the newest rows known at a moment each, (4, n): of home, away, league and pair; -1 for none.

    Args:
        asked: (4, n) codes of home, away, league and pair, -1 for one that nothing is known of.
        moments: (n,) at which they are read; a result is seen from its `available` on.
        order: (n,) places of the moments in the order of time.
        told: (4, r) the same codes of the finished matches in teaching order.
        available: (r,) in that order.
        sizes: (3,) numbers of teams, leagues, pairs.
    """
    team, league, pair = np.full(sizes[0], -1), np.full(sizes[1], -1), np.full(sizes[2], -1)
    found = np.full(asked.shape, -1)
    k = 0
    for place in order:
        while k < len(available) and available[k] <= moments[place]:
            team[told[0, k]], team[told[1, k]] = 2 * k, 2 * k + 1
            league[told[2, k]] = pair[told[3, k]] = k
            k += 1
        found[0, place], found[1, place] = team[asked[0, place]], team[asked[1, place]]
        if asked[2, place] >= 0:
            found[2, place] = league[asked[2, place]]
        if asked[3, place] >= 0:
            found[3, place] = pair[asked[3, place]]
    return found
