"""Payloads as a source would publish them, of made-up matches."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from touchline.ports import Payload
from touchline.sources.table import Parsed

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLAIN = ("Div", "Date", "HomeTeam", "AwayTeam", "FTHG", "FTAG", "FTR")
"""The least columns of a season file."""


def payload(body: str | bytes, name: str = "E0.csv", source: str = "football-data") -> Payload:
    """A payload with this body."""
    return Payload(source, name, body.encode() if isinstance(body, str) else body, NOW)


def csv_of(header: Sequence[str], *rows: Sequence[Any] | str) -> str:
    """A CSV file; a row that is text stands as it is."""
    lines = [",".join(header), *(row if isinstance(row, str) else ",".join(map(str, row)) for row in rows)]
    return "\n".join(lines) + "\n"


def season(*rows: Sequence[Any] | str, more: Sequence[str] = (), name: str = "E0_2024-25.csv") -> Payload:
    """A season file with the columns of PLAIN and some more."""
    return payload(csv_of((*PLAIN, *more), *rows), name)


def match(
    day: str = "17/08/2024",
    home: str = "Aldermoor",
    away: str = "Foxglove",
    score: str = "2-1",
    *more: Any,
    result: str | None = None,
    div: str = "E0",
) -> list[Any]:
    """Cells of PLAIN, and of further columns; the result follows from the score unless given."""
    goals = score.split("-", 1) if score else ["", ""]
    return [div, day, home, away, *goals, outcome(goals) if result is None else result, *more]


def outcome(goals: Sequence[str]) -> str:
    """H, D or A; empty where the goals are no numbers."""
    if not all(goal.isdigit() for goal in goals):
        return ""
    home, away = map(int, goals)
    return "H" if home > away else "D" if home == away else "A"


def reasons(parsed: Parsed) -> dict[int, str]:
    """Line -> reason of the refused rows."""
    return {row.line: row.reason for row in parsed.rejected}
