"""Whether a chain of batches is whole: each batch in itself, its link, its rows against the database, and its times."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from touchline.domain import ledger_batches
from touchline.domain.ledger_batches import FIRST, Batch, Said, key_of, number_of

DATABASE: Final = "the table predictions"


class Written(NamedTuple):
    """A batch as it lies in a store."""

    key: str
    data: bytes
    modified: datetime | None
    """When the object was written, as the store says; None where it cannot say."""


class Fault(msgspec.Struct, frozen=True):
    """Something that is not as it was made."""

    where: str
    """Key of the object, or name of the table."""
    match: str
    """Match that it is about, empty where it is about the whole."""
    what: str


class Late(msgspec.Struct, frozen=True):
    """Forecasts that a batch took in after kick-off, as it says itself: their time rests on the database alone."""

    where: str
    matches: tuple[str, ...]


class Chain(msgspec.Struct, frozen=True):
    """What is found along a chain."""

    faults: tuple[Fault, ...]
    late: tuple[Late, ...]
    forecasts: tuple[Said, ...]
    """In the order of the chain."""
    hashes: tuple[str, ...]
    """Hash of each batch."""

    @property
    def head(self) -> str:
        """Hash of the newest batch, which all before it follow from; empty where there is none."""
        return self.hashes[-1] if self.hashes else ""


class Auditor:
    """Takes batches one after the other, oldest first.

    >>> from datetime import UTC
    >>> made = ledger_batches.build(None, [b'{"match_id":"a"}'], 1, datetime(2026, 3, 2, tzinfo=UTC))
    >>> auditor = Auditor(copied=False)
    >>> auditor.take(Written(key_of(1), ledger_batches.canonical(made), None))
    >>> [(fault.match, fault.what[:20]) for fault in auditor.found().faults]
    [('a', 'forecast 1 cannot be')]
    """

    def __init__(self, *, copied: bool) -> None:
        self._copied = copied
        self._faults: list[Fault] = []
        self._late: list[Late] = []
        self._forecasts: list[Said] = []
        self._rows: dict[bytes, str] = {}
        self._hashes: list[str] = []
        self._previous, self._number = FIRST, 0

    def take(self, written: Written) -> None:
        """Look at the next batch.

        Args:
            written: a batch; those of a chain come in the order of their numbers.
        """
        self._missing(number_of(written.key) or 0)
        try:
            batch = ledger_batches.read(written.data)
        except ValueError as error:
            self._fault(written.key, "", f"cannot be read: {error}")
            self._previous = ""
            return
        for what in ledger_batches.broken(batch, written.data, written.key, self._previous):
            self._fault(written.key, "", what)
        self._previous = batch.hash
        self._hashes.append(batch.hash)
        self._read_rows(batch, written)

    def compare(self, table: Iterable[bytes]) -> None:
        """See that the database has exactly the forecasts of the batches.

        Args:
            table: canonical JSON of each row.
        """
        left = dict(self._rows)
        for row in table:
            if left.pop(row, None) is None:
                self._fault(DATABASE, _match(row), "in no batch: it was changed, or is sealed and not exported yet")
        for row, key in left.items():
            self._fault(key, _match(row), "not in the database: this forecast was changed or removed, here or there")

    def found(self) -> Chain:
        """All that was found."""
        return Chain(tuple(self._faults), tuple(self._late), tuple(self._forecasts), tuple(self._hashes))

    def _missing(self, number: int) -> None:
        missing = number - self._number - 1
        if missing > 0:
            more = f", and {missing - 1} behind it" if missing > 1 else ""
            self._fault(key_of(self._number + 1), "", f"this batch is missing{more}")
            self._previous = ""
        self._number = number

    def _read_rows(self, batch: Batch, written: Written) -> None:
        said: list[Said] = []
        for place, row in enumerate(batch.rows, 1):
            if row in self._rows:
                self._fault(written.key, _match(row), f"stands in {self._rows[row]} as well")
            self._rows[row] = written.key
            try:
                said.append(ledger_batches.said(row))
            except ValueError as error:
                self._fault(written.key, _match(row), f"forecast {place} cannot be read: {error}")
        self._forecasts += said
        self._look_at_times(batch.header.made_at, said, written)

    def _look_at_times(self, made: datetime, said: Sequence[Said], written: Written) -> None:
        late: list[str] = []
        for one in said:
            if one.sealed_at >= one.kickoff:
                self._fault(written.key, one.match_id, f"sealed at {one.sealed_at}, kick-off was at {one.kickoff}")
            elif made >= one.kickoff:
                late.append(one.match_id)
            elif self._backdated(one, written):
                what = f"the object was written at {written.modified}, after kick-off at {one.kickoff}; it says {made}"
                self._fault(written.key, one.match_id, what)
        if late:
            self._late.append(Late(written.key, tuple(late)))

    def _backdated(self, one: Said, written: Written) -> bool:
        """Whether the store knows better: of a copy, and of simulated time, its clock says nothing."""
        if self._copied or written.modified is None or one.mode != "live":
            return False
        return written.modified >= one.kickoff

    def _fault(self, where: str, match: str, what: str) -> None:
        self._faults.append(Fault(where, match, what))


class _Named(msgspec.Struct):
    match_id: str = ""


def _match(row: bytes) -> str:
    """Match of a row, if that much of it can be read."""
    try:
        return msgspec.json.decode(row, type=_Named).match_id
    except ValueError:
        return ""
