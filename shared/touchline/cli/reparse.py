"""The command `reparse`: what today's parsers make of the payloads that were kept."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import msgspec
import typer

from touchline import tracing
from touchline.cli.terminal import AsJson, emit, open_platform, scene, showing, since_moment, verdict

if TYPE_CHECKING:
    from touchline.stages.scrape_reparse import Comparison, Request
    from touchline.telemetry import RunRecord

_SHOWN = 40


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(reparse)


def reparse(
    context: typer.Context,
    source: Annotated[str, typer.Option(help="Whose payloads, such as football-data; `files` for your own.")],
    since: Annotated[str, typer.Option(help="Only what was retrieved since then, as in 2026-03-01.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Store the difference without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read kept payloads again with today's parsers, and show what would be different.

    Nothing is fetched. Nothing is stored, unless you say so: with --yes, or when asked at a terminal.

    \b
    Examples:
      touchline reparse --source whoscored
      touchline reparse --source football-data --since 2026-03-01 --yes
    """
    from touchline import bootstrap, settings
    from touchline.stages.scrape_reparse import Request, compare

    environ = scene(context).environ
    asked = Request(source, since_moment(since))
    found = compare(bootstrap.ports(environ), settings.load(settings.Scrape, environ, "scrape"), asked)
    if not as_json:
        _show(found)
    records = [store(environ, asked, quiet=as_json)] if yes or (not as_json and _agreed(found)) else []
    if as_json:
        emit(msgspec.to_builtins(found) | {"columns": found.columns, "records": records})
    if code := verdict(records):
        raise typer.Exit(code)


def store(environ: Mapping[str, str], asked: "Request", *, quiet: bool) -> "RunRecord":
    """Let scrape take the payloads in again; the record of its run."""
    from touchline.work import Event

    with open_platform(environ, quiet=quiet) as platform:
        event = Event(
            id=f"reparse-{uuid4()}", kind="http", source="command line", time=platform.ports.clock.now(),
            traceparent=tracing.child(), data={"reparse": msgspec.to_builtins(asked)},
        )  # fmt: skip
        return platform.invoke("scrape", event)[1]


def told(record: "RunRecord") -> str:
    """What taking payloads in again has changed, in a line."""
    names = ("matches_new", "matches_changed", "statistics_changed", "odds_changed", "details_changed", "rows_waiting")
    counts = [f"{name.replace('_', ' ')} {record.summary[name]}" for name in names if record.summary.get(name)]
    return ", ".join(counts) or "nothing changed"


def _agreed(found: "Comparison") -> bool:
    """Whether somebody at a terminal wants the difference to be stored."""
    if not sys.stdin.isatty():
        typer.echo("nothing was stored; --yes stores it")
        return False
    return typer.confirm("Store this?")


def _show(found: "Comparison") -> None:
    console = showing()
    console.print(f"{found.payloads} payloads, {found.rows} matches in them")
    if found.differences:
        from rich.table import Table

        table = Table("match", "column", "stored", "today", box=None)
        for one in found.differences[:_SHOWN]:
            table.add_row(
                one.match_id, one.column, *("" if value is None else str(value) for value in (one.was, one.now))
            )
        console.print(table)
        _more(len(found.differences), _SHOWN)
        console.print("differ: " + ", ".join(f"{name} {count}" for name, count in found.columns.items()))
    _list(f"{len(found.new)} matches not stored yet", found.new)
    _list(f"{len(found.gone)} matches stored, not in them any more (they stay)", found.gone)
    _list(f"{len(found.refused)} payloads are refused", found.refused)
    if found.waiting:
        console.print(f"{found.waiting} rows wait for unknown names: touchline teams unresolved")
    if found.later:
        console.print(f"{found.later} matches were described by a later payload, which stands")
    if not (found.differences or found.new):
        console.print("no difference in the rows of matches")


def _list(head: str, lines: Sequence[str]) -> None:
    if lines:
        typer.echo("\n  ".join([f"{head}:", *lines[:10]]))
        _more(len(lines), 10)


def _more(count: int, shown: int) -> None:
    if count > shown:
        typer.echo(f"  ... and {count - shown} more; --json has all")
