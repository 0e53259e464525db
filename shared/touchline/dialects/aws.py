"""Amazon's dialects: notifications of S3 (and of what imitates it, as MinIO does), and events of EventBridge.

S3 quotes the keys in its notifications as in a form (`/` may be %2F, a blank is +); EventBridge gives them plain.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html, .../ev-events.html
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from touchline.dialects.reading import (
    MAX_EVENTS,
    Dialect,
    Moment,
    Reading,
    Text,
    checked,
    converted,
    object_events,
    unquoted,
    utc,
)
from touchline.errors import EventError
from touchline.work import Event

CREATED: Final = "ObjectCreated:"


class _Bucket(msgspec.Struct, frozen=True):
    name: Text


class _Object(msgspec.Struct, frozen=True):
    key: Text
    eTag: str | None = None
    versionId: str | None = None
    sequencer: str | None = None


class _S3(msgspec.Struct, frozen=True):
    bucket: _Bucket
    object: _Object


class _Record(msgspec.Struct, frozen=True):
    """One object of a notification; MinIO writes `s3:` before the event's name."""

    eventName: Text
    s3: _S3
    eventTime: Moment | None = None


class Created(NamedTuple):
    """News of one object that was created."""

    id: str
    """The same object has the same: bucket, key, version and sequencer."""
    bucket: str
    key: str
    """Decoded, from the bucket's root."""
    time: datetime | None


class _Detail(msgspec.Struct, frozen=True):
    bucket: _Bucket
    object: _Object


class _Envelope(msgspec.Struct, frozen=True, rename={"kind": "detail-type"}):
    """An event of EventBridge; the detail depends on its type."""

    id: Text
    source: Text
    kind: Text
    time: Moment
    resources: tuple[Text, ...] = ()
    detail: Any = None


def _is_notification(reading: Reading) -> bool:
    records = reading.fields.get("Records")
    if isinstance(records, list) and records:
        return isinstance(records[0], dict) and "s3" in records[0]
    return reading.fields.get("Event") == "s3:TestEvent"


def _notification(reading: Reading) -> tuple[Event, ...]:
    """Events of the objects that were created; of a bucket's test, of removals and transitions nothing is asked."""
    records = reading.fields.get("Records", [])
    if len(records) > MAX_EVENTS:
        raise EventError(f"{len(records)} records; at most {MAX_EVENTS} are read", where=reading.message.path)
    found = [created(record, f"Records[{number}]") for number, record in enumerate(records)]
    return tuple(
        event for one in found if one
        for event in object_events(reading, name=one.id, bucket=one.bucket, key=one.key, time=one.time)
    )  # fmt: skip


def created(record: Any, where: str) -> Created | None:
    """News of the object in one record of a notification, None if it tells of something else.

    Raises:
        EventError: it is no such record, or its key is coded wrongly.
    """
    read = converted(record, _Record, where)
    if not read.eventName.removeprefix("s3:").startswith(CREATED):
        return None
    found, bucket = read.s3.object, read.s3.bucket.name
    name = f"{bucket}/{found.key}@{found.versionId or found.eTag or ''}.{found.sequencer or ''}"
    return Created(name, bucket, unquoted(found.key, name, form=True), read.eventTime)


def _is_eventbridge(reading: Reading) -> bool:
    return "detail-type" in reading.fields


def _eventbridge(reading: Reading) -> tuple[Event, ...]:
    read = converted(reading.fields, _Envelope, reading.message.path)
    if read.kind == "Scheduled Event":
        return (_tick(read),)
    if read.source != "aws.s3":
        hint = "known: events of aws.s3, and Scheduled Event"
        raise EventError(f"an event {read.kind!r:.200} of {read.source!r:.200}", where=read.id, hint=hint)
    if read.kind != "Object Created":
        return ()
    detail = converted(read.detail, _Detail, read.id)
    return object_events(reading, name=read.id, bucket=detail.bucket.name, key=detail.object.key, time=read.time)


def _tick(read: _Envelope) -> Event:
    """Tick of a rule or of a schedule without an input of its own; its name ends the ARN."""
    name = read.resources[0].rpartition("/")[2] if read.resources else ""
    return Event(
        id=read.id, kind="cron", source=read.source, time=utc(read.time, read.id), key=checked(name, "cron", read.id)
    )


NOTIFICATION: Final = Dialect("S3 notification", _is_notification, _notification)
EVENTBRIDGE: Final = Dialect("EventBridge event", _is_eventbridge, _eventbridge)
