"""The settled record as objects: one for what was sealed in each month, written anew where that month changed.

`ledger/settlements/<month>/<seq>-<sha12>.json`: the number of the features that were settled then, and the beginning of
the content's hash. The newest objects of a month, those with its highest number, are told apart by content: one of them
is the table. So a season costs in proportion to its matches, and what a run did not come to is done by the next one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final, NamedTuple

from touchline.manifest import encode, sha256
from touchline.ports import ObjectStore, Settlement

FOLDER: Final = "ledger/settlements/"
_NAME: Final = re.compile(r"ledger/settlements/(?P<month>\d{4}-\d{2})/(?P<seq>\d{12})-(?P<digest>[0-9a-f]{12})\.json")


class Export(NamedTuple):
    """What was exported last of a month."""

    seq: int
    keys: tuple[str, ...]
    """Mostly one; several where the results of one number were settled in several runs."""


def export(store: ObjectStore, seq: int, settlements: Iterable[Settlement]) -> None:
    """Write months that no newest object holds.

    Args:
        store: where to.
        seq: number of the features that were settled.
        settlements: the current ones, all of them, in their order.
    """
    newest = exported(store)
    for month, data in expected(settlements, newest).items():
        before = newest.get(month, Export(seq, ()))
        if name_of(month, before.seq, data) not in before.keys:
            store.create(name_of(month, max(seq, before.seq), data), data)


def exported(store: ObjectStore) -> dict[str, Export]:
    """Month -> its newest objects."""
    found: dict[str, Export] = {}
    for month, seq, key in sorted(_named(info.key for info in store.list(FOLDER))):
        before = found.get(month)
        found[month] = Export(seq, (*(before.keys if before and before.seq == seq else ()), key))
    return found


def expected(settlements: Iterable[Settlement], newest: Mapping[str, Export]) -> dict[str, bytes]:
    """Month -> what its object must hold: also of months that were exported and have no settlement any more.

    Args:
        settlements: the current ones, all of them, in their order.
        newest: as of `exported`.
    """
    empty = dict.fromkeys(newest, encode([]))
    months = groupby(sorted(settlements, key=month_of), month_of)
    return empty | {month: encode(list(rows)) for month, rows in months}


def month_of(settlement: Settlement) -> str:
    """In which the forecast of record was sealed, UTC."""
    assert settlement.sealed_at is not None  # what is settled was sealed
    return f"{settlement.sealed_at:%Y-%m}"


def name_of(month: str, seq: int, data: bytes) -> str:
    """Key of an object."""
    return f"{FOLDER}{month}/{seq:012d}-{sha256(data)[:12]}.json"


def _named(keys: Iterable[str]) -> Iterator[tuple[str, int, str]]:
    """Month, number and key; others are no exports, or of before there were months."""
    return ((found["month"], int(found["seq"]), key) for key in keys if (found := _NAME.fullmatch(key)))
