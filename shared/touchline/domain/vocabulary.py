"""The words and bounds that all parts share: one place, so that no column or limit is typed twice."""

import re
import unicodedata
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Final, Literal

from msgspec import Meta

Outcome = Literal["home", "draw", "away"]
OUTCOMES: Final = ("home", "draw", "away")
"""Order of the three classes in every array, table and answer."""

Status = Literal["scheduled", "finished", "postponed", "cancelled", "abandoned", "awarded"]
STATUSES: Final = ("scheduled", "finished", "postponed", "cancelled", "abandoned", "awarded")
"""Only `finished` matches with both scores are ever learnt from."""

Mode = Literal["live", "simulated"]

Uses = Literal["results", "statistics", "past_prices", "prices"]
"""What a model may know, each with the ones before it: results of earlier matches, their statistics, their prices, and
the prices of the match itself before its kick-off."""

PRINTED: Final = r"^[^\x00-\x1f\x7f]*$"
"""Words without control characters, as people ask."""
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=PRINTED)]
Word = Annotated[str, Meta(max_length=100, pattern=PRINTED)]

IDENTITY: Final = ("match_id", "competition", "season", "kickoff", "kickoff_known", "home_team", "away_team", "status")
"""Columns of every match row; `kickoff` is UTC, `kickoff_known` is False where the source gives only a date."""

STATISTICS: Final = (
    "goals",
    "goals_half_time",
    "shots",
    "shots_on_target",
    "corners",
    "fouls",
    "yellow_cards",
    "red_cards",
)
"""Per-side statistics, stored as home_<name> and away_<name>; goals are statistics too."""

BOOKMAKERS: Final = ("b365", "bw", "iw", "gb", "wh", "vc", "ps", "bfe", "avg", "max")
"""Bookmakers (and the average and maximum over many) whose 1X2 prices are kept, in decimal odds."""

REFERENCE_BOOKMAKERS: Final = ("ps", "avg", "b365", "bw", "wh", "iw", "gb")
"""Whose prices stand for "the bookmaker" in comparisons: the first one of these that a match has."""

STATISTIC_BOUNDS: Final[dict[str, tuple[int, int]]] = {
    "goals": (0, 30),
    "goals_half_time": (0, 20),
    "shots": (0, 80),
    "shots_on_target": (0, 60),
    "corners": (0, 40),
    "fouls": (0, 80),
    "yellow_cards": (0, 15),
    "red_cards": (0, 8),
}
ODDS_BOUNDS: Final = (1.001, 1001.0)
OVERROUND_BOUNDS: Final = (0.95, 1.30)
"""Sum of the inverse prices of one triple; outside it the triple is an error of the source."""

SEASON_DAYS: Final[dict[bool, tuple[int, int]]] = {True: (165, 609), False: (0, 425)}
"""Days after 1 January of a season's first year within which it is played: seasons over two years (True) from mid-June
to the end of the next August (2019-20 ended on 7 August), seasons of one year up to the end of the next February."""
OUTCOME_SHARE_BOUNDS: Final[dict[Outcome, tuple[float, float]]] = {
    "home": (0.30, 0.62),
    "draw": (0.12, 0.38),
    "away": (0.18, 0.45),
}
MEAN_GOALS_BOUNDS: Final = (1.8, 4.0)
"""Goals per match, both teams together, over many matches."""
SEASON_SHRINKAGE: Final = (0.25, 0.75)
"""A past season that lost this share of the matches of the one before: a warning, an error (ARG 2014 lost 67 %)."""
MISSING_JUMP: Final = 0.3
"""A statistic missing in that much more of the newest season than of the one before: the source changed its columns."""
FEATURE_MISSING: Final = (0.99, 0.9)
"""Share of missing values in one feature that is worth a warning, in all features together that is an error."""
LEAK_ACCURACY: Final = 0.8
"""One feature that names the outcome this often knows it: even closing prices name about 51 % of them."""

FULL_TIME: Final = timedelta(hours=2)
RESULT_AVAILABLE: Final = FULL_TIME + timedelta(hours=3)
"""A result and its statistics are assumed to be known this long after kick-off."""
ODDS_AVAILABLE: Final = timedelta(hours=-1)
"""Prices before the match are assumed to be known from one hour before kick-off; closing prices at kick-off."""
UNKNOWN_KICKOFF_HOUR: Final = 12
"""A match with a date only is put at this hour (UTC); its result is known a day after the rule, see `matches`."""

PROBABILITY_TOLERANCE: Final = 1e-6

KEY_ALPHABET: Final = re.compile(r"[a-z0-9/_.-]+")

_TRANSLITERATE: Final = str.maketrans(
    {"ß": "ss", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th"}
)


@lru_cache(maxsize=8192)
def slug(name: str) -> str:
    """Name as it may stand in object keys and URLs: lower-case ASCII letters, digits and single hyphens.

    Raises:
        ValueError: if nothing of the name is left.

    >>> slug("Nott'm Forest"), slug("Preußen Münster"), slug("1. FC Köln")
    ('nottm-forest', 'preussen-munster', '1-fc-koln')
    """
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_TRANSLITERATE)).encode("ascii", "ignore").decode()
    made = re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "").replace(".", " ")).strip("-")
    if not made:
        raise ValueError(f"no letter or digit in {name!r}")
    return made


def side_columns(statistic: str) -> tuple[str, str]:
    """Columns of a statistic for both sides.

    >>> side_columns("shots")
    ('home_shots', 'away_shots')
    """
    return f"home_{statistic}", f"away_{statistic}"


def odds_columns(bookmaker: str, *, closing: bool = False) -> tuple[str, str, str]:
    """Columns of a bookmaker's 1X2 prices in the order of OUTCOMES.

    >>> odds_columns("b365"), odds_columns("ps", closing=True)[0]
    (('odds_b365_home', 'odds_b365_draw', 'odds_b365_away'), 'closing_ps_home')
    """
    prefix = "closing" if closing else "odds"
    home, draw, away = (f"{prefix}_{bookmaker}_{outcome}" for outcome in OUTCOMES)
    return home, draw, away


STATISTIC_COLUMNS: Final = tuple(column for name in STATISTICS for column in side_columns(name))
ODDS_COLUMNS: Final = tuple(column for book in BOOKMAKERS for column in odds_columns(book))
CLOSING_COLUMNS: Final = tuple(column for book in BOOKMAKERS for column in odds_columns(book, closing=True))
MATCH_COLUMNS: Final = (*IDENTITY, *STATISTIC_COLUMNS, *ODDS_COLUMNS, *CLOSING_COLUMNS)
"""The tidy table: one row a match. Statistics and closing prices are known after, prices before the match."""
