"""What comes to the bridge, made into entries of the inbox: notifications of a bucket, and events for one function."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from touchline import events
from touchline.coordination import Entry
from touchline.dialects import aws
from touchline.dialects.cloudevents import AGAIN, attributes
from touchline.dialects.reading import decoded
from touchline.errors import EventError
from touchline.events import Message
from touchline.manifest import encode, sha256

CREATED: Final = "com.amazonaws.s3.ObjectCreated:Put"
"""Type of the events of new objects, as CloudEvents' adapter for S3 has it."""
BEGINNING: Final = 4096
"""Bytes of what cannot be read that are kept."""


class Told(msgspec.Struct, frozen=True):
    """What a notification says."""

    entries: tuple[Entry, ...]
    """Also those that only say what could not be read."""
    unwanted: int = 0
    """News of objects that wake nobody."""


def of_bucket(body: bytes, wanted: tuple[str, ...], now: datetime) -> Told:
    """Entries of a bucket's notification: one for each new object, whatever is wrong with the others.

    Args:
        body: as received.
        wanted: prefixes in the bucket whose objects wake somebody.
        now: time of events that bring none.
    """
    try:
        content = decoded(body, "notification")
        records = content["Records"] if isinstance(content, dict) and "Records" in content else None
        if not isinstance(records, list):
            return Told((), 0) if _is_test(content) else Told((unread(body, "no notification of a bucket"),))
    except EventError as error:
        return Told((unread(body, str(error)),))
    found = list(_each(records, now))
    entries = tuple(one for one in found if one is not None and (one.why or one.key.startswith(wanted)))
    return Told(entries, len(found) - len(entries))


def for_function(message: Message, function: str, now: datetime) -> Entry:
    """Entry of an event that somebody wants delivered to one function; it has a generation, a hash and data of its own.

    The moment goes into its source: platforms take two events of the same source and id for one, and this one is
    meant to be done again.

    Raises:
        EventError: it is none, or more than one.
    """
    event = events.parse(message, now)
    named = attributes(event) | {
        "type": AGAIN[event.kind], "function": function, "source": f"{event.source}/{now:%Y%m%dT%H%M%S}",
    }  # fmt: skip
    body = encode(named | ({"data": event.data} if event.data else {}))
    return Entry(id=f"{function}/{event.id}", event=body, function=function, key=event.key)


def unread(body: bytes, why: str) -> Entry:
    """Entry of what cannot be read: kept for people, never posted."""
    return Entry(id=f"unread/{sha256(body)}", event=body[:BEGINNING], why=why or "unreadable")


def _each(records: list[Any], now: datetime) -> Iterator[Entry | None]:
    """An entry for each record, None for news of something else than a new object."""
    for number, record in enumerate(records):
        try:
            news = aws.created(record, f"Records[{number}]")
        except EventError as error:
            yield unread(encode(record), str(error))
            continue
        yield None if news is None else _entry(news, now)


def _entry(news: aws.Created, now: datetime) -> Entry:
    named = {
        "specversion": "1.0", "id": news.id, "source": news.bucket, "type": CREATED, "subject": news.key,
        "bucket": news.bucket, "time": (news.time or now).isoformat().replace("+00:00", "Z"),
    }  # fmt: skip
    return Entry(id=news.id, event=encode(named), key=news.key)


def _is_test(content: Any) -> bool:
    """Whether a bucket only tries whether somebody listens."""
    return isinstance(content, dict) and content.get("Event") == "s3:TestEvent"
