"""Commands that make the chain move: run, ingest, promote, rollback, teams; and runs, to look back."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.terminal import AsJson, emit, open_platform, scene, showing, verdict
from touchline.errors import ConfigurationError, DataError
from touchline.manifest import encode

if TYPE_CHECKING:
    from touchline.platform.runner import Platform
    from touchline.ports import Payload
    from touchline.telemetry import RunRecord
    from touchline.work import Event

teams = typer.Typer(no_args_is_help=True, help="Names of teams: which spelling stands for which club.")


Reason = Annotated[str, typer.Option(help="Kept with the decision.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (run, ingest, promote, rollback, runs):
        app.command()(command)
    app.add_typer(teams, name="teams")


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
    _report(records, as_json)


def _asked(platform: "Platform", function: str, file: Path | None, key: str) -> "list[Event]":
    from touchline import events

    if file is not None:
        if not file.is_file():
            raise ConfigurationError("no such file", where=str(file))
        return [events.from_json(file.read_bytes(), platform.ports.clock.now(), str(file))]
    if key:
        return [platform.object_event(function, key)]
    return list(platform.pending(function)) or [platform.tick(function)]


def _report(records: "list[RunRecord]", as_json: bool) -> None:
    if as_json:
        emit(records)
    elif not records:
        typer.echo("nothing is due")
    code = verdict(records)
    if code:
        raise typer.Exit(code)


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
    _report(records, as_json)


def take_in(platform: "Platform", paths: Sequence[Path]) -> "list[RunRecord]":
    """Put files, or those of folders, under `incoming/`, where the chain finds them.

    Raises:
        NotFound, DataError: a file does not exist, or is of no kind that is read; nothing is put down then.
    """
    from touchline.sources import files

    now = platform.ports.clock.now()
    return put_down(platform, [payload for path in paths for payload in files.read(path, now)])


def put_down(platform: "Platform", payloads: "Sequence[Payload]") -> "list[RunRecord]":
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
    _request(context, {"action": "promote", "model_id": model, "reason": reason, "force": force}, as_json)


def rollback(context: typer.Context, reason: Reason = "", as_json: AsJson = False) -> None:
    """Make the previous champion the champion again.

    Example: touchline rollback --reason "forecasts look odd since Friday"
    """
    _request(context, {"action": "rollback", "reason": reason}, as_json)


def _request(context: typer.Context, body: dict[str, str | bool], as_json: bool) -> None:
    with open_platform(scene(context).environ, quiet=as_json) as platform:
        stamp = f"{platform.ports.clock.now():%Y%m%dt%H%M%S%fz}"
        key = f"requests/promotion/cli/{stamp}.json"
        if not platform.ports.store.create(key, encode(body | {"requested_by": "command line"})):
            raise DataError("a request of the same moment exists", where=key, hint="ask again")
        records = platform.drain()
    _report(records, as_json)


@teams.command()
def accept(
    context: typer.Context,
    alias: Annotated[str, typer.Argument(help="Spelling as the source has it.")],
    team: Annotated[str, typer.Argument(help="Name of the club that is meant, as stored.")],
    country: Annotated[str, typer.Option(help="Country of the club, as in `touchline doctor`.")],
) -> None:
    """Let a spelling stand for a club that is known.

    Example: touchline teams accept "Man Utd" "Man United" --country England
    """
    _name(context, country, alias, team)


@teams.command()
def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the club.")],
    country: Annotated[str, typer.Option(help="Country of the club.")],
) -> None:
    """Say that a name is a club of its own, however much it looks like another.

    Example: touchline teams new "RB Leipzig" --country Germany
    """
    _name(context, country, name, name)


def _name(context: typer.Context, country: str, alias: str, team: str) -> None:
    from touchline import bootstrap

    bootstrap.ports(scene(context).environ).matches.add_alias(country, alias, team)
    what = f"a club of its own in {country}" if alias == team else f"{team} ({country})"
    typer.echo(f"{alias} is {what}; run `touchline run chain` after ingesting the file again")


def runs(
    context: typer.Context,
    function: Annotated[str, typer.Option(help="Only runs of this function.")] = "",
    failed: Annotated[bool, typer.Option("--failed", help="Only runs that failed or were parked.")] = False,
    last: Annotated[int, typer.Option(help="How many, newest first.", min=1)] = 20,
    tree: Annotated[
        str, typer.Option(help="One chain with its timings: of a trace, of an object's key, or `last`.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List what ran, newest first; or show what came of what.

    \b
    Examples:
      touchline runs --failed
      touchline runs --function train --json
      touchline runs --tree last
    """
    from touchline import bootstrap
    from touchline.cli import tree as chains
    from touchline.manifest import decode
    from touchline.telemetry import RunRecord

    store = bootstrap.ports(scene(context).environ).store
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
