"""Tables as objects: parquet bytes that depend on nothing but the table, and are checked when they are read."""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from touchline.errors import DataError
from touchline.manifest import Ref, read_object, write_object
from touchline.ports import ObjectStore


def read(store: ObjectStore, ref: Ref, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """A table, or some of its columns; its bytes are checked.

    Raises:
        NotFound, CorruptObject: the object is not there, or not what it was.
        DataError: it is no parquet file.
    """
    try:
        return pq.read_table(pa.BufferReader(read_object(store, ref)), columns=columns and list(columns)).to_pandas()
    except pa.ArrowInvalid as error:
        raise DataError(
            f"not a parquet file: {error}", where=ref.key, hint="let the stage before it make it again"
        ) from error


def write(store: ObjectStore, key: str, table: pd.DataFrame) -> Ref:
    """Create the object of a table; one that exists must be the same.

    Raises:
        CorruptObject: another object stands under the key.
    """
    data, schema = to_parquet(table)
    return write_object(store, key, data, rows=len(table), schema=schema)


def write_file(store: ObjectStore, key: str, path: Path, *, rows: int, schema: str) -> Ref:
    """Create the object of a table that stands in a file; one that exists must be the same.

    Raises:
        CorruptObject: another object stands under the key.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        if not store.create(key, file):
            return write_object(store, key, path.read_bytes(), rows=rows, schema=schema)
    return Ref(key, digest, rows, schema)


def to_parquet(table: pd.DataFrame) -> tuple[bytes, str]:
    """Bytes of a table, and the hash of its Arrow schema."""
    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    return arrow_bytes(arrow), hashlib.sha256(str(arrow.schema).encode()).hexdigest()


def arrow_bytes(table: pa.Table) -> bytes:
    """Bytes of an Arrow table."""
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    return stream.getvalue()
