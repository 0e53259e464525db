"""Files from somebody's disk: reading them, knowing them again by their key, and finding the parser that fits."""

import csv
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from touchline.errors import DataError, NotFound
from touchline.manifest import sha256
from touchline.ports import Payload
from touchline.sources import football_data, tidy
from touchline.sources.table import Parsed

NAME: Final = "files"
SUFFIXES: Final = (".csv", ".csv.gz", ".parquet")
INCOMING: Final = "incoming/"
_STAMP: Final = "%Y%m%dt%H%M%Sz"
_KEY: Final = re.compile(r"(?P<stamp>\d{8}t\d{6}z)-(?P<sha>[0-9a-f]{12})-(?P<name>.+)")
_FOOTBALL_DATA: Final = ({"Div", "Date"}, {"Country", "League", "Date"}, {"HomeTeam", "AwayTeam"})
"""Columns by which a file of football-data.co.uk is recognised, also where others are missing."""


def read(path: Path, retrieved: datetime) -> list[Payload]:
    """A file, or all files of a folder and its folders with a known ending, in the order of their paths.

    Raises:
        NotFound: there is no such path, or the folder holds nothing to read.
        DataError: the file has another ending.
    """
    if path.is_file():
        if not path.name.lower().endswith(SUFFIXES):
            raise DataError(
                f"{path.suffix or 'no ending'}: not a kind of file that is read", where=path.name, hint=_HINT
            )
        return [Payload(NAME, path.name, path.read_bytes(), retrieved)]
    found = sorted(file for file in path.rglob("*") if file.is_file() and file.name.lower().endswith(SUFFIXES))
    if not found:
        what = "no file to read in this folder" if path.is_dir() else "no such file or folder"
        raise NotFound(what, where=str(path), hint=_HINT)
    return [Payload(NAME, file.relative_to(path).as_posix(), file.read_bytes(), retrieved) for file in found]


_HINT: Final = f"files end in {', '.join(SUFFIXES)}"


def incoming_key(name: str, body: bytes, moment: datetime) -> str:
    """Key under which a file is put down for the next scrape.

    >>> incoming_key("England/E0 2024-25.csv", b"", datetime(2026, 3, 2, 9, tzinfo=UTC))
    'incoming/20260302t090000z-e3b0c44298fc-england-e0-2024-25.csv'
    """
    plain = re.sub(r"[^a-z0-9_.-]+", "-", name.lower()).strip("-.") or "file"
    return f"{INCOMING}{moment.astimezone(UTC).strftime(_STAMP)}-{sha256(body)[:12]}-{plain}"


def from_incoming(key: str, body: bytes, received: datetime) -> Payload:
    """Payload of an object under `incoming/`: retrieved at the moment that its key says, else when it was received.

    Raises:
        DataError: the bytes do not have the hash that the key says.
    """
    found = _KEY.fullmatch(key.removeprefix(INCOMING))
    if not found:
        return Payload(NAME, key.removeprefix(INCOMING), body, received)
    if sha256(body)[:12] != found["sha"]:
        raise DataError(f"its hash is {sha256(body)[:12]}, not the one in its name", where=key, hint="upload it again")
    return Payload(NAME, found["name"], body, datetime.strptime(found["stamp"], _STAMP).replace(tzinfo=UTC))


def parse(payload: Payload) -> Parsed:
    """Rows of a file whose format is known from its first line.

    Raises:
        DataError: it fits no format, or breaks the one that it fits.
    """
    if payload.body.startswith(tidy.PARQUET):
        return tidy.parse(payload)
    header = _header(payload)
    known = any(columns <= header for columns in _FOOTBALL_DATA)
    return football_data.parse(payload) if known else tidy.parse(payload)


def _header(payload: Payload) -> set[str]:
    text = football_data.decode(payload.body, payload.name)
    return {name.strip() for row in csv.reader(text.splitlines()[:1]) for name in row}
