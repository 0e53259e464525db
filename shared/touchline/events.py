"""Every dialect in which a platform says "something happened", read into `Event`s, and written back as CloudEvents.

    read:   parse_all(message, now)   any dialect, over HTTP        from_json(data, now)   a file
            from_lambda(payload)      the messages of an invocation, each for parse_all
    write:  to_http(event), to_json(event)                          CloudEvents, binary and structured

A further dialect is one `Dialect` more in `DIALECTS`.
"""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from touchline.dialects.aws import EVENTBRIDGE, NOTIFICATION
from touchline.dialects.cloudevents import BATCH, BINARY, CLOUDEVENT, KAFKA, PING, STRUCTURED, TYPES, to_http, to_json
from touchline.dialects.google import PUSH, SCHEDULER, UNWRAPPED
from touchline.dialects.invocation import Invocation, Receipt, from_lambda, receipts
from touchline.dialects.plain import PLAIN
from touchline.dialects.reading import JSON, MAX_BODY, Dialect, Message, Reading
from touchline.errors import EventError
from touchline.work import Event

__all__ = [
    "BATCH", "DIALECTS", "KAFKA", "MAX_BODY", "PING", "STRUCTURED", "TYPES", "Invocation", "Message", "Receipt",
    "from_json", "from_lambda", "is_direct", "parse", "parse_all", "receipts", "store_prefix", "to_http", "to_json",
]  # fmt: skip

DIALECTS: Final[tuple[Dialect, ...]] = (
    BINARY, UNWRAPPED, SCHEDULER, CLOUDEVENT, EVENTBRIDGE, NOTIFICATION, PUSH, PLAIN
)  # fmt: skip
"""In the order in which they are tried; the first one that recognises a message reads it.

First those that say in their headers what they are, and CloudEvents before the others: Pub/Sub writes the attributes of
a CloudEvent as `ce-` headers beside its own. Then those that the fields of their body give away; no two of them share
their fields. The plain request takes what is left, if it has no field that it does not know.
"""

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def parse_all(message: Message, now: datetime, prefix: str = "", wanted: tuple[str, ...] = ()) -> tuple[Event, ...]:
    """Events of a message, none where it asks nothing: a bucket's test, a removal, a transition.

    Args:
        message: as received.
        now: time of events that bring none.
        prefix: of our store in its bucket, "" or ending in a slash; taken off the keys that platforms name from the
            bucket's root. Our own CloudEvents and plain requests name keys as the store does.
        wanted: prefixes of the objects that wake whoever reads; a platform's news of others ask nothing of it.

    Raises:
        EventError: too large, of no known dialect (says what was seen), or not as its dialect demands.
    """
    if len(message.body) > MAX_BODY:
        raise EventError(f"a body of {len(message.body)} bytes; at most {MAX_BODY} are read", where=message.path)
    reading = Reading(message, now, prefix, wanted)
    for dialect in DIALECTS:
        if dialect.recognises(reading):
            return dialect.read(reading)
    raise EventError(
        f"no known dialect: {message.method} with {_seen(reading)}",
        where=message.path,
        hint="send a CloudEvent 1.0 or a JSON object with `key`, `schedule` or `rows`",
    )


def parse(message: Message, now: datetime, prefix: str = "") -> Event:
    """The one event of a message.

    Raises:
        EventError: as `parse_all`, or it has none or several.
    """
    found = parse_all(message, now, prefix)
    if len(found) != 1:
        raise EventError(f"{len(found)} events where one is wanted", where=message.path)
    return found[0]


def from_json(data: bytes, now: datetime, where: str = "event") -> Event:
    """Event of a file: a structured CloudEvent, the JSON of a plain request, or of any dialect that needs no headers.

    Raises:
        EventError: as `parse`.
    """
    return parse(Message("POST", where, {"content-type": JSON}, data), now)


def store_prefix(address: str) -> str:
    """Prefix of a store in its bucket, as `parse_all` wants it, from the address of the store.

    >>> store_prefix("s3://bucket/leagues/england/"), store_prefix("gs://bucket"), store_prefix("/var/objects")
    ('leagues/england/', '', '')
    """
    parts = urlsplit(address)
    inner = parts.path.strip("/") if parts.scheme in ("s3", "gs") else ""
    return f"{inner}/" if inner else ""


def is_direct(message: Message) -> bool:
    """Whether somebody asks directly, who can use a status of 400 and a reason: no platform's dialect is recognised."""
    reading = Reading(message, _NEVER)
    return not any(dialect.recognises(reading) for dialect in DIALECTS if dialect is not PLAIN)


def _seen(reading: Reading) -> str:
    """What a message that nobody recognises looks like.

    Raises:
        EventError: it says that it is JSON and is none.
    """
    kind, body = reading.media_type or "no content type", reading.message.body
    if not reading.claims_json:
        return f"{kind}, {len(body)} bytes"
    if reading.is_object:
        return f"{kind} and the fields {', '.join(sorted(reading.fields))[:200]}"
    return f"{kind} and a JSON {type(reading.content).__name__}"
