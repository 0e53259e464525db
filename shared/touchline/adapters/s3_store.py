"""Objects in a bucket of S3, or of anything that speaks its protocol and honours `If-None-Match` and `If-Match`.

Endpoint, region and credentials come from where every tool of AWS has them (AWS_ENDPOINT_URL_S3, AWS_REGION, roles,
profiles, AWS_ACCESS_KEY_ID). The client repeats what did not get through, up to `ATTEMPTS` times: reads change
nothing, writes are conditional, and a write that was done in spite of a lost answer is recognised by its mark.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from typing import Any, BinaryIO, Final

import boto3
import urllib3
from botocore import exceptions as aws
from botocore.config import Config

from touchline.adapters.bucket_store import MARKS, BucketStore, Seen
from touchline.adapters.clock import SystemClock
from touchline.errors import ConfigurationError, NotFound, Unavailable
from touchline.ports import ObjectInfo

ATTEMPTS: Final = 5
LOCKED: Final = "ledger/"
"""Prefix of what is locked, where it is asked for."""
_SETTINGS: Final = {
    "connect_timeout": 5,
    "read_timeout": 60,
    "max_pool_connections": 32,
    "retries": {"mode": "standard", "total_max_attempts": ATTEMPTS},
    # Not every endpoint knows the newer checksums; the signature covers the hash of what is sent, and manifests hold
    # the hash of what is read.
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
}
_BROKEN: Final = (aws.HTTPClientError, aws.IncompleteReadError, urllib3.exceptions.HTTPError)
_ABSENT: Final = {"404", "NoSuchKey", "NoSuchUpload"}
_REFUSED: Final = {409, 412}
_BUSY: Final = {"RequestTimeout", "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded"}
_HINTS: Final = {
    "NoSuchBucket": "create the bucket, or mend its name in TOUCHLINE_STORE",
    "PermanentRedirect": "set AWS_REGION to the bucket's region",
    "AuthorizationHeaderMalformed": "set AWS_REGION to the bucket's region",
    "RequestTimeTooSkewed": "set this machine's clock",
}
_REACH: Final = "check the network, and AWS_ENDPOINT_URL_S3 where the store is not that of AWS"
_RIGHTS: Final = "check the credentials, and that they allow s3:GetObject, s3:PutObject and s3:ListBucket"


class S3Store(BucketStore):
    """An `ObjectStore` in a bucket of S3.

    An etag is that of S3: the same content may get the same etag again.

    Args:
        bucket: its name.
        prefix: above all keys.
        lock_days: for so long what is written under LOCKED can be removed by nobody; the bucket must have object lock.
    """

    def __init__(self, bucket: str, prefix: str = "", lock_days: int = 0) -> None:
        super().__init__(bucket, prefix)
        self._lock_days = lock_days
        with self._translated():
            self._client: Any = boto3.session.Session().client("s3", config=Config(**_SETTINGS))

    def _head(self, name: str) -> Seen | None:
        try:
            with self._translated(name):
                found = self._client.head_object(Bucket=self.bucket, Key=name)
        except NotFound:
            return None
        return Seen(_info(name, found, "ContentLength"), tuple(found["Metadata"].get(MARKS, "").split()))

    def _read(self, name: str, sink: BinaryIO) -> None:
        with self._translated(name):
            for left in reversed(range(ATTEMPTS)):  # the client repeats requests, not bodies that break off
                try:
                    self._copy(name, sink)
                    break
                except _BROKEN:
                    if not left:
                        raise
                    sink.seek(0)
                    sink.truncate()

    def _copy(self, name: str, sink: BinaryIO) -> None:
        with contextlib.closing(self._client.get_object(Bucket=self.bucket, Key=name)["Body"]) as body:
            shutil.copyfileobj(body, sink, 1 << 20)

    def _put(self, name: str, data: bytes, etag: str | None, marks: str) -> bool:
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": f'"{etag}"'}
        written = {"Bucket": self.bucket, "Key": name, "Body": data, "Metadata": {MARKS: marks}}
        return self._written(self._client.put_object, **written, **condition, **self._lock(name))

    def _put_parts(self, name: str, parts: Iterator[bytes], marks: str) -> bool:
        upload, done = self._begun(name, marks), False
        try:
            with self._translated(name):
                made = [self._put_part(upload, number, part) for number, part in enumerate(parts, 1)]
            complete = self._client.complete_multipart_upload
            done = self._written(complete, **upload, MultipartUpload={"Parts": made}, IfNoneMatch="*")
        finally:
            if not done:
                with contextlib.suppress(aws.ClientError, aws.BotoCoreError):
                    self._client.abort_multipart_upload(**upload)
        return done

    def _begun(self, name: str, marks: str) -> dict[str, str]:
        """Names an upload in parts."""
        place = {"Bucket": self.bucket, "Key": name}
        with self._translated(name):
            begun = self._client.create_multipart_upload(**place, Metadata={MARKS: marks}, **self._lock(name))
            return place | {"UploadId": begun["UploadId"]}

    def _lock(self, name: str) -> dict[str, Any]:
        """What keeps an object of the record from being removed, also by whoever owns the bucket."""
        if not self._lock_days or not name.startswith(self._above + LOCKED):
            return {}
        until = SystemClock().now() + timedelta(days=self._lock_days)
        return {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until, "ChecksumAlgorithm": "SHA256"}

    def _put_part(self, upload: dict[str, str], number: int, part: bytes) -> dict[str, Any]:
        return {"PartNumber": number, "ETag": self._client.upload_part(**upload, PartNumber=number, Body=part)["ETag"]}

    def _written(self, write: Callable[..., Any], **arguments: Any) -> bool:
        """Whether the condition of a write held."""
        try:
            with self._translated(arguments["Key"]):
                write(**arguments)
        except (_Refused, NotFound):  # what should have an etag, or the upload itself, is gone
            return False
        return True

    def _pages(self, prefix: str) -> Iterator[ObjectInfo]:
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix))
        while True:
            with self._translated():
                page = next(pages, None)
            if page is None:
                return
            for found in page.get("Contents", ()):
                yield _info(found["Key"], found, "Size")

    @contextlib.contextmanager
    def _translated(self, name: str = "") -> Iterator[None]:
        """Errors of the client in our words."""
        where = f"s3://{self.bucket}/{name}".rstrip("/")
        try:
            yield
        except aws.ClientError as error:
            raise _answered(error, where) from error
        except (*_BROKEN, aws.ConnectionError) as error:
            raise Unavailable(f"the store does not answer: {error}", where=where, hint=_REACH) from error
        except aws.BotoCoreError as error:  # before anything was sent: no credentials, no such profile, a bad name
            raise ConfigurationError(str(error), where=where, hint=_RIGHTS) from error


class _Refused(Exception):
    """The condition of a write did not hold."""


def _answered(error: aws.ClientError, where: str) -> Exception:
    """Our error for an answer that is one."""
    code, message = str(error.response["Error"].get("Code", "")), error.response["Error"].get("Message", "")
    status = int(error.response["ResponseMetadata"]["HTTPStatusCode"])
    if status in _REFUSED:
        return _Refused()
    if code in _ABSENT:
        return NotFound("there is no such object", where=where)
    what = f"the store answers {status}, {code}: {message}"
    if status >= 500 or status == 429 or code in _BUSY:
        return Unavailable(what, where=where, hint="try again")
    return ConfigurationError(what, where=where, hint=_HINTS.get(code, _RIGHTS))


def _info(name: str, found: dict[str, Any], size: str) -> ObjectInfo:
    """Only lists know fractions of a second, so nobody is told of them."""
    modified = found["LastModified"].astimezone(UTC).replace(microsecond=0)
    return ObjectInfo(name, found[size], found["ETag"].strip('"'), modified)
