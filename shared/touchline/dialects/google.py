"""Google's dialects beside Eventarc's CloudEvents: Pub/Sub push, wrapped or not, and Cloud Scheduler's HTTP requests.

A bucket tells Pub/Sub of its objects in the attributes of a message (https://cloud.google.com/storage/docs/pubsub-notifications);
unwrapped with its metadata written, a message has them as headers.
"""

from datetime import datetime
from typing import Final

import msgspec

from touchline.dialects.cloudevents import CLOUDEVENT
from touchline.dialects.plain import PLAIN, enclosed
from touchline.dialects.reading import Dialect, Moment, Reading, Text, converted, object_events, utc
from touchline.errors import EventError
from touchline.manifest import encode
from touchline.work import Event

MESSAGE_ID: Final = "x-goog-pubsub-message-id"
JOB: Final = "x-cloudscheduler-jobname"
SCHEDULED: Final = "x-cloudscheduler-scheduletime"


class _Notice(msgspec.Struct, frozen=True, rename="camel"):
    """Attributes of a bucket's message."""

    event_type: Text
    bucket_id: Text
    object_id: Text
    event_time: Moment | None = None


class _Pushed(msgspec.Struct, frozen=True, rename="camel"):
    message_id: Text
    publish_time: Moment | None = None
    attributes: dict[str, str] | None = None
    data: bytes = b""


class _Push(msgspec.Struct, frozen=True):
    message: _Pushed
    subscription: Text


class _Tick(msgspec.Struct, frozen=True):
    """What Cloud Scheduler says of a tick."""

    job: Text
    at: Moment | None = None


def _is_push(reading: Reading) -> bool:
    return {"message", "subscription"} <= reading.fields.keys()


def _push(reading: Reading) -> tuple[Event, ...]:
    """Events of a wrapped message: by its attributes if a bucket wrote them, else of the message in its data."""
    pushed = converted(reading.fields, _Push, reading.message.path).message
    if pushed.attributes and "eventType" in pushed.attributes:
        return _noticed(pushed.attributes, pushed.message_id, reading)
    now = utc(pushed.publish_time, pushed.message_id) if pushed.publish_time else reading.now
    inner = _inner(pushed.data, pushed.message_id, now, reading)
    for dialect in (CLOUDEVENT, PLAIN):
        if dialect.recognises(inner):
            return dialect.read(inner)
    raise EventError("a Pub/Sub message of neither a bucket, a schedule nor rows", where=pushed.message_id)


def _is_unwrapped(reading: Reading) -> bool:
    return MESSAGE_ID in reading.message.headers and "objectid" in reading.message.headers


def _unwrapped(reading: Reading) -> tuple[Event, ...]:
    attributes = {name: reading.header(name.lower()) for name in ("eventType", "bucketId", "objectId", "eventTime")}
    return _noticed({name: value for name, value in attributes.items() if value}, reading.header(MESSAGE_ID), reading)


def _noticed(attributes: dict[str, str], name: str, reading: Reading) -> tuple[Event, ...]:
    notice = converted(attributes, _Notice, name)
    if notice.event_type != "OBJECT_FINALIZE":
        return ()
    bucket, time = notice.bucket_id, notice.event_time
    return object_events(reading, name=name, bucket=bucket, key=notice.object_id, time=time)


def _is_scheduler(reading: Reading) -> bool:
    return JOB in reading.message.headers


def _scheduler(reading: Reading) -> tuple[Event, ...]:
    """The plain request in the body, whatever its content type, or the job's name as schedule.

    A tick that is sent again has the same identity.
    """
    told = {"job": reading.header(JOB)} | ({"at": reading.header(SCHEDULED)} if reading.header(SCHEDULED) else {})
    tick = converted(told, _Tick, reading.message.path)
    now = utc(tick.at, tick.job) if tick.at else reading.now
    body = reading.message.body or encode({"schedule": tick.job})
    inner = _inner(body, f"{tick.job}@{now.isoformat()}", now, reading)
    if not PLAIN.recognises(inner):
        raise EventError("a job whose body is no plain request", where=tick.job, hint='send {"schedule": "<name>"}')
    return PLAIN.read(inner)


def _inner(body: bytes, identity: str, now: datetime, outer: Reading) -> Reading:
    """The message within a message."""
    return Reading(enclosed(body, identity, outer.message.path, outer.header("traceparent")), now, outer.prefix)


UNWRAPPED: Final = Dialect("Pub/Sub message, unwrapped", _is_unwrapped, _unwrapped)
PUSH: Final = Dialect("Pub/Sub push", _is_push, _push)
SCHEDULER: Final = Dialect("Cloud Scheduler job", _is_scheduler, _scheduler)
