"""How far a collection is: a bar at a terminal, a line for each page elsewhere."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Columns

from touchline.collecting import Progress


class Lines:
    """A line for each page that was asked for; pages that were kept are only counted."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def __call__(self, news: Progress) -> None:
        """Tell of one page."""
        if news.state not in ("kept", "waiting", "left"):
            done = f"{news.fetched + news.kept} of {news.expected} pages, {news.rows} rows"
            self._console.print(f"{news.state:<8} {escape(news.page)}  ({done})", soft_wrap=True)


class Bar:
    """Pages done of those known to be wanted, rows, what is waited for, and how long it will take."""

    def __init__(self, console: Console) -> None:
        self._bar = Columns(
            BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
            TextColumn("{task.fields[rows]} rows  {task.description}"), console=console, transient=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        self._bar.start()
        self._task = self._bar.add_task("", total=None, rows=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, news: Progress) -> None:
        """Move the bar."""
        wait = f"  (waits {news.wait_seconds:.0f} s)" if news.wait_seconds else ""
        done = news.fetched + news.kept
        self._bar.update(
            self._task, completed=done, total=max(news.expected, done), rows=news.rows,
            description=f"{escape(news.page)}{wait}",
        )  # fmt: skip
