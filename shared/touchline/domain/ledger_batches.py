"""Batches of sealed forecasts: what one run of forecast sealed, under a Merkle root, each chained to the one before.

A batch is an object `ledger/forecasts/<number>.json`, created once: `header`, its `hash`, and the `forecasts`, each as
the bytes of its canonical JSON (sorted keys, no blanks). The root is over those bytes (`domain.merkle`), the hash is
that of the header's canonical JSON, and the next header repeats it. So one changed byte breaks its own batch, and a
batch that is made anew breaks the one after it.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from touchline.domain import merkle

FOLDER: Final = "ledger/forecasts/"
FIRST: Final = "0" * 64
"""What the first batch names as the hash of the one before."""
LARGEST: Final = 2000
"""Forecasts in one batch at most; a run that has more writes several."""
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""With its offset: one that lost it can be compared with no other, so it is refused where it is read."""
_KEY: Final = re.compile(rf"{FOLDER}(\d{{12}})\.json")


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch is bound by."""

    number: int
    """1, 2, 3 ... along the chain."""
    previous: str
    """Hash of the batch before."""
    root: str
    """Merkle root over the forecasts."""
    count: int
    last: int
    """Number of the row in the database that is the last one of it."""
    made_at: Moment
    """When it was made, by the clock of the run: before it was written."""


class Batch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A batch as it stands in its object."""

    header: Header
    hash: str
    forecasts: tuple[msgspec.Raw, ...]

    @property
    def rows(self) -> list[bytes]:
        """Forecasts as they are hashed."""
        return [bytes(row) for row in self.forecasts]


class Said(msgspec.Struct, frozen=True):
    """A forecast as a batch has it: as much as is needed to judge it."""

    match_id: str
    model_version: str
    mode: str
    kickoff: Moment
    sealed_at: Moment
    home: float
    draw: float
    away: float


def canonical(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no blanks.

    >>> canonical({"b": 1, "a": 0.5})
    b'{"a":0.5,"b":1}'
    """
    return msgspec.json.encode(value, order="sorted")


def key_of(number: int) -> str:
    """Key of a batch.

    >>> key_of(7)
    'ledger/forecasts/000000000007.json'
    """
    return f"{FOLDER}{number:012d}.json"


def number_of(key: str) -> int | None:
    """Number of the batch under a key; None for another object, as older versions wrote them.

    >>> number_of("ledger/forecasts/000000000007.json"), number_of("ledger/forecasts/000000000001-000000000002.json")
    (7, None)
    """
    found = _KEY.fullmatch(key)
    return int(found[1]) if found else None


def build(before: Batch | None, rows: Sequence[bytes], last: int, made_at: datetime) -> Batch:
    """The batch that follows another one.

    Args:
        before: the newest one, None for the first.
        rows: canonical JSON of each forecast, in the order of their rows.
        last: number of the last row.
        made_at: now.
    """
    header = Header(
        number=before.header.number + 1 if before else 1,
        previous=before.hash if before else FIRST,
        root=_root(rows),
        count=len(rows),
        last=last,
        made_at=made_at,
    )
    return Batch(header=header, hash=_hash(header), forecasts=tuple(map(msgspec.Raw, rows)))


def read(data: bytes) -> Batch:
    """A batch out of its bytes.

    Raises:
        ValueError: they are no batch (`msgspec` says at which path).
    """
    return msgspec.json.decode(data, type=Batch)


def said(row: bytes) -> Said:
    """What a forecast says.

    Raises:
        ValueError: it is none.
    """
    return msgspec.json.decode(row, type=Said)


def broken(batch: Batch, data: bytes, key: str, previous: str) -> list[str]:
    """What is wrong with a batch: in itself, and as the follower of the one before.

    Args:
        batch: as `read` gives it.
        data: the bytes that it was read from.
        key: under which they lie.
        previous: hash of the batch before, FIRST for the first, empty where that one cannot be read.

    >>> from datetime import UTC
    >>> one = build(None, [b'{"a":1}'], 1, datetime(2026, 3, 2, tzinfo=UTC))
    >>> broken(one, canonical(one), key_of(1), FIRST), broken(one, canonical(one), key_of(2), one.hash)
    ([], ['its header has number 1', 'it does not follow the batch before: that has another hash'])
    """
    header = batch.header
    wrong = {
        "its bytes are not those that such a batch is written as": canonical(batch) != data,
        f"its header has number {header.number}": header.number != number_of(key),
        "the hash is not that of its header": batch.hash != _hash(header),
        f"it holds {len(batch.forecasts)} forecasts, its header says {header.count}": (
            header.count != len(batch.forecasts)
        ),
        "the Merkle root is not that of its forecasts": header.root != _root(batch.rows),
        "it does not follow the batch before: that has another hash": header.previous != (previous or header.previous),
    }
    return [what for what, so in wrong.items() if so]


def _hash(header: Header) -> str:
    return hashlib.sha256(canonical(header)).hexdigest()


def _root(rows: Sequence[bytes]) -> str:
    return merkle.root([merkle.leaf(row) for row in rows]).hex()
