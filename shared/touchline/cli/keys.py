"""The commands `keys`: who may ask the service, what for, how often and how long."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from touchline.cli.terminal import AsJson, emit, scene, showing, since_moment
from touchline.domain.keys import (
    MOST_PER_MINUTE,
    PREFIX,
    RANDOM_BYTES,
    SCOPES,
    IssuedKey,
    Key,
    Scope,
    digest_of,
    key_text,
    state_of,
)
from touchline.errors import ConfigurationError, NotFound

if TYPE_CHECKING:
    from touchline.bootstrap import Container

USUAL_PER_MINUTE = 600
LONGEST_NAME = 100

keys = typer.Typer(no_args_is_help=True, help="Keys of the service: who may ask what, how often, how long.")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(keys, name="keys")


@keys.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="Who or what will use it, for the list and the records.")],
    scope: Annotated[list[str], typer.Option(help="read, predict or admin; may be repeated.")],
    per_minute: Annotated[
        int, typer.Option(help="Requests a minute that one instance answers.", min=1, max=MOST_PER_MINUTE)
    ] = USUAL_PER_MINUTE,
    expires: Annotated[str, typer.Option(help="Moment from which on it is refused: a date, or ISO 8601.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a key, and show it this once: nobody can show it again, since only its hash is kept.

    The key alone goes to standard output. `read` lists what was published, `predict` asks for forecasts of one match,
    `admin` may do everything.

    \b
    Examples:
      touchline keys create --name website --scope read --scope predict
      KEY=$(touchline keys create --name ci --scope read --per-minute 60 --expires 2027-01-01)
    """
    ports = _ports(context)
    text, now = key_text(secrets.token_bytes(RANDOM_BYTES)), ports.clock.now()
    key = Key(
        id=secrets.token_hex(6), name=_name(name), digest=digest_of(text), scopes=_scopes(scope), per_minute=per_minute,
        created=now, expires=_future(expires, now),
    )  # fmt: skip
    first = not ports.keys.issued()
    ports.keys.issue(key)
    if as_json:
        emit(_told(IssuedKey(key=key), now) | {"key": text})
    else:
        typer.echo(text)
    typer.secho(f"key {key.id} of {key.name}: keep it now, it is shown only once", err=True)
    if first:
        typer.secho("a service that was started open stays open until it is started again", err=True, fg="yellow")
    _publish(ports)


@keys.command(name="list")
def list_keys(context: typer.Context, as_json: AsJson = False) -> None:
    """List keys, also those that expired or were revoked; never the keys themselves.

    What the service knows of them is brought in line, should it not be.

    Example: touchline keys list --json
    """
    ports = _ports(context)
    now = ports.clock.now()
    rows = [_told(one, now) for one in ports.keys.issued()]
    if as_json:
        emit(rows)
    else:
        _show(rows)
    _publish(ports)


@keys.command()
def revoke(
    context: typer.Context,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `touchline keys list` shows it, or the key itself.")],
    as_json: AsJson = False,
) -> None:
    """Refuse a key from now on, for good; every instance knows within two seconds.

    Example: touchline keys revoke 3f9a0c21b7de
    """
    ports = _ports(context)
    now = ports.clock.now()
    gone = ports.keys.revoke(_id_of(ports, key_id), now)
    _publish(ports)
    if as_json:
        emit(_told(gone, now))
    else:
        typer.echo(f"{gone.key.id} ({gone.key.name}) is revoked since {_moment(gone.revoked)}")


def _ports(context: typer.Context) -> "Container":
    from touchline import bootstrap

    return bootstrap.ports(scene(context).environ)


def _publish(ports: "Container") -> None:
    """Tell the service; a key that it knows nothing of is refused, and one that was revoked is not yet.

    Raises:
        Unavailable, Conflict, CorruptObject: the service could not be told.
    """
    from touchline.stages.promote_keys import project_keys

    if project_keys(ports.keys, ports.store):
        typer.secho("the service knows within two seconds", err=True)


def _id_of(ports: "Container", named: str) -> str:
    """Id of a key that is named by its id, or by itself: of one that leaked nobody may know the id.

    Raises:
        NotFound: it is a key that was never made here.
    """
    if not named.startswith(PREFIX):
        return named
    digest = digest_of(named)
    found = next((one.key.id for one in ports.keys.issued() if one.key.digest == digest), "")
    if not found:
        raise NotFound("this key was not made here", hint="`touchline keys list` shows the ids of those that were")
    return found


def _scopes(asked: list[str]) -> tuple[Scope, ...]:
    """Scopes in our order, each once.

    Raises:
        ConfigurationError: there is no such scope.
    """
    for name in asked:
        if name not in SCOPES:
            raise ConfigurationError(f"no scope {name!r}", where="--scope", hint=f"known: {', '.join(SCOPES)}")
    return tuple(name for name in SCOPES if name in asked)


def _name(text: str) -> str:
    """A name that lists and logs can show.

    Raises:
        ConfigurationError: it is empty, too long, or has signs that cannot be seen.
    """
    name = text.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise ConfigurationError(f"no name: 1 to {LONGEST_NAME} signs that can be seen", where="--name")
    return name


def _future(text: str, now: datetime) -> datetime | None:
    """Moment of expiry, None if it never comes.

    Raises:
        ConfigurationError: it is no moment, or has passed.
    """
    try:
        moment = since_moment(text)
    except ConfigurationError as error:
        raise ConfigurationError(error.what, where="--expires", hint=error.hint) from None
    if moment is not None and moment <= now:
        raise ConfigurationError(f"{text} has passed", where="--expires")
    return moment


def _told(one: IssuedKey, now: datetime) -> dict[str, Any]:
    """What may be shown of a key: all but its hash."""
    shown: dict[str, Any] = msgspec.to_builtins(one.key)
    del shown["digest"]
    return shown | {"revoked": msgspec.to_builtins(one.revoked), "state": state_of(one, now)}


def _show(rows: list[dict[str, Any]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    if not rows:
        typer.echo("no key was ever made; `touchline keys create` makes one")
        return
    table = Table(box=None, pad_edge=False)
    for title in ("id", "name", "scopes", "a minute", "created", "expires", "state"):
        table.add_column(title)
    for row in rows:
        state = f"revoked {_day(row['revoked'])}" if row["revoked"] else row["state"]
        table.add_row(
            row["id"], escape(row["name"]), ", ".join(row["scopes"]), str(row["per_minute"]), _day(row["created"]),
            _day(row["expires"]) or "never", state,
        )  # fmt: skip
    showing().print(table)


def _day(moment: str | None) -> str:
    return (moment or "")[:16].replace("T", " ")


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""
