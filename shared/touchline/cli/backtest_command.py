"""The command `backtest`: walk through history and judge what was forecast."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
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
    uses_of,
    writable,
    write,
)
from touchline.cli.terminal import AsJson, emit, scene
from touchline.domain.vocabulary import OUTCOMES
from touchline.errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd

    from touchline.learning.judging import Part
    from touchline.learning.walkforward import Backtest, WalkOptions

BESIDE = ("elo", "dixon_coles", "bookmaker", "closing")
"""Whom the tables of parts compare with."""


def register(app: typer.Typer) -> None:
    """Add the commands on files of matches to the application."""
    app.command()(forecast_command.forecast)
    app.command()(backtest)


def backtest(
    context: typer.Context,
    data: Annotated[list[Path], typer.Option(help="Files or folders with matches; may be repeated.")],
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day to forecast.")],
    end: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day; the data's by default.")
    ] = None,
    competition: Competitions = None,
    refit_ratings: Annotated[int, typer.Option(help="Days between refreshes of the ratings.", min=1)] = 7,
    refit_models: Annotated[int, typer.Option(help="Days between fits of the models.", min=1)] = 365,
    trials: Annotated[int, typer.Option(help="Trials a family before the first fit; 1 searches nothing.", min=1)] = 1,
    uses: Annotated[
        str, typer.Option(help="results, statistics, past_prices, or prices (of the match too); by default as set.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="File for every forecast, .csv or .parquet.")] = None,
    report: Annotated[Path | None, typer.Option(help="File for the report with its plots, .html.")] = None,
    as_json: AsJson = False,
) -> None:
    """Walk through history: learn from what was known, forecast what came next, score it beside the bookmaker.

    All forecasters are scored on identical matches. Which families learn is set by TOUCHLINE_TRAIN_FAMILIES, _FOLDS,
    _SEED, _THREADS; what may be used by TOUCHLINE_TRAIN_USES or --uses.

    \b
    Examples:
      touchline backtest --data matches.parquet --from 2021-07-01 --report walk.html
      touchline backtest --data seasons/ --from 2023-07-01 --to 2024-06-30 --competition E0 --out e0.csv --json
    """
    _checked(out, report)
    from touchline.learning import walkforward
    from touchline.sources.naming import with_teams

    environ = scene(context).environ
    options = walkforward.WalkOptions(
        refit_models_days=refit_models, refit_ratings_days=refit_ratings, competitions=tuple(competition or ()),
        uses=uses_of(uses, environ), fit=msgspec.structs.replace(fit_options(environ), trials=trials),
    )  # fmt: skip
    table, _ = with_teams(read_table(data), {}, nothing, "--data", mend)
    last = end.date() if end else table["kickoff"].max().date()
    with telling(max(-(-((last - start.date()).days + 1) // refit_models), 1)) as say:
        found = walkforward.backtest(table, start.date(), last + timedelta(days=1), options, say)
    about = _about(found, start.date(), last, options)
    _kept(found, about, out, report)
    if as_json:
        emit(summary(found, start.date(), last, options))
    else:
        _told(found, about)
        typer.echo("".join(f"written: {path}\n" for path in (out, report) if path), nl=False)


def _kept(found: "Backtest", about: str, out: Path | None, report: Path | None) -> None:
    if out:
        write(found.rows.assign(outcome=[OUTCOMES[code] for code in found.rows["outcome"]]), out)
    if report:
        from touchline.learning.backtest_report import html

        report.write_text(html(found, about), encoding="utf-8")


def summary(found: "Backtest", first: date, last: date, options: "WalkOptions") -> dict[str, Any]:
    """A backtest for scripts: every verdict with its interval, part by part, and the seconds."""
    return {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "uses": options.uses,
        "refit_ratings_days": options.refit_ratings_days,
        "refit_models_days": options.refit_models_days,
        "matches": len(found.rows),
        "judged": int(found.common.sum()),
        "scores": found.scores,
        "differences": found.differences,
        "competitions": found.competitions,
        "seasons": found.seasons,
        "calibration": found.calibration,
        "seconds": found.seconds,
    }


def _checked(out: Path | None, report: Path | None) -> None:
    if out:
        writable(out)
    if report and report.suffix != ".html":
        raise ConfigurationError(f"no format {report.suffix!r}", where="--report", hint="end it in .html")
    if report and not report.parent.is_dir():
        raise ConfigurationError("no such folder", where=str(report.parent), hint="make it first")


def _about(found: "Backtest", first: date, last: date, options: "WalkOptions") -> str:
    return (
        f"{len(found.rows):,} matches from {first} to {last}, of which all forecasters forecast "
        f"{int(found.common.sum()):,}; uses {options.uses}; ratings refreshed every {options.refit_ratings_days} days, "
        f"models fitted every {options.refit_models_days} days from what was known then."
        + " Parameters to start from were given: found on these seasons, they flatter ours."
        * bool(options.fit.starts)
    )


def _told(found: "Backtest", about: str) -> None:
    show(f"{about}\nLower is better:", _scores(found))
    show("\nours minus the others, on the same matches (below zero: better)", found.paired())
    show("\ncalibration error, and what a perfect forecaster would show", _calibration(found))
    for name, parts in (("competition", found.competitions), ("season", found.seasons)):
        show(f"\nlog-loss by {name}, ours and ours minus the others (*: interval off zero)", _parts(name, parts))
    typer.echo(f"seconds: {found.seconds}")


def _scores(found: "Backtest") -> "pd.DataFrame":
    table = found.table()
    return table[[name for name in table if not name.startswith(("brier_", "ece_", "accuracy_"))]]


def _calibration(found: "Backtest") -> "pd.DataFrame":
    import pandas as pd

    rows = [
        {"model": name, "ece": each.ece, "noise": each.floor.mean, "noise_95": each.floor.high}
        | {f"{outcome}_off": one.promised - one.came for outcome, one in each.classes.items()}
        for name, each in found.calibration.items()
    ]
    return pd.DataFrame(rows)


def _parts(name: str, parts: "tuple[Part, ...]") -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(
        [
            {name: part.name, "n": part.n, "ours": part.log_loss["ours"]}
            | {f"- {other}": _marked(part, other) for other in BESIDE if other in part.differences}
            for part in parts
        ]
    )


def _marked(part: "Part", other: str) -> str:
    gap = part.differences[other].log_loss
    return f"{gap.value:+.4f}{'*' if gap.low > 0 or gap.high < 0 else ' '}"
