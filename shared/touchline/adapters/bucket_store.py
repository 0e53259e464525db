"""What S3 and Google Cloud Storage have in common: conditional writes that know their own hand.

An answer may be lost on its way, and the write is then tried again, here or in a layer below that we do not see. The
second attempt finds the object that the first one made and is refused, though it was ours. So each write leaves a
random mark in the object's metadata, a swap carries on the newest marks of what it replaces, and a refused write looks
whether its mark is there: then it was written. Only more than `KEPT_MARKS` swaps by others in between would hide it.

A write that ends in `Unavailable` leaves open whether it was done; whoever tries again must look first.
"""

import contextlib
import secrets
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from itertools import chain
from typing import BinaryIO, Final, cast

import msgspec

from touchline.adapters.object_keys import LONGEST_KEY, check_key, check_prefix, is_key
from touchline.errors import ConfigurationError, DataError, NotFound, Unavailable
from touchline.ports import ObjectInfo

PART: Final = 8 << 20
"""Bytes that are held at once: larger objects go up in parts and come down into a file."""
KEPT_MARKS: Final = 16
MARKS: Final = "touchline-writes"
"""Name of the metadata that holds the marks, newest last."""


class Seen(msgspec.Struct, frozen=True):
    """An object as the bucket describes it, with the marks of its last writes."""

    info: ObjectInfo
    marks: tuple[str, ...]


class BucketStore(ABC):
    """An `ObjectStore` in a bucket, below a prefix; safe to use from several threads.

    A stream that was opened is a copy (in memory up to `PART` bytes, in a temporary file above): it stays what it was
    while the object is replaced, is read from the network once however often its reader seeks, and fails, if at all,
    when it is opened.
    """

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self.bucket = bucket
        self._above = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._found_bucket = False
        if self._above and not is_key(self._above[:-1]):
            raise ConfigurationError(
                f"{prefix!r} cannot be the prefix of a store", where="TOUCHLINE_STORE", hint="use [a-z0-9/_.-] only"
            )

    def get(self, key: str) -> bytes:
        """Content of an object.

        Raises:
            NotFound: there is no such object.
        """
        sink = BytesIO()
        self._download(key, sink)
        return sink.getvalue()

    def open(self, key: str) -> BinaryIO:
        """Content as a seekable binary stream, complete when this returns.

        Raises:
            NotFound: there is no such object.
        """
        with contextlib.ExitStack() as on_failure:
            file = on_failure.enter_context(tempfile.SpooledTemporaryFile(max_size=PART))
            sink = cast("BinaryIO", file)
            self._download(key, sink)
            on_failure.pop_all()
        sink.seek(0)
        return sink

    def create(self, key: str, data: bytes | BinaryIO) -> bool:
        """Write an object if there is none: True if written, False if one existed (which is left as it was)."""
        name, mark = self._name(key), secrets.token_hex(8)
        source = BytesIO(data) if isinstance(data, bytes) else data
        start, more = _part(source), _part(source)
        if not more:
            written = self._put(name, start, None, mark)
        elif self.stat(key) is not None:  # not worth the upload
            return False
        else:
            written = self._put_parts(name, chain((start, more), iter(partial(_part, source), b"")), mark)
        if written:
            return True
        now = self._seen(key)
        if now is None:
            raise _disturbed(key)
        return mark in now.marks

    def swap(self, key: str, data: bytes, etag: str) -> bool:
        """Replace an object if its etag is still `etag`: False, and nothing written, otherwise."""
        name, mark = self._name(key), secrets.token_hex(8)
        before = self._seen(key)
        if before is None or before.info.etag != etag:
            return False
        if self._put(name, data, etag, " ".join((*before.marks[1 - KEPT_MARKS :], mark))):
            return True
        now = self._seen(key)
        if now is not None and mark not in now.marks and now.info.etag == etag:
            raise _disturbed(key)
        return now is not None and mark in now.marks

    def stat(self, key: str) -> ObjectInfo | None:
        """What is known of an object, None if there is none."""
        seen = self._seen(key)
        return None if seen is None else seen.info

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Objects whose key starts with `prefix`, in the order of their keys; read page by page."""
        check_prefix(prefix)
        return self._listed(prefix)

    def _listed(self, prefix: str) -> Iterator[ObjectInfo]:
        for found in self._pages(self._above + prefix):
            key = found.key.removeprefix(self._above)
            if is_key(key):  # others may keep other things in the bucket
                yield msgspec.structs.replace(found, key=key)

    def _name(self, key: str) -> str:
        """Name in the bucket."""
        check_key(key)
        name = self._above + key
        if len(name) > LONGEST_KEY:
            raise DataError("the key is too long", where=key, hint="use a shorter prefix in TOUCHLINE_STORE")
        return name

    def _seen(self, key: str) -> Seen | None:
        name = self._name(key)
        seen = self._head(name)
        if seen is None:
            self._confirm_bucket(name)
            return None
        return msgspec.structs.replace(seen, info=msgspec.structs.replace(seen.info, key=key))

    def _download(self, key: str, sink: BinaryIO) -> None:
        name = self._name(key)
        try:
            self._read(name, sink)
        except NotFound:
            self._confirm_bucket(name)
            raise NotFound("there is no such object", where=key) from None
        except Unavailable:
            raise
        except OSError as error:  # of the temporary file
            what = f"cannot keep a copy: {error.strerror or error}"
            raise Unavailable(what, where=key, hint="check the space of the temporary folder") from error

    def _confirm_bucket(self, name: str) -> None:
        """Once: an object may be missing, its bucket may not, and the answers do not always tell them apart."""
        if not self._found_bucket:
            next(iter(self._pages(name)), None)
            self._found_bucket = True

    @abstractmethod
    def _head(self, name: str) -> Seen | None:
        """What the bucket knows of an object; its key is the name."""

    @abstractmethod
    def _read(self, name: str, sink: BinaryIO) -> None:
        """Copy the content into an empty sink.

        Raises:
            NotFound: there is no such object.
        """

    @abstractmethod
    def _put(self, name: str, data: bytes, etag: str | None, marks: str) -> bool:
        """Write if the object has this etag (None: if there is none); False if refused, or if nobody knows."""

    @abstractmethod
    def _put_parts(self, name: str, parts: Iterator[bytes], marks: str) -> bool:
        """Write `PART` bytes at a time if there is no object at the end; False if refused, or if nobody knows."""

    @abstractmethod
    def _pages(self, prefix: str) -> Iterator[ObjectInfo]:
        """Objects whose name starts so, in the order of names; their keys are the names."""


def _part(source: BinaryIO) -> bytes:
    """The next `PART` bytes; fewer only at the end, however little the source gives at once."""
    pieces, left = [], PART
    while left > 0 and (piece := source.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _disturbed(key: str) -> Unavailable:
    return Unavailable("another write of this object is under way", where=key, hint="try again")
