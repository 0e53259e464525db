"""A ledger as a file of JSON lines that can be verified without a database or a store.

Each line is `{"sha256":...,"told":...}`: the hash is that of the bytes of what is told. The first says what it is, then
come batches (as they lie in the store), results, settlements, and an end with the hash of all bytes before it.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from touchline.cli.ledger_material import Material
from touchline.domain import ledger_batches, merkle
from touchline.domain.ledger_audit import Fault, Written
from touchline.domain.ledger_batches import Moment, canonical
from touchline.domain.ledger_scores import Ended, Settled
from touchline.errors import DataError

_SHORT: Final = 16
"""Digits of the hash of each forecast, kept so that a changed one can be named."""
_NAMES: Final = re.compile(rb'"(?:key|match_id)":"([a-z0-9/_.-]+)"')


class Begin(msgspec.Struct, tag="ledger", tag_field="kind", frozen=True):
    """The first line."""

    format: Literal[1]
    mode: str


class BatchLine(msgspec.Struct, tag="batch", tag_field="kind", frozen=True):
    """A batch, when its object was written, and the beginning of each forecast's hash."""

    key: str
    modified: Moment | None
    leaves: tuple[str, ...]
    batch: msgspec.Raw


class ResultLine(msgspec.Struct, tag="result", tag_field="kind", frozen=True):
    """How a match ended."""

    result: Ended


class SettlementLine(msgspec.Struct, tag="settlement", tag_field="kind", frozen=True):
    """A settlement."""

    settlement: Settled


class End(msgspec.Struct, tag="end", tag_field="kind", frozen=True):
    """The last line: hash of all bytes before it."""

    sha256: str


Told = Begin | BatchLine | ResultLine | SettlementLine | End


class _Line(msgspec.Struct, frozen=True):
    sha256: str
    told: msgspec.Raw


def write(path: Path, material: Material, batches: Iterable[Written]) -> int:
    """Write a ledger that was found whole; number of lines.

    Args:
        path: what stands there is replaced.
        material: the ledger.
        batches: its batches once more.

    Raises:
        DataError: the file cannot be written.
    """
    digest, lines = hashlib.sha256(), 0
    try:
        with path.open("wb") as file:
            for told in _told(material, batches):
                data = _line(told)
                digest.update(data)
                file.write(data)
                lines += 1
            file.write(_line(End(digest.hexdigest())))
    except OSError as error:
        raise DataError(f"cannot be written: {error}", where=str(path)) from error
    return lines + 1


def _told(material: Material, batches: Iterable[Written]) -> Iterator[Told]:
    yield Begin(1, material.mode)
    for written in batches:
        leaves = tuple(merkle.leaf(row).hex()[:_SHORT] for row in ledger_batches.read(written.data).rows)
        yield BatchLine(written.key, written.modified, leaves, msgspec.Raw(written.data))
    yield from map(ResultLine, material.ended.values())
    yield from map(SettlementLine, material.settled)


def _line(told: Told) -> bytes:
    data = canonical(told)
    return canonical(_Line(hashlib.sha256(data).hexdigest(), msgspec.Raw(data))) + b"\n"


def read(path: Path) -> Material:
    """A ledger out of a file; what is wrong with the file is among its faults.

    Raises:
        DataError: there is no such file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read: {error}", where=str(path)) from error
    reader = _Reader()
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        reader.take(number, line)
    if not reader.ended_well:
        reader.faults.append(Fault("the end", "", "the file does not end with the hash of what is before it"))
    return Material(
        mode=reader.mode,
        batches=reader.batches,
        total=len(reader.batches),
        table=None,
        settled=tuple(reader.settled),
        ended=reader.ended,
        faults=tuple(reader.faults),
    )


class _Reader:
    """Takes the lines of a file."""

    def __init__(self) -> None:
        self.mode = ""
        self.batches: list[Written] = []
        self.settled: list[Settled] = []
        self.ended: dict[str, Ended] = {}
        self.faults: list[Fault] = []
        self.ended_well = False
        self._digest = hashlib.sha256()

    def take(self, number: int, line: bytes) -> None:
        """Read a line; the last one must be the end."""
        where = _where(number, line)
        self.ended_well = False
        try:
            outer = msgspec.json.decode(line, type=_Line)
            told = msgspec.json.decode(outer.told, type=Told)
        except ValueError as error:
            self.faults.append(Fault(*where, f"line {number} cannot be read: {error}"))
            return
        wrong = hashlib.sha256(bytes(outer.told)).hexdigest() != outer.sha256 or canonical(outer) + b"\n" != line
        if wrong:
            self.faults.append(Fault(*where, f"line {number} is not what was written"))
        if isinstance(told, End):
            self.ended_well = told.sha256 == self._digest.hexdigest()
        self._digest.update(line)
        self._keep(told)

    def _keep(self, told: Told) -> None:
        match told:
            case Begin():
                self.mode = told.mode
            case BatchLine():
                self._batch(told)
            case ResultLine():
                self.ended[told.result.match_id] = told.result
            case SettlementLine():
                self.settled.append(told.settlement)

    def _batch(self, told: BatchLine) -> None:
        data = bytes(told.batch)
        self.batches.append(Written(told.key, data, told.modified))
        try:
            rows = ledger_batches.read(data).rows
        except ValueError:
            return  # said when it is looked at
        for row, short in zip(rows, told.leaves, strict=False):
            if merkle.leaf(row).hex()[:_SHORT] != short:
                self.faults.append(Fault(told.key, _where(0, row)[0], "this forecast is not what was hashed"))


def _where(number: int, line: bytes) -> tuple[str, str]:
    """What a line is about, as far as it can be seen."""
    found = _NAMES.search(line)
    name = found[1].decode() if found else f"line {number}"
    return (name, "") if "/" in name or not found else (f"line {number}", name)
