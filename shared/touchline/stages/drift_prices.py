"""Snapshots behind the features, and the prices that they have of matches that are settled."""

from collections.abc import Collection

import numpy as np

from touchline import tables
from touchline.domain.staking import Prices, prices_of
from touchline.domain.vocabulary import REFERENCE_BOOKMAKERS, odds_columns
from touchline.manifest import Manifest, Ref
from touchline.ports import ObjectStore


def snapshots_of(features: Manifest) -> tuple[Ref, ...]:
    """The tables of matches among what features were made of: line-ups have other columns, and a match many times."""
    return tuple(ref for ref in features.inputs if ref.key.endswith("/matches.parquet"))


def prices_behind(store: ObjectStore, snapshots: tuple[Ref, ...], match_ids: Collection[str]) -> dict[str, Prices]:
    """Prices by match, of the first of REFERENCE_BOOKMAKERS who named all three before it; both sets are his.

    Args:
        store: where the snapshots are.
        snapshots: tidy tables, one a part.
        match_ids: matches that are asked for.
    """
    found: dict[str, Prices] = {}
    if not match_ids:
        return found
    for ref in snapshots:
        table = tables.read(store, ref)
        table = table[table["match_id"].isin(set(match_ids) - set(found))]
        for bookmaker in REFERENCE_BOOKMAKERS:
            columns = (*odds_columns(bookmaker), *odds_columns(bookmaker, closing=True))
            told = table.reindex(columns=columns).to_numpy(np.float64).tolist()
            for match_id, row in zip(table["match_id"], told, strict=True):
                prices = prices_of((row[0], row[1], row[2]), (row[3], row[4], row[5]))
                if prices is not None:
                    found.setdefault(match_id, prices)
    return found
