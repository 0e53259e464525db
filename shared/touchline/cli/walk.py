"""The command `backtest`: walk through history and judge what was forecast."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli import forecast_command
from touchline.cli.match_tables import (
    Competitions,
    fit_options,
    mend,
    nothing,
    read_table,
    show,
    telling,
    writable,
    write,
)
from touchline.cli.terminal import AsJson, emit, scene
from touchline.domain.vocabulary import OUTCOMES

if TYPE_CHECKING:
    import pandas as pd

    from touchline.learning.walkforward import Backtest

Out = Annotated[Path, typer.Option(help="File to write, .csv or .parquet.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(forecast_command.forecast)
    app.command()(backtest)


def backtest(
    context: typer.Context,
    data: Annotated[list[Path], typer.Option(help="Files or folders with matches; may be repeated.")],
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day to forecast.")],
    out: Out,
    end: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day; the data's by default.")
    ] = None,
    competition: Competitions = None,
    refit_ratings: Annotated[int, typer.Option(help="Days between refreshes of the ratings.", min=1)] = 7,
    refit_models: Annotated[int, typer.Option(help="Days between fits of the models.", min=1)] = 365,
    as_json: AsJson = False,
) -> None:
    """Walk through history: learn from what was known, forecast what came next, score it beside the bookmaker.

    \b
    Examples:
      touchline backtest --data matches.parquet --from 2021-07-01 --out forecasts.parquet
      touchline backtest --data seasons/ --from 2023-07-01 --to 2024-06-30 --competition E0 --out e0.csv --json
    """
    writable(out)
    from touchline.learning import walkforward
    from touchline.sources.naming import with_teams

    options = walkforward.WalkOptions(
        refit_models_days=refit_models, refit_ratings_days=refit_ratings, competitions=tuple(competition or ()),
        fit=fit_options(scene(context).environ),
    )  # fmt: skip
    table, _ = with_teams(read_table(data), {}, nothing, "--data", mend)
    last = end.date() if end else table["kickoff"].max().date()
    steps = -(-((last - start.date()).days + 1) // refit_models)
    with telling(max(steps, 1)) as say:
        found = walkforward.backtest(table, start.date(), last + timedelta(days=1), options, say)
    write(found.rows.assign(outcome=[OUTCOMES[code] for code in found.rows["outcome"]]), out)
    if as_json:
        emit(summary(found, start.date(), last, out))
    else:
        show(f"{len(found.rows):,} matches from {start:%Y-%m-%d} to {last} (lower is better)", _scores(found))
        show("ours minus the others, on the same matches (below zero: better)", found.paired())
        typer.echo(f"forecasts in {out}; seconds: {found.seconds}")


def summary(found: "Backtest", first: date, last: date, out: Path) -> dict[str, Any]:
    """A backtest for scripts: every score with its interval, the differences, the seconds."""
    return {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "matches": len(found.rows),
        "scores": found.scores,
        "differences": found.differences,
        "seconds": found.seconds,
        "out": str(out),
    }


def _scores(found: "Backtest") -> "pd.DataFrame":
    table = found.table()
    return table[[name for name in table if not name.startswith(("brier_", "ece_", "accuracy_"))]]
