"""Statistics as the site keeps them: for each name an object of minutes and what came in each.

Totals are sums over the minutes. A name that is absent means 0, as long as there are statistics at all. `ratings` are
what they are after each minute: the last one counts.
"""

from collections.abc import Mapping
from typing import Any, Final

from touchline.sources.whoscored.cells import mapping, number, numbers, whole

RATING: Final = "ratings"
TEAM: Final[Mapping[str, str]] = {
    "touches": "touches",
    "passes": "passesTotal",
    "passes_accurate": "passesAccurate",
    "key_passes": "passesKey",
    "tackles": "tacklesTotal",
    "interceptions": "interceptions",
    "clearances": "clearances",
    "aerials_won": "aerialsWon",
    "dribbles_won": "dribblesWon",
    "dispossessed": "dispossessed",
    "offsides": "offsidesCaught",
    "shots_blocked": "shotsBlocked",
    "shots_off_target": "shotsOffTarget",
}
"""Our columns of a team's details, and the site's names."""
PLAYER: Final[Mapping[str, str]] = {
    "shots": "shotsTotal",
    "shots_on_target": "shotsOnTarget",
    "key_passes": "passesKey",
    "passes": "passesTotal",
    "passes_accurate": "passesAccurate",
    "touches": "touches",
    "tackles": "tacklesTotal",
    "interceptions": "interceptions",
    "clearances": "clearances",
    "aerials_won": "aerialsWon",
    "dribbles_won": "dribblesWon",
    "fouls": "foulsCommited",
}
MATCH: Final[Mapping[str, str]] = {
    "shots": "shotsTotal",
    "shots_on_target": "shotsOnTarget",
    "corners": "cornersTotal",
    "fouls": "foulsCommited",
}
"""The site writes "Commited"."""


def given(stats: Mapping[str, Any]) -> bool:
    """Whether there are statistics at all.

    >>> given({"minutesWithStats": [0]}), given({"touches": {"0": 3.0}})
    (False, True)
    """
    return any(isinstance(value, dict) and value for value in stats.values())


def total(stats: Mapping[str, Any], name: str) -> float | None:
    """Sum over all minutes, None where there are no statistics, or what stands there is none.

    >>> some = {"touches": {"0": 3.0, "1": 2}}
    >>> total(some, "touches"), total(some, "clearances"), total({}, "touches")
    (5.0, 0.0, None)
    """
    return sums(stats, {name: name})[name]


def sums(stats: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, float | None]:
    """Totals of several statistics.

    Args:
        stats: of a team or a player.
        names: what each is to be called -> the site's name.

    >>> sums({"touches": {"0": 3.0, "1": 2}}, {"ours": "touches", "none": "clearances"})
    {'ours': 5.0, 'none': 0.0}
    """
    if not given(stats):
        return dict.fromkeys(names)
    return {ours: _sum(stats.get(name, {})) for ours, name in names.items()}


def _sum(by_minute: Any) -> float | None:
    if not isinstance(by_minute, dict):
        return None
    known = numbers(by_minute.values())
    return float(sum(known)) if len(known) == len(by_minute) else None


def rating(stats: Mapping[str, Any]) -> float | None:
    """The last rating, None without any.

    >>> rating({"ratings": {"9": 6.4, "10": 7.1}})
    7.1
    """
    by_minute = {
        minute: value for text, value in mapping(stats.get(RATING)).items() if (minute := whole(text)) is not None
    }
    rated = (number(by_minute[minute]) for minute in sorted(by_minute, reverse=True))
    return next((value for value in rated if value is not None), None)


def share(home: Mapping[str, Any], away: Mapping[str, Any], name: str) -> tuple[float | None, float | None]:
    """What share of a total each side has, None for both where there is nothing to share.

    >>> share({"possession": {"0": 3.0}}, {"possession": {"0": 1.0}}, "possession")
    (0.75, 0.25)
    """
    first, second = total(home, name), total(away, name)
    if not first or not second:
        return None, None
    return first / (first + second), second / (first + second)
