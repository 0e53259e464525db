"""The command `forecast`: files of results and of fixtures in, chances of results, totals and scores out; no home."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from touchline.cli.match_tables import (
    Competitions,
    fit_options,
    mend,
    nothing,
    read_table,
    show,
    spellings,
    telling,
    uses_of,
    writable,
    write,
)
from touchline.cli.terminal import AsJson, emit, scene

if TYPE_CHECKING:
    import pandas as pd

    from touchline.learning.forecasting import Forecasts

SHOWN = 20
_SHORT = {
    "date": "date", "home_team": "home team", "away_team": "away team", "home": "home", "draw": "draw",
    "away": "away", "expected_goals_home": "goals home", "expected_goals_away": "goals away", "over_25": "over 2.5",
    "both_score": "both", "likeliest_score": "score", "certainty": "known",
}  # fmt: skip


def forecast(
    context: typer.Context,
    history: Annotated[list[Path], typer.Option(help="Files or folders with finished matches; may be repeated.")],
    fixtures: Annotated[Path, typer.Option(help="File with fixtures; scores in it are not used.")],
    out: Annotated[Path | None, typer.Option(help="File to write, .csv or .parquet, a row a fixture.")] = None,
    grid: Annotated[
        Path | None, typer.Option(help="File to write, .csv or .parquet, a row for each score of each fixture.")
    ] = None,
    competition: Competitions = None,
    uses: Annotated[
        str, typer.Option(help="results, statistics, past_prices, or prices (of the fixtures too); by default as set.")
    ] = "",
    trials: Annotated[
        int, typer.Option(help="Parameters to try for each kind of model; 1 takes those that do well.", min=1)
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Forecast a file of fixtures from a file of results, without any home or database.

    Results, totals and scores come of one distribution of goals, so they agree. How models are made is set by
    TOUCHLINE_TRAIN_FAMILIES, _FOLDS, _SEED, _THREADS; what may be used by TOUCHLINE_TRAIN_USES or --uses.

    \b
    Examples:
      touchline forecast --history results.csv --fixtures saturday.csv
      touchline forecast --history seasons/ --fixtures saturday.csv --uses results --out chances.csv --grid scores.csv
    """
    for file, option in ((out, "--out"), (grid, "--grid")):
        if file is not None:
            writable(file, option)
    from touchline.learning import forecasting
    from touchline.sources.naming import with_teams

    options = forecasting.ForecastOptions(
        competitions=tuple(competition or ()),
        uses=uses_of(uses, scene(context).environ),
        fit=msgspec.structs.replace(fit_options(scene(context).environ), trials=trials),
    )
    with telling(None) as say:
        played, names = with_teams(read_table(history), {}, nothing, "--history", mend)
        asked = read_table([fixtures])
        named, _ = with_teams(asked, spellings(names), lambda: played, str(fixtures), mend)
        found = forecasting.forecast(played, named, options, say)
    table = found.table.assign(**{side: asked[side].to_numpy() for side in ("home_team", "away_team")})
    if out is not None:
        write(table, out)
    if grid is not None:
        write(_scores(found, table), grid)
    _tell(table, out, grid, as_json=as_json)


def _scores(found: "Forecasts", table: "pd.DataFrame") -> "pd.DataFrame":
    """Scores with the names of their matches."""
    long = found.long()
    for place, name in enumerate(("competition", "date", "home_team", "away_team")):
        long.insert(place + 1, name, table[name].to_numpy()[long["match"] - 1])
    return long


def _tell(table: "pd.DataFrame", out: Path | None, grid: Path | None, *, as_json: bool) -> None:
    if as_json:
        rows = table.assign(kickoff=table["kickoff"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")).to_dict("records")
        files = {"out": out and str(out), "grid": grid and str(grid)}
        emit({"forecasts": len(table), "matches": rows, **files})
        return
    where = f" in {out}" if out else ""
    show(f"{len(table)} forecasts{where}", table.head(SHOWN)[list(_SHORT)].rename(columns=_SHORT))
    if len(table) > SHOWN:
        typer.echo(f"... and {len(table) - SHOWN} more" + ("" if out else ": --out writes them all"))
    if grid is not None:
        typer.echo(f"chances of every score in {grid}")
