"""What a database holds of a collected season, beside what is true on the replica: cell by cell."""

import pandas as pd
import sqlalchemy as sa

from replica_truth import Truth
from touchline.adapters import bulk, database
from touchline.adapters.schema import match_versions, matches, metadata, team_match_stats
from touchline.adapters.schema_collected import source_matches

KEYS = {
    "schedule": ["source_id"],
    "statistics": ["source_id"],
    "match_details": ["source_id"],
    "team_details": ["source_id", "side"],
    "line_ups": ["source_id", "player"],
    "player_stats": ["source_id", "player"],
    "shots": ["source_id", "shot"],
}
_STORED = {"player_stats": "player_match_stats"}
_SCHEDULE = ("competition", "season", "home_team", "away_team")


def stored(engine: sa.Engine, name: str, columns: list[str]) -> pd.DataFrame:
    """Current rows of what is stored under the name of a table of truth."""
    linked = source_matches.join(matches, matches.c.number == source_matches.c.match)
    if name in ("schedule", "statistics"):
        table = match_versions
        there = linked.join(table, table.c.match == matches.c.number).outerjoin(
            team_match_stats,
            sa.and_(team_match_stats.c.match == matches.c.number, team_match_stats.c.until_seq.is_(None)),
        )
        homes = (source_matches, matches, match_versions, team_match_stats)
    else:
        table = metadata.tables[_STORED.get(name, name)]
        there = linked.join(table, table.c.match == matches.c.number)
        homes = (source_matches, table)
    found = [next(home.c[column] for home in homes if column in home.c) for column in columns]
    with database.reading(engine) as connection:
        return bulk.fetch(connection, sa.select(*found).select_from(there).where(table.c.until_seq.is_(None)))


def differences(engine: sa.Engine, truth: Truth, code: str) -> list[str]:
    """Every cell that is not as it is true, and every row that is too many or missing; at most ten of a table."""
    return [line for name in KEYS for line in _table(engine, truth, code, name)[:10]]


def cells(truth: Truth, code: str) -> int:
    """How many cells are compared."""
    return sum(truth.table(name, code).size for name in KEYS)


def _table(engine: sa.Engine, truth: Truth, code: str, name: str) -> list[str]:
    wanted = truth.table(name, code)
    found = stored(engine, name, list(wanted.columns))
    if name == "statistics":  # stored beside every match, also where no page told any
        found = found[found["source_id"].isin(wanted["source_id"])]
    keys = KEYS[name]
    wanted, found = wanted.set_index(keys).sort_index(), found.set_index(keys).sort_index()
    lines = [f"{name}: {key} is not stored" for key in wanted.index.difference(found.index)]
    lines += [f"{name}: {key} is stored, and is not there" for key in found.index.difference(wanted.index)]
    both = wanted.index.intersection(found.index)
    for column in wanted.columns:
        lines += _column(f"{name}.{column}", wanted.loc[both, column], found.loc[both, column])
    return lines


def _column(name: str, wanted: "pd.Series", found: "pd.Series") -> list[str]:
    if pd.api.types.is_numeric_dtype(found.dtype) and not pd.api.types.is_bool_dtype(found.dtype):
        right, left = wanted.astype("float64"), found.astype("float64")
        same = ((right - left).abs() < 1e-9) | (right.isna() & left.isna())
    else:
        same = (wanted == found) | (wanted.isna() & found.isna())
    if name == "schedule.status":  # what nobody can translate is only never finished
        same |= (wanted == "other") & (found != "finished")
    return [f"{name}: {key} is {found[key]!r}, not {wanted[key]!r}" for key in same.index[~same]]
