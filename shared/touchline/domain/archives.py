"""Named arrays as the bytes of a numpy archive: the same arrays give the same bytes, and nothing in it is executed."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def pack(arrays: Mapping[str, Array]) -> bytes:
    """A compressed numpy archive of arrays without objects, by the order of their names.

    >>> unpack(pack({"a": np.arange(3)}))["a"].tolist()
    [0, 1, 2]
    """
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, array in sorted(arrays.items()):
            entry = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(entry, content.getvalue())
    return body.getvalue()


def unpack(data: bytes) -> dict[str, Array]:
    """Arrays of a numpy archive.

    Raises:
        ValueError: the bytes are no such archive, or would have to be executed.
    """
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise ValueError("no numpy archive")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (KeyError, zipfile.BadZipFile) as error:
        raise ValueError(f"a broken numpy archive: {error}") from error
