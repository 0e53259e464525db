"""Commands that make the chain move: run, ingest, promote, rollback."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline import tracing
from touchline.cli.terminal import AsJson, open_platform, report, scene
from touchline.errors import ConfigurationError, DataError
from touchline.manifest import encode

if TYPE_CHECKING:
    from touchline.platform.guest import Chain
    from touchline.ports import Payload
    from touchline.telemetry import RunRecord
    from touchline.work import Event

Reason = Annotated[str, typer.Option(help="Kept with the decision.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (run, ingest, promote, rollback):
        app.command()(command)


def run(
    context: typer.Context,
    function: Annotated[str, typer.Argument(help="A function of the wiring, or `chain` for all that is due.")],
    event: Annotated[Path | None, typer.Option(help="File with the event: a CloudEvent, or {'key': ...}.")] = None,
    key: Annotated[str, typer.Option(help="Object to work on, also if it was worked on before.")] = "",
    as_json: AsJson = False,
) -> None:
    """Run one function, or whatever is due.

    Without --event and --key a function gets what is due; if nothing is, and it has a schedule, a tick of that.

    \b
    Examples:
      touchline run chain
      touchline run train
      touchline run export --key scrapes/published/000000000003.json
      touchline run validate --event event.json
    """
    with open_platform(scene(context).environ, quiet=as_json) as platform:
        if function == "chain":
            records = platform.drain()
        else:
            records = [platform.deliver(function, asked) for asked in _asked(platform, function, event, key)]
    report(records, as_json)


def _asked(platform: "Chain", function: str, file: Path | None, key: str) -> "list[Event]":
    from touchline import events

    if file is not None:
        if not file.is_file():
            raise ConfigurationError("no such file", where=str(file))
        return [events.from_json(file.read_bytes(), platform.ports.clock.now(), str(file))]
    if key:
        return [platform.object_event(function, key)]
    return list(platform.pending(function)) or [platform.tick(function)]


def ingest(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Files with matches as published, or folders of them.")],
    as_json: AsJson = False,
) -> None:
    """Take in files with matches, and run the chain.

    The file is kept as it is; rows that cannot be read are listed in the scrape's report. The same file again changes
    nothing.

    \b
    Examples:
      touchline ingest E0.csv
      touchline ingest seasons/
    """
    with open_platform(scene(context).environ, quiet=as_json) as platform:
        records = take_in(platform, files) + platform.drain()
    report(records, as_json)


def take_in(platform: "Chain", paths: Sequence[Path]) -> "list[RunRecord]":
    """Put files, or those of folders, under `incoming/`, where the chain finds them.

    Raises:
        NotFound, DataError: a file does not exist, or is of no kind that is read; nothing is put down then.
    """
    from touchline.sources import files

    now = platform.ports.clock.now()
    return put_down(platform, [payload for path in paths for payload in files.read(path, now)])


def put_down(platform: "Chain", payloads: "Sequence[Payload]") -> "list[RunRecord]":
    """Put payloads under `incoming/`.

    What came in at this very moment before, which can only be under a clock set by hand, is delivered anew here.
    """
    from touchline.sources import files

    store, now = platform.ports.store, platform.ports.clock.now()
    keys = [(files.incoming_key(payload.name, payload.body, now), payload.body) for payload in payloads]
    again = [key for key, body in keys if not store.create(key, body)]
    return [platform.deliver("scrape", platform.object_event("scrape", key)) for key in again]


def promote(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Id of a model, as `touchline runs --function train` shows it.")],
    reason: Reason = "",
    force: Annotated[
        bool, typer.Option("--force", help="Also if the scores say no; never if it does not work.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask for a model to become champion; the promotion rules hold unless forced.

    Example: touchline promote 3f0b4c1e9a7d2856f1c3 --reason "new season"
    """
    request(context, {"action": "promote", "model_id": model, "reason": reason, "force": force}, as_json)


def rollback(context: typer.Context, reason: Reason = "", as_json: AsJson = False) -> None:
    """Make the previous champion the champion again.

    Example: touchline rollback --reason "forecasts look odd since Friday"
    """
    request(context, {"action": "rollback", "reason": reason}, as_json)


def request(context: typer.Context, body: dict[str, Any], as_json: bool) -> None:
    """Put a request to promote down, and run the chain.

    Raises:
        DataError: there is a request of this very moment.
    """
    with open_platform(scene(context).environ, quiet=as_json) as platform:
        now = platform.ports.clock.now()
        stamp = f"{now:%Y%m%dt%H%M%S%fz}"
        key = f"requests/promotion/cli/{stamp}.json"
        asked = body | {"requested_by": "command line", "asked_at": now, "traceparent": tracing.child()}
        if not platform.ports.store.create(key, encode(asked)):
            raise DataError("a request of the same moment exists", where=key, hint="ask again")
        records = platform.drain()
    report(records, as_json)
