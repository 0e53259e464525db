"""CloudEvents 1.0 over HTTP, structured and binary: our own types, and those of the platforms that speak it.

Ours carry the object's key (or the name of the schedule) as `subject`, and `sha256`, `generation` and `traceparent` as
extension attributes; a batch carries rows of matches as its data. Of the others we know Knative's PingSource and
KafkaSource, Google Cloud Storage as Eventarc sends it, and the types of the CloudEvents adapter for S3. Header values
are percent-coded as the HTTP binding says.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import quote

import msgspec

from touchline.dialects.reading import (
    JSON,
    Count,
    Dialect,
    Digest,
    Message,
    Moment,
    Reading,
    Text,
    checked,
    converted,
    decoded,
    object_events,
    unquoted,
    utc,
)
from touchline.errors import EventError
from touchline.manifest import encode, sha256
from touchline.work import Event, EventKind

STRUCTURED: Final = "application/cloudevents+json"
TYPES: Final[dict[EventKind, str]] = {
    "object": "dev.touchline.object.created",
    "cron": "dev.touchline.cron.tick",
    "http": "dev.touchline.http.request",
}
AGAIN: Final[dict[EventKind, str]] = {kind: f"touchline.{kind}.again" for kind in TYPES}
"""Of events that the bridge posts for one function, which their attribute `function` names."""
PING: Final = "dev.knative.sources.ping"
"""PingSource: our renderer puts the schedule's name into its data, `{"schedule": "weekly"}`."""
BATCH: Final = "dev.touchline.matches.batch"
"""Rows of matches, for scrape: data are a list of them, or an object with that list as `rows`."""
KAFKA: Final = "dev.knative.kafka.event"
"""KafkaSource, for messages that are no CloudEvents themselves: we take such a message for a batch. Its id is that of
a place in a partition, such as `partition:0/offset:17`, which every topic has."""
GCS: Final = "google.cloud.storage.object.v1."
"""Eventarc: `finalized` tells of a new object; `deleted`, `archived` and `metadataUpdated` ask nothing of us."""
S3: Final = "com.amazonaws.s3."
"""CloudEvents' adapter for S3: `ObjectCreated:*` tells of a new object, with its plain key as subject."""

_KINDS: Final[dict[str, EventKind]] = {
    **{name: kind for kind, name in TYPES.items()}, **{name: kind for kind, name in AGAIN.items()}, PING: "cron",
}  # fmt: skip
_MARKS: Final = frozenset({"ce-specversion", "ce-id", "ce-type"})
_PLAIN: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


class _CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Attributes that we read; others are allowed and ignored, as the specification asks."""

    specversion: Literal["1.0"]
    id: Text
    source: Text
    type: Text
    subject: str = ""
    time: Moment | None = None
    sha256: Digest = ""
    generation: Count = 0
    traceparent: str = ""
    bucket: str = ""
    data: Any = None
    data_base64: bytes = b""


def to_http(event: Event) -> Message:
    """The event as a binary CloudEvent; reading it gives the same event back."""
    return binary(attributes(event), event.data)


def binary(named: Mapping[str, Any], data: Mapping[str, Any]) -> Message:
    """A binary CloudEvent of some attributes and data."""
    headers = {f"ce-{name}": quote(str(value), safe=_PLAIN) for name, value in named.items()}
    body = encode(data) if data else b""
    return Message("POST", "/", headers | ({"content-type": JSON} if body else {}), body)


def to_json(event: Event) -> bytes:
    """The event as a structured CloudEvent, for files; reading it gives the same event back."""
    return encode(attributes(event) | ({"data": event.data} if event.data else {}))


def attributes(event: Event) -> dict[str, Any]:
    """Attributes of the event as a CloudEvent, without those that say nothing."""
    named = {
        "specversion": "1.0", "id": event.id, "source": event.source, "type": TYPES[event.kind],
        "time": utc(event.time, event.id).isoformat().replace("+00:00", "Z"), "subject": event.key,
        "sha256": event.sha256, "generation": event.generation, "traceparent": event.traceparent,
    }  # fmt: skip
    return {name: value for name, value in named.items() if value not in ("", 0)}


def _is_structured(reading: Reading) -> bool:
    return reading.media_type == STRUCTURED or "specversion" in reading.fields


def _structured(reading: Reading) -> tuple[Event, ...]:
    read = converted(reading.content, _CloudEvent, reading.message.path)
    data = decoded(read.data_base64, f"{read.id}: data_base64") if read.data_base64 else read.data
    return _events(read, data, reading)


def _is_binary(reading: Reading) -> bool:
    return not _MARKS.isdisjoint(reading.message.headers)


def _binary(reading: Reading) -> tuple[Event, ...]:
    message = reading.message
    named = {name[3:]: value for name, value in message.headers.items() if name.startswith("ce-")}
    told = {name: _header(value, f"ce-{name}") for name, value in named.items() if name not in ("data", "data_base64")}
    read = converted(told, _CloudEvent, message.path)
    if message.body and not reading.claims_json:
        raise EventError(f"data of type {reading.media_type} cannot be read", where=read.id, hint=f"send {JSON}")
    return _events(read, decoded(message.body, f"{read.id}: data") if message.body else None, reading)


BINARY: Final = Dialect("CloudEvent in binary mode", _is_binary, _binary)
CLOUDEVENT: Final = Dialect("CloudEvent in structured mode", _is_structured, _structured)


def _events(read: _CloudEvent, data: Any, reading: Reading) -> tuple[Event, ...]:
    """Events of a CloudEvent whose attributes and data are decoded."""
    if read.type in (BATCH, KAFKA):
        return (_batch(read, data, reading),)
    if data is not None and not isinstance(data, dict):
        raise EventError(f"data are {type(data).__name__}, not a JSON object", where=read.id)
    if read.type.startswith((GCS, S3)):
        return _of_a_store(read, reading)
    return (_own(read, data or {}, reading),)


def _own(read: _CloudEvent, data: dict[str, Any], reading: Reading) -> Event:
    if read.type not in _KINDS:
        known = ", ".join((*_KINDS, BATCH, KAFKA, f"{GCS}*", f"{S3}*"))
        raise EventError(f"a CloudEvent of type {read.type!r:.200}", where=read.id, hint=f"known: {known}")
    kind = _KINDS[read.type]
    name = data.get("schedule", "") if read.type == PING else read.subject
    return _event(read, reading, kind, data, key=checked(name, kind, read.id), sha256=read.sha256)


def _batch(read: _CloudEvent, data: Any, reading: Reading) -> Event:
    """A request to take rows in; whether they are rows of matches is for scrape to say."""
    rows = data.get("rows") if isinstance(data, dict) else data
    if not isinstance(rows, list):
        raise EventError("no list of rows", where=read.id, hint='data are [{...}, ...] or {"rows": [{...}, ...]}')
    event = _event(read, reading, "http", {"rows": rows})
    if read.type == BATCH:
        return event
    return msgspec.structs.replace(event, id=f"kafka-{sha256(encode([read.source, read.id]))[:20]}")


def _event(read: _CloudEvent, reading: Reading, kind: EventKind, data: dict[str, Any], **more: str) -> Event:
    return Event(
        id=read.id,
        kind=kind,
        source=read.source,
        time=utc(read.time, read.id) if read.time else reading.now,
        generation=read.generation,
        traceparent=read.traceparent or reading.header("traceparent"),
        data=data,
        **more,
    )


def _of_a_store(read: _CloudEvent, reading: Reading) -> tuple[Event, ...]:
    """A bucket's own event; the key is plain in both types, and Google's subject puts `objects/` before it."""
    if read.type != f"{GCS}finalized" and not read.type.startswith(f"{S3}ObjectCreated:"):
        return ()
    key = read.subject.removeprefix("objects/") if read.type.startswith(GCS) else read.subject
    found = object_events(reading, name=read.id, bucket=read.bucket or read.source, key=key, time=read.time)
    return tuple(msgspec.structs.replace(one, traceparent=read.traceparent or one.traceparent) for one in found)


def _header(value: str, where: str) -> str:
    """Header value without the quotes and percent-codes that the HTTP binding allows."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return unquoted(value, where)
