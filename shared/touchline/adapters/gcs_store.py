"""Objects in a bucket of Google Cloud Storage.

Credentials are the application's default ones; with STORAGE_EMULATOR_HOST set, that address is used, without any. The
client repeats what did not get through for `PATIENCE` seconds: reads change nothing, writes are conditional, and a
write that was done in spite of a lost answer is recognised by its mark. An etag is the object's generation.
"""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import Any, BinaryIO, Final

import requests
from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth import exceptions as auth
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from google.cloud.storage.retry import DEFAULT_RETRY

from touchline.adapters.bucket_store import MARKS, PART, BucketStore, Seen
from touchline.errors import ConfigurationError, NotFound, Unavailable
from touchline.ports import ObjectInfo

PATIENCE: Final = 5.0
_TIMEOUTS: Final = (5.0, 60.0)
"""Seconds to connect, and to wait for an answer."""
_REACH: Final = "check the network, and STORAGE_EMULATOR_HOST if it is set"
_RIGHTS: Final = "check the credentials, and that they have roles/storage.objectUser on the bucket"


class GcsStore(BucketStore):
    """An `ObjectStore` in a bucket of Google Cloud Storage."""

    def __init__(self, bucket: str, prefix: str = "") -> None:
        super().__init__(bucket, prefix)
        with self._translated():
            self._client = storage.Client(project=None)  # objects need none
            self._bucket = self._client.bucket(bucket)
            self._client._http.hooks["response"].append(_read_error)
        retry = DEFAULT_RETRY.with_delay(initial=0.1, maximum=4.0, multiplier=2.0).with_timeout(PATIENCE)
        self._calls: dict[str, Any] = {"timeout": _TIMEOUTS, "retry": retry}

    def _head(self, name: str) -> Seen | None:
        blob = self._bucket.blob(name)
        try:
            with self._translated(name):
                blob.reload(**self._calls)
        except NotFound:
            return None
        except ConfigurationError:
            if self._is_there(name):
                raise
            return None
        return Seen(_info(blob), tuple((blob.metadata or {}).get(MARKS, "").split()))

    def _read(self, name: str, sink: BinaryIO) -> None:
        try:
            with self._translated(name):
                self._bucket.blob(name).download_to_file(sink, raw_download=True, **self._calls)
        except NotFound:
            if self._head(name) is None:
                raise
            raise Unavailable("the object was replaced while it was read", where=name, hint="try again") from None
        except ConfigurationError as error:
            if self._is_there(name):
                raise
            raise NotFound("there is no such object", where=f"gs://{self.bucket}/{name}") from error

    def _put(self, name: str, data: bytes, etag: str | None, marks: str) -> bool:
        blob = self._marked(name, marks)
        content, generation = BytesIO(data), int(etag or 0)
        upload = partial(blob.upload_from_file, content, size=len(data), if_generation_match=generation, **self._calls)
        return self._written(name, upload)

    def _put_parts(self, name: str, parts: Iterator[bytes], marks: str) -> bool:
        def upload() -> None:
            blob = self._marked(name, marks)
            with blob.open("wb", chunk_size=PART, if_generation_match=0, **self._calls) as stream:
                for part in parts:
                    stream.write(part)

        return self._written(name, upload)

    def _marked(self, name: str, marks: str) -> Any:
        blob = self._bucket.blob(name)
        blob.metadata = {MARKS: marks}
        return blob

    def _written(self, name: str, upload: Callable[[], Any]) -> bool:
        """Whether the condition of a write held."""
        try:
            with self._translated(name):
                upload()
        except _Refused:
            return False
        except NotFound as error:
            raise self._no_bucket() from error
        return True

    def _pages(self, prefix: str) -> Iterator[ObjectInfo]:
        try:
            with self._translated():
                pages = self._client.list_blobs(self._bucket, prefix=prefix, **self._calls).pages
            while True:
                with self._translated():
                    page = next(pages, None)
                if page is None:
                    return
                yield from map(_info, page)
        except NotFound as error:
            raise self._no_bucket() from error

    def _is_there(self, name: str) -> bool:
        """Whether a refusal means what it says: who may not list the whole bucket is refused what does not exist, too.

        Raises:
            ConfigurationError: nor may we list what begins with this name.
        """
        found = next(iter(self._pages(name)), None)
        return found is not None and found.key == name

    def _no_bucket(self) -> ConfigurationError:
        hint = "create the bucket, or mend its name in TOUCHLINE_STORE"
        return ConfigurationError("there is no such bucket", where=f"gs://{self.bucket}", hint=hint)

    @contextlib.contextmanager
    def _translated(self, name: str = "") -> Iterator[None]:
        """Errors of the client in our words."""
        where = f"gs://{self.bucket}/{name}".rstrip("/")
        try:
            yield
        except DataCorruption as error:
            raise Unavailable("what was sent arrived otherwise", where=where, hint="try again") from error
        except InvalidResponse as error:
            raise _answered(error.response.status_code, error, where) from error
        except GoogleAPICallError as error:
            raise _answered(error.code or 500, error, where) from error
        except (RetryError, requests.RequestException, auth.TransportError, ConnectionError) as error:
            raise Unavailable(f"the store does not answer: {_reason(error)}", where=where, hint=_REACH) from error
        except (auth.GoogleAuthError, ValueError) as error:  # no credentials, or a name that no bucket can have
            raise ConfigurationError(str(error), where=where, hint=_RIGHTS) from error


class _Refused(Exception):
    """The condition of a write did not hold."""


def _answered(status: int, error: Exception, where: str) -> Exception:
    """Our error for an answer that is one."""
    if status == 412:
        return _Refused()
    if status == 404:
        return NotFound("there is no such object", where=where)
    what = f"the store answers {status}: {getattr(error, 'message', error)}"
    if status >= 500 or status in (408, 429):
        return Unavailable(what, where=where, hint="try again")
    return ConfigurationError(what, where=where, hint=_RIGHTS)


def _read_error(answer: requests.Response, **_: Any) -> None:
    """The client leaves the text of an error unread, and its connection open until somebody collects it."""
    if not answer.ok:
        answer.content  # noqa: B018


def _reason(error: Exception) -> Exception:
    """What went wrong at last, where the client says only that it gave up."""
    return (error.cause if isinstance(error, RetryError) else None) or error


def _info(blob: Any) -> ObjectInfo:
    return ObjectInfo(blob.name, blob.size, str(blob.generation), blob.updated)
