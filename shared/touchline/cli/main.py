"""The command `touchline`: what each command needs is imported when it is asked for, so that `--help` is quick."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version as package_version
from typing import Annotated

import typer

from touchline.cli import (
    backtest_command,
    commands,
    cost_command,
    deadletters,
    demo,
    doctor,
    features_command,
    keys,
    metrics_command,
    models_command,
    odds,
    players,
    render,
    reparse,
    replay,
    replica,
    runs,
    scrape_command,
    serve,
    simulate,
    smoke_command,
    sources_command,
    status_command,
    sweep_command,
    teams,
    trace_command,
    tune_command,
    up,
    verify_command,
    wiring_command,
)
from touchline.cli.terminal import Scene, complain
from touchline.errors import TouchlineError

app = typer.Typer(
    name="touchline",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Football forecasts that keep themselves honest: collect, train, promote, forecast, settle.",
)


@app.callback()
def options(
    context: typer.Context,
    home: Annotated[str, typer.Option(help="Folder of the embedded parts (TOUCHLINE_HOME, else .touchline).")] = "",
    debug: Annotated[bool, typer.Option(help="Show the traceback of an error.")] = False,
) -> None:
    """Options that stand before the command."""
    context.obj = Scene({**os.environ, **({"TOUCHLINE_HOME": home} if home else {})})


@app.command()
def version() -> None:
    """Print the version.

    Example: touchline version
    """
    typer.echo(package_version("touchline"))


ROOMS = (
    demo, commands, models_command, scrape_command, odds, sources_command, up, sweep_command, deadletters, replay,
    reparse, runs, trace_command, teams, players, features_command, backtest_command, tune_command, serve, keys, doctor,
    wiring_command, render, smoke_command, replica, status_command, cost_command, metrics_command, simulate,
    verify_command,
)  # fmt: skip
for commands_of in ROOMS:
    commands_of.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns its exit code (2 wrong data or settings, 3 something does not answer)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        app(args=given, prog_name="touchline")
    except SystemExit as end:  # how the command line library hands over its exit code
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except TouchlineError as error:
        if "--debug" in given:
            raise
        return complain(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
