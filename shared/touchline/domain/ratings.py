"""All ratings of all teams, learnt match by match and kept in every version.

Matches of one level touch different teams and are learnt from at once. Each application makes a new version of both
teams and of the league, so a rating can be read as it was at any moment: before a match updates it, without a trace.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from touchline.domain import elo, goal_rates, market, pi_rating
from touchline.domain.encoding import STATISTICS, Played
from touchline.domain.sequences import NONE, Sequences

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

ELO, PI_HOME, PI_AWAY, MARKET = 0, 1, 2, 9
ATTACK, DEFENCE = slice(3, 6), slice(6, 9)
SIZE: Final = 10
"""Ratings of a team: Elo, pi at home and away, attack of three kinds, defence of three kinds, market."""

HOME_GOALS, AWAY_GOALS, HOME_XG, AWAY_XG, HOME_WIN, DRAW, MARKET_HOME, PRICED = range(8)
MEANS = slice(8, 8 + SIZE)
BASES: Final = np.array([[HOME_GOALS, AWAY_GOALS], [HOME_GOALS, AWAY_GOALS], [HOME_XG, AWAY_XG]])
"""Rows of a league that are the bases of the kinds of `goal_rates`, home and away."""

LEAGUE_START: Final = np.array(
    [1.5, 1.15, 1.5, 1.15, 0.45, 0.27, market.HOME_ADVANTAGE, 0, elo.START, *[0.0] * (SIZE - 1)]
)
"""A league of which nothing is known: goals and outcomes as they are in most leagues, then the mean of each rating."""
NEWCOMER: Final = np.array([elo.NEWCOMER, -0.13, -0.13, *[-0.045] * 6, -0.15])
"""A team never seen before starts this far from its league's means."""
REGRESSION: Final = np.array([0.035, 0, 0, *[0.009, 0.009, 0.005] * 2, 0.2])
"""Share of the way to the league's means that a rating goes back between two seasons: squads change."""
BASE_RATE: Final = 0.0015
"""Rate at which the goals of a league are learnt; by search on matches up to the season 2020-21."""
SHARE_RATE: Final = 0.012
"""The same for its shares of home wins and draws."""
MEAN_RATE: Final = 0.025
BASE_BOUNDS: Final = (0.6, 2.5)


@dataclass(frozen=True)
class Results:
    """What `learn` needs to know of m matches after full time."""

    margin: Floats
    """(m,) goals, home minus away."""
    score: Floats
    stake: Floats
    """(m,) both for Elo."""
    observed: Floats
    """(3, 2, m) goals by kind of `goal_rates`, home and away; plain goals where shots were not counted."""
    rates: Floats
    """(3, 2, m) their learning rates."""
    boost: Floats
    """(2, m) factor on them."""
    priced: Floats
    """(m,) 1 where there was a price before the match."""
    supremacy: Floats
    """(m,) log-odds of the home side by that price, 0 without one."""

    @classmethod
    def of(cls, goals: Floats, xg: Floats, supremacy: Floats, experience: Ints) -> "Results":
        """From goals and goals deserved by shots (2, m), log-odds (m,), matches before (2, m); NaN for unknown."""
        margin, counted = goals[0] - goals[1], ~np.isnan(xg)
        shots_rate = np.where(counted, goal_rates.SHOTS_RATE, goal_rates.SLOW_RATE)
        return cls(
            margin=margin,
            score=elo.score(margin),
            stake=elo.stake(margin),
            observed=np.stack([goals, goals, np.where(counted, xg, goals)]),
            rates=np.stack(
                [np.full_like(xg, goal_rates.FAST_RATE), np.full_like(xg, goal_rates.SLOW_RATE), shots_rate]
            ),
            boost=goal_rates.learning_rate(experience),
            priced=(~np.isnan(supremacy)).astype(np.float64),
            supremacy=np.nan_to_num(supremacy),
        )

    def part(self, matches: slice) -> "Results":
        """Some of the matches."""
        return Results(*(getattr(self, name)[..., matches] for name in self.__dataclass_fields__))


def settle(ratings: Floats, means: Floats, newcomer: Bools, new_season: Bools) -> Floats:
    """Ratings (SIZE, 2, m) as they enter a match: newcomers start below their league's means (SIZE, m), the others go
    back towards these between seasons. Nothing is stored.

    >>> means = np.zeros((SIZE, 1)); means[ELO] = 1500
    >>> known = settle(np.full((SIZE, 2, 1), 1600.0), means, np.array([[True], [False]]), np.array([[True], [True]]))
    >>> known[ELO].ravel().round(1).tolist()
    [1420.0, 1596.5]
    """
    if not (newcomer.any() or new_season.any()):
        return ratings
    level = means[:, np.newaxis]
    regressed = ratings + REGRESSION[:, np.newaxis, np.newaxis] * (level - ratings)
    start = level + NEWCOMER[:, np.newaxis, np.newaxis]
    return np.where(newcomer, start, np.where(new_season, regressed, ratings))


def expected_goals(ratings: Floats, league: Floats) -> Floats:
    """(3, 2, m) goals to expect, by kind of `goal_rates`, for home and away."""
    return goal_rates.expected(league[BASES], ratings[ATTACK], ratings[DEFENCE])


def market_difference(ratings: Floats, league: Floats) -> Floats:
    """(m,) log-odds of the home side that earlier prices lead to expect."""
    return np.asarray(ratings[MARKET, 0] - ratings[MARKET, 1] + league[MARKET_HOME])


def learn(ratings: Floats, league: Floats, results: Results) -> tuple[Floats, Floats]:
    """Ratings after m matches of different teams, (SIZE, 2, m), and the step that each match asks of its league.

    Args:
        ratings: (SIZE, 2, m) settled ratings of home and away before the matches.
        league: (8 + SIZE, m) rows of their leagues.
        results: what happened.
    """
    after, step = ratings.copy(), np.empty_like(league)
    points = results.stake * (results.score - elo.expected_score(ratings[ELO, 0] - ratings[ELO, 1]))
    after[ELO, 0] += points
    after[ELO, 1] -= points
    pull = pi_rating.step(ratings[PI_HOME, 0], ratings[PI_AWAY, 1], results.margin)
    after[PI_HOME, 0] += pull
    after[PI_AWAY, 1] -= pull
    pull *= pi_rating.CARRY
    after[PI_AWAY, 0] += pull
    after[PI_HOME, 1] -= pull
    error = results.observed - expected_goals(ratings, league)
    attack, defence = goal_rates.steps(error, results.rates, results.boost)
    after[ATTACK] += attack
    after[DEFENCE] += defence
    surprise = results.priced * (results.supremacy - market_difference(ratings, league))
    after[MARKET, 0] += market.RATE * surprise
    after[MARKET, 1] -= market.RATE * surprise
    step[: AWAY_XG + 1] = BASE_RATE * error[1:].reshape(4, -1)
    step[HOME_WIN] = SHARE_RATE * ((results.margin > 0) - league[HOME_WIN])
    step[DRAW] = SHARE_RATE * ((results.margin == 0) - league[DRAW])
    step[MARKET_HOME] = market.HOME_RATE * surprise
    step[PRICED] = results.priced
    step[MEANS] = MEAN_RATE * ((after[:, 0] + after[:, 1]) / 2 - league[MEANS])
    return after, step


def replay(played: Played, teams: Sequences, leagues: Sequences) -> tuple[Floats, Floats]:
    """Every version of every rating.

    Args:
        played: matches in teaching order.
        teams: sequences of the home teams, then the away teams of these matches (2r,).
        leagues: sequences of their competitions (r,).

    Returns:
        (SIZE, 2r) ratings of teams after each of their matches, in the order of `teams`; (8 + SIZE, r) leagues after
        each of theirs, in the order of `leagues`.
    """
    now = np.zeros((SIZE, len(teams.start) - 1))
    league_now = np.repeat(LEAGUE_START[:, np.newaxis], len(leagues.start) - 1, axis=1)
    team_versions, league_versions = (
        np.empty((SIZE, len(teams.order))),
        np.empty((len(LEAGUE_START), len(leagues.order))),
    )
    match = played.fixtures
    sides, rows = np.stack([match.home, match.away]), teams.place().reshape(2, -1)
    league_rows = leagues.place()
    newcomer, new_season = teams.position[rows] == 0, _new_season(played, teams)[rows]
    goals, xg = (played.statistics[STATISTICS.index(name)] for name in ("goals", "xg"))
    results = Results.of(goals, xg, played.supremacy, teams.position[rows])
    for first, last in zip(played.level_start[:-1], played.level_start[1:], strict=True):
        part = slice(first, last)
        who, league = sides[:, part], match.competition[part]
        before = league_now[:, league]
        ratings = settle(now[:, who], before[MEANS], newcomer[:, part], new_season[:, part])
        after, step = learn(ratings, before, results.part(part))
        now[:, who] = team_versions[:, rows[:, part]] = after
        _advance(league_now, league, step)
        league_versions[:, league_rows[part]] = league_now[:, league]
    return team_versions, league_versions


def _advance(leagues: Floats, league: Ints, step: Floats) -> None:
    """Matches of one league in one level count together; they stand side by side."""
    start = np.concatenate(([0], np.flatnonzero(league[1:] != league[:-1]) + 1))
    which = league[start]
    rows = leagues[:, which] + np.add.reduceat(step, start, axis=1)
    bases = rows[: AWAY_XG + 1]
    np.minimum(np.maximum(bases, BASE_BOUNDS[0], out=bases), BASE_BOUNDS[1], out=bases)
    leagues[:, which] = rows


def _new_season(played: Played, teams: Sequences) -> Bools:
    season = np.tile(played.fixtures.season, 2)[teams.order]
    before = teams.before(1)
    return np.asarray((before != NONE) & (season[before] != season))
