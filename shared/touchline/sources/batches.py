"""Rows that somebody sends in a message: made into the file that they would have been."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from touchline.domain.vocabulary import MATCH_COLUMNS
from touchline.errors import DataError
from touchline.manifest import sha256
from touchline.ports import Payload
from touchline.sources import files

MAX_ROWS: Final = 5000
"""In one batch; the body of a message holds fewer that say anything."""
MAX_COLUMNS: Final = 200
"""The tidy table has fewer."""
_ORDER: Final = {name: place for place, name in enumerate(MATCH_COLUMNS)}


def payload(rows: Any, retrieved: datetime, where: str = "rows") -> Payload:
    """A file of tidy rows, as `touchline.sources.tidy` reads it: the same rows make the same bytes, always.

    Args:
        rows: a list of objects, column -> text, number, true, false or null; columns as in the tidy table.
        retrieved: moment at which they were true.
        where: what names the message, for errors.

    Raises:
        DataError: it is no such list, has no row, or more rows or columns than a message may have.
    """
    checked = _rows(rows, where)
    columns = sorted({name for row in checked for name in row}, key=lambda name: (_ORDER.get(name, len(_ORDER)), name))
    if len(columns) > MAX_COLUMNS:
        raise DataError(f"rows of {len(columns)} columns together; at most {MAX_COLUMNS} are read", where=where)
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(columns)
    for number, row in enumerate(checked, 1):
        writer.writerow([_cell(row.get(name), name, f"{where}, row {number}") for name in columns])
    body = sheet.getvalue().encode()
    return Payload(files.NAME, f"batch-{sha256(body)[:12]}.csv", body, retrieved)


def _rows(rows: Any, where: str) -> Sequence[Mapping[str, Any]]:
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) and row for row in rows):
        hint = 'send {"rows": [{"competition": "E0", "date": "2026-03-02", "home_team": ..., "away_team": ...}]}'
        raise DataError("no list of rows with something in them", where=where, hint=hint)
    if len(rows) > MAX_ROWS:
        raise DataError(f"{len(rows)} rows; at most {MAX_ROWS} are read", where=where, hint="send several batches")
    return rows


def _cell(value: Any, name: str, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise DataError(f"{name} is a JSON {type(value).__name__}, no text and no number", where=where)
