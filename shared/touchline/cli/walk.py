"""Commands that need no home: `backtest` walks through history, `forecast` answers for a file of fixtures."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.adapters.clock import SystemClock
from touchline.cli.terminal import AsJson, emit, scene, showing, speaking
from touchline.domain.vocabulary import OUTCOMES
from touchline.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from touchline.domain.names import Name, Suspect
    from touchline.learning.fitting import FitOptions
    from touchline.learning.walkforward import Backtest
    from touchline.sources.table import Rejected

MEETING = ["competition", "season", "home_team", "away_team"]
SUFFIXES = (".csv", ".parquet")
REFUSED_SHOWN = 5

Competitions = Annotated[list[str] | None, typer.Option(help="Code such as E0; may be repeated; all by default.")]
Out = Annotated[Path, typer.Option(help="File to write, .csv or .parquet.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(forecast)
    app.command()(backtest)


def forecast(
    context: typer.Context,
    history: Annotated[list[Path], typer.Option(help="Files or folders with finished matches; may be repeated.")],
    fixtures: Annotated[Path, typer.Option(help="File with fixtures; scores and prices in it are not used.")],
    out: Out,
    competition: Competitions = None,
    as_json: AsJson = False,
) -> None:
    """Forecast a file of fixtures from a file of results, without any home or database.

    How much is tried is set by TOUCHLINE_TRAIN_TRIALS, _FAMILIES, _FOLDS, _SEED, _THREADS.

    \b
    Example:
      touchline forecast --history results.csv --fixtures saturday.csv --out chances.csv
    """
    _writable(out)
    from touchline.learning import walkforward
    from touchline.sources.naming import with_teams

    options = walkforward.WalkOptions(competitions=tuple(competition or ()), fit=_fit_options(scene(context).environ))
    with _telling(None) as say:
        played, names = with_teams(read_table(history), {}, _nothing, "--history", _mend)
        asked = read_table([fixtures])
        named, _ = with_teams(asked, _spellings(names), lambda: played, str(fixtures), _mend)
        found = walkforward.forecast(played, named, options, say)
        found = found.assign(**{side: asked[side].to_numpy() for side in ("home_team", "away_team")})
    _write(found, out)
    if as_json:
        emit({"forecasts": len(found), "out": str(out)})
    else:
        _show(f"{len(found)} forecasts in {out}", found.head(20))


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
    _writable(out)
    from touchline.learning import walkforward
    from touchline.sources.naming import with_teams

    options = walkforward.WalkOptions(
        refit_models_days=refit_models, refit_ratings_days=refit_ratings, competitions=tuple(competition or ()),
        fit=_fit_options(scene(context).environ),
    )  # fmt: skip
    table, _ = with_teams(read_table(data), {}, _nothing, "--data", _mend)
    last = end.date() if end else table["kickoff"].max().date()
    steps = -(-((last - start.date()).days + 1) // refit_models)
    with _telling(max(steps, 1)) as say:
        found = walkforward.backtest(table, start.date(), last + timedelta(days=1), options, say)
    _write(found.rows.assign(outcome=[OUTCOMES[code] for code in found.rows["outcome"]]), out)
    if as_json:
        emit(summary(found, start.date(), last, out))
    else:
        _show(f"{len(found.rows):,} matches from {start:%Y-%m-%d} to {last} (lower is better)", _scores(found))
        _show("ours minus the others, on the same matches (below zero: better)", found.paired())
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


def read_table(paths: Sequence[Path]) -> "pd.DataFrame":
    """Matches of files and folders as one tidy table, the last row of a meeting on the same day counting.

    Raises:
        NotFound, DataError: a file is missing, breaks its format, or there is no match.
    """
    import pandas as pd

    from touchline.sources import files
    from touchline.sources.registry import parse

    payloads = [payload for path in paths for payload in files.read(path, SystemClock().now())]
    parts = []
    for payload in payloads:
        parsed = parse(payload)
        _tell_refused(payload.name, parsed.rejected)
        if len(parsed.rows):
            parts.append(parsed.rows)
    if not parts:
        raise DataError("no match can be read", where=", ".join(map(str, paths)))
    table = pd.concat(parts, ignore_index=True)
    repeated = table.assign(day=table["kickoff"].dt.date).duplicated([*MEETING, "day"], keep="last")
    return table[~repeated].sort_values(["kickoff", *MEETING], ignore_index=True)


def _tell_refused(name: str, rejected: "Sequence[Rejected]") -> None:
    for row in rejected[:REFUSED_SHOWN]:
        speaking().print(f"{name}, line {row.line} is left out: {row.reason}", markup=False, soft_wrap=True)
    if len(rejected) > REFUSED_SHOWN:
        speaking().print(f"{name}: ... and {len(rejected) - REFUSED_SHOWN} more", markup=False)


def _nothing() -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame()


def _mend(one: "Suspect") -> str:
    return f'write "{one.resembles[0]}" in the file if that is the club'


def _spellings(names: "Mapping[Name, str]") -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for (country, name), team in names.items():
        found.setdefault(country, {})[name] = team
    return found


def _fit_options(environ: Mapping[str, str]) -> "FitOptions":
    from touchline import settings
    from touchline.learning.fitting import FitOptions

    train = settings.load(settings.Train, environ, "train")
    return FitOptions(
        trials=train.trials, folds=train.folds, seed=train.seed, threads=train.threads, families=train.families
    )


@contextmanager
def _telling(steps: int | None) -> "Iterator[Callable[[str], None]]":
    """A bar on standard error, with the latest news beside it; warnings of the walk stay."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=speaking(), transient=True) as bar:
        task = bar.add_task("reading features", total=steps)

        def say(message: str) -> None:
            bar.update(task, description=message, advance=int("learnt from" in message))
            if message.startswith("not in the history"):
                bar.console.print(message, soft_wrap=True)

        yield say


def _writable(out: Path) -> None:
    if out.suffix not in SUFFIXES:
        raise ConfigurationError(f"no format {out.suffix!r}", where="--out", hint=f"end it in {' or '.join(SUFFIXES)}")
    if not out.parent.is_dir():
        raise ConfigurationError("no such folder", where=str(out.parent), hint="make it first")


def _write(table: "pd.DataFrame", out: Path) -> None:
    if out.suffix == ".csv":
        table.to_csv(out, index=False)
    else:
        table.to_parquet(out, index=False)


def _scores(found: "Backtest") -> "pd.DataFrame":
    table = found.table()
    return table[[name for name in table if not name.startswith(("brier_", "ece_", "accuracy_"))]]


def _show(title: str, frame: "pd.DataFrame") -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name, kind in frame.dtypes.items():
        table.add_column(str(name), justify="right" if kind.kind in "fi" else "left")
    for row in frame.itertuples(index=False):
        table.add_row(*(f"{value:.4f}" if isinstance(value, float) else str(value) for value in row))
    console = showing()
    console.print(title)
    console.print(table)
