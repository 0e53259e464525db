"""Whole tables in and out of the database: many rows a call on SQLite, COPY on PostgreSQL."""

import io
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from touchline.adapters.schema import Moment

_SENT: Final = 20_000  # rows a call; more only fill memory
_COPIED: Final = 50_000
_MEMORY: Final = "64MB"
_FETCHED: Final = 2_000  # few enough to stay in the processor's cache while they are turned into columns
_MOMENT: Final = "datetime64[us, UTC]"
_STORED_AS: Final = {"str": "object", "bool": "bool", "int64": "int64"}


def load(connection: sa.Connection, table: sa.Table, rows: pd.DataFrame) -> None:
    """Append rows to a temporary table; columns go by name, missing values become NULL, moments are aware."""
    if connection.dialect.name != "postgresql":
        _insert_many(connection, table, rows)
        return
    for start in range(0, len(rows), _COPIED):
        _copy_in(connection, table, rows.iloc[start : start + _COPIED])
    count(connection, table)


def count(connection: sa.Connection, table: sa.Table) -> None:
    """Let the server look at a temporary table that was filled: it plans by what it knows, and never does by itself."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {table.name}")


def make_room(connection: sa.Connection) -> None:
    """Let the rest of the transaction join whole tables in memory."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL work_mem = '{_MEMORY}'")


def append_new(connection: sa.Connection, table: sa.Table, rows: pd.DataFrame, key: Sequence[str]) -> int:
    """Append the rows whose key is not there yet, of equal keys the first; how many were appended.

    Args:
        connection: of a transaction that writes.
        table: where they belong; `key` is its primary key, or unique in it.
        rows: its columns by name, as for `load`; columns that are not there stay empty.
        key: names of columns.
    """
    if rows.empty:
        return 0
    columns = (sa.Column(name, table.c[name].type) for name in rows.columns)
    came = sa.Table(f"came_{table.name}", sa.MetaData(), *columns, prefixes=["TEMPORARY"])
    came.create(connection, checkfirst=False)
    load(connection, came, rows)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    found = sa.select(came).where(sa.true())  # SQLite takes ON CONFLICT for a part of a join otherwise
    insert = dialect.insert(table).from_select(list(rows.columns), found)
    appended = connection.execute(insert.on_conflict_do_nothing(index_elements=list(key))).rowcount
    came.drop(connection, checkfirst=False)
    return appended


def fetch(connection: sa.Connection, query: sa.Select[Any]) -> pd.DataFrame:
    """Rows of a query with the dtypes of its columns: moments in UTC, numbers float64 or int64, text `str`.

    Values that the query compares with are written into its text, so they must be numbers.
    """
    text = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
    kinds = {column.name: _dtype(column.type) for column in query.selected_columns}
    if connection.dialect.name == "postgresql":
        return _copy_out(connection, text, kinds)
    return _fetch_many(connection, text, kinds)


def _dtype(kind: sa.types.TypeEngine[Any]) -> str:
    if isinstance(kind, Moment):
        return _MOMENT
    if isinstance(kind, sa.Boolean):
        return "bool"
    return "int64" if isinstance(kind, sa.Integer) else "str" if isinstance(kind, sa.Text) else "float64"


def _insert_many(connection: sa.Connection, table: sa.Table, rows: pd.DataFrame) -> None:
    names = ", ".join(map(connection.dialect.identifier_preparer.quote, rows.columns))
    statement = f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' * len(rows.columns))})"  # noqa: S608
    moments = [name for name, kind in rows.dtypes.items() if isinstance(kind, pd.DatetimeTZDtype)]
    rows = rows.assign(**{name: _microseconds(rows[name]) for name in moments})
    for start in range(0, len(rows), _SENT):
        batch = rows.iloc[start : start + _SENT].to_numpy(dtype=object, na_value=None)
        connection.exec_driver_sql(statement, [tuple(row) for row in batch.tolist()])


def _microseconds(moments: "pd.Series[Any]") -> "pd.Series[Any]":
    return moments.dt.as_unit("us").astype("int64").astype("Int64").mask(moments.isna())


def _fetch_many(connection: sa.Connection, text: str, kinds: dict[str, str]) -> pd.DataFrame:
    parts: list[list[np.ndarray[Any, Any]]] = [[] for _ in kinds]
    for batch in _batches(connection, text):
        for part, values, kind in zip(parts, zip(*batch, strict=True), kinds.values(), strict=True):
            part.append(np.array(values, dtype=_STORED_AS.get(kind, "float64")))
    return pd.DataFrame({name: _column(part, kind) for (name, kind), part in zip(kinds.items(), parts, strict=True)})


def _batches(connection: sa.Connection, text: str) -> Iterator[Sequence[Any]]:
    cursor = connection.exec_driver_sql(text).cursor  # the driver's own: rows as plain tuples
    assert cursor is not None
    while batch := cursor.fetchmany(_FETCHED):
        yield batch


def _column(parts: list[np.ndarray[Any, Any]], kind: str) -> "pd.Series[Any]":
    values = np.concatenate(parts) if parts else np.empty(0)
    if kind == _MOMENT:  # microseconds are whole in float64 until the year 2255, and NaN stands for NULL
        missing = np.isnan(values)
        whole = np.where(missing, 0, values).astype("int64").view("datetime64[us]")
        return pd.Series(pd.DatetimeIndex(whole, tz="UTC")).mask(missing)
    return pd.Series(values, dtype=kind)


def _copy_in(connection: sa.Connection, table: sa.Table, rows: pd.DataFrame) -> None:
    import pyarrow as pa
    from pyarrow import csv

    stream = io.BytesIO()
    table_of_one_piece = pa.Table.from_pandas(rows, preserve_index=False).combine_chunks()  # empty ones write zeros
    csv.write_csv(table_of_one_piece, stream, csv.WriteOptions(include_header=False))
    stream.seek(0)
    names = ", ".join(map(connection.dialect.identifier_preparer.quote, rows.columns))
    _copy(connection, f"COPY {table.name} ({names}) FROM STDIN WITH (FORMAT csv)", stream)


def _copy_out(connection: sa.Connection, text: str, kinds: dict[str, str]) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import csv

    stream = io.BytesIO()
    _copy(connection, f"COPY ({text}) TO STDOUT WITH (FORMAT csv)", stream)
    if not stream.tell():
        return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in kinds.items()})
    stream.seek(0)
    arrow = {"str": pa.string(), "bool": pa.bool_(), "int64": pa.int64(), _MOMENT: pa.timestamp("us", "UTC")}
    table = csv.read_csv(
        stream,
        csv.ReadOptions(column_names=list(kinds)),
        convert_options=csv.ConvertOptions(
            column_types={name: arrow.get(kind, pa.float64()) for name, kind in kinds.items()},
            true_values=["t"], false_values=["f"], strings_can_be_null=True, quoted_strings_can_be_null=False,
        ),
    )  # fmt: skip
    return table.to_pandas().astype(kinds)


def _copy(connection: sa.Connection, statement: str, stream: io.BytesIO) -> None:
    cursor: Any = connection.connection.cursor()  # pg8000 takes the stream as an argument of its own
    cursor.execute(statement, stream=stream)
