"""The command `replay`: deliver objects again to the functions that they wake."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from touchline.cli.terminal import AsJson, emit, open_platform, report, scene, showing, since_moment
from touchline.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from touchline.ports import ObjectInfo, ObjectStore
    from touchline.wiring import Wiring

MANY = 100
"""More deliveries than this want a confirmation."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(replay)


class _Asked(msgspec.Struct, frozen=True):
    """Which deliveries are asked for."""

    prefix: str
    function: str
    since: datetime | None


def replay(
    context: typer.Context,
    prefix: Annotated[str, typer.Option(help="Objects under this prefix.")],
    since: Annotated[str, typer.Option(help="Only objects written since: a date, or ISO 8601 (UTC).")] = "",
    function: Annotated[str, typer.Option(help="Only to this function.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be delivered, and stop.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help=f"Also if these are more than {MANY} deliveries.")] = False,
    as_json: AsJson = False,
) -> None:
    """Deliver the objects under a prefix again, as new work, to the functions that they wake; then run the chain.

    What is there already stays as it is: functions find their work done, unless their code or its inputs changed.

    \b
    Examples:
      touchline replay --prefix raw/ --dry-run
      touchline replay --prefix scrapes/published/ --since 2026-11-01 --function export
    """
    from touchline import bootstrap, wiring

    environ = scene(context).environ
    asked = _Asked(prefix, function, since_moment(since))
    wired = wiring.load(wiring.root(environ))
    found = list(_found(wired, bootstrap.ports(environ).store, asked))
    if dry_run:
        _show(found, as_json)
        return
    if len(found) > MANY and not yes:
        hint = "look at them with --dry-run, then give --yes"
        raise ConfigurationError(f"these are {len(found)} deliveries", where=f"--prefix {prefix}", hint=hint)
    with open_platform(environ, quiet=as_json) as platform:
        owed = [(name, info, platform.object_event(name, info.key)) for name, info in found]
        with platform.queue.batch():
            for name, info, event in owed:
                platform.queue.add(name, event, info.etag)
        records = platform.drain()
    report(records, as_json)


def _found(wired: "Wiring", store: "ObjectStore", asked: _Asked) -> "Iterator[tuple[str, ObjectInfo]]":
    """(function, object) of each delivery; publications newest first.

    Raises:
        ConfigurationError: nobody is woken by such objects.
    """
    from touchline.wiring import overlap

    names = [asked.function] if asked.function else list(wired.functions)
    woken = [(name, prefix) for name in names for prefix in wired.function(name).prefixes]
    fitting = [(name, prefix) for name, prefix in woken if overlap(prefix, asked.prefix)]
    if not fitting:
        known = ", ".join(dict.fromkeys(prefix for _, prefix in woken)) or "no prefix at all"
        who = asked.function or "nobody"
        raise ConfigurationError(
            f"{who} is {'not ' if asked.function else ''}woken by objects under {asked.prefix!r}",
            where="--prefix",
            hint=f"{asked.function or 'somebody'} is woken by {known}",
        )
    for name, prefix in fitting:
        infos = list(store.list(max(prefix, asked.prefix, key=len)))
        for info in reversed(infos) if prefix.endswith("/published/") else infos:
            if asked.since is None or info.modified >= asked.since:
                yield name, info


def _show(found: "list[tuple[str, ObjectInfo]]", as_json: bool) -> None:
    if as_json:
        emit([{"function": name, "key": info.key, "modified": info.modified} for name, info in found])
        return
    from rich.table import Table

    table = Table("function", "key", "written", box=None, pad_edge=False)
    for name, info in found:
        table.add_row(name, info.key, f"{info.modified:%Y-%m-%d %H:%M:%S}")
    showing().print(table if found else "no such objects")
