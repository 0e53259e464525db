"""Scrape: collecting. Drives a source page by page: what is remembered and still good is not asked for again.

A page is kept and noted in the journal before anything is made of it, so a run that is killed goes on where it was; its
rows count as taken only when they are stored. What a source gives is looked at before it is kept as data.

A page from which nothing follows is read while the next one is on its way; there is never more than one request.
"""

import gc
import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from random import random
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import msgspec

from touchline.collecting import Completeness, Kept, Maker, Page, Progress, Scope, Source, Verdict, watcher
from touchline.errors import (
    BlockedError,
    ConfigurationError,
    CorruptObject,
    DataError,
    NotFound,
    PermanentError,
    ShapeChanged,
    TouchlineError,
    Unavailable,
)
from touchline.manifest import encode
from touchline.ports import Payload
from touchline.settings import Scrape
from touchline.sources.captured import with_values
from touchline.stages.scrape_beside import Beside
from touchline.stages.scrape_plan import is_due, kept_payload, walk, walk_kept
from touchline.stages.scrape_record import keep
from touchline.stages.scrape_tally import Tally
from touchline.stages.scrape_visit import Enough, Stopped, Visitor, slug_of
from touchline.work import Ports

if TYPE_CHECKING:
    from concurrent.futures import Future

LOOK_AGAIN: Final = timedelta(hours=20)
"""After so long an optional page may have appeared; short of a day, so that a daily schedule meets it."""
FAULTY: Final = timedelta(hours=1)
"""After so long a page that could not be read is asked for again; it doubles, up to a day."""
LONGEST: Final = timedelta(days=1)
LOOKS: Final = 20
"""A look ahead at a large scope takes long; the next one comes when so many times as long has passed."""
DOUBLED: Final = 3
"""So often the rest before a page is looked at again doubles while it stays incomplete."""
_INCOMPLETE: Final = frozenset[Completeness]({"partial", "empty", "failed"})


class Collector:
    """Collects from sources, one after the other, until there is nothing more, or time is up.

    Args:
        ports: where everything is kept.
        settings: manners and budget.
        work: identity of the work, names the folder of what is refused.
        take: takes the rows of a payload in; false if it refuses the payload.
        rows: how many it has taken so far.
        rest: as of `Beside`.
        draw: as of `Visitor`.
        ticks: seconds, from any beginning.
    """

    def __init__(
        self,
        ports: Ports,
        settings: Scrape,
        work: str,
        take: Callable[[Payload], bool],
        *,
        rows: Callable[[], int] = lambda: 0,
        rest: Callable[[float], object] | None = None,
        draw: Callable[[], float] = random,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ports, self.settings, self.work = ports, settings, work
        self.take, self.rows = take, rows
        self._rest, self._draw, self.ticks = rest, draw, ticks
        self._until = ticks() + settings.budget_seconds
        self._collections: list[_Collection] = []
        self.tally = Tally()

    @property
    def late(self) -> bool:
        """Whether time is up."""
        return self.ticks() >= self._until

    def collect(self, source: Source, scope: Scope) -> None:
        """Collect what a source has of a scope; what is wrong with it is in the tally."""
        beside = Beside(self._rest)
        one = _Collection(self, source, scope, beside, self._draw)
        self._collections.append(one)
        try:
            one.collect()
        finally:
            one.close()

    def stored(self) -> None:
        """Remember that all rows that were taken are stored."""
        for one in self._collections:
            self.ports.journal.taken(one.name, one.taken)


class _Answer(NamedTuple):
    body: bytes
    headers: dict[str, str]
    retrieved: datetime


class _Asked(NamedTuple):
    """A page that is on its way."""

    page: Page
    kept: Kept | None
    coming: "Future[_Answer]"


class _Collection:
    """One source in the middle of a run."""

    def __init__(
        self, run: Collector, source: Source, scope: Scope, beside: Beside, draw: Callable[[], float]
    ) -> None:  # fmt: skip
        self._run, self._source, self._scope, self._beside = run, source, scope, beside
        self._ports, self._tally = run.ports, run.tally
        self._visitor = Visitor(run.ports, source, run.settings, self._wait, draw)
        self._asked: _Asked | None = None
        self._late: Payload | None = None
        self._visited: Page
        """The page that is asked for beside."""
        self._page = ""
        self._done: set[str] = set()
        self._known: set[str] = set()
        self._look_after = run.ticks()
        self.name = source.name
        self.taken: list[str] = []
        """Pages whose rows were taken."""

    def collect(self) -> None:
        """Ask for all that the source wants; what is wrong is in the tally."""
        with self._noted():
            walk(self._source, self._scope, self._now, self._answer)
        with self._noted():
            self._take_late()
            self._settle()

    def close(self) -> None:
        """Let go of everything, also of a browser that is in the middle of a page."""
        try:
            self._beside.close()
        finally:
            self._tally.retries += self._visitor.retries
            self._visitor.close()

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except (NotFound, DataError, ConfigurationError) as error:  # other pages and sources have theirs
            self._tally.errors.append(error)

    def _answer(self, page: Page) -> Payload | None:
        """The payload of a page: as it was kept, or asked for now; None of one from which nothing follows."""
        self._page = page.name
        self._look_ahead()
        kept = self._ports.journal.kept(self.name, page.name)
        self._done.add(page.name)
        state, payload = self._remembered(page, kept) or self._news(page, kept)
        if state:
            self._tell(state, page)
        return payload

    def _look_ahead(self) -> None:
        """Find out which pages are wanted beyond one that nobody expected; it never takes much of a run."""
        started = self._run.ticks()
        if self._page not in self._known and started >= self._look_after:
            self._known = {*self._done, self._page}
            walk_kept(self._source, self._scope, self._ports, lambda page, _: self._known.add(page.name))
            ended = self._run.ticks()
            self._look_after = ended + (ended - started) * LOOKS
        self._known.add(self._page)

    def _tell(self, state: str, page: Page, seconds: float = 0.0) -> None:
        """Tell whoever watches how far we are."""
        tally = self._tally
        news = Progress(
            source=self.name, page=page.name, state=state, fetched=tally.fetched, kept=tally.kept,
            rows=self._run.rows(), expected=len(self._known), wait_seconds=seconds,
        )  # fmt: skip
        watcher.get()(news)

    def _ends(self) -> bool:
        """Whether the source is not to be asked any more in this run."""
        self._tally.late = self._tally.late or self._run.late
        return self._tally.late or self.name in self._tally.blocked or self.name in self._tally.stopped

    def _remembered(self, page: Page, kept: Kept | None) -> "tuple[str, Payload | None] | None":
        """What is known of a page, None if it has to be asked for: it may have changed, or its bytes are lost."""
        if kept is None or is_due(kept, self._now) or (self._scope.retry_failed and kept.state == "failed"):
            return None
        self._settle()
        try:
            payload = self._older(page, kept)
        except (NotFound, CorruptObject):
            return None
        if kept.state == "failed":
            self._tally.waiting += 1
        elif kept.payload:
            self._tally.kept += 1
        return "kept", payload

    def _news(self, page: Page, kept: Kept | None) -> tuple[str, Payload | None]:
        """Ask for a page, and read the one before while it comes; this one too if something follows from it."""
        if self._asked and self._asked.coming.exception():  # it may be a wall
            self._settle()
        if self._ends():
            self._tally.left += 1
            return "left", self._older(page, kept)
        asked = _Asked(page, kept, self._beside.do(lambda: self._come(page)))
        self._take_late()
        self._settle()
        self._asked = asked
        return "", None if page.leaf else self._settle()

    def _settle(self) -> Payload | None:
        """Read the page that was asked for."""
        if self._asked is None:
            return None
        asked, self._asked = self._asked, None
        with _no_search_for_cycles():
            state, payload = self._read(asked)
        self._tell(state, asked.page)
        return payload

    def _older(self, page: Page, kept: Kept | None) -> Payload | None:
        """The last good answer, its rows taken if they are not yet; None of a leaf that is done with."""
        if kept is None or not kept.payload or (page.leaf and kept.taken):
            return None
        payload = kept_payload(self._ports.store, self.name, kept)
        if payload is not None and not kept.taken:
            self._take(payload)
        return payload

    def _take_late(self) -> None:
        """Take what was put off until the next page is on its way."""
        late, self._late = self._late, None
        if late is not None:
            self._take(late)

    def _take(self, payload: Payload) -> None:
        self._take_late()
        if self._run.take(payload):
            self.taken.append(payload.name)

    def _read(self, asked: _Asked) -> tuple[str, Payload | None]:
        """The payload of a page that was asked for; what went wrong is remembered, and an older answer stands in."""
        page, kept, _ = asked
        try:
            return "fetched", self._fetched(*asked)
        except BlockedError as error:
            self._end(self._tally.blocked, error.kind, error)
            self._ports.metrics.count("scrape_blocked", source=self.name, kind=error.kind)
        except Stopped as error:
            self._end(self._tally.stopped, error.what, error)
        except ConfigurationError as error:  # a key that the site does not accept: no page of it is worth a try
            self._tally.stopped[self.name] = error.what
            self._failed(page, kept, error)
        except NotFound as error:
            if page.optional:
                self._note(page, kept, state="not_available", due=self._now + LOOK_AGAIN, note=error.what)
                return "fetched", None
            self._failed(page, kept, error)
        except (PermanentError, Unavailable) as error:
            self._failed(page, kept, error)
        with suppress(CorruptObject):
            return "failed", self._older(page, kept)
        return "failed", None

    def _end(self, where: dict[str, str], why: str, error: TouchlineError) -> None:
        """Ask this source for nothing more; the page that could not be had is left for later."""
        where[self.name] = why
        if not isinstance(error, Enough):
            self._tally.errors.append(error)
        self._tally.left += 1

    def _fetched(self, page: Page, kept: Kept | None, coming: "Future[_Answer]") -> Payload:
        payload, verdict = self._judged(page, coming.result())
        digest = keep(self._ports, payload)
        tries = (kept.tries if kept else 0) + 1 if verdict.state in _INCOMPLETE else 0
        self._note(
            page, kept, payload=digest, retrieved=payload.retrieved, state=verdict.state, tries=tries,
            due=_due(verdict, tries, payload.retrieved), note=verdict.note, taken=False,
        )  # fmt: skip
        self._tally.fetched += 1
        if page.leaf:
            self._take(payload)
        else:
            self._late = payload  # what follows from it can be asked for before its rows are taken
        return payload

    def _judged(self, page: Page, answer: _Answer) -> tuple[Payload, Verdict]:
        """An answer and what it is worth; where its text has an unknown shape, what a browser makes of the page."""
        payload = Payload(self.name, page.name, answer.body, answer.retrieved, page.url, answer.headers)
        try:
            return payload, self._source.verdict(page, payload, payload.retrieved)
        except ShapeChanged as error:
            if page.values and page.wants != "document":
                whole = msgspec.structs.replace(page, wants="document")
                return self._judged(whole, self._beside.do(lambda: self._come(whole)).result())
            self._quarantine(page, answer.body, error)
            raise
        except DataError as error:
            self._quarantine(page, answer.body, error)
            raise

    def _come(self, page: Page) -> _Answer:
        """What a page shows; beside everything else."""
        self._visited = page
        if self._source.about.transport == "made":
            return _Answer(cast("Maker", self._source).make(page, self._now), {}, self._now)
        answer = self._visitor.visit(page)
        body = with_values(answer.body, answer.values) if answer.values else answer.body
        return _Answer(body, answer.headers, self._now)

    def _wait(self, seconds: float) -> None:
        self._tell("waiting", self._visited, seconds)
        self._beside.rest(seconds)

    @property
    def _now(self) -> datetime:
        return self._ports.clock.now()

    def _failed(self, page: Page, kept: Kept | None, error: TouchlineError) -> None:
        """Remember that a page failed; one that may work at once is due then, or when its server says."""
        tries = (kept.tries if kept else 0) + 1
        wait = min(FAULTY * 2 ** (tries - 1), LONGEST)
        rest = timedelta(seconds=error.retry_after) if isinstance(error, Unavailable) else wait
        self._note(page, kept, state="failed", tries=tries, due=self._now + rest, note=error.what)
        self._tally.failed += 1
        self._tally.errors.append(error)

    def _note(self, page: Page, kept: Kept | None, **changes: Any) -> None:
        known = kept or Kept(name=page.name, endpoint=page.endpoint, url=page.url, state="failed")
        known = msgspec.structs.replace(known, endpoint=page.endpoint, url=page.url, **changes)
        self._ports.journal.note(self.name, known)

    def _quarantine(self, page: Page, body: bytes, error: DataError) -> None:
        """Keep a page that could not be read, and why."""
        folder = f"quarantine/scrape/{self._run.work}/{slug_of(page.name)}"
        self._ports.store.create(f"{folder}/body.gz", gzip.compress(body, mtime=0))
        self._ports.store.create(f"{folder}/reason.json", encode({"page": page, "error": str(error)}))


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """A page is a hundred thousand values at once; to look among them for garbage takes a quarter of its time."""
    searches = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searches:
            gc.enable()


def _due(verdict: Verdict, tries: int, now: datetime) -> datetime | None:
    """When a page is worth asking for again: later each time while it stays incomplete."""
    if verdict.again is None:
        return None
    doubled: int = 1 << min(max(tries - 1, 0), DOUBLED)
    return now + verdict.again * doubled
