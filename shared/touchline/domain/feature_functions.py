"""What a feature says of n matches: small pure functions over what was known of them, each (n,). Numpy only.

>>> elo_distance.__doc__
'Absolute Elo difference: draws are likelier between equals.'
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from touchline.domain import elo, pi_rating, ratings, rows
from touchline.domain.rows import PAIR, STANDING, WINDOWS
from touchline.domain.state import Meeting

Floats = NDArray[np.float64]

REST_CAP: Final = 30.0
"""Days; a longer pause says no more."""
EXPERIENCE_CAP: Final = 60.0
SEASON_PRIOR: Final = 4.0
"""Average matches that a season's means are shrunken with."""
MEAN_POINTS: Final = 1.35
"""Points of an average match: 3 for most, 2 where it is drawn, shared by two."""
_DAY: Final = 86_400_000_000


def elo_rating(match: Meeting, side: int) -> Floats:
    """Elo rating above the mean of the league."""
    return np.asarray(match.ratings[rows.ELO, side] - match.league[rows.MEANS.start + rows.ELO])


def elo_difference(match: Meeting) -> Floats:
    """Elo rating, home minus away."""
    return np.asarray(match.ratings[rows.ELO, 0] - match.ratings[rows.ELO, 1])


def elo_distance(match: Meeting) -> Floats:
    """Absolute Elo difference: draws are likelier between equals."""
    return np.abs(elo_difference(match))


def elo_expected_score(match: Meeting) -> Floats:
    """Points share that Elo expects of the home team."""
    return elo.expected_score(elo_difference(match))


def pi_difference(match: Meeting) -> Floats:
    """Goal difference that the pi-ratings expect."""
    home, away = match.ratings[rows.PI_HOME, 0], match.ratings[rows.PI_AWAY, 1]
    return np.asarray(pi_rating.goal_difference(home) - pi_rating.goal_difference(away))


def supremacy(match: Meeting, kind: int) -> Floats:
    """Log of expected goals, home minus away."""
    home, away = np.log(match.expected[kind])
    return np.asarray(home - away)


def total(match: Meeting, kind: int) -> Floats:
    """Log of expected goals, home plus away: few goals make draws likelier."""
    home, away = np.log(match.expected[kind])
    return np.asarray(home + away)


def expected_goals(match: Meeting, side: int, kind: int) -> Floats:
    """Goals to expect by attack, defence and the base of the league."""
    return np.asarray(match.expected[kind, side])


def refitted_supremacy(match: Meeting, kind: int) -> Floats:
    """Log of what the weekly fit expects, home minus away."""
    home, away = match.refitted[kind]
    return np.asarray(home - away)


def refitted_total(match: Meeting, kind: int) -> Floats:
    """Log of what the weekly fit expects, home plus away."""
    home, away = match.refitted[kind]
    return np.asarray(home + away)


def market_difference(match: Meeting, speed: int) -> Floats:
    """Log-odds of the home side that the prices of earlier matches lead to expect; missing where a league has none."""
    difference = ratings.market_difference(match.ratings, match.league, speed)
    return np.where(match.league[rows.PRICED] > 0, difference, np.nan)


def market_draw(match: Meeting) -> Floats:
    """Log-odds of a draw, as between equals, that the prices of earlier matches lead to expect."""
    expected = ratings.market_draw(match.ratings, match.league)
    return np.where(match.league[rows.PRICED] > 0, expected, np.nan)


def form(match: Meeting, side: int, window: int, measure: int) -> Floats:
    """Mean over the last matches."""
    return np.asarray(match.teams[rows.FORM.start + window * len(rows.MEASURES) + measure, side])


def venue_form(match: Meeting, side: int, measure: int) -> Floats:
    """Exponentially weighted mean of the matches at home (of the home team) or away (of the away team)."""
    return form(match, side, WINDOWS.index("away" if side else "at_home"), measure)


def rest_days(match: Meeting, side: int) -> Floats:
    """Days since the team's last match whose result is known, at most 30."""
    last = match.teams[rows.KICKOFFS.start, side]
    days = np.clip((match.kickoff - last) / _DAY, 0, REST_CAP)
    return np.where(np.isinf(last), np.nan, days)


def matches_in_days(match: Meeting, side: int, days: int) -> Floats:
    """Matches whose result is known, played in the days before kick-off."""
    since = match.kickoff - days * _DAY
    return np.asarray((match.teams[rows.KICKOFFS, side] >= since).sum(axis=0), np.float64)


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
    return np.asarray(match.teams[rows.STANDINGS.start + STANDING.index(name), side])
