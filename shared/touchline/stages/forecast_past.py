"""Played and coming matches as codes, so that the last matches of every team and pair are found all at once."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from touchline.domain.competitions import competition
from touchline.domain.encoding import microseconds

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Past:
    """Played and coming matches, each in the order of kick-off; a team is a name in a country."""

    played: pd.DataFrame
    following: pd.DataFrame
    sides: Ints
    """(2, n) codes of home and away teams of played matches."""
    coming: Ints
    """(2, m) of coming matches."""
    teams: tuple[tuple[str, str], ...]
    """Country and name of each code."""

    @cached_property
    def country_of(self) -> Ints:
        """Number of the country of each code."""
        return np.asarray(pd.factorize(np.array([country for country, _ in self.teams], object))[0], np.int64)

    def pairs(self, sides: Ints) -> Ints:
        """(2, n) codes of teams -> (n,) one number for two teams, whoever is at home."""
        return np.asarray(sides.min(axis=0) * len(self.teams) + sides.max(axis=0))


@dataclass(frozen=True)
class Tails:
    """The newest rows of each of k codes."""

    rows: Ints
    """All of them, those of a code newest first."""
    starts: Ints
    """(k + 1,) where the rows of each code start in `rows`."""
    order: Ints
    """Every row, by code and time."""
    begin: Ints
    """(k,) first place of each code in `order`."""
    end: Ints
    """(k,) place behind its last."""

    def split(self, values: Ints) -> list[tuple[int, ...]]:
        """Values that belong to `rows`, by code."""
        told, starts = values.tolist(), self.starts.tolist()
        return [tuple(told[start:end]) for start, end in pairwise(starts)]


def past(played: pd.DataFrame, following: pd.DataFrame) -> Past:
    """Teams of both tables as codes.

    Args:
        played: finished matches, in any order.
        following: coming ones, in the order of kick-off.
    """
    table = played.sort_values(["kickoff", "match_id"], ignore_index=True)
    country = [_countries(each) for each in (table, table, following, following)]
    name = [each[f"{side}_team"] for each in (table, following) for side in ("home", "away")]
    countries, known = pd.factorize(np.concatenate(country))
    names, spelt = pd.factorize(pd.concat(name, ignore_index=True))
    keys, codes = np.unique(countries * max(len(spelt), 1) + names, return_inverse=True)
    teams = tuple((str(known[key // len(spelt)]), str(spelt[key % len(spelt)])) for key in keys.tolist())
    cut = 2 * len(table)
    return Past(table, following, codes[:cut].reshape(2, -1), codes[cut:].reshape(2, -1), teams)


def tails(codes: Ints, when: Ints, asked: Ints, count: int) -> Tails:
    """The newest rows of each code that is asked for, at most `count` of each.

    Args:
        codes: (n,) code of each row.
        when: (n,) moment of each row.
        asked: (k,) codes.
        count: of rows of a code.
    """
    order = np.lexsort((when, codes))
    begin, end = (np.searchsorted(codes[order], asked, side=side) for side in ("left", "right"))
    lengths = np.minimum(end - begin, count)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    back = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
    return Tails(order[np.repeat(end - 1, lengths) - back], starts, order, begin, end)


def days(table: pd.DataFrame) -> NDArray[np.str_]:
    """Day of each kick-off, UTC, as 2026-03-02."""
    stamps = microseconds(table["kickoff"]).astype("datetime64[us]").astype("datetime64[D]")
    return np.asarray(np.datetime_as_string(stamps))


def _countries(table: pd.DataFrame) -> NDArray[Any]:
    codes, names = pd.factorize(table["competition"])
    return np.asarray(np.array([competition(name).country for name in names], object)[codes])
