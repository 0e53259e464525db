"""The command `players`: who scores and makes goals, drawn towards what his line does."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from touchline.cli.terminal import AsJson, emit, scene, showing
from touchline.errors import NotFound

if TYPE_CHECKING:
    import pandas as pd

    from touchline.learning.player_scores import PlayerScore

COLUMNS: Final = (
    "name", "team", "line", "matches", "minutes", "goals", "assists", "goals_per_90", "involvements_per_90",
)  # fmt: skip
TEAM_GOALS: Final = 1.35
"""Goals of an average team, for which the rates of 90 minutes are told."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(players)


def players(
    context: typer.Context,
    team: Annotated[list[str] | None, typer.Option(help="Only players of this team; may be repeated.")] = None,
    limit: Annotated[int, typer.Option(help="So many at most.", min=1)] = 20,
    evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Judge the chances on the newer half of the matches instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show players by their rate of goals and of goals or assists in 90 minutes of an average team (1.35 goals).

    Rates are drawn towards those of goalkeepers, defenders, midfielders or forwards: the more so, the less of a player
    was seen. They rest on line-ups, which `touchline scrape --source whoscored` collects.

    \b
    Examples:
      touchline players --team Northbridge
      touchline players --evaluate --json
    """
    tables = _tables(context)
    if evaluate:
        from touchline.learning import player_scores

        scores = player_scores.evaluate(tables["appearances"])
        emit(scores) if as_json else _judged(scores)
        return
    found = _chosen(_rated(tables["players"]), team or [])[:limit]
    if as_json:
        emit(found)
    else:
        _show(found)


def _tables(context: typer.Context) -> "dict[str, pd.DataFrame]":
    from touchline import bootstrap, tables
    from touchline.manifest import current

    ports = bootstrap.ports(scene(context).environ)
    _, features = current(ports.store, "features")
    if "players" not in features.outputs:
        raise NotFound("no line-ups are known", hint="`touchline scrape --source whoscored` collects them")
    return {name: tables.read(ports.store, features.outputs[name]) for name in ("appearances", "players")}


def _rated(table: "pd.DataFrame") -> "pd.DataFrame":
    rates = {f"{event}_per_90": (table[f"share_{event}"] * TEAM_GOALS).round(3) for event in ("goals", "involvements")}
    return table.assign(**rates).sort_values(["involvements_per_90", "minutes"], ascending=False)


def _chosen(table: "pd.DataFrame", teams: Sequence[str]) -> list[dict[str, Any]]:
    if unknown := sorted(set(teams) - set(table["team"])):
        known = ", ".join(sorted(set(table["team"])))
        raise NotFound(f"no line-up of {', '.join(unknown)}", where="--team", hint=f"there are {known}")
    chosen = table[table["team"].isin(teams or table["team"].unique())]
    rows: list[dict[str, Any]] = chosen[["player", *COLUMNS]].to_dict("records")
    return rows


def _show(rows: Sequence[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in COLUMNS:
        table.add_column(name.replace("_", " "), justify="left" if name in COLUMNS[:3] else "right")
    for row in rows:
        table.add_row(*(f"{row[name]:g}" if isinstance(row[name], float) else str(row[name]) for name in COLUMNS))
    showing().print(table)


def _judged(scores: "Sequence[PlayerScore]") -> None:
    for score in scores:
        gap = score.difference
        typer.echo(
            f"{score.event}: Brier {score.brier:.4f} against {score.base:.4f} by the base rate of the line, difference "
            f"{gap.value:+.4f} ({gap.low:+.4f} to {gap.high:+.4f}); {score.appearances:,} appearances in "
            f"{score.matches:,} matches that were not learnt from"
        )
