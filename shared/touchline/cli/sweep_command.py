"""The command `sweep`: look for what was lost, now."""

from typing import TYPE_CHECKING

import typer

from touchline.cli.terminal import AsJson, emit, open_platform, scene, showing, verdict

if TYPE_CHECKING:
    from touchline.stages.sweep_look import Log


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(sweep)


def sweep(context: typer.Context, as_json: AsJson = False) -> None:
    """Emit again what has no receipt, and start what is due; what is younger than two minutes may still be on its way.

    Goes to TOUCHLINE_SINK, else into the queue that `touchline up` and `touchline run chain` work off.

    Example: touchline sweep
    """
    from touchline.manifest import decode
    from touchline.stages.sweep_look import Log

    with open_platform(scene(context).environ, quiet=True) as platform:
        record = platform.deliver("sweep", platform.tick("sweep"))
        logs = [decode(platform.ports.store.get(key), Log, key) for key in record.publications]
    if as_json:
        emit({"record": record, "emitted": [one for log in logs for one in log.emitted]})
    else:
        for log in logs:
            _table(log)
        counted = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(record.summary.items()))
        typer.echo(f"{record.reason or 'done'} ({counted})" if counted else record.reason)
    if code := verdict([record]):
        raise typer.Exit(code)


def _table(log: "Log") -> None:
    from rich.table import Table

    table = Table("function", "about", "why", box=None, pad_edge=False)
    for one in log.emitted:
        table.add_row(one.function, one.key, one.reason)
    showing().print(table)
