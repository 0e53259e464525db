"""The commands `doctor` (what is configured, what answers, what to do about the rest) and `migrate`."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Annotated, Final, Literal

import msgspec
import typer

from touchline import telemetry, wiring
from touchline.cli import doctor_parts
from touchline.cli.terminal import AsJson, emit, scene, showing
from touchline.error_reports import secrets
from touchline.errors import NotFound, TouchlineError

PATIENCE: Final = 10.0
"""Seconds for a server that somebody else runs."""
OWN_PATIENCE: Final = 60.0
"""Seconds for what has to be made or loaded on this machine first."""
_QUICK: Final = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "5", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}


class Finding(msgspec.Struct, frozen=True):
    """One part: `ok`, `missing` (nothing there yet, or not asked for) or `failed`, then with advice."""

    part: str
    state: Literal["ok", "missing", "failed"]
    what: str
    advice: str = ""
    seconds: float = 0.0


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(doctor)
    app.command()(migrate)


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Try every part once and say what is configured, reachable and missing; exit code 1 if a part fails.

    A server that takes calls and never answers is given up after 10 seconds.

    Example: touchline doctor --json
    """
    for name, value in _QUICK.items():
        os.environ.setdefault(name, value)
    findings = list(examine(scene(context).environ))
    if as_json:
        emit(findings)
    else:
        _print(findings)
    if any(finding.state == "failed" for finding in findings):
        raise typer.Exit(1)


def migrate(
    context: typer.Context,
    grants: Annotated[
        bool, typer.Option("--grants", help="Also make a role for each function, and one to read.")
    ] = False,
) -> None:
    """Bring the database to the newest revision; the address must be that of a user who may.

    Everything else does so too when it first meets an older database, if its user may. With --grants (PostgreSQL), each
    function gets a role that may write its own tables only; users are made members of it. What was done is shown.

    Example: TOUCHLINE_DATABASE=postgresql://owner@db/touchline touchline migrate --grants
    """
    from touchline import bootstrap
    from touchline.adapters import database
    from touchline.adapters.grants import apply

    environ = scene(context).environ
    ports = bootstrap.ports(environ)  # whoever lets go of them closes the engine
    typer.echo(f"revision {database.revision(ports.engine)}")
    for statement in apply(ports.engine, wiring.load(wiring.root(environ))) if grants else ():
        typer.echo(f"{statement};")


def examine(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Findings, part by part; one that fails stops none of the others."""
    from touchline import bootstrap

    hidden = tuple(secrets({**os.environ, **environ}))
    yield _tried("python", doctor_parts.packages, hidden)
    yield _tried("wiring", partial(doctor_parts.wiring_file, environ), hidden)
    yield _tried("settings", partial(doctor_parts.variables, environ), hidden)
    try:
        ports = bootstrap.ports(environ)
    except TouchlineError as error:
        yield Finding("ports", "failed", telemetry.redact(str(error), hidden))
        return
    failed: set[str] = set()
    for part in doctor_parts.PARTS:
        if part.after in failed:
            yield Finding(part.name, "missing", f"not tried, since {part.after} failed")
            continue
        patience = PATIENCE if environ.get(part.variable) else OWN_PATIENCE
        found = _tried(part.name, partial(part.attempt, ports), hidden, part.advice, patience)
        failed |= {part.name} if found.state == "failed" else set()
        yield found


def _tried(
    name: str, attempt: Callable[[], str], hidden: tuple[str, ...], advice: str = "", patience: float = OWN_PATIENCE
) -> Finding:
    """One attempt, in a thread of its own: what hangs is left behind."""
    outcomes: list[Finding] = []
    thread = threading.Thread(target=lambda: outcomes.append(_outcome(name, attempt, hidden)), daemon=True)
    begun = time.perf_counter()
    thread.start()
    thread.join(patience)
    found = outcomes[0] if outcomes else Finding(name, "failed", f"no answer within {patience:.0f} s")
    seconds = round(time.perf_counter() - begun, 2)
    return msgspec.structs.replace(found, seconds=seconds, advice=advice if found.state == "failed" else "")


def _outcome(name: str, attempt: Callable[[], str], hidden: tuple[str, ...]) -> Finding:
    try:
        return Finding(name, "ok", telemetry.redact(attempt(), hidden))
    except NotFound as error:
        return Finding(name, "missing", telemetry.redact(str(error), hidden))
    except Exception as error:  # the doctor reports whatever is wrong, and goes on
        kind = "" if isinstance(error, TouchlineError) else f"{type(error).__name__}: "
        return Finding(name, "failed", telemetry.redact(f"{kind}{error}", hidden))


def _print(findings: list[Finding]) -> None:
    from rich.markup import escape

    styles = {"ok": "green", "missing": "yellow", "failed": "red"}
    console = showing()
    for finding in findings:
        style, told = styles[finding.state], escape(finding.what)
        console.print(
            f"{finding.part:<9} [{style}]{finding.state:<8}[/]{finding.seconds:>6.2f} s  {told}", soft_wrap=True
        )
        if finding.advice:
            console.print(f"{'':<28}{escape(finding.advice)}", soft_wrap=True)
