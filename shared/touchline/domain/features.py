"""Features of a whole table point in time, and of any pairing from the newest state.

Both ways evaluate the list FEATURES, so they agree bit for bit. This module and all that it needs import numpy only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from touchline.domain import encoding, price_features
from touchline.domain.feature_list import FEATURE_NAMES, FEATURES, Feature
from touchline.domain.history import remember
from touchline.domain.state import Lookup, TeamState

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

_BLOCK: Final = 2048
"""Matches of which features are made at once."""

__all__ = ["FEATURES", "FEATURE_NAMES", "Features", "build", "compute", "features_for"]


PRICES: Final = [FEATURE_NAMES.index(name) for name in price_features.NAMES]
"""Columns that a match's own prices fill."""


@dataclass(frozen=True)
class Features:
    """Features of every row of a table, in its order, and the state after its last result."""

    values: Floats
    """(n, len(FEATURE_NAMES)), NaN where something was not known."""
    names: tuple[str, ...]
    state: TeamState


def compute(matches: Lookup, features: Sequence[Feature] = FEATURES) -> Floats:
    """Features of n matches, (n, len(features)), made in blocks that fit into the processor's cache."""
    values = np.empty((len(matches), len(features)), order="F")
    for start in range(0, len(matches), _BLOCK):
        part = slice(start, start + _BLOCK)
        meeting = matches.meeting(part)
        for column, feature in enumerate(features):
            values[part, column] = feature.compute(meeting)
    return values


def build(table: "pd.DataFrame", as_of: NDArray[np.datetime64] | None = None) -> Features:
    """Point-in-time features of every row of the tidy table.

    Args:
        table: MATCH_COLUMNS and `available_time`, in any order of rows.
        as_of: (n,) moment (UTC) at which each row is read, its kick-off by default. A result is seen from its
            `available_time` on. Prices of the match itself count as published by the time of the forecast, whatever
            this says: see `price_features`.

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
    values = compute(history.look(fixtures, moment))
    values[:, PRICES] = price_features.priced(values[:, PRICES], table)
    return Features(values, FEATURE_NAMES, history.state(fixtures))


def features_for(
    state: TeamState,
    home_team: Sequence[str],
    away_team: Sequence[str],
    competition: Sequence[str],
    season: Sequence[str],
    kickoff: NDArray[np.datetime64],
    names: tuple[str, ...] = FEATURE_NAMES,
) -> Floats:
    """Features of any pairings from the newest state, (n, len(names)); all arguments but the last have n entries.

    No prices of these pairings are known: what earlier prices lead to expect stands in their place.

    Raises:
        UnknownName: the country of the competition has no such team; close names are suggested.
        KeyError: there is no such feature.
    """
    return compute(state.look(home_team, away_team, competition, season, kickoff), _named(names))


@lru_cache(maxsize=8)
def _named(names: tuple[str, ...]) -> tuple[Feature, ...]:
    known = dict(zip(FEATURE_NAMES, FEATURES, strict=True))
    return tuple(known[name] for name in names)
