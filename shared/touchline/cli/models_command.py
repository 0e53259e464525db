"""The commands `models`: which model serves and why, a second one beside it, and the one before again."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli import commands
from touchline.cli.terminal import AsJson, emit, scene, showing
from touchline.errors import ConfigurationError

if TYPE_CHECKING:
    from touchline.ports import Promotion

models = typer.Typer(no_args_is_help=True, help="Models: what was decided of them, a challenger, the one before.")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    models.command()(commands.rollback)
    app.add_typer(models, name="models")


@models.command()
def route(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Id of the challenger; or `candidate`, or `previous`.")] = "",
    shadow: Annotated[bool, typer.Option("--shadow", help="It forecasts and is settled, but answers nobody.")] = False,
    canary: Annotated[float, typer.Option(help="It answers this share, until it is taken back or promoted.")] = 0.0,
    ab: Annotated[float, typer.Option("--ab", help="It answers this share, to be compared.")] = 0.0,
    by_competition: Annotated[
        bool, typer.Option("--by-competition", help="It forecasts the given competitions in the champion's place.")
    ] = False,
    off: Annotated[bool, typer.Option("--off", help="The champion answers everybody again.")] = False,
    competition: Annotated[list[str] | None, typer.Option(help="Only there; may be repeated.")] = None,
    reason: commands.Reason = "",
    as_json: AsJson = False,
) -> None:
    """Let a second model forecast the same fixtures, and answer a share of those who ask.

    Who is answered by which model follows from a hash of client and match, so it stays the same. It must have passed
    the gates as a candidate. Both models are settled on the same matches: see /leaderboard.

    \b
    Examples:
      touchline models route --shadow candidate
      touchline models route --canary 0.1 3f0b4c1e9a7d2856f1c3
      touchline models route --ab 0.5 previous --competition E0 --competition E1
      touchline models route --by-competition previous --competition SP1
      touchline models route --off
    """
    modes = {"shadow": shadow, "canary": canary, "ab": ab, "competitions": by_competition, "off": off}
    chosen = [mode for mode, given in modes.items() if given]
    if len(chosen) != 1:
        raise ConfigurationError(
            "choose one of --shadow, --canary, --ab, --by-competition, --off", where="models route"
        )
    if bool(model) == off:
        raise ConfigurationError("--off needs no model, the others need one", where="models route")
    if by_competition and not competition:
        raise ConfigurationError("--by-competition needs --competition, once or more", where="models route")
    asked: dict[str, Any] = {"action": "route", "mode": chosen[0], "model_id": model, "share": canary or ab}
    commands.request(context, {**asked, "competitions": competition or [], "reason": reason}, as_json)


@models.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List what was decided of models, the newest last: who serves since when, what was refused, and why.

    \b
    Examples:
      touchline models list
      touchline models list --json
    """
    from touchline import bootstrap

    history = bootstrap.ports(scene(context).environ).promotions.history()
    if as_json:
        emit(history)
    else:
        _table(history)


def _table(history: "list[Promotion]") -> None:
    from rich.markup import escape
    from rich.table import Table

    from touchline.stages.promote_standing import SERVES, serving_row

    serving = serving_row(history)
    answering = next((row for row in reversed(history) if row.stage in SERVES), None)
    table = Table("", "number", "when", "model", "decision", box=None, pad_edge=False)
    table.add_column("why", overflow="fold")
    for row in history:
        mark = "*" if row is answering else ""
        cells = mark, str(row.number), f"{row.decided_at:%Y-%m-%d %H:%M}", row.model_version, row.stage, row.reason
        table.add_row(*map(escape, cells))
    showing().print(table if history else "nothing was decided yet: train a model first")
    if serving:
        showing().print(_serves(serving), soft_wrap=True, markup=False)


def _serves(row: "Promotion") -> str:
    from touchline.stages.promote_shadows import shadows_of
    from touchline.stages.promote_standing import challenge_of

    challenge = challenge_of(row.inputs)
    beside = ", ".join(f"{one.model_id} ({one.role})" for one in shadows_of(row.inputs))
    told = f"* serves: {row.champion}" + (f"; in the shadow: {beside}" if beside else "")
    if challenge is None:
        return told
    share = f", {challenge.route.share:.0%}" if challenge.route.share else ""
    where = f", only {', '.join(challenge.route.competitions)}" if challenge.route.competitions else ""
    return f"{told}; challenger {challenge.model_id} ({challenge.route.mode}{share}{where})"
