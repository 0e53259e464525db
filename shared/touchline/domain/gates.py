"""Gates between the stages: what they refuse reaches nothing downstream.

`raw` is the whole tidy table, `finished` and `upcoming` are its matches of those two statuses, `features` is what
models learn from. A gate never raises because of data: it reports, and the caller keeps what was refused.
"""

from collections.abc import Iterator
from typing import Final

import pandas as pd
import pandera.pandas as pa

from touchline.domain import gate_distributions, gate_schemas
from touchline.domain.gate_report import EXAMPLES, GateFailure, GateReport, Kind

__all__ = ["GateFailure", "GateReport", "check", "part"]

FEATURE_KEYS: Final = ("match_id", "outcome")
_REASONS: Final = {
    pa.errors.SchemaErrorReason.COLUMN_NOT_IN_DATAFRAME: "missing column",
    pa.errors.SchemaErrorReason.COLUMN_NOT_IN_SCHEMA: "unknown column",
    pa.errors.SchemaErrorReason.COLUMN_NOT_ORDERED: "column order",
    pa.errors.SchemaErrorReason.WRONG_DATATYPE: "column type",
    pa.errors.SchemaErrorReason.SERIES_CONTAINS_NULLS: "missing value",
    pa.errors.SchemaErrorReason.SERIES_CONTAINS_DUPLICATES: "not unique",
}


def check(kind: Kind, table: pd.DataFrame, *, min_finished: int = 100, columns: tuple[str, ...] = ()) -> GateReport:
    """Verdict about a table.

    Args:
        kind: which gate.
        table: the tidy table (MATCH_COLUMNS and `available_time`), or the rows of it that `part` selects; for
            `features` the feature columns, with `outcome` (0, 1, 2) and `match_id` beside them where they are known.
        min_finished: fewer finished matches than this are refused.
        columns: declared feature columns in their order (`features` only).

    Raises:
        ValueError: the features gate was asked without declared columns.

    >>> check("upcoming", pd.DataFrame({"match_id": ["a"]})).of("error")[0].check
    'missing column'
    """
    if kind == "features" and not columns:
        raise ValueError("the features gate needs the declared columns")
    table = table.reset_index(drop=True)
    subject = table.drop(columns=[name for name in FEATURE_KEYS if name in table]) if kind == "features" else table
    failures = [*_violations(gate_schemas.structure(kind, columns), subject, table)]
    statistics: dict[str, object] = {}
    if not failures:
        failures = [*_violations(gate_schemas.values(kind, columns), subject, table)]
        found, statistics = gate_distributions.examine(kind, table, min_finished, columns)
        failures += found
    passed = not any(failure.severity == "error" for failure in failures)
    return GateReport(kind, passed, len(table), tuple(sorted(failures, key=_place)), statistics)


def part(kind: Kind, table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the tidy table that a gate is for.

    >>> part("upcoming", pd.DataFrame({"status": ["finished", "scheduled"]})).index.tolist()
    [1]
    """
    status = {"finished": "finished", "upcoming": "scheduled"}.get(kind)
    return table if status is None else table[table["status"] == status]


def _place(failure: GateFailure) -> tuple[str, str, str]:
    return failure.severity, failure.check, failure.column


def _violations(schema: pa.DataFrameSchema, subject: pd.DataFrame, table: pd.DataFrame) -> Iterator[GateFailure]:
    """What pandera finds in the subject; `table` has the same rows, and their names."""
    try:
        schema.validate(subject, lazy=True)
    except pa.errors.SchemaErrors as errors:
        for error in errors.schema_errors:
            yield _failure(error, table)


def _failure(error: pa.errors.SchemaError, table: pd.DataFrame) -> GateFailure:
    """One finding of pandera in our words: a rule about rows knows which rows, the others name values."""
    if error.reason_code is pa.errors.SchemaErrorReason.DATAFRAME_CHECK:
        return _rule_failure(error, table)
    name, found, column = _REASONS[error.reason_code], error.failure_cases, error.schema.name
    if isinstance(found, pd.DataFrame):
        return GateFailure(name, column, len(found), _texts(found["failure_case"]))
    if column is None:
        return GateFailure(name, str(found), len(table))
    return GateFailure(name, column, len(table), (f"it is {found}",))


def _rule_failure(error: pa.errors.SchemaError, table: pd.DataFrame) -> GateFailure:
    about = [error.schema.name] if error.schema.name else error.check.description.split()
    held = error.check_output.astype(bool)
    bad = table.loc[held.index[~held]]
    shown = bad.head(EXAMPLES)
    rows = (
        ", ".join(f"{name} = {value}" for name, value in zip(about, row, strict=True))
        for row in shown[about].itertuples(index=False)
    )
    keys = shown.get("match_id", shown.index)
    return GateFailure(
        error.check.name,
        ", ".join(about),
        len(bad),
        tuple(f"{key}: {row}" for key, row in zip(keys, rows, strict=True)),
    )


def _texts(values: "pd.Series[object]") -> tuple[str, ...]:
    return tuple(str(value) for value in values.drop_duplicates().head(EXAMPLES))
