"""The command `runs`: what ran, and what came of what."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.terminal import AsJson, emit, known_function, scene, showing, since_moment

if TYPE_CHECKING:
    from touchline.telemetry import RunRecord


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(runs)


def runs(
    context: typer.Context,
    function: Annotated[str, typer.Option(help="Only runs of this function.")] = "",
    failed: Annotated[bool, typer.Option("--failed", help="Only runs that failed or were parked.")] = False,
    since: Annotated[str, typer.Option(help="Only runs that began since: a date, or ISO 8601 (UTC).")] = "",
    last: Annotated[int, typer.Option(help="How many, newest first.", min=1)] = 20,
    trace: Annotated[str, typer.Option(help="Only runs of this trace: its identity, or how that begins.")] = "",
    tree: Annotated[
        str, typer.Option(help="One chain with its timings: of a trace, of an object's key, or `last`.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List what ran, newest first; or show what came of what.

    \b
    Examples:
      touchline runs --failed
      touchline runs --function train --since 2026-11-01 --json
      touchline runs --trace 4bf92f3577b34da6 --json
      touchline runs --tree last
    """
    from touchline import bootstrap, tracing
    from touchline.cli import tree as chains
    from touchline.manifest import decode
    from touchline.telemetry import RunRecord

    begin, environ = since_moment(since), scene(context).environ
    store = bootstrap.ports(environ).store
    function = known_function(environ, function)
    infos = store.list(f"runs/{function}/" if function else "runs/")
    records = [decode(store.get(info.key), RunRecord, info.key) for info in infos if info.key.count("/") == 3]
    if tree:
        found = chains.chain(records, tree)
        if as_json:
            emit(chains.plain(found))
        else:
            showing().print(chains.picture(found))
        return
    wanted = [record for record in records if not failed or record.outcome in ("failed", "parked")]
    wanted = [record for record in wanted if begin is None or record.started >= begin]
    wanted = [record for record in wanted if tracing.trace_id(record.traceparent).startswith(trace.lower())]
    newest = sorted(wanted, key=lambda record: record.started, reverse=True)[:last]
    if as_json:
        emit(newest)
    else:
        _table(newest)


def _table(records: "list[RunRecord]") -> None:
    from rich.table import Table

    table = Table("started", "function", "outcome", "seconds", "MiB", "about", box=None, pad_edge=False)
    for record in records:
        about = record.reason.splitlines()[0] if record.reason else ", ".join(record.publications) or record.key
        figures = f"{record.duration_s:.2f}", f"{record.peak_memory_mib:.0f}"
        table.add_row(f"{record.started:%Y-%m-%d %H:%M:%S}", record.function, record.outcome, *figures, about)
    showing().print(table if records else "no run yet")
