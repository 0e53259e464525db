"""The commands `teams`: which spelling stands for which club."""

from typing import Annotated

import typer

from touchline.cli.terminal import scene

teams = typer.Typer(no_args_is_help=True, help="Names of teams: which spelling stands for which club.")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(teams, name="teams")


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
