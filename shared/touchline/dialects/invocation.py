"""What AWS Lambda hands to a function: a request of a gateway, a batch of a queue, or an event itself."""

import json
from base64 import b64decode
from contextlib import suppress
from typing import Any, Final, Literal, TypeVar

import msgspec

from touchline.dialects.plain import enclosed
from touchline.dialects.reading import Message

PATH: Final = "lambda"
"""Stands for the path of what came by no request."""
_T = TypeVar("_T")


class Invocation(msgspec.Struct, frozen=True):
    """Messages of one invocation.

    Kinds: `http` (somebody waits for the status), `batch` (records of SQS, each acknowledged by itself), `event`.
    """

    kind: Literal["http", "batch", "event"]
    messages: tuple[tuple[str, Message], ...]
    """Each with the identity by which it is acknowledged, "" outside of a batch."""


class _Http(msgspec.Struct, frozen=True):
    method: str


class _Context(msgspec.Struct, frozen=True):
    http: _Http


class _Request(msgspec.Struct, frozen=True, rename="camel"):
    """Payload format 2.0, of HTTP APIs and function URLs."""

    request_context: _Context
    raw_path: str = "/"
    headers: dict[str, str] = {}
    body: str | None = None
    is_base64_encoded: bool = msgspec.field(name="isBase64Encoded", default=False)


class _Queued(msgspec.Struct, frozen=True, rename="camel"):
    message_id: str
    body: str
    event_source: Literal["aws:sqs"]


class Receipt(msgspec.Struct, frozen=True, rename={"queue": "eventSourceARN", "handle": "receiptHandle"}):
    """By what a queue knows the delivery of a message."""

    queue: str
    handle: str
    attributes: dict[str, str] = {}

    @property
    def deliveries(self) -> int:
        """How often the message was delivered, this time counted."""
        told = self.attributes.get("ApproximateReceiveCount", "")
        return int(told) if told.isdecimal() else 1


class _Batch(msgspec.Struct, frozen=True):
    records: tuple[_Queued, ...] = msgspec.field(name="Records")


def from_lambda(payload: Any, request: str = "") -> Invocation:
    """Messages of a Lambda invocation; whatever is in them, this raises nothing.

    Args:
        payload: as the runtime decoded it.
        request: the invocation's own id, which Lambda keeps when it tries again: so a plain tick is the same work.
    """
    written = _written(payload)
    if asked := _shaped(written, _Request):
        headers = {name.lower(): value for name, value in asked.headers.items()}
        message = Message(asked.request_context.http.method, asked.raw_path, headers, _body(asked))
        return Invocation("http", (("", message),))
    if batch := _shaped(written, _Batch):
        queued = ((one.message_id, enclosed(one.body.encode(), one.message_id, PATH)) for one in batch.records)
        return Invocation("batch", tuple(queued))
    return Invocation("event", (("", enclosed(written, request, PATH)),))


def receipts(payload: Any) -> dict[str, Receipt]:
    """Receipts of a batch by the identities of its messages, as far as it has any."""
    records = payload.get("Records") if isinstance(payload, dict) else None
    found = {}
    for record in records if isinstance(records, list) else ():
        with suppress(msgspec.ValidationError, TypeError, KeyError):
            found[str(record["messageId"])] = msgspec.convert(record, Receipt)
    return found


def _written(payload: Any) -> bytes:
    """The payload as JSON; halves of characters, which JSON can hold but UTF-8 cannot, become question marks."""
    try:
        return json.dumps(payload, ensure_ascii=False).encode(errors="replace")
    except RecursionError:
        return b"JSON of too many levels"  # which is refused as what it is: no JSON


def _shaped(written: bytes, kind: type[_T]) -> _T | None:
    """The payload in this shape, None if it has another one."""
    try:
        return msgspec.json.decode(written, type=kind)
    except (msgspec.DecodeError, RecursionError):
        return None


def _body(asked: _Request) -> bytes:
    text = asked.body or ""
    if asked.is_base64_encoded:
        try:
            return b64decode(text)
        except ValueError:  # read as what it is, and refused as that
            pass
    return text.encode()
