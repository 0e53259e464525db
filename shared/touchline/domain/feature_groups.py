"""Features that tell of the same thing, so that their worth can be measured together."""

import re
from typing import Final

GROUPS: Final[dict[str, str]] = {
    "prices": r"price_",
    "past prices": r"market_|refitted_\w+_prices",
    "head to head": r"head_to_head_",
    "league": r"league_",
    "table": r"(home|away)_(season_|new_in_league|experience)",
    "rest": r"(home|away)_(rest_days|matches_\d+_days)",
    "form of shots": r"(home|away)_(xg|on_target|shots|corners)\w*_(last\d+|span\d+|venue)$",
    "form of results": r"(home|away)_\w+_(last\d+|span\d+|venue)$",
    "weekly fits": r"refitted_",
    "goals": r"supremacy_|total_|(home|away)_expected_goals",
    "ratings": r"",
}
"""Name of a group and how the names of its features begin; the first that fits counts, the last takes the rest."""


def group(feature: str) -> str:
    """The group of a feature.

    >>> group("elo_difference"), group("away_rest_days"), group("home_points_last5")
    ('ratings', 'rest', 'form of results')
    """
    return next(name for name, pattern in GROUPS.items() if re.match(pattern, feature))


def grouped(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Features by group; a group with none is left out.

    >>> grouped(("elo_difference", "away_rest_days"))
    {'rest': ('away_rest_days',), 'ratings': ('elo_difference',)}
    """
    found = {name: tuple(each for each in names if group(each) == name) for name in GROUPS}
    return {name: members for name, members in found.items() if members}
