"""The features: small pure functions over what was known of n matches, and the two ways to call them.

`build` reads a whole table point in time, `features_for` reads any pairing from the newest state. Both evaluate
the list FEATURES; its order is the order of the columns. This module and all that it needs import numpy only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from touchline.domain import elo, encoding, goal_rates, pi_rating, ratings
from touchline.domain.form import NEVER
from touchline.domain.history import remember
from touchline.domain.sequences import NONE, take
from touchline.domain.state import MEASURES, PAIR, STANDING, WINDOWS, Meeting, TeamState

if TYPE_CHECKING:
    import pandas as pd

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Known = Literal["results", "prices"]
SIDES: Final = ("home", "away")

REST_CAP: Final = 30.0
"""Days; a longer pause says no more."""
EXPERIENCE_CAP: Final = 60.0
SEASON_PRIOR: Final = 4.0
"""Average matches that a season's means are shrunken with."""
MEAN_POINTS: Final = 1.35
"""Points of an average match: 3 for most, 2 where it is drawn, shared by two."""
_DAY: Final = 86_400_000_000


class Feature(msgspec.Struct, frozen=True):
    """One column.

    `known` says from what: results and statistics of earlier matches, or their prices too; both count from the
    `available_time` of those matches on.
    """

    name: str
    about: str
    unit: str
    known: Known
    compute: Callable[[Meeting], Floats]


def elo_rating(match: Meeting, side: int) -> Floats:
    """Elo rating above the mean of the league."""
    return np.asarray(match.ratings[ratings.ELO, side] - match.league[ratings.MEANS][ratings.ELO])


def elo_difference(match: Meeting) -> Floats:
    """Elo rating, home minus away."""
    return np.asarray(match.ratings[ratings.ELO, 0] - match.ratings[ratings.ELO, 1])


def elo_distance(match: Meeting) -> Floats:
    """Absolute Elo difference: draws are likelier between equals."""
    return np.abs(elo_difference(match))


def elo_expected_score(match: Meeting) -> Floats:
    """Points share that Elo expects of the home team."""
    return elo.expected_score(elo_difference(match))


def pi_difference(match: Meeting) -> Floats:
    """Goal difference that the pi-ratings expect."""
    home, away = match.ratings[ratings.PI_HOME, 0], match.ratings[ratings.PI_AWAY, 1]
    return np.asarray(pi_rating.goal_difference(home) - pi_rating.goal_difference(away))


def supremacy(match: Meeting, kind: int) -> Floats:
    """Log of expected goals, home minus away."""
    home, away = np.log(match.expected_goals[kind])
    return np.asarray(home - away)


def total(match: Meeting, kind: int) -> Floats:
    """Log of expected goals, home plus away: few goals make draws likelier."""
    home, away = np.log(match.expected_goals[kind])
    return np.asarray(home + away)


def expected_goals(match: Meeting, side: int, kind: int) -> Floats:
    """Goals to expect by attack, defence and the base of the league."""
    return np.asarray(match.expected_goals[kind, side])


def market_difference(match: Meeting) -> Floats:
    """Log-odds of the home side that the prices of earlier matches lead to expect; missing where a league has none."""
    return np.where(match.league[ratings.PRICED] > 0, ratings.market_difference(match.ratings, match.league), np.nan)


def form(match: Meeting, side: int, window: int, measure: int) -> Floats:
    """Mean over the last matches."""
    return take(match.memory.form[window, measure], match.team[side], np.nan)


def venue_form(match: Meeting, side: int, measure: int) -> Floats:
    """Exponentially weighted mean of the matches at home (of the home team) or away (of the away team)."""
    return form(match, side, WINDOWS.index("away" if side else "at_home"), measure)


def rest_days(match: Meeting, side: int) -> Floats:
    """Days since the team's last match whose result is known, at most 30."""
    last = take(match.memory.kickoffs[0], match.team[side], 0)
    days = np.clip((match.kickoff - last) / _DAY, 0, REST_CAP)
    return np.where(match.team[side] == NONE, np.nan, days)


def matches_in_days(match: Meeting, side: int, days: int) -> Floats:
    """Matches whose result is known, played in the days before kick-off."""
    since, team = match.kickoff - days * _DAY, match.team[side]
    played = np.zeros(len(since))
    for kickoff in match.memory.kickoffs:
        played += take(kickoff, team, NEVER) >= since
    return played


def experience(match: Meeting, side: int) -> Floats:
    """Matches known of the team, at most 60."""
    return np.minimum(_standing(match, side, "matches"), EXPERIENCE_CAP)


def season_matches(match: Meeting, side: int) -> Floats:
    """Matches played in this season and competition."""
    return np.where(match.new_season[side], 0.0, _standing(match, side, "season_matches"))


def season_points(match: Meeting, side: int) -> Floats:
    """Points per game this season, shrunken towards an average team by four matches."""
    points = np.where(match.new_season[side], 0.0, _standing(match, side, "season_points"))
    return np.asarray((points + MEAN_POINTS * SEASON_PRIOR) / (season_matches(match, side) + SEASON_PRIOR))


def season_goals(match: Meeting, side: int) -> Floats:
    """Goal difference per game this season, shrunken towards zero by four matches."""
    goals = np.where(match.new_season[side], 0.0, _standing(match, side, "season_goals"))
    return np.asarray(goals / (season_matches(match, side) + SEASON_PRIOR))


def new_in_league(match: Meeting, side: int) -> Floats:
    """1 if the team did not play in this competition before this season (promoted, relegated or never seen), else 0."""
    stint, played = _standing(match, side, "stint"), season_matches(match, side)
    return np.asarray((stint <= played) | match.moved[side], np.float64)


def head_to_head_meetings(match: Meeting) -> Floats:
    """Earlier meetings of the two teams, at most ten: how much the other two are worth."""
    return np.asarray(match.pair[PAIR.index("meetings")])


def head_to_head_points(match: Meeting) -> Floats:
    """Points per meeting of the home team minus those of the away team; missing if they never met."""
    return _per_meeting(match, match.pair[PAIR.index("first_points")] - match.pair[PAIR.index("second_points")])


def head_to_head_goals(match: Meeting) -> Floats:
    """Goal difference per meeting from the home team's view; missing if they never met."""
    return _per_meeting(match, match.pair[PAIR.index("first_goals")])


def league(match: Meeting, row: int) -> Floats:
    """Slow mean over the matches of the league."""
    return np.asarray(match.league[row])


def _per_meeting(match: Meeting, total: Floats) -> Floats:
    met = head_to_head_meetings(match)
    return np.where(met > 0, total / np.maximum(met, 1), np.nan)


def _standing(match: Meeting, side: int, name: str) -> Floats:
    return take(match.memory.standing[STANDING.index(name)], match.team[side], 0.0)


def _one(
    function: Callable[..., Floats], unit: str, *, known: Known = "results", suffix: str = "", **fixed: Any
) -> Feature:
    """A feature of the match, named after its function."""
    about = (function.__doc__ or "").strip()
    return Feature(function.__name__ + suffix, about, unit, known, partial(function, **fixed))


def _two(function: Callable[..., Floats], unit: str, name: str = "", **fixed: Any) -> tuple[Feature, ...]:
    """A feature of each side, named after the side and its function."""
    return tuple(
        msgspec.structs.replace(_one(function, unit, side=number, **fixed), name=f"{side}_{name or function.__name__}")
        for number, side in enumerate(SIDES)
    )


def _form() -> tuple[Feature, ...]:
    overall = (
        _two(form, unit, f"{measure}_{window}", window=number, measure=row)
        for number, window in enumerate(WINDOWS[:3])
        for row, (measure, unit) in enumerate(zip(MEASURES, MEASURE_UNITS, strict=True))
    )
    venue = (
        _two(venue_form, unit, f"{measure}_venue", measure=row)
        for row, (measure, unit) in enumerate(zip(MEASURES, MEASURE_UNITS, strict=True))
    )
    return tuple(feature for pair in (*overall, *venue) for feature in pair)


MEASURE_UNITS: Final = ("points", *("goals",) * 4, *("shots",) * 4)

FEATURES: Final[tuple[Feature, ...]] = (
    *_two(elo_rating, "Elo points"),
    _one(elo_difference, "Elo points"),
    _one(elo_distance, "Elo points"),
    _one(elo_expected_score, "share"),
    _one(pi_difference, "goals"),
    *(_one(supremacy, "log ratio", suffix=f"_{kind}", kind=row) for row, kind in enumerate(goal_rates.KINDS)),
    *(_one(total, "log goals", suffix=f"_{kind}", kind=row) for row, kind in enumerate(goal_rates.KINDS)),
    *_two(expected_goals, "goals", kind=goal_rates.KINDS.index("shots")),
    _one(market_difference, "log-odds", known="prices"),
    *_form(),
    *_two(rest_days, "days"),
    *_two(matches_in_days, "matches", "matches_14_days", days=14),
    *_two(matches_in_days, "matches", "matches_30_days", days=30),
    *_two(experience, "matches"),
    *_two(season_matches, "matches"),
    *_two(season_points, "points"),
    *_two(season_goals, "goals"),
    *_two(new_in_league, "0 or 1"),
    _one(head_to_head_meetings, "matches"),
    _one(head_to_head_points, "points"),
    _one(head_to_head_goals, "goals"),
    _one(league, "share", suffix="_home_win", row=ratings.HOME_WIN),
    _one(league, "share", suffix="_draw", row=ratings.DRAW),
    _one(league, "goals", suffix="_home_goals", row=ratings.HOME_GOALS),
    _one(league, "goals", suffix="_away_goals", row=ratings.AWAY_GOALS),
)

FEATURE_NAMES: Final = tuple(feature.name for feature in FEATURES)


@dataclass(frozen=True)
class Features:
    """Features of every row of a table, in its order, and the state after its last result."""

    values: Floats
    """(n, len(FEATURE_NAMES)), NaN where something was not known."""
    names: tuple[str, ...]
    state: TeamState


def compute(match: Meeting) -> Floats:
    """All features of n matches, (n, len(FEATURES))."""
    values = np.empty((len(match.kickoff), len(FEATURES)), order="F")
    for column, feature in enumerate(FEATURES):
        values[:, column] = feature.compute(match)
    return values


def build(table: "pd.DataFrame", as_of: NDArray[np.datetime64] | None = None) -> Features:
    """Point-in-time features of every row of the tidy table.

    Args:
        table: MATCH_COLUMNS and `available_time`, in any order of rows.
        as_of: (n,) moment (UTC) at which each row is read, its kick-off by default. A result is seen from its
            `available_time` on.

    Raises:
        ValueError: a row would be read after its kick-off, a time is missing, or a result is known before kick-off.

    >>> from datetime import UTC, datetime
    >>> from touchline.domain.simulation import simulate
    >>> table = simulate(1, datetime(2026, 3, 2, tzinfo=UTC), seasons=2, teams=6)
    >>> features = build(table)
    >>> features.values.shape == (len(table), len(FEATURE_NAMES))
    True
    >>> home, away = table.loc[0, ["home_team", "away_team"]]
    >>> kickoff = np.array(["2026-03-07T15:00"], "datetime64[us]")
    >>> row = features_for(features.state, [home], [away], ["SIM1"], ["2025-26"], kickoff)
    >>> round(row[0, FEATURE_NAMES.index("home_experience")])
    10
    """
    fixtures, names = encoding.fixtures(table)
    moment = fixtures.kickoff if as_of is None else as_of.astype("datetime64[us]").astype(np.int64)
    late = moment > fixtures.kickoff
    if late.any():
        raise ValueError(f"{table['match_id'].iloc[int(late.argmax())]}: as_of lies after kickoff, results would leak")
    history = remember(encoding.played(table, fixtures), names)
    return Features(compute(history.look(fixtures, moment)), FEATURE_NAMES, history.state(fixtures))


def features_for(
    state: TeamState,
    home_team: Sequence[str],
    away_team: Sequence[str],
    competition: Sequence[str],
    season: Sequence[str],
    kickoff: NDArray[np.datetime64],
) -> Floats:
    """Features of any pairings from the newest state, (n, len(FEATURE_NAMES)); all arguments have n entries.

    Raises:
        UnknownName: the country of the competition has no such team; close names are suggested.
    """
    return compute(state.look(home_team, away_team, competition, season, kickoff))
