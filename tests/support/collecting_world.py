"""An installation that collects: what it was given, how long it would have rested, and a small source of our own."""

from collections.abc import Callable, Generator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from touchline.bootstrap import Container
from touchline.collecting import About, Page, Scope, Source, Verdict
from touchline.errors import DataError, ShapeChanged
from touchline.ports import Payload
from touchline.settings import Scrape
from touchline.stages.scrape_collect import Collector
from touchline.stages.scrape_tally import Tally


class Waits(list[float]):
    """Seconds that somebody would have rested."""

    def __call__(self, seconds: float) -> None:
        self.append(round(seconds, 6))


class Collecting:
    """Collects from a source without any rest, and shows what came."""

    def __init__(self, ports: Container, source: Source, **settings: Any) -> None:
        self.ports, self.source = ports, source
        self.settings = Scrape(**settings)
        self.waits = Waits()
        self.draw: Callable[[], float] = lambda: 0.0
        self.taken: list[Payload] = []
        self.refuses: Callable[[Payload], bool] = lambda _: False

    def __call__(
        self, competitions: Sequence[str] = ("E0",), seasons: Sequence[str] = (), first: date | None = None,
        ticks: Callable[[], float] = lambda: 0.0, stored: bool = True, retry_failed: bool = False,
    ) -> Tally:  # fmt: skip
        """One run; its payloads are in `taken`."""
        scope = Scope(competitions=tuple(competitions), seasons=tuple(seasons), first=first, retry_failed=retry_failed)
        self.waits.clear()
        self.taken.clear()
        run = Collector(
            self.ports, self.settings, "w1", self._take, rest=self.waits, draw=self.draw, ticks=ticks
        )  # fmt: skip
        run.collect(self.source, scope)
        if stored:
            run.stored()
        return run.tally

    @property
    def names(self) -> list[str]:
        """Names of what was taken in the last run."""
        return [payload.name for payload in self.taken]

    def keys(self, prefix: str) -> list[str]:
        """Objects below a prefix."""
        return [info.key for info in self.ports.store.list(prefix)]

    def _take(self, payload: Payload) -> bool:
        self.taken.append(payload)
        return not self.refuses(payload)


class Shelf:
    """A source of ours: an index page names books, each of them a page. What is in a page says what it is worth.

    A page is JSON: `{"books": [...]}` for the index, `{"state": ...}` for a book; anything else has changed its shape.
    """

    name = "shelf"
    about = About(
        gives="books",
        terms="ours",
        rate="any",
        freshness="now",
        pace_seconds=2.0,
        jitter_seconds=1.0,
        pages_per_day=100,
    )

    def __init__(
        self, url: str, values: tuple[str, ...] = (), headers: tuple[tuple[str, str], ...] = ()
    ) -> None:  # fmt: skip
        self._url, self._values, self._headers = url, values, headers

    def pages(self, scope: Scope, now: datetime) -> Generator[Page, Payload | None, None]:
        """The index of each competition, then its books."""
        for code in scope.competitions:
            index = yield Page(source=self.name, endpoint="index", name=f"{code}/index", url=f"{self._url}/{code}")
            for book in _read(index)["books"] if index else ():
                yield self.book(code, book)

    def book(self, code: str, book: str) -> Page:
        """Page of a book."""
        return Page(
            source=self.name, endpoint="book", name=f"{code}/{book}", url=f"{self._url}/{code}/{book}", leaf=True,
            values=self._values, headers=self._headers,
        )  # fmt: skip

    def verdict(self, page: Page, payload: Payload, now: datetime) -> Verdict:
        """The index changes every hour; a book says how complete it is."""
        told = _read(payload)
        if page.endpoint == "index":
            if "books" not in told:
                raise ShapeChanged("no books", where=page.name)
            return Verdict(again=timedelta(hours=1))
        if "state" not in told or (told.get("opens") and page.wants != "document"):
            raise ShapeChanged("no state", where=page.name)
        state = told["state"]
        return Verdict(state=state, again=timedelta(hours=2) if state in ("partial", "empty") else None)


def _read(payload: Payload) -> dict[str, Any]:
    try:
        return msgspec.json.decode(payload.body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise DataError("no JSON", where=payload.name) from error
