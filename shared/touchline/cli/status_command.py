"""The command `status`: the whole system on one screen, problems first."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import typer

from touchline.cli.terminal import AsJson, emit, scene, showing
from touchline.errors import TouchlineError

if TYPE_CHECKING:
    from touchline.bootstrap import Container
    from touchline.cli.status_told import Status

EVERY: Final = 5.0
"""Seconds between looks of --watch."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(status)


def status(
    context: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every five seconds, until Ctrl-C.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the whole system on one screen, problems first: exit code 1 if one of them is critical.

    Functions, chain, sources, model, forecasts, the settled record, drift, ledger, cost. A part that cannot be read is
    said to be so, and the others are shown.

    \b
    Examples:
      touchline status
      touchline status --watch
      touchline status --json
    """
    from touchline.cli.status_show import picture

    environ = scene(context).environ
    if watch and not as_json:
        _watch(environ)
        return
    found = look(environ)
    if as_json:
        emit(found)
    else:
        showing().print(picture(found))
    if not found.healthy:
        raise typer.Exit(1)


def look(environ: Mapping[str, str]) -> "Status":
    """The whole system now.

    Raises:
        ConfigurationError: a setting has a wrong value, so that nothing can be looked at.
    """
    from touchline import bootstrap, telemetry
    from touchline.cli import status_read
    from touchline.cli.status_problems import problems
    from touchline.cli.status_told import Status
    from touchline.error_reports import secrets

    ports = bootstrap.ports(environ)
    telemetry.log_to(ports.home / "log.jsonl", ports.common.log_level)
    hidden = tuple(secrets({**os.environ, **environ}))
    found: dict[str, Any] = {}
    told: status_read.Figures = {}
    unread: dict[str, str] = {}
    try:
        told, unread = status_read.figures(ports)
    except Exception as error:  # whatever is wrong with it, the rest is shown
        unread["figures"] = _why(error, hidden)
    for name, reader in status_read.READERS.items():
        try:
            found[name] = reader(ports, told)
        except Exception as error:
            unread[name] = _why(error, hidden)
    where = telemetry.redact(_place(ports), hidden)
    made = Status(at=ports.clock.now(), mode=ports.clock.mode, where=where, healthy=True, unread=unread, **found)
    listed = problems(made)
    healthy = all(one.severity != "critical" for one in listed)
    return msgspec.structs.replace(made, problems=listed, healthy=healthy)


def _why(error: Exception, hidden: tuple[str, ...]) -> str:
    from touchline import telemetry

    kind = "" if isinstance(error, TouchlineError) else f"{type(error).__name__}: "
    return telemetry.redact(f"{kind}{error}", hidden)


def _place(ports: "Container") -> str:
    return ports.common.store or str(ports.home)


def _watch(environ: Mapping[str, str]) -> None:
    from rich.live import Live

    from touchline.cli.status_show import picture

    with Live(picture(look(environ)), console=showing(), auto_refresh=False, screen=False) as live:
        try:
            while True:
                time.sleep(EVERY)
                live.update(picture(look(environ)), refresh=True)
        except KeyboardInterrupt:
            return
