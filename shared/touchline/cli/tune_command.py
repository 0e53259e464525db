"""The command `tune`: search hyper-parameters with several workers, and keep what was found."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from touchline import settings
from touchline.cli import tune_crew, tune_show
from touchline.cli.match_tables import Competitions, fit_options, show, uses_of
from touchline.cli.terminal import AsJson, emit, scene, speaking
from touchline.cli.tune_job import Job
from touchline.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from touchline.domain.vocabulary import Uses
    from touchline.learning.examples import Examples

SHOWN = 5
DATABASE = "database"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(tune)


def tune(
    context: typer.Context,
    data: Annotated[
        list[Path] | None, typer.Option(help="Files or folders with matches; by default the features that train reads.")
    ] = None,
    competition: Competitions = None,
    uses: Annotated[str, typer.Option(help="results, statistics, past_prices or prices; by default as set.")] = "",
    family: Annotated[
        list[str] | None, typer.Option(help="logistic, xgboost, ...; may be repeated; by default as set.")
    ] = None,
    trials: Annotated[int, typer.Option(help="Trials of each family, those of earlier runs counted.", min=1)] = 40,
    folds: Annotated[int | None, typer.Option(help="Folds in the order of time; by default as set.", min=1)] = None,
    rows: Annotated[int, typer.Option(help="Newest matches to use; 0 = all.", min=0)] = 0,
    workers: Annotated[int, typer.Option(help="Processes that work on the trials.", min=1)] = 2,
    study: Annotated[
        str, typer.Option(help="Where trials are kept: a file, sqlite:///..., postgresql://..., or `database`.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="File for the parameters found, .json.")] = None,
    as_json: AsJson = False,
) -> None:
    """Search hyper-parameters: several workers fill one study for each family, over folds in the order of time.

    With --study a search that was stopped goes on, and others may join it, also from other machines, if they see the
    same matches and settings. A worker that dies loses only its trial. One worker with the same data and
    TOUCHLINE_TRAIN_SEED finds the same. TOUCHLINE_TRAIN_PARAMS=found.json then starts train from what was found.

    \b
    Examples:
      touchline tune --data matches.parquet --rows 60000 --out found.json
      touchline tune --data matches.parquet --family xgboost --trials 200 --study trees.log
      touchline tune --study postgresql+pg8000://touchline@db.example/touchline --workers 4
    """
    if out and not out.parent.is_dir():
        raise ConfigurationError("no such folder", where=str(out.parent), hint="make it first")
    _known(family or ())
    environ = scene(context).environ
    with speaking().status("reading features"):
        examples = _examples(data, environ, tuple(competition or ()), uses_of(uses, environ), rows)
    began = time.monotonic()
    with TemporaryDirectory(prefix="touchline-tune-") as folder, tune_show.bars(trials) as watch:
        address = _address(study, environ) or f"{folder}/study.log"
        job = _job(environ, address, tuple(family or ()), trials, folds)
        searches = tune_crew.fill(job, examples, workers, Path(folder), watch)
        found = [tune_show.found(search, SHOWN) for search in searches]
    _tell(found, examples, round(time.monotonic() - began, 1), out, as_json)


def _known(names: "Sequence[str]") -> None:
    from touchline.learning import families

    for name in names:
        families.family(name, "--family")


def _job(environ: "Mapping[str, str]", address: str, families: tuple[str, ...], trials: int, folds: int | None) -> Job:
    options = fit_options(environ)
    return Job(
        address=address,
        families=families or options.families,
        trials=trials,
        folds=folds or options.folds,
        seed=options.seed,
        starts=options.starts,
        lease_seconds=settings.load(settings.Common, environ).lease_seconds,
    )


def _examples(
    data: list[Path] | None, environ: "Mapping[str, str]", competitions: tuple[str, ...], uses: "Uses", rows: int
) -> "Examples":
    from touchline.cli import tune_material

    if data:
        return tune_material.newest(tune_material.of_files(data, competitions, uses), rows)
    if competitions:
        raise ConfigurationError("train learns from all competitions", where="--competition", hint="give --data, too")
    return tune_material.newest(tune_material.of_home(environ, uses), rows)


def _address(study: str, environ: "Mapping[str, str]") -> str:
    if study != DATABASE:
        return study
    from touchline import bootstrap

    return bootstrap.ports(environ).studies_address(study)


def _tell(
    found: "list[tune_show.Found]", examples: "Examples", seconds: float, out: Path | None, as_json: bool
) -> None:
    if out:
        params = {one.family: one.best[0].params for one in found}
        out.write_bytes(msgspec.json.format(msgspec.json.encode(params), indent=2) + b"\n")
    if as_json:
        emit({"matches": len(examples), "features": len(examples.names), "seconds": seconds, "families": found})
        return
    show(f"the best trials on {len(examples):,} matches, by log-loss over the folds", tune_show.table(found))
    for one in found:
        start = f", {one.start:.4f} at the starting point" if one.start is not None else ""
        typer.echo(
            f"{one.family}: {one.complete + one.pruned} trials, {one.pruned} of them given up early; "
            f"{one.best[0].log_loss:.4f}{start}"
        )
    written = f"; found parameters in {out}, use them with TOUCHLINE_TRAIN_PARAMS={out}" if out else ""
    typer.echo(f"{seconds} s{written}")
