"""Gzip with a limit: a small file must not fill the memory."""

import gzip
import io
import zlib
from typing import Final

from touchline.errors import DataError

GZIP: Final = b"\x1f\x8b"
MAX_UNPACKED: Final = 400_000_000
"""Bytes; decades of all leagues together are smaller."""


def unzip(body: bytes, where: str, most: int = MAX_UNPACKED) -> bytes:
    """What a gzip file holds.

    Args:
        body: the file.
        where: its name, for the error.
        most: bytes that are unpacked at the most.

    Raises:
        DataError: it is broken, or holds more than `most` bytes.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
            found = stream.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"a broken gzip file: {error}", where=where, hint="fetch or pack it again") from error
    if len(found) > most:
        raise DataError(f"more than {most:,} bytes when unpacked", where=where, hint="split it into several files")
    return found
