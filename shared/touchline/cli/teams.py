"""The commands `teams`: which spelling stands for which club, and which names wait for somebody's word."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from touchline.cli.terminal import AsJson, emit, scene, showing, verdict
from touchline.errors import NotFound

if TYPE_CHECKING:
    from touchline.bootstrap import Container
    from touchline.collecting import Unresolved
    from touchline.telemetry import RunRecord

teams = typer.Typer(no_args_is_help=True, help="Names of teams: which spelling stands for which club.")
Country = Annotated[str, typer.Option(help="Country of the club, as in `touchline teams list`.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(teams, name="teams")


@teams.command()
def unresolved(context: typer.Context, as_json: AsJson = False) -> None:
    """List names of sources that nobody declared, what they may mean, and the command that says so.

    Example: touchline teams unresolved
    """
    found = _ports(context).names.unresolved()
    if as_json:
        emit([msgspec.to_builtins(one) | {"commands": _commands(one)} for one in found])
        return
    if not found:
        typer.echo("no name waits")
    for one in found:
        where = f"{one.country}, {one.competition}, by {one.source}, last seen {one.last_seen:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{one.name} ({where}): {one.rows} row{'s' * (one.rows != 1)} wait{'s' * (one.rows == 1)}")
        for command in _commands(one):
            typer.echo(f"  {command}")


@teams.command()
def accept(
    context: typer.Context,
    alias: Annotated[str, typer.Argument(help="Spelling as the source has it.")],
    team: Annotated[str, typer.Argument(help="Name of the club that is meant, as stored.")],
    country: Country,
    as_json: AsJson = False,
) -> None:
    """Let a spelling stand for a club that is known; rows that wait for it are taken in at once.

    Example: touchline teams accept "Man Utd" "Man United" --country England
    """
    _name(context, country, alias, team, as_json)


@teams.command()
def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the club.")],
    country: Country,
    as_json: AsJson = False,
) -> None:
    """Say that a name is a club of its own, however much it looks like another; rows that wait are taken in at once.

    Example: touchline teams new "RB Leipzig" --country Germany
    """
    _name(context, country, name, name, as_json)


@teams.command()
def merge(
    context: typer.Context,
    wrong: Annotated[str, typer.Argument(help="Name of the club that should not be there.")],
    right: Annotated[str, typer.Argument(help="Name of the club that it is in truth.")],
    country: Country,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let two clubs be one: matches and names of the wrong one become the other's.

    Example: touchline teams merge "Man Utd" "Man United" --country England
    """
    ports = _ports(context)
    names = ports.matches.teams().get(country, {})
    for name in (wrong, right):
        if names.get(name) != name:
            raise NotFound(f"no team {name!r} in {country}", where=name, hint="`touchline teams list` shows them")
    moved = ports.matches.merge_teams(country, wrong, right, dry_run=dry_run)
    spellings = sorted(spelling for spelling, team in names.items() if team == wrong)
    if as_json:
        emit({"country": country, "wrong": wrong, "right": right, "matches": moved, "names": spellings,
              "dry_run": dry_run})  # fmt: skip
        return
    would = "would become" if dry_run else "became"
    typer.echo(f"{moved} matches of {wrong} {would} {right}'s; names that {would} its own: {', '.join(spellings)}")


@teams.command(name="list")
def list_teams(
    context: typer.Context,
    country: Annotated[str, typer.Option(help="Only this country.")] = "",
    as_json: AsJson = False,
) -> None:
    """List teams with the spellings that stand for them.

    \b
    Examples:
      touchline teams list
      touchline teams list --country England --json
    """
    stored = _ports(context).matches.teams()
    if country and country not in stored:
        hint = f"known are {', '.join(sorted(stored))}" if stored else "nothing is stored yet"
        raise NotFound(f"no team in {country}", where="--country", hint=hint)
    found = {land: _spellings(names) for land, names in sorted(stored.items()) if land == (country or land)}
    if as_json:
        emit(found)
        return
    console = showing()
    for land, names in found.items():
        console.print(f"{land}: {len(names)} teams")
        for team, others in names.items():
            console.print(f"  {team}" + (f" ({', '.join(others)})" if others else ""))


def _name(context: typer.Context, country: str, alias: str, team: str, as_json: bool) -> None:
    """Declare a name, and take in what waits for it."""
    from touchline.cli.reparse import store, told
    from touchline.stages.scrape_reparse import Request

    ports = _ports(context)
    asked = country, alias.casefold()
    waiting = [one for one in ports.names.unresolved() if (one.country, one.name.casefold()) == asked]
    ports.matches.add_alias(country, alias, team)
    records: list[RunRecord] = []
    for one in waiting:
        records.append(store(scene(context).environ, Request(one.source, one.first_seen), quiet=True))
        ports.names.resolved(one.source, one.country, one.name)
    if as_json:
        emit({"country": country, "name": alias, "team": team, "records": records})
        _end(records)
        return
    what = f"a club of its own in {country}" if alias == team else f"{team} ({country})"
    typer.echo(f"{alias} is {what}")
    for one, record in zip(waiting, records, strict=True):
        typer.echo(f"what waited of {one.source} was taken in: {told(record)}")
    if not waiting:
        typer.echo("no kept payload waits for it; ingest the file again")
    typer.echo("`touchline run chain` brings it on")
    _end(records)


def _end(records: "list[RunRecord]") -> None:
    """Leave with the code that says how taking in went.

    Raises:
        typer.Exit: unless all is well.
    """
    if code := verdict(records):
        raise typer.Exit(code)


def _ports(context: typer.Context) -> "Container":
    from touchline import bootstrap

    return bootstrap.ports(scene(context).environ)


def _commands(one: "Unresolved") -> list[str]:
    """What may be typed to say who a name is, the likeliest first."""
    country = shlex.quote(one.country)
    name = shlex.quote(one.name)
    meant = [f"touchline teams accept {name} {shlex.quote(team)} --country {country}" for team in one.suggestions]
    return [*meant, f"touchline teams new {name} --country {country}"]


def _spellings(names: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, Any] = {team: [] for team in sorted(set(names.values()))}
    for spelling in sorted(names):
        if names[spelling] != spelling:
            found[names[spelling]].append(spelling)
    return found
