"""The command `deadletters`: work that was given up or refused, to look at, to deliver again, or to put aside."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
import typer

from touchline.cli.terminal import AsJson, emit, known_function, open_platform, report, scene, showing
from touchline.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from touchline.adapters.queue_file import QueueFile
    from touchline.bootstrap import Container
    from touchline.platform.letters import Letter

ID_DIGITS = 12
deadletters = typer.Typer(no_args_is_help=True, help="Work that was given up or refused: look, deliver again, discard.")
Ids = Annotated[list[str], typer.Argument(help="Ids as `list` shows them; their beginnings will do.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(deadletters, name="deadletters")


@deadletters.command("list")
def list_(
    context: typer.Context,
    function: Annotated[str, typer.Option(help="Only those of this function.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Also those that were redriven or discarded.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what asks for a decision: attempts spent (dead), input refused (parked), functions that died (crashed).

    \b
    Examples:
      touchline deadletters list
      touchline deadletters list --all --function validate --json
    """
    function = known_function(scene(context).environ, function)
    with _opened(context) as desk:
        known = desk.known()
    chosen = [one for one in known if (every or one.state == "open") and function in ("", one.function)]
    if as_json:
        emit(chosen)
    else:
        _table(chosen, every)


@deadletters.command()
def show(
    context: typer.Context,
    letter: Annotated[str, typer.Argument(help="Id as `list` shows it; its beginning will do.")],
    as_json: AsJson = False,
) -> None:
    """Show one: its event, what was wrong, what to do, and which objects are evidence.

    Example: touchline deadletters show 5b7ec7763f83
    """
    from touchline.platform import letters

    with _opened(context) as desk:
        (found,) = letters.find(desk.known(), [letter])
    if as_json:
        emit(found)
    else:
        showing().print(_lines(found), soft_wrap=True, markup=False)


@deadletters.command()
def redrive(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(help="Ids as `list` shows them; their beginnings will do.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are open.")] = False,
    as_json: AsJson = False,
) -> None:
    """Deliver again, as new work: with a higher generation, and all attempts. Mend the cause first.

    \b
    Examples:
      touchline deadletters redrive 5b7ec7763f83 84a8dbbc392d
      touchline deadletters redrive --all
    """
    from touchline.platform import letters

    if bool(ids) == every:
        raise ConfigurationError("name some letters, or give --all", where="deadletters redrive")
    if scene(context).environ.get("TOUCHLINE_CRASHES"):
        _redrive_away(context, ids, as_json)
        return
    with open_platform(scene(context).environ, quiet=as_json) as platform:
        known = letters.letters(platform.ports.store, platform.queue)
        chosen = [one for one in known if one.state == "open"] if every else letters.find(known, ids or [])
        letters.redrive(platform.ports.store, platform.queue, chosen, platform.ports.clock.now())
        records = platform.drain()
    report(records, as_json)


@deadletters.command()
def discard(
    context: typer.Context,
    ids: Ids,
    reason: Annotated[str, typer.Option(help="Why it need not be done; kept with it.")],
    as_json: AsJson = False,
) -> None:
    """Say that something need not be done; it is listed no more, and its objects stay as evidence.

    Example: touchline deadletters discard 5b7ec7763f83 --reason "a test file"
    """
    from touchline.platform import letters

    if not reason.strip():
        raise ConfigurationError("give a reason", where="--reason", hint="whoever looks later will want it")
    with _opened(context, write=True) as desk:
        chosen = letters.find(desk.known(), ids)
        with desk.queue.batch():
            for one in chosen:
                desk.discard(one, reason)
    if as_json:
        emit([one.id for one in chosen])
    else:
        typer.echo(f"discarded: {', '.join(one.id[:ID_DIGITS] for one in chosen)}")


def _redrive_away(context: typer.Context, ids: list[str] | None, as_json: bool) -> None:
    """Let the cloud that keeps dead letters of its own deliver again."""
    from touchline.platform import crashed, letters

    with _opened(context, write=True) as desk:
        known, now = desk.known(), desk.ports.clock.now()
        chosen = letters.find(known, ids) if ids else [one for one in known if one.state == "open"]
        assert desk.ports.crashes is not None
        done = crashed.redrive(desk.ports.store, desk.queue, desk.ports.crashes, desk.ports.emitter, chosen, now)
        for letter in done:
            emit(letter) if as_json else typer.echo(f"delivered again: {letter[:ID_DIGITS]}")


class _Desk(NamedTuple):
    """Where letters lie, and what was decided about them."""

    ports: "Container"
    queue: "QueueFile"

    def known(self) -> "list[Letter]":
        from touchline.platform import crashed

        return crashed.known(self.ports.store, self.queue, self.ports.crashes)

    def discard(self, letter: "Letter", reason: str) -> None:
        if letter.kind == "crashed" and self.ports.crashes is not None:
            self.ports.crashes.discard(letter.id)
        else:
            self.queue.decide(letter.id, "discarded", reason)


@contextmanager
def _opened(context: typer.Context, write: bool = False) -> "Iterator[_Desk]":
    """Letters and queue; a home that has no queue gets none unless something is to be written."""
    from touchline import bootstrap
    from touchline.adapters.queue_file import QueueFile
    from touchline.platform.lock import make

    ports = bootstrap.ports(scene(context).environ)
    if write:
        make(ports.home)
    path = ports.home / "platform.db"
    with closing(QueueFile(path if write or path.exists() else Path(":memory:"))) as queue:
        yield _Desk(ports, queue)


def _table(chosen: "list[Letter]", every: bool) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table("id", "function", "when", box=None, pad_edge=False)
    table.add_column("key", overflow="fold")  # its end is the name of the file
    for heading in ("attempts", "why", *(["state"] if every else [])):
        table.add_column(heading)
    for one in chosen:
        why = f"{one.kind}: {one.why.splitlines()[0] if one.why else one.error.kind}"
        state = [f"{one.state}{f': {one.decision}' if one.decision else ''}"] if every else []
        cells = one.id[:ID_DIGITS], one.function, f"{one.when:%Y-%m-%d %H:%M:%S}", one.key, str(one.attempts), why
        table.add_row(*map(escape, (*cells, *state)))
    showing().print(table if chosen else "no dead letters" if every else "nothing asks for a decision")


def _lines(one: "Letter") -> str:
    fault = one.error
    told = {
        "id": one.id,
        "function": f"{one.function}, {one.kind} after {one.attempts} attempt{'s' if one.attempts > 1 else ''}",
        "when": f"{one.when:%Y-%m-%d %H:%M:%S} UTC",
        "state": f"{one.state}{f': {one.decision}' if one.decision else ''}",
        "error": f"{fault.kind}: {fault.what}",
        "where": fault.where,
        "details": "\n          ".join(fault.details),
        "hint": fault.hint,
        "evidence": "\n          ".join(one.evidence),
        "event": msgspec.json.encode(one.event).decode() if one.event else "none that could be understood",
        "trace": fault.trace,
    }
    return "\n".join(f"{name:<9} {text}" for name, text in told.items() if text)
