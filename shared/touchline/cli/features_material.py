"""What `features` speaks of: matches with their features, of files or of the home, and what was measured on them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from touchline.cli.match_tables import mend, nothing, read_table
from touchline.errors import ConfigurationError, NotFound

if TYPE_CHECKING:
    import pandas as pd

    from touchline.domain.vocabulary import Uses
    from touchline.learning.ablation import Ablation
    from touchline.learning.coverage import Coverage
    from touchline.learning.examples import Examples
    from touchline.ports import ObjectStore


@dataclass(frozen=True)
class Material:
    """Finished matches, with the features of a level."""

    source: str
    examples: "Examples"
    coverage: "dict[str, Coverage]"

    @property
    def matches(self) -> int:
        """How many."""
        return len(self.examples)


def read(environ: Mapping[str, str], paths: Sequence[Path], uses: "Uses") -> Material | None:
    """Matches of files, else those of the newest features of the home; None if there are none.

    Raises:
        NotFound, DataError, CorruptObject: a file is missing or breaks its format, or an object is not as promised.
    """
    if paths:
        return _of_files(paths, uses)
    from touchline import bootstrap

    try:
        return _of_home(bootstrap.ports(environ).store, uses)
    except NotFound:
        return None


def _of_files(paths: Sequence[Path], uses: "Uses") -> Material:
    from touchline.domain import price_features
    from touchline.domain.uses import columns
    from touchline.learning.timeline import prepared, timeline
    from touchline.sources.naming import with_teams

    table, _ = with_teams(read_table(paths), {}, nothing, "--data", mend)
    line = timeline(prepared(table), np.datetime64("1970-01-01T00:00", "us"), 1)
    rows = np.flatnonzero(line.finished)
    priced = ~np.isnan(price_features.own(line.table.iloc[rows])[:, 0])
    return _material(", ".join(map(str, paths)), line.examples(rows, columns(uses)), priced, line.table.iloc[rows])


def _of_home(store: "ObjectStore", uses: "Uses") -> Material:
    from touchline import tables
    from touchline.domain.uses import columns
    from touchline.learning.examples import Examples, as_matrix
    from touchline.learning.timeline import moments
    from touchline.manifest import current

    _, manifest = current(store, "features")
    played = tables.read(store, manifest.outputs["played"])
    prices = tables.read(store, manifest.outputs["benchmarks"]).set_index("match_id").loc[played["match_id"]]
    names = columns(uses)
    examples = Examples(
        as_matrix(played[list(names)].to_numpy(np.float64)), names, played["outcome"].to_numpy(np.int8),
        moments(played["kickoff"]), played["competition"].to_numpy(object),
        played[["home_goals", "away_goals"]].to_numpy(np.float64), np.full((len(played), 2), np.nan),
    )  # fmt: skip
    return _material(f"features/{manifest.id}", examples, prices["bookmaker_home"].notna().to_numpy(), played)


def _material(source: str, examples: "Examples", priced: np.ndarray, table: "pd.DataFrame") -> Material:
    """Prices of a match count as known where it has some, though what is expected stands in their place elsewhere."""
    from touchline.domain.price_features import NAMES
    from touchline.learning.coverage import coverage

    known = ~np.isnan(examples.x)
    for column in np.flatnonzero(np.isin(examples.names, NAMES)):
        known[:, column] = priced
    return Material(source, examples, coverage(known, examples.names, table))


def measured(
    environ: Mapping[str, str], material: Material | None, uses: "Uses", *, anew: bool, say: Callable[[str], None]
) -> "tuple[Ablation | None, Path | None]":
    """What the groups are worth on these matches, and the file that keeps it: as kept, else measured if that is wanted.

    Raises:
        ConfigurationError: it should be measured, but there are no matches.
        DataError: too few matches to learn from.
    """
    from touchline.learning.ablation import Ablation, ablate

    if material is None:
        if anew:
            raise ConfigurationError("no matches to measure on", where="--ablate", hint="name files with --data")
        return None, None
    where = _kept(environ, material, uses)
    if where.is_file():
        return msgspec.json.decode(where.read_bytes(), type=Ablation), where
    if not anew:
        return None, None
    found = ablate(material.examples, say)
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_bytes(msgspec.json.encode(found))
    return found, where


def _kept(environ: Mapping[str, str], material: Material, uses: "Uses") -> Path:
    """One file for these matches, features and outcomes, and this way to measure."""
    from touchline import settings
    from touchline.learning.ablation import VERSION
    from touchline.manifest import encode, sha256

    examples = material.examples
    parts = (examples.x.tobytes(), examples.outcome.tobytes(), encode([VERSION, examples.names, uses]))
    home = settings.load(settings.Common, environ).home
    return Path(home) / "ablation" / f"{sha256(b''.join(parts))[:12]}.json"
