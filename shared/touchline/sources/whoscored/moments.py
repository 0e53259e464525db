"""Moments as the site writes them: in UTC, or as clocks in London show them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from touchline.sources.table import LONDON
from touchline.sources.whoscored.cells import text

_YEARS: Final = (1850, 2200)
_DAY_ALONE: Final = len("2025-08-16")


def kickoff(row: Mapping[str, Any]) -> datetime | None:
    """Kick-off in UTC: from `startTimeUtc`; where that is missing from `startTime`, which is the time in London."""
    stated = moment(row.get("startTimeUtc"))
    if stated is not None:
        return (stated if stated.tzinfo else stated.replace(tzinfo=UTC)).astimezone(UTC)
    return london(row.get("startTime"))


def london(value: Any) -> datetime | None:
    """A UK local time without offset in UTC; of the hour that comes twice in autumn, the first is meant."""
    local = moment(value)
    if local is None:
        return None
    return (local if local.tzinfo else local.replace(tzinfo=LONDON)).astimezone(UTC)


def moment(value: Any) -> datetime | None:
    """A moment as the site writes it, None if it is none; a day alone is none."""
    said = text(value)
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    return found if len(said) > _DAY_ALONE and _YEARS[0] <= found.year <= _YEARS[1] else None
