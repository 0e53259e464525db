"""A snapshot country by country, and tables that grow by parts: memory follows the largest country.

Teams of different countries are not known to each other, so their features can be made one country after the other.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from touchline import tables
from touchline.domain.competitions import competition
from touchline.errors import DataError
from touchline.manifest import Ref
from touchline.ports import ObjectStore

_BATCH: Final = 65_536
"""Rows that are looked at together while they are told apart."""


class Countries:
    """Matches of a snapshot, told apart by country in files of a folder.

    Args:
        data: parquet bytes of the tidy table.
        where: key of the object, for errors.
        folder: where the files are written.

    Raises:
        DataError: the bytes are no parquet file.
    """

    def __init__(self, data: bytes, where: str, folder: Path) -> None:
        try:
            file = pq.ParquetFile(pa.BufferReader(data))
        except pa.ArrowInvalid as error:
            hint = "let the stage before it make it again"
            raise DataError(f"not a parquet file: {error}", where=where, hint=hint) from error
        self.rows: int = file.metadata.num_rows
        self._paths: dict[str, Path] = {}
        self._schema = file.schema_arrow
        with ExitStack() as stack:
            self._tell_apart(file, folder, stack)

    def _tell_apart(self, file: pq.ParquetFile, folder: Path, stack: ExitStack) -> None:
        writers: dict[str, pa.ipc.RecordBatchFileWriter] = {}
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        for batch in file.iter_batches(batch_size=_BATCH):
            codes, names = pd.factorize(batch.column("competition").to_pandas())
            countries = np.array([competition(name).country for name in names])
            for country in np.unique(countries):
                if country not in writers:
                    self._paths[country] = folder / f"{len(writers)}.arrow"
                    made = pa.ipc.new_file(str(self._paths[country]), self._schema, options=options)
                    writers[country] = stack.enter_context(made)
                writers[country].write_batch(batch.filter(pa.array(countries[codes] == country)))

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """One table a country, in the order of their names; one without rows where there are no matches at all."""
        for _, path in sorted(self._paths.items()):
            with pa.memory_map(str(path)) as mapped:
                yield pa.ipc.open_file(mapped).read_all().to_pandas()
        if not self._paths:
            yield self._schema.empty_table().to_pandas()


class Growing:
    """Parquet files in a folder, written part by part; a context manager."""

    def __init__(self, folder: Path) -> None:
        self.rows: Counter[str] = Counter()
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._writers.values():
            writer.close()

    def add(self, name: str, table: pd.DataFrame) -> None:
        """Append rows; the first part says of which types the columns are."""
        writer = self._writers.get(name)
        arrow = pa.Table.from_pandas(table, preserve_index=False, schema=None if writer is None else writer.schema)
        if writer is None:
            arrow = arrow.replace_schema_metadata(None)
            writer = self._writers[name] = pq.ParquetWriter(self._path(name), arrow.schema, compression="zstd")
        if len(table):
            writer.write_table(arrow.replace_schema_metadata(None))
        self.rows[name] += len(table)

    def store(self, store: ObjectStore, prefix: str) -> dict[str, Ref]:
        """Create an object of each table; nothing can be added after that."""
        refs = {}
        for name, writer in self._writers.items():
            writer.close()
            schema = hashlib.sha256(str(writer.schema).encode()).hexdigest()
            key = f"{prefix}/{name}.parquet"
            refs[name] = tables.write_file(store, key, self._path(name), rows=self.rows[name], schema=schema)
        return refs

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.parquet"
