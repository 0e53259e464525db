"""Reads files of pairings and matches: each row a question of its own, or refused with its line and the reason."""

import csv
import io
from collections.abc import Iterator
from datetime import date as day
from typing import Annotated, Any, Final, Literal

import msgspec

COLUMNS: Final = ("ref", "match_id", "home_team", "away_team", "competition", "date", "neutral")
_NEEDED: Final = ("home_team", "away_team", "competition", "date")
_TRUE: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}
Text = Annotated[str, msgspec.Meta(max_length=200)]


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question of a file: a coming match by its id, or any pairing. `ref` is the client's own, and comes back."""

    ref: Text = ""
    match_id: Text = ""
    home_team: Text = ""
    away_team: Text = ""
    competition: Text = ""
    date: day | None = None
    neutral: bool = False


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """Why a row has no answer."""

    reason: str
    field: str = ""
    ref: str = ""
    suggestions: tuple[str, ...] = ()


Numbered = tuple[int, Row | Rejected]
"""Line of the file, from 1 on, and what stands there."""


def read_rows(data: bytes, form: Literal["csv", "jsonl"]) -> Iterator[Numbered]:
    r"""Rows of a file; empty lines are passed over.

    Raises:
        ValueError: it cannot be read as such a file at all; says why.

    >>> data = b"match_id,home_team,away_team,competition,date\nm1,,,,\n,Arsenal,Chelsea,E0,soon\n"
    >>> (line, row), (number, refused) = read_rows(data, "csv")
    >>> line, row.match_id, number, refused.field
    (2, 'm1', 3, 'date')
    """
    return _csv(data) if form == "csv" else _jsonl(data)


def _jsonl(data: bytes) -> Iterator[Numbered]:
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            try:
                yield number, _checked(msgspec.json.decode(line, type=Row))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                yield number, _refused(str(error))


def _csv(data: bytes) -> Iterator[Numbered]:
    text = data.decode("utf-8-sig", "replace")
    lines = csv.reader(io.StringIO(text, newline=""))
    first = _next(lines)
    header = [name.strip() for name in first] if isinstance(first, list) else []
    unknown = [name for name in header if name not in COLUMNS]
    if not header or unknown or len(set(header)) < len(header):
        told = f"unknown columns {', '.join(unknown)[:200]}" if unknown else "no header, or a column twice"
        raise ValueError(f"{told}; the columns are {', '.join(COLUMNS)}")
    while (cells := _next(lines)) is not None:
        number = lines.line_num
        if isinstance(cells, Rejected):
            yield number, cells
        elif any(cell.strip() for cell in cells):
            yield number, _row(header, cells)


def _next(lines: Any) -> Any:
    """Cells of the next line, a refusal of what is no line, None at the end."""
    try:
        return next(lines, None)
    except csv.Error as error:
        return Rejected(reason=f"no line of a CSV file: {error}")


def _row(header: list[str], cells: list[str]) -> Row | Rejected:
    if len(cells) != len(header):
        return Rejected(reason=f"{len(cells)} values, the header has {len(header)}")
    given: dict[str, Any] = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    ref = str(given.get("ref", ""))[:200]
    if any("�" in cell for cell in cells):
        return Rejected(reason="no UTF-8", ref=ref)
    flag = str(given.pop("neutral", "")).lower()
    if flag not in _TRUE:
        return Rejected(field="neutral", reason="true or false is expected", ref=ref)
    given["date"] = given.get("date") or None
    try:
        return _checked(msgspec.convert({**given, "neutral": _TRUE[flag]}, Row))
    except msgspec.ValidationError as error:
        return _refused(str(error), ref)


def _checked(row: Row) -> Row | Rejected:
    """A row that asks one thing."""
    given = [name for name in _NEEDED if getattr(row, name)]
    if row.match_id:
        beside = [*given, *(["neutral"] if row.neutral else [])]
        return _either(row, beside[0]) if beside else row
    missing = [name for name in _NEEDED if name not in given]
    if missing:
        what = f"missing: {', '.join(missing)}; or give a match_id" if given else "neither a match_id nor a pairing"
        return Rejected(field=missing[0], reason=what, ref=row.ref)
    return row


def _either(row: Row, field: str) -> Rejected:
    return Rejected(field=field, reason="give a match_id or a pairing, not both", ref=row.ref)


def _refused(message: str, ref: str = "") -> Rejected:
    """What msgspec says of a row, and of which field."""
    reason, _, path = message.partition(" - at `$.")
    if reason.startswith("Invalid RFC3339"):
        reason = "no valid date; write it as 2026-03-14"
    return Rejected(reason=reason, field=path.rstrip("`"), ref=ref)
