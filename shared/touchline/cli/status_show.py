"""A status for people: what is wrong, then a line or a table for each part."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from touchline.cli.status_told import FunctionState, ModelState, Problem, StageState, Status

_OUTCOMES = {"failed": "red", "parked": "yellow", "done": "green"}


def picture(status: Status) -> Group:
    """Everything on one screen."""
    return Group(*_parts(status))


def _parts(status: Status) -> Iterator[RenderableType]:
    worst = "[green]healthy[/]" if not status.problems else "[yellow]healthy, with warnings[/]"
    head = worst if status.healthy else "[bold red]not healthy[/]"
    yield Text.from_markup(f"{head}  {status.at:%Y-%m-%d %H:%M:%S} UTC  {status.mode}  {escape(status.where)}")
    if status.problems:
        yield _problems(status.problems)
    yield Text()
    if status.functions:
        yield _functions(status.functions, status.at)
        yield Text()
    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_column(no_wrap=True)
    facts.add_column()
    for name, told in _facts(status):
        facts.add_row(name, told)
    yield facts


def _problems(problems: Sequence[Problem]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        table.add_column()
    for one in problems:
        style = "bold red" if one.severity == "critical" else "yellow"
        table.add_row(f"[{style}]{one.severity}[/]", one.part, f"{escape(one.what)}\n[dim]{escape(one.todo)}[/]")
    return table


def _functions(functions: Sequence[FunctionState], now: datetime) -> Table:
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("function", "last run", ""):
        table.add_column(heading, no_wrap=True)
    for heading in ("failed today", "dead", "refused"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("about", no_wrap=True, overflow="ellipsis", ratio=1)
    for one in functions:
        style = _OUTCOMES.get(one.outcome, "dim")
        counts = (f"[red]{many}[/]" if many else "" for many in (one.failed_today, one.dead, one.quarantined))
        last = f"[{style}]{one.outcome}[/]" if one.outcome else "[dim]never[/]"
        table.add_row(one.function, last, ago(one.last, now), *counts, f"[dim]{escape(one.about)}[/]")
    return table


def _facts(status: Status) -> Iterator[tuple[str, str]]:
    """A line for each other part; of one that cannot be read the problems say it."""
    now = status.at
    if status.chain:
        yield "chain", "  ".join(map(_stage, status.chain))
    for source in status.sources:
        seen = f", newest answer {ago(source.newest, now)}" if source.newest else ""
        yield "source", escape(f"{source.source} {source.state}{seen}")
    if status.model is not None:
        yield "model", escape(_model(status.model, now))
        yield from (("trial", escape(told)) for told in _trials(status.model))
    if status.forecasts is not None:
        coming = status.forecasts
        first = (
            f", next kick-off {coming.next_kickoff:%Y-%m-%d %H:%M} {coming.next_match}" if coming.next_kickoff else ""
        )
        yield "forecasts", escape(f"{coming.sealed} sealed ahead{first}")
    yield from _quality(status)
    if status.cost is not None:
        told = "  ".join(f"{name} {usd:.2f}" for name, usd in status.cost.month.items())
        yield "cost", f"USD a month: {told}  (from {status.cost.days:.1f} days; `touchline cost`)"


def _quality(status: Status) -> Iterator[tuple[str, str]]:
    record, drift, ledger = status.record, status.drift, status.ledger
    if record is not None:
        told = record.reason or f"nothing settled yet, {record.waiting} wait"
        if record.settled and record.log_loss is not None and record.expected is not None:
            told = f"{record.settled} settled, log-loss {record.log_loss:.4f}, promised {record.expected:.4f}"
            told += f", gap {record.gap_z:+.1f} standard errors" if record.gap_z is not None else ""
            told += ", ALARM" if record.alarm else f", no alarm; {record.waiting} wait"
        yield "record", escape(told)
    if drift is not None:
        moved = f"{drift.share:.0%} of the features moved ({len(drift.drifted)})"
        yield "drift", escape(f"{moved}, matches until {drift.until:%Y-%m-%d}, data {drift.seq}")
    if ledger is not None and (ledger.unsettled is not None or ledger.gaps is not None):
        parts = (("to settle", ledger.unsettled), ("gaps", ledger.gaps))
        yield "ledger", ", ".join(f"{many} {name}" for name, many in parts if many is not None)


def _stage(one: StageState) -> str:
    late = f" (late {span(one.lag_seconds)})" if one.lag_seconds else ""
    return f"{one.stage} {'-' if one.seq is None else one.seq}{late}"


def _model(model: ModelState, now: datetime) -> str:
    since = f", champion since {ago(model.since, now)}" if model.since else ""
    before = f", before it {model.previous}" if model.previous else ""
    beside = f", beside it {model.challenger}" if model.challenger else ""
    learnt = ", of invented matches" if model.simulated else ""
    return f"{model.version} (decision {model.promotion}){since}{before}{beside}{learnt}"


def _trials(model: ModelState) -> Iterator[str]:
    for one in model.trials:
        needed = f", {one.needed} more matches needed" if one.needed else ""
        yield f"{one.model_version} against {one.against}: {one.verdict} after {one.n} matches{needed}"
    if not model.trials and model.trial_reason:
        yield model.trial_reason


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago a moment was, empty for none."""
    return "" if moment is None else f"{span((now - moment).total_seconds())} ago"


def span(seconds: float) -> str:
    """A length of time in the unit that says most.

    >>> span(3.2), span(150), span(7300), span(200000)
    ('3 s', '2 m', '2 h', '2 d')
    """
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
