"""Prices of fixtures with the moment of each, in the form that predict reads."""

from typing import Final

import pandas as pd

from touchline.domain.context import Quoted
from touchline.domain.vocabulary import OUTCOMES

SHOWN: Final = 60
"""Newest prices of a match that are told."""


def quoted_of(quotes: pd.DataFrame) -> dict[str, tuple[Quoted, ...]]:
    """Prices of results by match, oldest first; a bookmaker that named not all three at a moment is left out.

    Args:
        quotes: as `Quotes.of` gives them.
    """
    results = quotes[quotes["market"] == "h2h"]
    if results.empty:
        return {}
    keys = ["match_id", "quoted_at", "bookmaker"]
    wide = results.pivot_table(index=keys, columns="outcome", values="price").reindex(columns=list(OUTCOMES)).dropna()
    newest = wide.sort_index().groupby("match_id", sort=True).tail(SHOWN).reset_index()
    told: dict[str, list[Quoted]] = {}
    for match, moment, bookmaker, *prices in newest.itertuples(index=False):
        told.setdefault(match, []).append(Quoted(moment.to_pydatetime(), bookmaker, *prices))
    return {match: tuple(rows) for match, rows in told.items()}
