"""How data is collected from anywhere: what a source wants to read, what came back, and what is remembered of it.

A source says which pages it wants, one after the other, and is given each answer, so that later pages can follow from
earlier ones. It never talks to the world itself: whoever drives it decides whether a page has to be asked for at all
(or was kept, and is still good), asks politely, keeps the bytes, and remembers what became of every page.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import msgspec

from touchline.ports import Payload

if TYPE_CHECKING:
    import pandas as pd

Completeness = Literal["available", "empty", "partial", "not_available", "expected", "failed"]
"""What a page holds: all that it should, nothing although it should, a part of it, nothing for good; not yet what it
will; and `failed` where no answer came that could be used."""
Transport = Literal["http", "browser", "made"]
"""How pages are read: plain requests, a real browser, or not at all (the source makes its payloads itself)."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to have: competitions by our codes, seasons as written ("2024-25"; none = the current one).

    `first` and `last` narrow it to the days of kick-off between them, both included.
    """

    competitions: tuple[str, ...]
    seasons: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    retry_failed: bool = False
    """Ask now for pages that failed, also where their rest is not over."""

    def holds(self, day: date) -> bool:
        """Whether a day lies within `first` and `last`."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to ask a source for.

    `name` is unique within the source and stays the same for ever, such as `E0/2025-26/months/24533-202508.json`: the
    parser learns from it which competition and season the bytes belong to.
    """

    source: str
    endpoint: str
    """Kind of page, such as "month" or "match"; what is known of one kind's shape does not hold for another."""
    name: str
    url: str
    leaf: bool = False
    """Nothing follows from its answer: the source does not want to see it again once it was taken."""
    optional: bool = False
    """The site may not have it (404), which is no fault."""
    wants: Literal["document", "json", "file"] = "file"
    """What a browser should do with it: open it as a page, or read it from within one."""
    values: tuple[str, ...] = ()
    """JavaScript expressions that a browser evaluates in the open page; their JSON is kept with it. Of a page that is
    not wanted as a document they are asked for only where its text alone has an unknown shape."""
    headers: tuple[tuple[str, str], ...] = ()
    """Sent with the request; values of secrets stand as `{NAME}` of an environment variable, and are never kept."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a source makes of an answer: how complete it is, and after which time it is worth asking again."""

    state: Completeness = "available"
    again: timedelta | None = None
    """None: never, it will not change any more."""
    note: str = ""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What people want to know of a source before they use it; plain sentences."""

    gives: str
    terms: str
    """Licence or terms, as far as they are known."""
    rate: str
    freshness: str
    pace_seconds: float
    """Rest between two requests to one host, at least."""
    jitter_seconds: float = 0.0
    """Up to so much more of it, drawn at random."""
    pages_per_day: int = 1000
    key: str = ""
    """Environment variable with the key that it needs, empty = none."""
    acknowledge: str = ""
    """Environment variable that must be `acknowledged` before the source is used, empty = none."""
    alternative: str = ""
    """Source that gives most of the same, and why."""
    transport: Transport = "http"


class Source(Protocol):
    """A data source: pure, but for a clock that it is told."""

    name: str
    about: About

    def pages(self, scope: Scope, now: datetime) -> Generator[Page, Payload | None, None]:
        """Ask for pages one after the other; each is answered by its payload.

        The answer is None where there is none: an optional page that the site lacks, a page that failed (the source
        goes on with what does not depend on it), or a page that a plan leaves open.

        Raises:
            ConfigurationError: the scope names what the source cannot have.
        """
        ...

    def verdict(self, page: Page, payload: Payload, now: datetime) -> Verdict:
        """Look at an answer before it is kept as data.

        Raises:
            ShapeChanged: it is not shaped like a page of its kind.
            DataError: it cannot be read.
        """
        ...


class Maker(Source, Protocol):
    """A source whose payloads are made, not fetched (transport "made")."""

    def make(self, page: Page, now: datetime) -> bytes:
        """Body of a page."""
        ...


class LiveSource(Source, Protocol):
    """A source that knows how matches of today stand."""

    def live_page(self, day: date) -> Page:
        """Page with all matches of a day (UK calendar)."""
        ...

    def live_rows(self, payload: Payload) -> "pd.DataFrame":
        """LIVE_COLUMNS, one row a match of a competition that we know.

        Raises:
            ShapeChanged, DataError: as of `verdict`.
        """
        ...


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for an address, whatever it is."""

    url: str
    """Where it came from in the end, redirects followed."""
    status: int
    body: bytes
    headers: dict[str, str] = {}
    """By lower-case name."""
    values: dict[str, str] = {}
    """Expression -> its JSON, of those that the page asked for and that could be evaluated."""
    sends_to: str = ""
    """Address at another host, to which it leads and nobody went: that host has rules of its own, to be read first."""

    @property
    def content_type(self) -> str:
        """Media type without parameters, lower-case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Fetcher(Protocol):
    """Asks for one address, once; judges nothing."""

    def get(self, page: Page) -> Answer:
        """What comes back, whatever its status; redirects are followed within a host, and told where they leave it.

        A browser that opens a document follows these too, since nobody can stop it: the address then says so.

        Raises:
            Unavailable: nothing came back in time, or the connection broke.
            DataError: the answer is larger than any page of a source.
            PermanentError: the address cannot be asked for.
        """
        ...

    def evidence(self) -> Mapping[str, bytes]:
        """File name -> content of what can be shown of the last answer: a screenshot, the page; empty for requests."""
        ...

    def close(self) -> None:
        """Leave nothing behind: no process, no profile, no file. May be called twice, and after any error."""
        ...


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a page."""

    name: str
    endpoint: str
    url: str
    payload: str = ""
    """sha256 of the last good answer, empty if there never was one."""
    retrieved: datetime | None = None
    """Moment of that answer."""
    state: Completeness
    tries: int = 0
    """How often in a row it was asked for without getting all."""
    due: datetime | None = None
    """From when on it is worth asking again; None = never."""
    taken: bool = False
    """Whether the rows of that answer are in the match tables."""
    note: str = ""


class Journal(Protocol):
    """The memory of collecting, by source: what makes an interrupted run go on where it was."""

    def kept(self, source: str, name: str) -> Kept | None:
        """What is remembered of a page, None if it was never asked for."""
        ...

    def note(self, source: str, kept: Kept) -> None:
        """Remember a page in place of what was remembered of it."""
        ...

    def taken(self, source: str, names: Iterable[str]) -> None:
        """Say that the rows of these pages are stored."""
        ...

    def pages(self, source: str, endpoint: str = "") -> list[Kept]:
        """All that is remembered of a source, by name."""
        ...


class HostState(msgspec.Struct, frozen=True, kw_only=True):
    """How we stand with a host."""

    host: str
    day: date
    asked: int = 0
    """Requests on that day."""
    last_asked: datetime | None = None
    failures: int = 0
    """Blocks in a row."""
    open_until: datetime | None = None
    """It is not asked before; None = it may be."""
    kind: str = ""
    """Of the last block."""
    evidence: str = ""
    """Prefix of what was kept of it."""


class Hosts(Protocol):
    """How we stand with each host; survives the process."""

    def state(self, host: str, today: date) -> HostState:
        """State of a host, a new one if it was never asked; `asked` counts from 0 on a new day."""
        ...

    def note(self, state: HostState) -> None:
        """Remember the state of a host."""
        ...

    def all(self) -> list[HostState]:
        """Every host that was ever asked."""
        ...


class Unresolved(msgspec.Struct, frozen=True, kw_only=True):
    """A name that nobody declared, as a source writes it; rows with it wait until somebody does."""

    source: str
    country: str
    competition: str
    name: str
    suggestions: tuple[str, ...] = ()
    """Known teams that it may be, the best first."""
    payload: str = ""
    """sha256 of the newest payload with the name."""
    first_seen: datetime
    last_seen: datetime
    rows: int = 1
    """Rows which wait, of all payloads of the run that met it last."""


class Names(Protocol):
    """Names that nobody declared, kept until somebody does."""

    def unresolved(self) -> list[Unresolved]:
        """Names that wait, by country and name; what is known by now, as a team or another spelling, does not."""
        ...

    def note(self, names: Iterable[Unresolved]) -> None:
        """Remember names in place of what was remembered of them, but for the moment at which they were first seen."""
        ...

    def resolved(self, source: str, country: str, name: str) -> None:
        """Forget a name: somebody said who that is."""
        ...


class Links(Protocol):
    """What sources have to do with stored matches: which they number, what they told, which teams they named."""

    def numbered(self, source: str, competition: str, seasons: Sequence[str]) -> set[str]:
        """`match_id` of the matches of these seasons to which a source gave a number."""
        ...

    def details(self, source: str, match_ids: Iterable[str]) -> "dict[str, pd.DataFrame]":
        """Details of matches that are stored now, by table; the index is `match_id` and what else tells rows apart."""
        ...

    def team_sources(self) -> dict[str, set[str]]:
        """Country -> who named its teams; empty text: files, or a person."""
        ...


class Quotes(Protocol):
    """Prices of matches, each with the moment at which it was quoted; only ever added to."""

    def record(self, frame: "pd.DataFrame") -> int:
        """Add the prices that are not there yet; how many.

        Args:
            frame: match_id, bookmaker, market (h2h, totals), outcome (home, draw, away; over, under), line (goals of
                totals, else 0), price (decimal odds), quoted_at (aware), source, payload (sha256).

        Raises:
            NotFound: a match is not stored.
            Conflict: the write lock could not be had in time.
        """
        ...

    def of(self, match_ids: Iterable[str]) -> "pd.DataFrame":
        """All prices of some matches, the oldest first: the columns of `record` without `payload`."""
        ...


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a collection is; told after every page."""

    source: str
    page: str
    state: str
    """kept, fetched, waiting, retried, failed."""
    fetched: int
    kept: int
    rows: int
    expected: int
    """Pages that are known to be wanted so far, those done included."""
    wait_seconds: float = 0.0


def _nobody(_: Progress) -> None:
    """Nobody watches."""


watcher: Final[ContextVar[Any]] = ContextVar("watcher", default=_nobody)
"""Who is told of progress in this context: a function of one `Progress`."""

DETAILS: Final = ("statistics", "match_details", "team_details", "line_ups", "player_stats", "shots")
"""Tables beside the rows that a parser may bring, each keyed by `source_id`; `statistics` has STATISTIC_COLUMNS."""
LIVE_COLUMNS: Final = (
    "source_id", "competition", "season", "kickoff", "home_team", "away_team", "state", "raw_status", "minute",
    "home_goals", "away_goals",
)  # fmt: skip
"""How matches stand: `state` is scheduled, live, finished or other; `minute` is as shown, empty before it began."""
