"""What the local platform is doing: news as it happens, and the state that comes of it, for people and for scripts."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Literal

import msgspec
from rich.console import Group, JustifyMethod
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from touchline.telemetry import RunRecord

State = Literal["off", "starting", "ready", "crashing", "stopped"]
Change = Literal[
    "starting", "ready", "died", "crashing", "stopped", "begun", "done", "busy", "retry", "dead", "tick",
    "misconfigured",
]  # fmt: skip
_STYLES: Final = {"ready": "green", "starting": "yellow", "crashing": "bold red", "off": "dim", "stopped": "dim"}
_OUTCOMES: Final = {"done": "green", "parked": "yellow", "failed": "red"}


class News(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change: of the process of a function, or of a delivery to it."""

    at: datetime
    function: str
    change: Change
    key: str = ""
    attempt: int = 0
    outcome: str = ""
    seconds: float | None = None
    run: str = ""
    why: str = ""


class Last(msgspec.Struct, frozen=True):
    """How the newest delivery ended."""

    outcome: str
    at: datetime
    seconds: float
    key: str


class Row(msgspec.Struct, kw_only=True):
    """What is known of one function; counts of failures are those since the platform started."""

    function: str
    url: str = ""
    people: bool = False
    """Answers people over HTTP, not events."""
    state: State = "off"
    pid: int = 0
    starts: int = 0
    running: int = 0
    waiting: int = 0
    """Deliveries in the queue beside those that run."""
    done: int = 0
    dead: int = 0
    failures: int = 0
    memory_mib: float = 0.0
    """Proportional share of memory (PSS) of all its processes, where the system tells it."""
    why: str = ""
    """Why it is not ready, what failed last, or what the newest run had to say."""
    last: Last | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The whole platform at a moment."""

    at: datetime
    pid: int
    inbox: str
    mode: str
    functions: tuple[Row, ...]


class Board:
    """Keeps the rows as the news come in.

    Args:
        names: the functions, in the order in which they are shown.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.rows = {name: Row(function=name) for name in names}
        self.version = 0
        """Grows with every change."""

    def take(self, news: News) -> None:
        """Take in one piece of news."""
        row = self.rows[news.function]
        self.version += 1
        if news.change in ("starting", "ready", "crashing", "stopped"):
            row.state = news.change
            row.starts += news.change in ("starting", "crashing")
            row.why = news.why
        elif news.change in ("retry", "dead", "died", "misconfigured"):
            row.failures += news.change != "died"
            row.why = news.why
        if news.change in ("done", "retry", "dead", "misconfigured"):
            row.last = Last(news.outcome, news.at, news.seconds or 0.0, news.key)
        if news.change == "done":
            row.why = news.why

    def count(self, counts: Mapping[str, Mapping[str, int]], running: Callable[[str], int]) -> None:
        """Take in how many deliveries the queue holds (function -> status -> how many), and how many of them run."""
        for name, row in self.rows.items():
            found = counts.get(name, {})
            waiting = max(found.get("waiting", 0) - running(name), 0)
            told = (running(name), waiting, found.get("done", 0), found.get("dead", 0))
            self.version += told != (row.running, row.waiting, row.done, row.dead)
            row.running, row.waiting, row.done, row.dead = told


def news_of(record: RunRecord | None, news: News) -> News:
    """The news with what the run's record tells."""
    if record is None:
        return news
    why = news.why or (record.reason.splitlines()[0] if record.reason else "")
    return msgspec.structs.replace(news, outcome=record.outcome, seconds=round(record.duration_s, 3), why=why)


def table(status: Status) -> Group:
    """The status for people: a line for the platform, one row a function."""
    shown = Table(box=None, pad_edge=False, expand=True)
    for heading in ("function", "state", "queue", "runs", "last run", "", "", "failures", "dead", "MiB"):
        side: JustifyMethod = "left" if heading in ("function", "state", "last run") else "right"
        shown.add_column(heading, justify=side, no_wrap=True)
    shown.add_column("about", no_wrap=True, overflow="ellipsis", ratio=1)
    for row in status.functions:
        shown.add_row(*_cells(row, status.at))
    waiting = sum(row.waiting for row in status.functions)
    head = f"{status.at:%H:%M:%S} UTC  inbox {status.inbox}  {status.mode}  {waiting} waiting  (Ctrl-C ends it)"
    pages = " ".join(f"page {row.url}/" for row in status.functions if row.people and row.state == "ready")
    return Group(Text(head, no_wrap=True, overflow="ellipsis"), Text(pages, no_wrap=True), shown)


def _cells(row: Row, now: datetime) -> tuple[str, ...]:
    state = f"running {row.running}" if row.running > 1 else "running" if row.running else row.state
    style = "cyan" if row.running else _STYLES[row.state]
    return (
        row.function,
        f"[{style}]{state}[/]",
        str(row.waiting or ""),
        str(row.done or ""),
        *_told(row.last, now),
        f"[red]{row.failures}[/]" if row.failures else "",
        f"[red]{row.dead}[/]" if row.dead else "",
        f"{row.memory_mib:.0f}" if row.memory_mib else "",
        f"[dim]{escape(row.why or (row.last.key if row.last else row.url))}[/]",
    )


def _told(last: Last | None, now: datetime) -> tuple[str, str, str]:
    if last is None:
        return "", "", ""
    style = _OUTCOMES.get(last.outcome, "dim")
    return f"[{style}]{last.outcome}[/]", _ago((now - last.at).total_seconds()), f"{last.seconds:.2f} s"


def _ago(seconds: float) -> str:
    """Time since, in the unit that says most.

    >>> _ago(3.2), _ago(150), _ago(7300), _ago(200000)
    ('3 s ago', '2 m ago', '2 h ago', '2 d ago')
    """
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{max(seconds, 0):.0f} s ago"
