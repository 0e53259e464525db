"""What `tune` learns from: a file of matches, or what train would learn from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from touchline.cli.match_tables import mend, nothing, read_table
from touchline.errors import DataError

if TYPE_CHECKING:
    from touchline.domain.vocabulary import Uses
    from touchline.learning.examples import Examples


def of_files(paths: Sequence[Path], competitions: Sequence[str], uses: "Uses") -> "Examples":
    """Finished matches of files, with features as of the beginning of each day.

    Raises:
        NotFound, DataError: a file is missing or breaks its format, or there is no such match.
    """
    from touchline.domain.uses import columns
    from touchline.learning.timeline import prepared, timeline
    from touchline.sources.naming import with_teams

    table, _ = with_teams(read_table(paths), {}, nothing, "--data", mend)
    line = timeline(prepared(table), np.datetime64("1970-01-01T00:00", "us"), 1, competitions)
    rows = np.flatnonzero(line.finished)
    if not len(rows):
        raise DataError("no finished match", where=", ".join(map(str, paths)))
    return line.examples(rows, columns(uses))


def of_home(environ: Mapping[str, str], uses: "Uses") -> "Examples":
    """What train would learn from now.

    Raises:
        NotFound, CorruptObject: no features are published, or a table is missing.
    """
    from touchline import bootstrap, settings
    from touchline.manifest import current
    from touchline.stages import train_material

    store = bootstrap.ports(environ).store
    days = settings.load(settings.Train, environ, "train").test_days
    return train_material.read(store, current(store, "features")[1], days, uses).train


def newest(examples: "Examples", rows: int) -> "Examples":
    """So many of the newest matches, all if it is 0."""
    if not rows or rows >= len(examples):
        return examples
    return examples.take(np.sort(np.argsort(examples.kickoff, kind="stable")[-rows:]))
