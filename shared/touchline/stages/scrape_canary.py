"""Scrape: whether the sources are well, looked at once a day, before somebody misses their data.

Of each source an old page is asked for again and compared with what was kept of it: so a new shape, or a wall, shows
before a season depends on it. Beside that stands how old the newest good answer is, and whether results are missing.
"""

import contextlib
from datetime import datetime
from typing import Final

import msgspec

from touchline.collecting import Kept, Page, Scope, Source
from touchline.domain.source_health import (
    CHANGED,
    Health,
    SourceHealth,
    Trouble,
    alerts,
    is_stale,
    volumes,
    windows,
)
from touchline.errors import BlockedError, ConfigurationError, DataError, NotFound, PermanentError, TouchlineError
from touchline.manifest import decode, encode
from touchline.ports import ObjectStore, Payload
from touchline.settings import Scrape
from touchline.sources import the_odds_api
from touchline.sources.captured import with_values
from touchline.sources.compare import compare
from touchline.sources.registry import parse
from touchline.stages.scrape_plan import kept_payload, walk_kept
from touchline.stages.scrape_visit import ROBOTS, Enough, Visitor
from touchline.work import Event, Ports, Result

HEALTH: Final = "scrapes/health/"
ALERTS: Final = "scrapes/alerts/"


def run(event: Event, ports: Ports, settings: Scrape) -> Result:
    """Look whether each source of the settings is well; say so in a report, and in an alert for each trouble of a day.

    Raises:
        ConfigurationError: the settings name an unknown source, or lack what a source needs.
    """
    names = sorted({*settings.sources, *filter(None, [settings.live_source])})
    if not names:
        return Result(outcome="skipped", reason="no source is set: TOUCHLINE_SCRAPE_SOURCES")
    now = ports.clock.now()
    known = [one for span in windows(now) for one in ports.matches.between(settings.competitions, *span)]
    health = Health(
        day=now.date(),
        looked=now,
        sources=tuple(_look(ports, settings, _source(ports, name), now) for name in names),
        volumes=volumes(known, settings.competitions, now),
    )
    told = _tell(ports, health)
    summary = {"troubles": [f"{source}: {trouble}" for source, trouble in alerts(health)], "alerts": told}
    return Result(outcome="done", reason="; ".join(summary["troubles"]), summary=summary)


def latest(store: ObjectStore) -> Health | None:
    """The newest report, None if there is none."""
    key = max((info.key for info in store.list(HEALTH)), default="")
    return decode(store.get(key), Health, key) if key else None


def _source(ports: Ports, name: str) -> Source:
    if name not in ports.sources:
        hint = f"known are {', '.join(sorted(ports.sources))}"
        raise ConfigurationError(f"unknown source {name!r}", where="TOUCHLINE_SCRAPE_SOURCES", hint=hint)
    return ports.sources[name]


def _look(ports: Ports, settings: Scrape, source: Source, now: datetime) -> SourceHealth:
    remembered = [kept for kept in ports.journal.pages(source.name) if kept.endpoint != ROBOTS]
    newest = max((kept.retrieved for kept in remembered if kept.retrieved), default=None)
    due = sum(kept.due is not None and kept.due <= now for kept in remembered)
    found = SourceHealth(
        source=source.name,
        newest=newest,
        due=due,
        pages=sum(bool(kept.payload) for kept in remembered),
    )
    if is_stale(newest, due, now) and newest is not None:
        found = _with(found, "stale", f"the newest good answer is of {newest:%Y-%m-%d %H:%M} UTC, {due} pages are due")
    if (
        source.about.transport == "made" or source.name == the_odds_api.NAME
    ):  # no server; prices change, and are paid for
        return found
    return _asked(ports, settings, source, found, now)


def _with(found: SourceHealth, trouble: Trouble, note: str) -> SourceHealth:
    return msgspec.structs.replace(found, troubles=(*found.troubles, trouble), notes=(*found.notes, note))


def _asked(ports: Ports, settings: Scrape, source: Source, found: SourceHealth, now: datetime) -> SourceHealth:
    """Ask for an old page again, a different one each day."""
    old = _old_pages(ports, settings, source)
    if not old:
        return msgspec.structs.replace(found, notes=(*found.notes, "no page was collected that could be asked again"))
    page, kept = old[now.toordinal() % len(old)]
    found = msgspec.structs.replace(found, page=page.name)
    visitor = Visitor(ports, source, settings)
    try:
        answer = visitor.visit(page)
        body = with_values(answer.body, answer.values) if answer.values else answer.body
        after = Payload(source.name, page.name, body, ports.clock.now(), page.url)
        before = kept_payload(ports.store, source.name, kept)
        return _compared(source, page, before, after, found) if before else found
    except BlockedError as error:
        return _with(found, "blocked", str(error))
    except Enough as error:  # asked often enough today: nothing is wrong with it
        return msgspec.structs.replace(found, notes=(*found.notes, str(error)))
    except (DataError, NotFound) as error:
        return _with(found, "changed", str(error))
    except TouchlineError as error:
        return _with(found, "silent", str(error))
    finally:
        visitor.close()


def _compared(source: Source, page: Page, before: Payload, after: Payload, found: SourceHealth) -> SourceHealth:
    """How the page differs from what was kept of it, both read by the parser of today.

    Raises:
        DataError: it cannot be read any more.
    """
    verdict = source.verdict(page, after, after.retrieved)
    difference = compare(parse(before), parse(after))
    found = msgspec.structs.replace(found, compared=difference.rows, different=difference.different)
    if verdict.state not in ("available", "expected"):
        return _with(found, "changed", f"{page.name} was whole, and is {verdict.state} now: {verdict.note}")
    if difference.share > CHANGED:
        told = f"{difference.different} of {difference.rows} rows of {page.name} read otherwise than before"
        return _with(found, "changed", f"{told}; one was {difference.example}")
    return found


def _old_pages(ports: Ports, settings: Scrape, source: Source) -> list[tuple[Page, Kept]]:
    """Pages that hold data or do not change any more, and are kept whole; nobody is asked for that."""
    found: list[tuple[Page, Kept]] = []

    def look(page: Page, kept: Kept | None) -> None:
        if kept and kept.payload and kept.state == "available" and (page.leaf or kept.due is None):
            found.append((page, kept))

    with contextlib.suppress(PermanentError):  # what follows from a page that cannot be read any more is left out
        walk_kept(source, Scope(competitions=settings.competitions, seasons=settings.seasons), ports, look)
    return found


def _tell(ports: Ports, health: Health) -> list[str]:
    """Write the report and the alerts; the keys of those that are new."""
    for one in health.sources:
        for state in one.troubles or ("well",):
            ports.metrics.count("source_health", source=one.source, state=state)
    _replace(ports.store, f"{HEALTH}{health.day}.json", encode(health))
    keys = []
    for (source, trouble), notes in alerts(health).items():
        key = f"{ALERTS}{source}-{health.day}-{trouble}.json"
        told = {"source": source, "trouble": trouble, "day": health.day, "looked": health.looked, "notes": notes}
        keys += [key] if ports.store.create(key, encode(told)) else []
    return keys


def _replace(store: ObjectStore, key: str, data: bytes) -> None:
    """Write an object in place of what stands there: the claim of scrape keeps others from it."""
    info = store.stat(key)
    if info is None:
        store.create(key, data)
    else:
        store.swap(key, data, info.etag)
