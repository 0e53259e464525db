"""All ratings of all teams: their constants, how they enter a match, and what they expect of it.

They are learnt match by match (rating_kernels.py); every match makes a new version of both teams and of the league, so
a rating can be read as it was at any moment. This module needs numpy only.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from touchline.domain import elo, goal_rates, market, pi_rating, rows

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


class Columns(NamedTuple):
    """Where the columns of a team's ratings and of a league stand."""

    elo: int = rows.ELO
    pi: int = rows.PI_HOME
    attack: int = rows.ATTACK.start
    defence: int = rows.DEFENCE.start
    market: int = rows.MARKET.start
    bases: int = rows.BASES.start
    shares: int = rows.HOME_WIN
    market_home: int = rows.MARKET_HOME.start
    market_draw: int = rows.MARKET_DRAW
    draw_level: int = rows.DRAW_LEVEL
    counted: int = rows.COUNTED.start
    priced: int = rows.PRICED
    means: int = rows.MEANS.start


class Pace(NamedTuple):
    """The constants of learning."""

    newcomer: Floats
    """(RATINGS,) a team never seen before starts this far from its league's means."""
    regression: Floats
    """(RATINGS,) share of the way to the league's means that a rating goes back between two seasons: squads change."""
    kind_counts: Ints
    rates: Floats
    """(len(KINDS),) rates of attack and defence."""
    fallback: Floats
    """(len(KINDS),) rates where the count is unknown and goals stand for it; 0 for not at all."""
    largest: Floats
    """(len(KINDS),) errors count up to here; one freak score must not turn a rating over."""
    lowest: Floats
    highest: Floats
    """(2 len(COUNTS),) bounds of a league's means."""
    speeds: Floats
    """(len(SPEEDS),) share of the error that each team's strength moves."""
    news: Floats
    """(len(SPEEDS),) the same for each goal by which a result was better than its price."""
    elo_k: float = elo.K
    elo_home: float = elo.HOME_ADVANTAGE
    elo_scale: float = elo.SCALE
    elo_margin: float = elo.MARGIN_EXPONENT
    pi_rate: float = pi_rating.RATE
    pi_carry: float = pi_rating.CARRY
    pi_spread: float = pi_rating.SPREAD
    boost: float = goal_rates.NEWCOMER_BOOST
    boost_matches: float = goal_rates.NEWCOMER_MATCHES
    market_home: float = market.HOME_RATE
    draw_rate: float = market.DRAW_RATE
    market_margin: float = market.MARGIN
    largest_news: float = market.LARGEST_NEWS
    bases: float = 0.0015
    """Rate at which the means of a league are learnt; by search on matches up to the season 2020-21."""
    shares: float = 0.012
    """The same for its shares of home wins and draws."""
    means: float = 0.025
    """The same for the means of its teams' ratings."""


def pace() -> Pace:
    """The constants as they were found on matches up to the season 2020-21."""
    per_kind = (*goal_rates.NEWCOMER,) * 2
    regression = (*goal_rates.REGRESSION,) * 2
    return Pace(
        newcomer=np.array(
            [elo.NEWCOMER, *[pi_rating.NEWCOMER] * 2, *per_kind, *[market.NEWCOMER] * len(rows.SPEEDS), 0.0]
        ),
        regression=np.array([elo.REGRESSION, 0.0, 0.0, *regression, *market.REGRESSION, market.DRAW_REGRESSION]),
        kind_counts=np.array(rows.KIND_COUNTS),
        rates=np.array(goal_rates.RATES),
        fallback=np.array(goal_rates.FALLBACK),
        largest=np.array(goal_rates.LARGEST_ERROR),
        lowest=np.repeat(goal_rates.LOWEST, 2),
        highest=np.repeat(goal_rates.HIGHEST, 2),
        speeds=np.array(market.RATES),
        news=np.array(market.NEWS),
    )


def league_start() -> Floats:
    """(LEAGUE,) a league of which nothing is known: counts and outcomes as they are in most leagues."""
    row = np.zeros(rows.LEAGUE)
    row[rows.BASES] = np.ravel(goal_rates.START)
    row[rows.HOME_WIN], row[rows.DRAW] = 0.45, 0.27
    row[rows.MARKET_HOME] = market.HOME_ADVANTAGE
    row[rows.DRAW_LEVEL] = market.DRAW_LEVEL
    row[rows.MEANS.start + rows.ELO] = elo.START
    return row


def settle(ratings: Floats, means: Floats, newcomer: Bools, new_season: Bools) -> Floats:
    """Ratings (RATINGS, 2, m) as they enter a match: newcomers start below their league's means (RATINGS, m), the
    others go back towards these between seasons. Nothing is stored.

    >>> means = np.zeros((rows.RATINGS, 1)); means[rows.ELO] = 1500
    >>> old = np.full((rows.RATINGS, 2, 1), 1600.0)
    >>> settle(old, means, np.array([[True], [False]]), np.array([[True], [True]]))[rows.ELO].ravel().round(1).tolist()
    [1420.0, 1596.5]
    """
    constants, level = PACE, means[:, np.newaxis]
    regressed = ratings + constants.regression[:, np.newaxis, np.newaxis] * (level - ratings)
    start = level + constants.newcomer[:, np.newaxis, np.newaxis]
    return np.where(newcomer, start, np.where(new_season, regressed, ratings))


def expected(ratings: Floats, league: Floats) -> Floats:
    """(len(KINDS), 2, m) what to expect of home and away, by kind."""
    bases = league[rows.BASES].reshape(len(rows.COUNTS), 2, -1)[list(rows.KIND_COUNTS)]
    return goal_rates.expected(bases, ratings[rows.ATTACK], ratings[rows.DEFENCE])


def market_difference(ratings: Floats, league: Floats, speed: int) -> Floats:
    """(m,) log-odds of the home side that earlier prices lead to expect."""
    strength = ratings[rows.MARKET.start + speed]
    return np.asarray(strength[0] - strength[1] + league[rows.MARKET_HOME.start + speed])


def market_draw(ratings: Floats, league: Floats) -> Floats:
    """(m,) log-odds of a draw, as between equals, that earlier prices lead to expect."""
    return np.asarray(ratings[rows.MARKET_DRAW].sum(axis=0) + league[rows.DRAW_LEVEL])


PACE: Final = pace()
LEAGUE_START: Final = league_start()
