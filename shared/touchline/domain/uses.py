"""What a model may know, in four levels: each may use what the ones before it may, and something more.

A level says what a forecast costs to make: statistics and prices are not collected everywhere, and who uses the prices
of the match itself repeats the market rather than measuring himself against it.
"""

from collections.abc import Collection
from typing import Final, get_args

from touchline.domain.feature_list import FEATURES
from touchline.domain.vocabulary import Uses

__all__ = ["DEFAULT", "LEVELS", "MEANING", "MOMENT", "Uses", "allowed", "columns", "level"]

LEVELS: Final[tuple[Uses, ...]] = get_args(Uses)
DEFAULT: Final[Uses] = "past_prices"
MEANING: Final[dict[Uses, str]] = {
    "results": "results of earlier matches",
    "statistics": "results and statistics of earlier matches",
    "past_prices": "results, statistics and prices of earlier matches",
    "prices": "all that is known of earlier matches, and the prices of the match itself before its kick-off",
}
MOMENT: Final[dict[Uses, str]] = {
    "results": "earlier matches: from 5 hours after their kick-off on",
    "statistics": "earlier matches: from 5 hours after their kick-off on",
    "past_prices": "prices of earlier matches, closing ones where known: with their results",
    "prices": "the match itself: prices published by the time of the forecast, or an hour before kick-off",
}
"""From when on what a feature rests on counts as known."""


def allowed(known: Uses, uses: Uses) -> bool:
    """Whether what is known of a feature may be used at a level.

    >>> allowed("results", "statistics"), allowed("prices", "past_prices")
    (True, False)
    """
    return LEVELS.index(known) <= LEVELS.index(uses)


def columns(uses: Uses = DEFAULT) -> tuple[str, ...]:
    """Names of the features that a level may use, in the order of FEATURES.

    >>> "elo_difference" in columns("results"), "home_shots_for_last5" in columns("results")
    (True, False)
    >>> set(columns("results")) < set(columns("statistics")) < set(columns("past_prices"))
    True
    """
    return tuple(feature.name for feature in FEATURES if allowed(feature.known, uses))


def level(names: Collection[str]) -> Uses:
    """The lowest level that may use all of these features.

    >>> level(("elo_difference", "home_shots_for_last5")), level(())
    ('statistics', 'results')
    """
    return max((feature.known for feature in FEATURES if feature.name in names), key=LEVELS.index, default=LEVELS[0])


def reached(may: Uses, priced: bool) -> Uses:
    """What a forecast was made from: without a price of the match, what is known of earlier matches.

    >>> reached("prices", False), reached("prices", True), reached("results", True)
    ('past_prices', 'prices', 'results')
    """
    return "past_prices" if may == "prices" and not priced else may
