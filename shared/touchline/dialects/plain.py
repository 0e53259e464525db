"""A plain request: somebody types curl, a schedule posts a line of JSON, a test calls a function."""

from typing import Any, Final

import msgspec

from touchline.dialects.reading import JSON, Count, Dialect, Digest, Message, Reading, checked, converted
from touchline.manifest import encode, sha256
from touchline.work import Event, EventKind

REQUEST_ID: Final = "x-request-id"
"""Header with the identity of a request: the same one is the same work."""


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Work on this object, do what this schedule does, take in these rows of matches, or simply `data`."""

    key: str = ""
    schedule: str = ""
    sha256: Digest = ""
    generation: Count = 0
    data: dict[str, Any] = {}
    rows: list[Any] | None = None


def enclosed(body: bytes, identity: str, path: str, traceparent: str = "") -> Message:
    """The plain request that another message has in it, under the identity of that message."""
    headers = {"content-type": JSON, REQUEST_ID: identity, "traceparent": traceparent}
    return Message("POST", path, {name: value for name, value in headers.items() if value}, body)


def _is_plain(reading: Reading) -> bool:
    return reading.is_object and not set(reading.fields) - set(_Asked.__struct_fields__)


def _plain(reading: Reading) -> tuple[Event, ...]:
    message = reading.message
    asked = converted(reading.fields, _Asked, message.path)
    kind: EventKind = "object" if asked.key else "cron" if asked.schedule else "http"
    stamp = sha256(encode([reading.now, message.path, reading.fields]))[:20]
    event = Event(
        id=reading.header(REQUEST_ID) or f"request-{stamp}",
        kind=kind,
        source=message.path or "/",
        time=reading.now,
        key=checked(asked.key or asked.schedule, kind, message.path),
        sha256=asked.sha256,
        generation=asked.generation,
        traceparent=reading.header("traceparent"),
        data=asked.data if asked.rows is None else asked.data | {"rows": asked.rows},
    )
    return (event,)


PLAIN: Final = Dialect("plain request", _is_plain, _plain)
