"""Scrape: what a collection would ask for, as far as it is known without asking for anything."""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime

import msgspec

from touchline.collecting import Journal, Kept, Page, Scope, Source
from touchline.errors import CorruptObject, DataError, NotFound
from touchline.manifest import payload_bytes, payload_ref
from touchline.ports import ObjectStore, Payload
from touchline.settings import Scrape
from touchline.work import Ports


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be asked for, by kind of page, and how long that takes at the source's pace."""

    source: str
    needed: dict[str, tuple[str, ...]]
    """Endpoint -> names of pages that are known to be needed."""
    kept: dict[str, int]
    """Endpoint -> pages that were kept and are still good."""
    waiting: int
    """Pages that failed not long ago, and are not asked for yet."""
    following: int | None
    """About so many more pages will turn out to be needed, judged by other seasons; None: nobody can tell."""
    seconds: float
    """What all of these take, without the answers' own time."""
    per_day: int
    """Requests to one host that are allowed on one day."""

    @property
    def pages(self) -> int:
        """Pages that are known to be needed."""
        return sum(map(len, self.needed.values()))


def plan(source: Source, scope: Scope, ports: Ports, settings: Scrape) -> Plan:
    """Look what has to be asked for; nothing is.

    Raises:
        ConfigurationError: the scope names what the source cannot have.
    """
    now = ports.clock.now()
    needed: dict[str, list[str]] = defaultdict(list)
    kept: Counter[str] = Counter()
    waiting, blind = 0, False

    def look(page: Page, known: Kept | None) -> None:
        nonlocal waiting, blind
        if is_due(known, now):
            needed[page.endpoint].append(page.name)
            blind = blind or not (page.leaf or (known and known.payload))
        elif known and known.state == "failed":
            waiting += 1
        else:
            kept[page.endpoint] += 1

    walk_kept(source, scope, ports, look)
    names = [name for some in needed.values() for name in some]
    following = _following(ports.journal, source.name, scope, len(names) + kept.total()) if blind else 0
    pace = source.about.pace_seconds if settings.pace_seconds is None else settings.pace_seconds
    each = pace + source.about.jitter_seconds / 2 if pace else 0.0
    return Plan(
        source=source.name, needed={endpoint: tuple(some) for endpoint, some in needed.items()}, kept=dict(kept),
        waiting=waiting, following=following, seconds=each * (len(names) + (following or 0)),
        per_day=settings.pages_per_day or source.about.pages_per_day,
    )  # fmt: skip


def walk(source: Source, scope: Scope, now: datetime, answer: Callable[[Page], Payload | None]) -> None:
    """Answer all pages that a source asks for."""
    pages = source.pages(scope, now)
    with contextlib.suppress(StopIteration):
        page = next(pages)
        while True:
            page = pages.send(answer(page))


def walk_kept(source: Source, scope: Scope, ports: Ports, look: Callable[[Page, Kept | None], None]) -> None:
    """Show all pages that a source asks for where it is answered from what was kept, however old."""

    def answer(page: Page) -> Payload | None:
        known = ports.journal.kept(source.name, page.name)
        look(page, known)
        return None if page.leaf else kept_payload(ports.store, source.name, known)

    with contextlib.suppress(NotFound, DataError, CorruptObject):  # pages that are asked for now may have it
        walk(source, scope, ports.clock.now(), answer)


def is_due(kept: Kept | None, now: datetime) -> bool:
    """Whether a page has to be asked for: never answered, or old enough to have changed."""
    return kept is None or (kept.due is not None and kept.due <= now)


def kept_payload(store: ObjectStore, source: str, kept: Kept | None) -> Payload | None:
    """The last good answer of a page, None if there never was one.

    Raises:
        NotFound, CorruptObject: it is lost, or is not what it was.
    """
    if kept is None or not kept.payload or kept.retrieved is None:
        return None
    body = payload_bytes(store, payload_ref(source, kept.payload))
    return Payload(source, kept.name, body, kept.retrieved, kept.url)


def _following(journal: Journal, source: str, scope: Scope, known: int) -> int | None:
    """Pages that a scope will need beyond those known, if its seasons are like the largest one that was collected."""
    names = (page.name.split("/") for page in journal.pages(source))
    folders = Counter((competition, season) for competition, season, *_ in (one for one in names if len(one) > 1))
    if not folders:
        return None
    seasons = len(scope.competitions) * max(len(scope.seasons), 1)
    return max(folders.most_common(1)[0][1] * seasons - known, 0)
