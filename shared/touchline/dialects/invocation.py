"""What AWS Lambda hands to a function: a request of a gateway, a batch of a queue, or an event itself."""

import json
from base64 import b64decode
from typing import Any, Final, Literal

import msgspec

from touchline.dialects.plain import enclosed
from touchline.dialects.reading import Message

PATH: Final = "lambda"
"""Stands for the path of what came by no request."""


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


class _Batch(msgspec.Struct, frozen=True):
    records: tuple[_Queued, ...] = msgspec.field(name="Records")


def from_lambda(payload: Any, request: str = "") -> Invocation:
    """Messages of a Lambda invocation; whatever is in them, this raises nothing.

    Args:
        payload: as the runtime decoded it.
        request: the invocation's own id, which Lambda keeps when it tries again: so a plain tick is the same work.
    """
    try:
        asked = msgspec.convert(payload, _Request)
    except msgspec.ValidationError:
        asked = None
    if asked is not None:
        headers = {_told(name).lower(): _told(value) for name, value in asked.headers.items()}
        message = Message(_told(asked.request_context.http.method), _told(asked.raw_path), headers, _body(asked))
        return Invocation("http", (("", message),))
    try:
        batch = msgspec.convert(payload, _Batch).records
    except msgspec.ValidationError:
        return Invocation("event", (("", enclosed(json.dumps(payload).encode(), request, PATH)),))
    return Invocation("batch", tuple((one.message_id, _of_queue(one)) for one in batch))


def _of_queue(record: _Queued) -> Message:
    """What was queued, under the identity that SQS gave it; each record may speak another dialect."""
    return enclosed(record.body.encode(errors="replace"), _told(record.message_id), PATH)


def _body(asked: _Request) -> bytes:
    text = asked.body or ""
    if asked.is_base64_encoded:
        try:
            return b64decode(text)
        except ValueError:  # read as what it is, and refused as that
            pass
    return text.encode(errors="replace")


def _told(text: str) -> str:
    """The text without halves of characters, which JSON can hold but UTF-8 cannot."""
    return text.encode(errors="replace").decode()
