"""A made-up league, to try everything without anybody's data: plausible results, statistics and prices from a seed.

Clubs have an attack and a defence that drift; goals follow Poisson distributions whose low scores depend on each other
(Dixon and Coles, 1997); three clubs go down and three come up after each season; bookmakers see the true probabilities
through noise, less of it at kick-off. Every season is drawn from a generator of its own and every club's path starts in
the same year, so a later look at the league has the same past.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from touchline.domain.availability import withhold
from touchline.domain.competitions import SIMULATED
from touchline.domain.seasons import label
from touchline.domain.vocabulary import MATCH_COLUMNS, odds_columns, side_columns, slug

FIRST_SEASON: Final = 2000
"""The league was founded in this year: nothing is known of it before."""
RESERVES: Final = 12
"""Clubs outside the league that may come up."""
MOVERS: Final = 3
MAX_TEAMS: Final = 22

CLUBS: Final = (
    "Aldermoor", "Beckonfield", "Cindervale", "Dunmarrow", "Eastquill", "Fennimore", "Glasswick", "Hobbleton",
    "Ironmead", "Jessamy", "Kestrelby", "Lumberhythe", "Moonraker", "Nettlecombe", "Oxpasture", "Pebblestow",
    "Quarrybank", "Rookhaven", "Saltwhistle", "Thimblegate", "Umberleigh", "Velvetholm", "Wanderwell", "Xanthorpe",
    "Yarrowdene", "Zephyrton", "Applecross", "Brindlefold", "Copperkettle", "Dragonsett", "Embercliff", "Foxglove",
    "Gallowspire", "Honeyfell",
)  # fmt: skip
"""Names of no real club, so that nobody takes a simulated match for a real one."""

_BASE, _HOME, _DEPENDENCE = np.log(1.18), 0.29, -0.06
"""Log of the goals of an average visitor, home advantage on that scale, dependence of low scores (rho)."""
_GOALS = 11
"""Scores are drawn from 0 to 10 goals a side."""
_SLOTS = tuple(
    timedelta(days=day, hours=hour, minutes=minute)
    for day, hour, minute in (
        (0, 12, 30), (0, 15, 0), (0, 15, 0), (0, 15, 0), (0, 15, 0), (0, 17, 30), (-1, 20, 0), (1, 14, 0), (1, 16, 30),
        (2, 20, 0), (1, 14, 0),
    )
)  # fmt: skip
"""Kick-offs of one round, counted from the Saturday's midnight (UTC)."""


class _Season(NamedTuple):
    """Arrays over the matches of a season: clubs as indices into CLUBS, expected and real goals as (n, 2)."""

    year: int
    home: np.ndarray
    away: np.ndarray
    kickoff: list[datetime]
    expected: np.ndarray
    goals: np.ndarray


def simulate(seed: int, until: datetime, seasons: int = 6, teams: int = 20) -> pd.DataFrame:
    """The simulated league as it is known at a moment: past seasons, the current one, and its fixtures.

    Between two seasons the fixtures are those of the next one.

    Args:
        seed: at least 0; the same seed gives the same league.
        until: aware moment, after the season of FIRST_SEASON has begun.
        seasons: how many seasons, the current one included.
        teams: clubs in the league, an even number from 6 to MAX_TEAMS.

    Returns:
        MATCH_COLUMNS and `available_time`, sorted by kickoff and match_id.

    Raises:
        ValueError: an argument is outside its range.

    >>> table = simulate(7, datetime(2026, 3, 2, tzinfo=UTC), seasons=2)
    >>> table["season"].value_counts().to_dict(), sorted(set(table["status"]))
    ({'2024-25': 380, '2025-26': 380}, ['finished', 'scheduled'])
    """
    if not 6 <= teams <= MAX_TEAMS or teams % 2:
        raise ValueError(f"{teams} teams: an even number from 6 to {MAX_TEAMS} plays a season")
    last = _season_under_way(until, teams)
    if last < FIRST_SEASON or seasons < 1:
        raise ValueError(f"nothing is known of the league before {FIRST_SEASON}, nor of {seasons} seasons")
    played = _history(seed, last, teams)[-seasons:]
    table = pd.concat([_table(seed, season) for season in played], ignore_index=True)
    table, _ = withhold(table, until)
    return table.sort_values(["kickoff", "match_id"], ignore_index=True)


def _season_under_way(until: datetime, teams: int) -> int:
    """Starting year of the season that is being played, or comes next."""
    day = until.astimezone(UTC).date()
    return day.year if day > _saturdays(day.year - 1, teams)[-1] + timedelta(days=3) else day.year - 1


def _saturdays(year: int, teams: int) -> list[date]:
    """Saturdays of the rounds: weekly from the second week of August, with a fortnight's rest around the new year."""
    opening = date(year, 8, 8)
    opening += timedelta(days=(5 - opening.weekday()) % 7)
    rounds = 2 * (teams - 1)
    return [opening + timedelta(weeks=number + 2 * (number >= rounds // 2)) for number in range(rounds)]


def _history(seed: int, last: int, teams: int) -> list[_Season]:
    """Every season from the first one on; who plays in one follows from the table of the one before."""
    rng = np.random.default_rng([seed, 0])
    strength = rng.normal(0.0, 0.28, (len(CLUBS), 2))
    order = np.argsort(-strength.sum(axis=1))[: teams + RESERVES]
    league, reserves = order[:teams], order[teams:]
    seasons = []
    for year in range(FIRST_SEASON, last + 1):
        rng = np.random.default_rng([seed, year])
        season, strength = _play(rng, year, np.sort(league), strength)
        seasons.append(season)
        ranked = league[np.argsort(-_points(season)[league], kind="stable")]
        form = strength[reserves].sum(axis=1) + rng.normal(0.0, 0.1, len(reserves))
        rising = np.argsort(-form)
        league = np.concatenate([ranked[:-MOVERS], reserves[rising[:MOVERS]]])
        reserves = np.concatenate([reserves[rising[MOVERS:]], ranked[-MOVERS:]])
    return seasons


def _points(season: _Season) -> np.ndarray:
    """Points of each club, with goal difference as the fraction that breaks ties."""
    difference = season.goals[:, 0] - season.goals[:, 1]
    table = np.zeros(len(CLUBS))
    for side, sign in ((season.home, 1), (season.away, -1)):
        lead = sign * difference
        np.add.at(table, side, np.where(lead > 0, 3, lead == 0) + lead / 1000)
    return table


def _play(rng: np.random.Generator, year: int, league: np.ndarray, strength: np.ndarray) -> tuple[_Season, np.ndarray]:
    """One season's fixtures and goals; and every club's strength (attack, defence) after it."""
    home, away = _double_round_robin(rng.permutation(league))
    rounds, games = home.shape
    summer = 0.9 * strength + rng.normal(0.0, 0.11, strength.shape)
    path = summer + np.cumsum(rng.normal(0.0, 0.012, (rounds, *strength.shape)), axis=0)
    lap = np.arange(rounds)[:, None]
    attack, defence = path[..., 0], path[..., 1]
    expected = np.exp(
        _BASE
        + np.stack([_HOME + attack[lap, home] - defence[lap, away], attack[lap, away] - defence[lap, home]], axis=-1)
    ).reshape(-1, 2)
    starts = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in _saturdays(year, len(league))]
    kickoff = [start + slot for start in starts for slot in _SLOTS[:games]]
    goals = _draw_goals(rng, expected)
    return _Season(year, home.ravel(), away.ravel(), kickoff, expected, goals), path[-1]


def _double_round_robin(teams: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rounds of a double round robin by the circle method: arrays (rounds, games) of the home and the away club."""
    ring, homes, aways = teams.tolist(), [], []
    for number in range(len(ring) - 1):
        half = len(ring) // 2
        pairs = list(zip(ring[:half], reversed(ring[half:]), strict=True))
        turned = [pair[::-1] if (number + place) % 2 else pair for place, pair in enumerate(pairs)]
        homes.append([pair[0] for pair in turned])
        aways.append([pair[1] for pair in turned])
        ring.insert(1, ring.pop())
    first, second = np.array(homes), np.array(aways)
    return np.concatenate([first, second]), np.concatenate([second, first])


def _score_probabilities(expected: np.ndarray) -> np.ndarray:
    """(n, 11, 11) probabilities of every score, from expected goals (n, 2)."""
    counts = np.arange(_GOALS)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(counts[1:]))])
    single = np.exp(counts * np.log(expected)[..., None] - expected[..., None] - log_factorial)
    joint = single[:, 0, :, None] * single[:, 1, None, :]
    home, away = expected.T
    joint[:, 0, 0] *= 1 - home * away * _DEPENDENCE
    joint[:, 0, 1] *= 1 + home * _DEPENDENCE
    joint[:, 1, 0] *= 1 + away * _DEPENDENCE
    joint[:, 1, 1] *= 1 - _DEPENDENCE
    return np.asarray(joint / joint.sum(axis=(1, 2), keepdims=True))


def _draw_goals(rng: np.random.Generator, expected: np.ndarray) -> np.ndarray:
    """Goals (n, 2), one draw from each match's table of scores."""
    cumulative = _score_probabilities(expected).reshape(len(expected), -1).cumsum(axis=1)
    drawn = (rng.random(len(expected))[:, None] > cumulative).sum(axis=1).clip(max=_GOALS**2 - 1)
    return np.stack(np.divmod(drawn, _GOALS), axis=1)


def _table(seed: int, season: _Season) -> pd.DataFrame:
    """All columns of one season, as known after its last match."""
    rng = np.random.default_rng([seed, season.year, 1])
    clubs, name = np.array(CLUBS), label(season.year)
    columns: dict[str, object] = {
        "match_id": [
            slug(f"{SIMULATED.code}-{name}-{CLUBS[home]}-{CLUBS[away]}")
            for home, away in zip(season.home, season.away, strict=True)
        ],
        "competition": SIMULATED.code,
        "season": name,
        "kickoff": pd.DatetimeIndex(season.kickoff).as_unit("us"),
        "kickoff_known": True,
        "home_team": clubs[season.home],
        "away_team": clubs[season.away],
        "status": "finished",
    }
    for statistic, values in _statistics(rng, season).items():
        columns.update(zip(side_columns(statistic), values.T.astype(float), strict=True))
    columns.update(_prices(rng, season.expected))
    table = pd.DataFrame(columns)
    return table.reindex(columns=list(MATCH_COLUMNS)).astype(dict.fromkeys(MATCH_COLUMNS[8:], "float64"))


def _statistics(rng: np.random.Generator, season: _Season) -> dict[str, np.ndarray]:
    """Statistics (n, 2) that agree with the goals, and follow what was expected: home first."""
    expected, goals = season.expected, season.goals
    on_target = goals + rng.poisson(0.6 + 2.0 * expected)
    shots = on_target + rng.poisson(3.0 + 3.2 * expected)
    behind = expected[:, ::-1] / expected
    return {
        "goals": goals,
        "goals_half_time": rng.binomial(goals, 0.44),
        "shots": shots,
        "shots_on_target": on_target,
        "corners": rng.poisson(2.2 + 0.23 * shots),
        "fouls": rng.poisson(10.5 + 0.6 * behind.clip(max=4)),
        "yellow_cards": rng.poisson(1.5 + 0.2 * behind.clip(max=4)),
        "red_cards": rng.binomial(1, 0.05, goals.shape),
    }


def _prices(rng: np.random.Generator, expected: np.ndarray) -> dict[str, np.ndarray]:
    """Decimal prices before the match and at kick-off, with their margins."""
    joint = _score_probabilities(expected)
    lead = np.subtract.outer(np.arange(_GOALS), np.arange(_GOALS))
    true = np.stack([joint[:, lead > 0].sum(1), joint[:, lead == 0].sum(1), joint[:, lead < 0].sum(1)], axis=1)
    prices: dict[str, np.ndarray] = {}
    for closing, noise in ((False, 0.07), (True, 0.035)):
        market = np.log(true) + rng.normal(0.0, noise, true.shape)
        for bookmaker, own, margin in (("b365", 0.02, 1.055), ("avg", 0.005, 1.06)):
            seen = np.exp(market + rng.normal(0.0, own, true.shape))
            offered = 1 / (margin * seen / seen.sum(axis=1, keepdims=True))
            columns = odds_columns(bookmaker, closing=closing)
            prices.update(zip(columns, offered.clip(1.01, 501).round(2).T, strict=True))
    return prices
