"""Where a demo gets its matches from, at which moment it stands, and in which home it lives."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from touchline.adapters.clock import parse_moment
from touchline.errors import ConfigurationError, DataError
from touchline.manifest import encode, sha256

if TYPE_CHECKING:
    import pandas as pd

    from touchline.ports import Payload

Source = Literal["football-data", "simulated", "files"]
BEFORE_KICKOFF: Final = timedelta(hours=2)
LEAGUES: Final = ("E0", "E1", "D1", "I1", "SP1", "F1")
SEASONS_BACK: Final = 10
ATTEMPTS: Final = "2"
"""Where another source is waiting, nobody waits long for the first."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for; empty fields leave the choice to us."""

    source: str = ""
    competitions: tuple[str, ...] = ()
    seasons: tuple[str, ...] = ()
    data: tuple[Path, ...] = ()
    as_of: str = ""
    home: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One way to hold the demo: `payloads` are put under `incoming/`, else the source is fetched."""

    source: Source
    environ: dict[str, str]
    payloads: "tuple[Payload, ...]" = ()
    notes: tuple[str, ...] = ()


def plans(wish: Wish, environ: Mapping[str, str], now: datetime) -> list[Plan]:
    """Ways to hold the demo, best first; the next one is for when a source does not answer.

    Raises:
        ConfigurationError: wishes that do not go together.
        NotFound, DataError: files that do not exist or cannot be read.
    """
    if wish.data:
        if wish.source:
            raise ConfigurationError("--source and --data exclude each other", where="demo", hint="give one of them")
        return [_from_files(wish, environ, now)]
    if wish.source not in ("", "football-data", "simulated"):
        raise ConfigurationError(f"no source {wish.source!r}", where="--source", hint="football-data or simulated")
    sources: tuple[Source, ...] = ("football-data", "simulated")
    return [_from_source(source, wish, environ, now) for source in sources if wish.source in ("", source)]


def _from_source(source: Source, wish: Wish, environ: Mapping[str, str], now: datetime) -> Plan:
    hasty = {"TOUCHLINE_SCRAPE_ATTEMPTS": ATTEMPTS, **environ} if not wish.source else environ
    seasons = wish.seasons or (f"{now.year - SEASONS_BACK}-",) * (source == "football-data")
    chosen = {
        "TOUCHLINE_SCRAPE_SOURCES": source,
        "TOUCHLINE_SCRAPE_COMPETITIONS": ",".join(wish.competitions or LEAGUES),
        "TOUCHLINE_SCRAPE_SEASONS": ",".join(seasons),
    }
    as_of = parse_moment(wish.as_of, "--as-of") if wish.as_of else None
    parts = ["simulated"] * (source == "simulated") + ([f"{as_of:%Y%m%d-%H%M}"] if as_of else [])
    notes = ("the matches are invented: a simulated league, no real club",) * (source == "simulated")
    return Plan(source=source, environ=_around(hasty, wish, chosen, parts, as_of), notes=notes + _told(as_of, wish))


def _from_files(wish: Wish, environ: Mapping[str, str], now: datetime) -> Plan:
    from touchline.sources import files

    payloads = [payload for path in wish.data for payload in files.read(path, now)]
    rows = [rows_of(payload) for payload in payloads]
    if wish.competitions or wish.seasons:
        rows = [narrowed(table, wish) for table in rows]
        payloads = [_packed(payload, table) for payload, table in zip(payloads, rows, strict=True) if len(table)]
    as_of = parse_moment(wish.as_of, "--as-of") if wish.as_of else last_matchday(rows, now)
    identity = sha256(encode([sorted(sha256(payload.body) for payload in payloads), as_of]))[:12]
    parts = [f"data-{identity}"]
    return Plan(
        source="files",
        environ=_around(environ, wish, {}, parts, as_of),
        payloads=tuple(payloads),
        notes=_told(as_of, wish),
    )


def _around(
    environ: Mapping[str, str], wish: Wish, chosen: Mapping[str, str], parts: Sequence[str], as_of: datetime | None
) -> dict[str, str]:
    """Environment of the demo: homes of different data or moments never mix."""
    home = wish.home or str(Path(environ.get("TOUCHLINE_HOME", ".touchline"), *parts))
    moment = {"TOUCHLINE_NOW": as_of.isoformat()} if as_of else {}
    return {**environ, **chosen, **moment, "TOUCHLINE_HOME": home}


def _told(as_of: datetime | None, wish: Wish) -> tuple[str, ...]:
    if as_of is None:
        return ()
    why = "as asked" if wish.as_of else "the last matchday of these data lies in the past"
    return (f"the clock is set to {as_of:%Y-%m-%d %H:%M} UTC ({why}); mode simulated, outside the track record",)


def last_matchday(tables: "Sequence[pd.DataFrame]", now: datetime) -> datetime | None:
    """Two hours before the earliest kick-off of the last date, None if that lies ahead.

    Raises:
        DataError: there is no match.
    """
    kickoffs = [kickoff.to_pydatetime() for table in tables for kickoff in table["kickoff"].dropna().unique()]
    if not kickoffs:
        raise DataError(
            "no match can be read from these data", hint="see `touchline ingest` for what is wrong in each row"
        )
    last = max(kickoffs)
    first = min(kickoff for kickoff in kickoffs if kickoff.date() == last.date())
    return None if last >= now else (first - BEFORE_KICKOFF).astimezone(UTC)


def rows_of(payload: "Payload") -> "pd.DataFrame":
    """Rows of a payload, as its parser gives them."""
    from touchline.sources.registry import parse

    return parse(payload).rows


def narrowed(rows: "pd.DataFrame", wish: Wish) -> "pd.DataFrame":
    """Rows of the wanted competitions and seasons.

    Raises:
        ConfigurationError: no such season.
    """
    from touchline.domain import seasons

    wanted = rows["competition"].isin(wish.competitions) if wish.competitions else rows["competition"].notna()
    if wish.seasons and len(rows):
        try:
            years = seasons.years(wish.seasons, max(map(seasons.start_year, rows["season"].unique())))
        except ValueError as error:
            raise ConfigurationError(str(error), where="--seasons") from error
        wanted &= rows["season"].map(seasons.start_year).isin(years)
    return rows[wanted]


def _packed(payload: "Payload", rows: "pd.DataFrame") -> "Payload":
    """A payload of some rows only, in the format of our own snapshots."""
    stream = io.BytesIO()
    rows.dropna(axis=1, how="all").drop(columns=["payload"], errors="ignore").to_parquet(stream, index=False)
    name = f"{payload.name.partition('.')[0]}-narrowed.parquet"
    return msgspec.structs.replace(payload, name=name, body=stream.getvalue())
