"""What commands on files of matches share: tables in and out, names of teams, a bar while it takes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.adapters.clock import SystemClock
from touchline.cli.terminal import showing, speaking
from touchline.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from touchline.domain.names import Name, Suspect
    from touchline.domain.vocabulary import Uses
    from touchline.learning.fitting import FitOptions
    from touchline.sources.table import Rejected

MEETING = ["competition", "season", "home_team", "away_team"]
SUFFIXES = (".csv", ".parquet")
REFUSED_SHOWN = 5

Competitions = Annotated[list[str] | None, typer.Option(help="Code such as E0; may be repeated; all by default.")]


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
    if repeated.any():
        speaking().print(f"{int(repeated.sum())} rows repeat a meeting on its day: the last one counts", markup=False)
    return table[~repeated].sort_values(["kickoff", *MEETING], ignore_index=True)


def _tell_refused(name: str, rejected: "Sequence[Rejected]") -> None:
    for row in rejected[:REFUSED_SHOWN]:
        speaking().print(f"{name}, line {row.line} is left out: {row.reason}", markup=False, soft_wrap=True)
    if len(rejected) > REFUSED_SHOWN:
        speaking().print(f"{name}: ... and {len(rejected) - REFUSED_SHOWN} more", markup=False)


def nothing() -> "pd.DataFrame":
    """No match at all."""
    import pandas as pd

    return pd.DataFrame()


def mend(one: "Suspect") -> str:
    """What to do about a team's name that looks like a slip."""
    return f'write "{one.resembles[0]}" in the file if that is the club'


def spellings(names: "Mapping[Name, str]") -> dict[str, dict[str, str]]:
    """Names by country, as those who name teams want them."""
    found: dict[str, dict[str, str]] = {}
    for (country, name), team in names.items():
        found.setdefault(country, {})[name] = team
    return found


def fit_options(environ: Mapping[str, str]) -> "FitOptions":
    """How much is tried, as TOUCHLINE_TRAIN_TRIALS, _FAMILIES, _FOLDS, _SEED, _THREADS and _PARAMS say."""
    from touchline import settings
    from touchline.learning.fitting import FitOptions
    from touchline.learning.starts import starts

    train = settings.load(settings.Train, environ, "train")
    return FitOptions(
        trials=train.trials, folds=train.folds, seed=train.seed, threads=train.threads, families=train.families,
        starts=starts(train.params),
    )  # fmt: skip


def uses_of(asked: str, environ: Mapping[str, str]) -> "Uses":
    """What may be used: what was asked for, else what TOUCHLINE_TRAIN_USES says.

    Raises:
        ConfigurationError: no such level.
    """
    from touchline import settings
    from touchline.domain.uses import LEVELS

    chosen = asked or settings.load(settings.Train, environ, "train").uses
    found = next((level for level in LEVELS if level == chosen), None)
    if found is None:
        raise ConfigurationError(f"no level {chosen!r}", where="--uses", hint=f"there are {', '.join(LEVELS)}")
    return found


@contextmanager
def telling(steps: int | None) -> "Iterator[Callable[[str], None]]":
    """A bar on standard error, with the latest news beside it; warnings of the walk stay."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=speaking(), transient=True) as bar:
        task = bar.add_task("reading features", total=steps)

        def say(message: str) -> None:
            bar.update(task, description=message, advance=int("learnt from" in message))
            if message.startswith("not "):
                bar.console.print(message, soft_wrap=True)

        yield say


def writable(out: Path, option: str = "--out") -> None:
    """Check a file to be written before any work.

    Raises:
        ConfigurationError: another format than .csv or .parquet, or no such folder.
    """
    if out.suffix not in SUFFIXES:
        raise ConfigurationError(f"no format {out.suffix!r}", where=option, hint=f"end it in {' or '.join(SUFFIXES)}")
    if not out.parent.is_dir():
        raise ConfigurationError("no such folder", where=str(out.parent), hint="make it first")


def write(table: "pd.DataFrame", out: Path) -> None:
    """Write a table in the format that the name of the file ends in."""
    if out.suffix == ".csv":
        table.to_csv(out, index=False)
    else:
        table.to_parquet(out, index=False)


def show(title: str, frame: "pd.DataFrame") -> None:
    """A table with its title on standard output."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name, kind in frame.dtypes.items():
        table.add_column(str(name), justify="right" if kind.kind in "fi" else "left")
    for row in frame.itertuples(index=False):
        table.add_row(*(f"{value:.4f}" if isinstance(value, float) else str(value) for value in row))
    console = showing()
    console.print(title)
    console.print(table)
