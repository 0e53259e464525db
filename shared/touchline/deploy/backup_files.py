"""How a backup lies at its place: contents once each, under their hash, and for each backup a folder that names them.

`content/<first two letters>/<sha256>`, `backups/<name>/objects.jsonl.gz` (a line for each object),
`.../<database>.dump`, and last `.../backup.json`: a folder without it is no backup. Contents are never changed, so a
second backup adds what is new; old folders may be removed by a rule of the bucket for `backups/`.
"""

import contextlib
import gzip
import hashlib
import io
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, Final, cast

import msgspec

from touchline.adapters.heaps import Heap
from touchline.errors import CorruptObject

LISTING: Final = "objects.jsonl.gz"
ABOUT: Final = "backup.json"
_FOLDER: Final = "backups/"
_HELD: Final = 8 << 20


class Line(msgspec.Struct, frozen=True):
    """One object of a backup."""

    store: str
    """Which of the stores it is from: `objects` or `artifacts`."""
    name: str
    size: int
    sha256: str
    etag: str
    """At its origin; whoever makes the next backup knows by it that nothing changed."""


class About(msgspec.Struct, frozen=True):
    """What a backup is."""

    name: str
    """Its moment (UTC), so that names are in the order of time."""
    objects: int
    size: int
    """Bytes of all objects."""
    listing: str
    """sha256 of the listing."""
    dumps: dict[str, str]
    """sha256 of each dump by its file name."""


def content(sha256: str) -> str:
    """Name of a content.

    >>> content("ab12")
    'content/ab/ab12'
    """
    return f"content/{sha256[:2]}/{sha256}"


def file(name: str, what: str) -> str:
    """Name of a file of a backup."""
    return f"{_FOLDER}{name}/{what}"


def names(target: Heap) -> list[str]:
    """Backups that are whole, oldest first."""
    found = (entry.name for entry in target.entries(_FOLDER))
    return sorted(name.split("/")[1] for name in found if name.endswith(f"/{ABOUT}"))


def about(target: Heap, name: str) -> About:
    """What a backup is.

    Raises:
        NotFound: there is none of that name.
    """
    sink = io.BytesIO()
    target.read(file(name, ABOUT), sink)
    return msgspec.json.decode(sink.getvalue(), type=About)


def lines(target: Heap, found: About) -> Iterator[Line]:
    """Objects of a backup.

    Raises:
        CorruptObject: the listing is not what was written.
    """
    with fetched(target, file(found.name, LISTING), found.listing) as packed, gzip.open(packed) as listing:
        for line in listing:
            yield msgspec.json.decode(line, type=Line)


def fetched(heap: Heap, name: str, sha256: str) -> BinaryIO:
    """A file as a stream, after its hash was checked; the caller closes it.

    Raises:
        NotFound: there is no such file.
        CorruptObject: it is not what was written.
    """
    with contextlib.ExitStack() as on_failure:
        sink = on_failure.enter_context(held())
        heap.read(name, sink)
        if (found := sha256_of(sink)) != sha256:
            raise CorruptObject(f"its sha256 is {found[:12]}..., not {sha256[:12]}...", where=name)
        on_failure.pop_all()
    return sink


def held() -> BinaryIO:
    """A stream to write into and read from, in memory while it is small."""
    return cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=_HELD))


def sha256_of(stream: BinaryIO) -> str:
    """Hash of a whole stream, which stands at its beginning afterwards."""
    stream.seek(0)
    found = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type] # it asks for less than it says
    stream.seek(0)
    return found
