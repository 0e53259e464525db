"""Every dialect in which a platform says "something happened", read into one `Event`, and written back as CloudEvents.

Known so far: CloudEvents 1.0 over HTTP (structured and binary, of our own types and Knative's PingSource) and a plain
HTTP request. A further dialect is one function more in `DIALECTS`: it returns None for what it does not recognise.

Our CloudEvents carry the object's key (or the name of the schedule) as `subject`, and `sha256`, `generation` and
`traceparent` as extension attributes. Header values are percent-coded as the HTTP binding of CloudEvents 1.0 says.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import quote, unquote

import msgspec

from touchline.domain.vocabulary import KEY_ALPHABET
from touchline.errors import EventError
from touchline.manifest import encode, sha256
from touchline.work import Event, EventKind

MAX_BODY: Final = 1024 * 1024
"""Bytes; an event points at data, it does not carry them."""

STRUCTURED: Final = "application/cloudevents+json"
TYPES: Final[dict[EventKind, str]] = {
    "object": "dev.touchline.object.created",
    "cron": "dev.touchline.cron.tick",
    "http": "dev.touchline.http.request",
}
PING: Final = "dev.knative.sources.ping"
"""PingSource: our renderer puts the schedule's name into its data, `{"schedule": "weekly"}`."""

_KINDS: Final[dict[str, EventKind]] = {name: kind for kind, name in TYPES.items()} | {PING: "cron"}
_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_Digest = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")]
_Count = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
_T = TypeVar("_T")


class Message(msgspec.Struct, frozen=True):
    """What came over HTTP, whoever carried it; the names of headers in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


class _CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Attributes that we read; others are allowed and ignored, as the specification asks."""

    specversion: Literal["1.0"]
    id: _Text
    source: _Text
    type: _Text
    subject: str = ""
    time: _Moment | None = None
    datacontenttype: str = ""
    sha256: _Digest = ""
    generation: _Count = 0
    traceparent: str = ""
    data: Any = None
    data_base64: bytes = b""


class _Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plain request: work on this object, do what this schedule does, or simply `data`."""

    key: str = ""
    schedule: str = ""
    sha256: _Digest = ""
    generation: _Count = 0
    data: dict[str, Any] = {}


def parse(message: Message, now: datetime) -> Event:
    """Event of a message.

    Args:
        message: as received.
        now: time of events that bring none.

    Raises:
        EventError: too large, of no known dialect (says what was seen), or not as its dialect demands.
    """
    if len(message.body) > MAX_BODY:
        raise EventError(f"a body of {len(message.body)} bytes; at most {MAX_BODY} are read", where=message.path)
    for dialect in DIALECTS:
        event = dialect(message, now)
        if event is not None:
            return event
    raise EventError(
        f"no known dialect: {message.method} with {_seen(message)}",
        where=message.path,
        hint="send a CloudEvent 1.0 or a JSON object with `key` or `schedule`",
    )


def to_http(event: Event) -> Message:
    """The event as a binary CloudEvent; `parse` gives the same event back."""
    headers = {f"ce-{name}": quote(str(value), safe=_PLAIN) for name, value in _attributes(event).items()}
    body = encode(event.data) if event.data else b""
    return Message("POST", "/", headers | ({"content-type": "application/json"} if body else {}), body)


def to_json(event: Event) -> bytes:
    """The event as a structured CloudEvent, for files; `from_json` gives the same event back."""
    return encode(_attributes(event) | ({"data": event.data} if event.data else {}))


def from_json(data: bytes, now: datetime, where: str = "event") -> Event:
    """Event of a file: a structured CloudEvent or the JSON of a plain request.

    Raises:
        EventError: as `parse`.
    """
    kind = STRUCTURED if b'"specversion"' in data else "application/json"
    return parse(Message("POST", where, {"content-type": kind}, data), now)


def from_lambda(payload: Mapping[str, Any]) -> tuple[Message, bool]:
    """Message of an AWS Lambda invocation, and whether a direct HTTP caller waits for its status.

    Gateways and function URLs (payload format 2.0) carry a request; anything else is itself the event.
    """
    http = (payload.get("requestContext") or {}).get("http")
    if http is None:
        kind = STRUCTURED if "specversion" in payload else "application/json"
        return Message("POST", "lambda", {"content-type": kind}, msgspec.json.encode(payload)), False
    text = payload.get("body") or ""
    body = b64decode(text) if payload.get("isBase64Encoded") else text.encode()
    headers = {name.lower(): value for name, value in (payload.get("headers") or {}).items()}
    return Message(http["method"], payload.get("rawPath", "/"), headers, body), True


def _attributes(event: Event) -> dict[str, Any]:
    attributes = {
        "specversion": "1.0", "id": event.id, "source": event.source, "type": TYPES[event.kind],
        "time": event.time.astimezone(UTC).isoformat().replace("+00:00", "Z"), "subject": event.key,
        "sha256": event.sha256, "generation": event.generation, "traceparent": event.traceparent,
    }  # fmt: skip
    return {name: value for name, value in attributes.items() if value not in ("", 0)}


def _structured(message: Message, now: datetime) -> Event | None:
    if _media_type(message.headers.get("content-type", "")) != STRUCTURED:
        return None
    read = _convert(_json(message.body, message.path), _CloudEvent, message.path)
    data = _json(read.data_base64, f"{read.id}: data_base64") if read.data_base64 else read.data
    return _event(read, data, message.headers, now)


def _binary(message: Message, now: datetime) -> Event | None:
    if "ce-specversion" not in message.headers and "ce-id" not in message.headers:
        return None
    named = {name[3:]: value for name, value in message.headers.items() if name.startswith("ce-")}
    attributes = {
        name: _decoded(value, f"ce-{name}") for name, value in named.items() if name not in ("data", "data_base64")
    }
    read = _convert(attributes, _CloudEvent, message.path)
    kind = message.headers.get("content-type", "")
    if message.body and not _is_json(kind):
        raise EventError(f"data of type {kind} cannot be read", where=read.id, hint="send application/json")
    return _event(read, _json(message.body, f"{read.id}: data") if message.body else None, message.headers, now)


def _plain(message: Message, now: datetime) -> Event | None:
    if message.body and not _is_json(message.headers.get("content-type", "")):
        return None
    content = _json(message.body, message.path) if message.body else {}
    if not isinstance(content, dict) or set(content) - set(_Asked.__struct_fields__):
        return None
    asked = _convert(content, _Asked, message.path)
    kind: EventKind = "object" if asked.key else "cron" if asked.schedule else "http"
    stamp = sha256(encode([now, message.path, content]))[:20]
    return Event(
        id=message.headers.get("x-request-id", f"request-{stamp}"),
        kind=kind,
        source=message.path or "/",
        time=now,
        key=_key(asked.key or asked.schedule or message.path.strip("/"), kind, message.path),
        sha256=asked.sha256,
        generation=asked.generation,
        traceparent=message.headers.get("traceparent", ""),
        data=asked.data,
    )


DIALECTS: Final[tuple[Callable[[Message, datetime], Event | None], ...]] = (_structured, _binary, _plain)
"""In the order in which they are tried; the first one that recognises the message reads it."""


def _event(read: _CloudEvent, data: Any, headers: Mapping[str, str], now: datetime) -> Event:
    """Event of a CloudEvent whose attributes and data are decoded."""
    if read.type not in _KINDS:
        raise EventError(f"a CloudEvent of type {read.type!r}", where=read.id, hint=f"known: {', '.join(_KINDS)}")
    if data is not None and not isinstance(data, dict):
        raise EventError(f"data are {type(data).__name__}, not a JSON object", where=read.id)
    kind, content = _KINDS[read.type], data or {}
    name = content.get("schedule", "") if read.type == PING else read.subject
    return Event(
        id=read.id,
        kind=kind,
        source=read.source,
        time=read.time.astimezone(UTC) if read.time else now,
        key=_key(name, kind, read.id),
        sha256=read.sha256,
        generation=read.generation,
        traceparent=read.traceparent or headers.get("traceparent", ""),
        data=content,
    )


def _key(name: Any, kind: EventKind, where: str) -> str:
    """Key or schedule, checked: both have the alphabet of keys, a request needs none."""
    if kind == "http" and name == "":
        return ""
    if not isinstance(name, str) or not KEY_ALPHABET.fullmatch(name):
        what = "schedule" if kind == "cron" else "key"
        raise EventError(f"no usable {what}: {name!r}", where=where, hint=f"a {what} has only [a-z0-9/_.-]")
    return name


def _decoded(value: str, where: str) -> str:
    """Header value without the quotes and percent-codes that the HTTP binding allows; decoded once, never twice."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    if _BROKEN_PERCENT.search(value):
        raise EventError(f"{value!r} has a % that starts no percent-code", where=where)
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError as error:
        raise EventError(f"{value!r} is no percent-coded UTF-8", where=where) from error


def _json(data: bytes, where: str) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EventError(f"not JSON: {error}", where=where) from error


def _convert(values: Any, kind: type[_T], where: str) -> _T:
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise EventError(f"not a valid {kind.__name__.strip('_')}: {error}", where=where) from error


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()


def _is_json(content_type: str) -> bool:
    """No type stands for JSON: that is what CloudEvents says, and what people who type curl mean."""
    kind = _media_type(content_type)
    return kind in ("", "application/json") or kind.endswith("+json") or kind == "text/json"


def _seen(message: Message) -> str:
    kind = message.headers.get("content-type", "no content type")
    try:
        content = msgspec.json.decode(message.body) if message.body else {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"{kind}, {len(message.body)} bytes"
    if isinstance(content, dict):
        return f"{kind} and the fields {', '.join(sorted(content))[:200]}"
    return f"{kind} and a JSON {type(content).__name__}"
