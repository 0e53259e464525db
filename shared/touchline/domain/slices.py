"""Groups of matches for which a forecaster may be worse than on the whole: which rows belong to which.

Every group is known before kick-off. What came of a match chooses no group: among matches that the favourite lost,
every forecaster looks bad. Bounds are fixed, so a match never moves to another group because others were played.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.bool_]
CLOSE: Final = 55.0
WIDE: Final = 125.0
"""Points of Elo between the teams; a third of the matches of seven leagues from 2016 on were closer, a third wider."""
EARLY: Final = 10
"""A season is young until both teams have played as many matches."""


class Columns(Protocol):
    """A table as far as it is read here: features of played matches, (n,) each; absent ones make no groups."""

    def __contains__(self, name: object, /) -> bool:
        """Whether there is such a column."""
        ...

    def __getitem__(self, name: str, /) -> Any:
        """Values of a column."""
        ...


def slices_of(rows: Columns) -> dict[str, Rows]:
    """Which rows belong to which group: `<family>:<group>` -> (n,).

    Groups of one family share no row, and together hold every row for which the family's columns are known:
    `competition:<code>` · `elo:close|middle|wide` by distance of the ratings · `favourite:home|away`, whom Elo and
    home advantage favour · `newcomers:one|none`, whether one of the teams did not play in the competition before this
    season (promoted, mostly) · `season:early|late`.

    Args:
        rows: of `competition`, `elo_difference`, `elo_expected_score`, `home_new_in_league`, `away_new_in_league`,
            `home_season_matches`, `away_season_matches` those that there are.

    >>> found = slices_of({"competition": ["E0", "D1"], "elo_difference": [130.0, -3.0]})
    >>> [(name, rows.tolist()) for name, rows in found.items() if rows.any()]  # doctest: +NORMALIZE_WHITESPACE
    [('competition:D1', [False, True]), ('competition:E0', [True, False]), ('elo:close', [False, True]),
     ('elo:wide', [True, False])]
    """
    found: dict[str, Rows] = {}
    for needed, family in _FAMILIES:
        if all(name in rows for name in needed):
            found |= family(*(np.asarray(rows[name]) for name in needed))
    return found


def _competition(code: NDArray[Any]) -> dict[str, Rows]:
    return {f"competition:{name}": np.asarray(code == name) for name in sorted(set(code.tolist()))}


def _elo(difference: NDArray[Any]) -> dict[str, Rows]:
    gap = np.abs(difference.astype(np.float64))
    return {"elo:close": gap < CLOSE, "elo:middle": (gap >= CLOSE) & (gap < WIDE), "elo:wide": gap >= WIDE}


def _favourite(expected: NDArray[Any]) -> dict[str, Rows]:
    return {"favourite:home": expected >= 0.5, "favourite:away": expected < 0.5}


def _newcomers(home: NDArray[Any], away: NDArray[Any]) -> dict[str, Rows]:
    most = np.maximum(home, away)  # a missing value stays one, and is in neither
    return {"newcomers:one": most > 0, "newcomers:none": most == 0}


def _season(home: NDArray[Any], away: NDArray[Any]) -> dict[str, Rows]:
    fewest = np.minimum(home, away)
    return {"season:early": fewest < EARLY, "season:late": fewest >= EARLY}


_FAMILIES: Final[tuple[tuple[tuple[str, ...], Callable[..., dict[str, Rows]]], ...]] = (
    (("competition",), _competition),
    (("elo_difference",), _elo),
    (("elo_expected_score",), _favourite),
    (("home_new_in_league", "away_new_in_league"), _newcomers),
    (("home_season_matches", "away_season_matches"), _season),
)
