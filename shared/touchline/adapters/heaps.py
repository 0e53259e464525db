"""Files of a bucket or a folder under whatever names they have, to copy them: those of MLflow are no keys of ours.

Nothing is removed, and a file is replaced only where the caller says so by writing it.
"""

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol
from urllib.parse import urlsplit

import boto3
import msgspec
from botocore import exceptions as aws
from botocore.config import Config

from touchline.errors import ConfigurationError, NotFound, Unavailable

_SETTINGS: Final = Config(
    connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5},
    request_checksum_calculation="when_required", response_checksum_validation="when_required",
)  # fmt: skip
_SESSION: Final = {
    "AWS_ACCESS_KEY_ID": "aws_access_key_id",
    "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key",  # nosec B105 - the name of an argument
    "AWS_SESSION_TOKEN": "aws_session_token",  # nosec B105 - as before
    "AWS_REGION": "region_name",
    "AWS_PROFILE": "profile_name",
}
_ABSENT: Final = {"404", "NoSuchKey"}


class Entry(msgspec.Struct, frozen=True):
    """A file as a list names it; another content has another size or etag."""

    name: str
    size: int
    etag: str


class Heap(Protocol):
    """Files by name."""

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        """Files whose names begin so."""
        ...

    def read(self, name: str, sink: BinaryIO) -> None:
        """Write the content of a file into `sink`. Raises NotFound where there is none."""
        ...

    def write(self, name: str, source: BinaryIO) -> None:
        """Make or replace a file."""
        ...


def open_heap(address: str, environ: Mapping[str, str], prefix: str = "") -> Heap:
    """Files at an address: `s3://bucket/prefix`, or the path of a folder.

    Args:
        address: where they are.
        environ: has the variables that the tools of AWS know (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL_S3, ...).
        prefix: what stands before the names of these variables; those that are not set are those of the process.

    Raises:
        ConfigurationError: no such address.
    """
    parts = urlsplit(address)
    if parts.scheme == "s3" and parts.netloc:
        known = {ours: environ[prefix + name] for name, ours in _SESSION.items() if environ.get(prefix + name)}
        endpoint = environ.get(f"{prefix}AWS_ENDPOINT_URL_S3") or None
        client = boto3.session.Session(**known).client("s3", endpoint_url=endpoint, config=_SETTINGS)
        return Bucket(client, parts.netloc, parts.path.strip("/"))
    if parts.scheme or not address:
        raise ConfigurationError(
            f"files cannot be kept at {parts.scheme or 'no address'}", hint="s3://bucket or a folder"
        )
    return Folder(Path(address))


class Folder:
    """Files below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        """Files whose names begin so, in the order of their names."""
        files = sorted(path for path in self._root.rglob("*") if path.is_file()) if self._root.is_dir() else []
        for path in files:
            name = path.relative_to(self._root).as_posix()
            if name.startswith(prefix):
                about = path.stat()
                yield Entry(name, about.st_size, str(about.st_mtime_ns))

    def read(self, name: str, sink: BinaryIO) -> None:
        """Write the content of a file into `sink`."""
        try:
            with (self._root / name).open("rb") as file:
                shutil.copyfileobj(file, sink)
        except FileNotFoundError as error:
            raise NotFound("no such file", where=name) from error

    def write(self, name: str, source: BinaryIO) -> None:
        """Make or replace a file; under its name it is whole."""
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f".{path.name}.half")
        with half.open("wb") as file:
            shutil.copyfileobj(source, file)
        half.replace(path)


class Bucket:
    """Files below a prefix of a bucket of S3."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client, self._bucket = client, bucket
        self._above = f"{prefix}/" if prefix else ""

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        """Files whose names begin so, in the order of their names."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._above + prefix)
        with self._translated(prefix):
            for page in pages:
                for found in page.get("Contents", ()):
                    yield Entry(found["Key"].removeprefix(self._above), found["Size"], found["ETag"].strip('"'))

    def read(self, name: str, sink: BinaryIO) -> None:
        """Write the content of a file into `sink`."""
        with self._translated(name):
            self._client.download_fileobj(self._bucket, self._above + name, sink)

    def write(self, name: str, source: BinaryIO) -> None:
        """Make or replace a file."""
        with self._translated(name):
            self._client.upload_fileobj(source, self._bucket, self._above + name)

    @contextlib.contextmanager
    def _translated(self, name: str) -> Iterator[None]:
        where = f"s3://{self._bucket}/{self._above}{name}"
        try:
            yield
        except aws.ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                raise NotFound("no such file", where=where) from error
            raise Unavailable(
                f"the store refuses: {error}", where=where, hint="check credentials and rights"
            ) from error
        except aws.BotoCoreError as error:
            raise Unavailable(f"the store does not answer: {error}", where=where) from error
