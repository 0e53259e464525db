"""A simulation on a terminal: a bar while it runs, and what came of it."""

from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from touchline.cli.terminal import showing

if TYPE_CHECKING:
    from touchline.cli.simulate_facts import Facts
    from touchline.cli.simulate_plan import Plan


class Bar:
    """How far the clock is, what was sealed and settled, who is champion."""

    def __init__(self, console: Console, plan: "Plan") -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, TextColumn("{task.fields[news]}"), console=console)
        self._since = plan.since
        whole = (plan.until - plan.since).total_seconds()
        self._task = self._progress.add_task(f"{plan.since:%Y-%m-%d}", total=whole, news="takes in the history")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def move(self, at: datetime, facts: "Facts") -> None:
        """The clock has come so far."""
        news = f"{facts.sealed} sealed, {facts.settled} settled, champion {facts.champion[:8] or 'none'}"
        done = (at - self._since).total_seconds()
        self._progress.update(self._task, description=f"{at:%Y-%m-%d}", completed=done, news=news)


def show(facts: dict[str, Any]) -> None:
    """Print what came of it."""
    console, sealed, settled = showing(), facts["sealed"], facts["settled"]
    console.print(timeline(facts["timeline"]))
    least, late = sealed["least_margin_minutes"], sealed["late"]
    margin = "none" if least is None else f"the last one {least:g} minutes before kick-off"
    console.print(
        f"[bold]sealed[/]  {sealed['forecasts']:,} forecasts of {sealed['matches']} matches, {margin}; {late} late"
    )
    void = "".join(f"; {n} void: {reason}" for reason, n in settled["void"].items())
    console.print(
        f"[bold]settled[/] {settled['settlements']:,} of {settled['matches']} matches; "
        f"{settled['twice']} more than once, {settled['missing']} missing{void}",
        soft_wrap=True,
    )
    if facts["scores"]:
        console.print(scores(facts["scores"]))
    console.print(f"{facts['seconds']:,.0f} s in all, {facts['seconds_a_day']:.2f} s a simulated day; mode simulated")
    console.print(f"look at it: touchline --home {facts['home']} serve", soft_wrap=True)


def timeline(happened: list[dict[str, Any]]) -> Table:
    """What drift, training and promotion did, and when."""
    table = Table(box=None, pad_edge=False)
    for name in ("clock", "function", "what"):
        table.add_column(name)
    for one in happened:
        table.add_row(f"{one['at']:%Y-%m-%d %H:%M}", one["function"], escape(one["what"]))
    return table


def scores(entry: dict[str, Any]) -> Table:
    """What the champions said, beside others on the same matches; differences are theirs minus those of the others."""
    table = Table(box=None, pad_edge=False)
    table.add_column(f"champions, {entry['n']} matches")
    for name in ("log-loss", "against", "difference", "95 % interval", "RPS difference", "95 % interval"):
        table.add_column(name, justify="right")
    table.add_row("all", f"{entry['log_loss']['value']:.4f}")
    for one in entry["against"]:
        loss, rps = one["log_loss"], one["rps"]
        table.add_row(
            f"{one['rival']} ({one['n']})", f"{one['ours']:.4f}", f"{one['theirs']:.4f}",
            f"{loss['value']:+.4f}", _interval(loss), f"{rps['value']:+.4f}", _interval(rps),
        )  # fmt: skip
    return table


def _interval(mean: dict[str, Any]) -> str:
    return "" if mean["low"] is None else f"{mean['low']:+.4f} to {mean['high']:+.4f}"
