"""Deliveries as they happen: a spinner for the one that runs, a line for each that has ended."""

import logging

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from touchline.platform.runner import Step

_STYLES = {"done": "green", "unchanged": "dim", "skipped": "dim", "parked": "yellow", "failed": "red"}


class Deliveries(logging.Handler):
    """Watches a platform, and the log of what runs on it, and tells a console of it."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._running: Progress | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Show the latest line of the log beside the spinner."""
        if self._running is not None:
            self._running.update(self._running.task_ids[0], news=record.getMessage())

    def __call__(self, step: Step) -> None:
        """Take in one piece of news."""
        if step.record is None and not (step.busy or self._console.is_terminal):
            return
        if step.record is None and not step.busy:
            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}"),
                TimeElapsedColumn(),
                TextColumn("{task.fields[news]}"),
            )
            self._running = Progress(*columns, console=self._console, transient=True)
            self._running.add_task(f"{step.function:<9} {step.event.key}", total=None, news="")
            self._running.start()
            return
        if self._running is not None:
            self._running.stop()
            self._running = None
        self._console.print(line(step), soft_wrap=True)


def line(step: Step) -> str:
    """One ended delivery, with rich's markup.

    Function, outcome, seconds, peak memory, then why or about what.
    """
    record = step.record
    if record is None:
        return f"{step.function:<9} [dim]waits: {escape(step.busy)}[/]"
    style = _STYLES[record.outcome]
    again = f" (attempt {step.attempt})" if step.attempt > 1 else ""
    about = escape(record.reason.splitlines()[0] if record.reason else record.key)
    numbers = f"{record.duration_s:7.2f} s {record.peak_memory_mib:6.0f} MiB"
    return f"{step.function:<9} [{style}]{record.outcome:<9}[/] {numbers}  {about}{again}"
