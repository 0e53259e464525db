"""What all commands share: where they run, how they speak, how an error looks."""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from touchline import telemetry
from touchline.errors import ConfigurationError, Conflict, CorruptObject, RetryableError, TouchlineError

if TYPE_CHECKING:
    from rich.console import Console

    from touchline.platform.guest import Chain
    from touchline.telemetry import RunRecord

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of text.")]


class Scene(msgspec.Struct, frozen=True):
    """Environment of the commands: that of the process, with the options that stand before the command."""

    environ: Mapping[str, str]


def scene(context: typer.Context) -> Scene:
    """The scene that the options before the command have set."""
    found: Scene = context.find_object(Scene) or Scene(dict(os.environ))
    return found


def speaking() -> "Console":
    """Standard error, for progress and complaints: standard output is for results."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def showing() -> "Console":
    """Standard output, for results."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def emit(value: Any) -> None:
    """One line of JSON on standard output, keys sorted."""
    typer.echo(msgspec.json.encode(value, order="sorted").decode())


def complain(error: TouchlineError) -> int:
    """Say on standard error what was wrong, where, and what to do; returns the exit code: 1, 2 or 3."""
    typer.secho(f"error: {telemetry.redact(str(error))}", err=True, fg=typer.colors.RED)
    return exit_code(error)


def exit_code(error: TouchlineError) -> int:
    """1 for an object that is not what was promised, 3 for what may work later, 2 for wrong data or settings."""
    if isinstance(error, CorruptObject):
        return 1
    return 3 if isinstance(error, RetryableError) else 2


def open_platform(environ: Mapping[str, str], *, quiet: bool = False) -> "Chain":
    """The embedded platform, its progress on standard error and its log in a file under the home.

    Where another platform works in the home, that one does the work, and we wait for it.
    """
    from touchline.cli.progress import Deliveries
    from touchline.platform.guest import Guest
    from touchline.platform.runner import Platform

    watch = None if quiet else Deliveries(speaking())
    platform: Chain
    try:
        platform = Platform(environ, watch=watch)
    except Conflict:
        platform = Guest(environ, watch=watch)
        typer.secho("another platform works in this home: it does the work, this waits (Ctrl-C leaves it)", err=True)
    for handler in telemetry.LOGGER.handlers[:]:  # of a platform that was opened before
        telemetry.LOGGER.removeHandler(handler)
        handler.close()
    telemetry.log_to(platform.ports.home / "log.jsonl", platform.ports.common.log_level)
    if watch is not None:
        telemetry.LOGGER.addHandler(watch)
    return platform


def report(records: "Sequence[RunRecord]", as_json: bool) -> None:
    """Say how runs ended: as JSON, or what asks for somebody.

    Raises:
        typer.Exit: with the code of `verdict`, unless all is well.
    """
    if as_json:
        emit(records)
    elif not records:
        typer.echo("nothing is due")
    if code := verdict(records):
        raise typer.Exit(code)


def known_function(environ: Mapping[str, str], name: str) -> str:
    """A function's name, or nothing, as given.

    Raises:
        ConfigurationError: the wiring has no function of that name.
    """
    from touchline import wiring

    if name:
        wiring.load(wiring.root(environ)).function(name)
    return name


def since_moment(text: str) -> datetime | None:
    """Moment of the option --since: a date, or ISO 8601, in UTC where it names no offset; None if it is empty.

    Raises:
        ConfigurationError: it is neither.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{text!r} is no date", where="--since", hint="as in 2026-11-01") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def verdict(records: "Sequence[RunRecord]") -> int:
    """Exit code of some runs: 3 if one failed for good, 2 if one was parked; both are said on standard error.

    So are the rows that a scrape refused, those that wait for a name, and the teams that it met for the first time.
    """
    for record in records:
        if record.outcome in ("failed", "parked"):
            place = "deadletter" if record.outcome == "failed" else f"quarantine/{record.function}/{record.work}"
            typer.secho(f"{record.function} {record.outcome}: {record.reason}\n  kept in {place}", err=True, fg="red")
        if refused := record.summary.get("rejected"):
            where = f"quarantine/{record.function}/{record.work}/rejected.json"
            typer.secho(f"rows refused: {refused}, each with its reason in {where}", err=True, fg="yellow")
        if new := record.summary.get("teams_new"):
            named = ", ".join(record.summary.get("new_teams", ()))
            typer.secho(f"teams not known before: {new}" + (f": {named}" if named else ""), err=True)
        if rows := record.summary.get("rows_waiting"):
            told = f"rows that wait for unknown names: {rows}; see touchline teams unresolved"
            typer.secho(told, err=True, fg="yellow")
    outcomes = {record.outcome for record in records}
    return 3 if "failed" in outcomes else 2 if "parked" in outcomes else 0
