"""Scrape: reading kept payloads again with today's parsers, because a parser was mended or a name is known by now.

What was kept says the same for ever; what is made of it may change. The difference to what is stored is shown first,
value by value; it is stored like anything else that scrape takes in, under a number of its own.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
import pandas as pd

from touchline.domain.tellings import COUNTED, MOMENTS, QUOTED, SCORE, SEEN, by_kind, one_each
from touchline.domain.vocabulary import MATCH_COLUMNS, side_columns
from touchline.errors import DataError, EventError, NotFound, UnknownName
from touchline.manifest import PAYLOADS, decode, payload_bytes, payload_ref, sha256
from touchline.ports import Payload
from touchline.settings import Scrape
from touchline.sources import the_odds_api
from touchline.stages.scrape_intake import Intake
from touchline.stages.scrape_record import Ingestion
from touchline.stages.scrape_visit import ROBOTS
from touchline.work import Event, Ports, Result

_COMPARED: Final = tuple(name for name in MATCH_COLUMNS if name not in ("match_id", "competition", "season"))
_HALF_TIME: Final = side_columns("goals_half_time")
_MOMENT_OF: Final = dict.fromkeys(COUNTED, MOMENTS[1]) | dict.fromkeys(QUOTED, MOMENTS[2])
_SIDECAR: Final = ".json"


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which payloads are to be read again."""

    source: str
    since: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    """Only those that were retrieved at this moment or later."""


class Difference(msgspec.Struct, frozen=True):
    """A value that would be another one; of details `column` has table and row, too: `line_ups.position (7)`."""

    match_id: str
    column: str
    was: Any
    now: Any


class Comparison(msgspec.Struct, frozen=True):
    """What today's parsers make of kept payloads, beside what is stored."""

    payloads: int
    rows: int
    differences: tuple[Difference, ...]
    new: tuple[str, ...]
    """`match_id` of matches that are not stored yet."""
    gone: tuple[str, ...]
    """`match_id` of matches that came last from these payloads and are not in them any more; they stay stored."""
    later: int
    """Rows of matches of which a later payload told how they stand: they only fill what is open."""
    waiting: int
    """Rows that wait for unknown names."""
    refused: tuple[str, ...]
    """Payloads that are refused as a whole, and why."""

    @property
    def columns(self) -> dict[str, int]:
        """Column -> how often it differs."""
        return dict(Counter(one.column.partition(" (")[0] for one in self.differences))


class _Known(msgspec.Struct, frozen=True):
    """What stands beside a payload."""

    name: str
    retrieved: datetime
    url: str = ""


def run(event: Event, ports: Ports, settings: Scrape) -> Result:
    """Take kept payloads in again.

    Raises:
        EventError: the request cannot be understood.
        NotFound: nothing was kept of that source since then.
        DataError: every payload is refused.
    """
    try:
        asked = msgspec.convert(event.data["reparse"], Request)
    except msgspec.ValidationError as error:
        raise EventError(f"no request to read payloads again: {error}", where="reparse") from error
    ingestion = Ingestion(event, ports, _wanted(settings, _stored(ports)))
    taken = {sha256(payload.body) for payload in payloads(ports, asked) if ingestion.take(payload)}
    result = ingestion.finish()
    pages = ports.journal.pages(asked.source)
    ports.journal.taken(asked.source, [page.name for page in pages if page.payload in taken])
    return result


def compare(ports: Ports, settings: Scrape, asked: Request) -> Comparison:
    """Look what reading payloads again would change; nothing is written.

    Raises:
        NotFound: nothing was kept of that source since then.
        UnknownName: the source has no matches.
    """
    if asked.source == the_odds_api.NAME:
        hint = "touchline odds --kept takes its answers in again"
        raise UnknownName("its prices are stored as they came", where=asked.source, hint=hint)
    stored = _stored(ports)
    as_of = ports.clock.now() if ports.clock.mode == "simulated" else None
    intake = Intake(ports.matches, ports.links, as_of, _wanted(settings, stored))
    digests, refused = set(), []
    for payload in payloads(ports, asked):
        digests.add(sha256(payload.body))
        try:
            intake.take(payload)
        except DataError as error:
            refused.append(f"{payload.name}: {error.what}")
    rows = one_each(by_kind(intake.rows()))
    late = _later(ports, rows)
    known = rows["match_id"].isin(stored["match_id"])
    here = stored[stored["payload"].isin(digests) & ~stored["match_id"].isin(rows["match_id"])]
    return Comparison(
        payloads=len(digests),
        rows=len(rows),
        differences=(*_differences(stored, rows[known], late), *_of_details(ports, asked.source, intake.details())),
        new=tuple(rows["match_id"][~known]),
        gone=tuple(here["match_id"]),
        later=int(late["retrieved"].sum()),
        waiting=intake.rows_waiting,
        refused=tuple(refused),
    )


def payloads(ports: Ports, asked: Request) -> Iterator[Payload]:
    """Kept payloads, the oldest first.

    Raises:
        NotFound: there are none.
    """
    found = _kept(ports, asked.source)
    chosen = [(one, digest) for one, digest in found if asked.since is None or one.retrieved >= asked.since]
    chosen = [(one, digest) for one, digest in chosen if not one.name.startswith(f"{ROBOTS}/")]
    if not chosen:
        hint = f"{len(found)} payloads were kept before" if found else "`touchline sources` lists the sources"
        raise NotFound("no payload was kept", where=asked.source, hint=hint)
    for one, digest in sorted(chosen, key=lambda pair: (pair[0].retrieved, pair[0].name)):
        body = payload_bytes(ports.store, payload_ref(asked.source, digest))
        yield Payload(asked.source, one.name, body, one.retrieved, one.url)


def _kept(ports: Ports, source: str) -> list[tuple[_Known, str]]:
    """What is known of each payload, and its sha256: as it came first, and as the journal knows it."""
    found: dict[tuple[str, str], _Known] = {}
    prefix = f"{PAYLOADS}{source}/"
    for info in ports.store.list(prefix):
        if info.key.endswith(_SIDECAR):
            known = decode(ports.store.get(info.key), _Known, info.key)
            found[known.name, info.key.removeprefix(prefix).removesuffix(_SIDECAR)] = known
    for page in ports.journal.pages(source):
        if page.payload and page.retrieved:
            found[page.name, page.payload] = _Known(page.name, page.retrieved, page.url)
    return [(known, digest) for (_, digest), known in found.items()]


def _stored(ports: Ports) -> pd.DataFrame:
    return ports.matches.snapshot(ports.matches.head())


def _wanted(settings: Scrape, stored: pd.DataFrame) -> Collection[str]:
    """Competitions that are collected: those of the settings, and those that are stored."""
    return {*settings.competitions, *stored["competition"].unique()}


def _later(ports: Ports, rows: pd.DataFrame) -> pd.DataFrame:
    """Where something is stored that was retrieved later: MOMENTS by the index of `rows`; bare rows tell nothing."""
    pairs = rows[["competition", "season"]].drop_duplicates()
    refs = {
        ref.match_id: ref
        for code, some in pairs.groupby("competition")
        for ref in ports.matches.known(str(code), some["season"].tolist())
    }
    moments = {}
    for seen, moment in zip(SEEN, MOMENTS, strict=True):
        stored = rows["match_id"].map({match_id: getattr(ref, seen) for match_id, ref in refs.items()})
        moments[moment] = pd.to_datetime(stored, utc=True) > rows[moment]
    return pd.DataFrame(moments, rows.index)


def _differences(stored: pd.DataFrame, rows: pd.DataFrame, late: pd.DataFrame) -> Iterator[Difference]:
    """Values that would differ; a missing one leaves what is stored, but for the score of another status."""
    old = stored.set_index("match_id").loc[rows["match_id"]]
    new = _without_odd_half_time(rows.set_index("match_id"), old)
    late = late.loc[rows.index].set_axis(new.index)
    other_status = new["status"] != old["status"]
    for name in _COMPARED:
        was, now, outdated = old[name], new[name], late[_MOMENT_OF.get(name, MOMENTS[0])]
        told = (now.notna() | other_status) if name in SCORE else now.notna()
        if name not in _MOMENT_OF:
            told &= new["retrieved"].notna() & ~(outdated & other_status)
        differs = told & (was != now) & ~(was.isna() & now.isna()) & ~(outdated & was.notna())
        for match_id in new.index[differs]:
            yield Difference(match_id, name, _plain(was[match_id]), _plain(now[match_id]))


def _without_odd_half_time(new: pd.DataFrame, old: pd.DataFrame) -> pd.DataFrame:
    """Rows without scores at half-time that the score contradicts: they are not stored."""
    ends = [new[end].fillna(old[end]) for end in SCORE]
    odd = [end.isna() | (new[half] > end) for half, end in zip(_HALF_TIME, ends, strict=True)]
    return new.assign(**{half: new[half].mask(odd[0] | odd[1]) for half in _HALF_TIME})


def _of_details(ports: Ports, source: str, details: Mapping[str, pd.DataFrame]) -> Iterator[Difference]:
    """Rows of details that would come, go or differ; all that is stored of a match in a table is replaced."""
    ids = {match_id for table in details.values() for match_id in table["match_id"]}
    stored = ports.links.details(source, ids)
    for name, table in details.items():
        old = stored[name]
        new = table.set_index(old.index.names).reindex(columns=old.columns)
        old = old[old.index.get_level_values("match_id").isin(table["match_id"])]
        for key in old.index.difference(new.index):
            yield _row(name, key, "stored", None)
        for key in new.index.difference(old.index):
            yield _row(name, key, None, "new")
        both = old.index.intersection(new.index)
        for column in old.columns:
            was, now = old.loc[both, column].astype("object"), new.loc[both, column].astype("object")
            for key in both[(was != now) & ~(was.isna() & now.isna())]:
                yield _row(f"{name}.{column}", key, was[key], now[key])


def _row(column: str, key: Any, was: Any, now: Any) -> Difference:
    match_id, *rest = key if isinstance(key, tuple) else (key,)
    which = f" ({', '.join(map(str, rest))})" if rest else ""
    return Difference(match_id, f"{column}{which}", _plain(was), _plain(now))


def _plain(value: Any) -> Any:
    if value is None or pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value
