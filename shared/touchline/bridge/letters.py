"""Dead letters of the broker, kept as the local platform keeps its own: what was asked of whom, and what went wrong."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from touchline import events, manifest
from touchline.domain import receipts
from touchline.errors import EventError, NotFound, TouchlineError
from touchline.events import Message
from touchline.manifest import decode, encode, sha256
from touchline.ports import ObjectStore
from touchline.telemetry import Fault, RunRecord
from touchline.wiring import Wiring
from touchline.work import Event

MARK: Final = "ce-knativeerror"
"""Begins the attributes that the broker adds: `dest`, whom it asked; `code`, the last answer."""
_NO_ANSWER: Final = ("", "-1", "0")


def keep(message: Message, wired: Wiring, store: ObjectStore, now: datetime, prefix: str = "") -> str:
    """Keep a dead letter; its key. The same work is kept once.

    Raises:
        EventError: it is no event, or nobody knows for which function it was.
        Unavailable: the store does not answer.
    """
    function = _function(message, wired)
    told = {name: value for name, value in message.headers.items() if not name.startswith(MARK)}
    event = _completed(events.parse(Message(message.method, message.path, told, message.body), now, prefix), store)
    record = _last_run(store, function, event.work(function), now)
    letter = {
        "event": msgspec.json.decode(events.to_json(event)),
        "error": (record.error if record else None) or Fault(kind="Unavailable", what=_why(message), where=function),
        "run": record.object_key if record else "",
    }
    key = f"deadletter/{function}/{event.work(function)}.json"
    store.create(key, encode(letter))
    return key


def _function(message: Message, wired: Wiring) -> str:
    """For which function it was: the way it came says so, or the event, or the address that was asked.

    A service has its name as the first part of its host, a sink of jobs as the last part of its path.
    """
    dest = message.headers.get(f"{MARK}dest", "")
    with suppress(ValueError):
        parts = urlsplit(dest)
        host, path = (parts.hostname or "").partition(".")[0], parts.path.rstrip("/").rpartition("/")[2]
        mine = message.path.rpartition("/")[2]
        for name in (mine, message.headers.get("ce-function", ""), host, path):
            if name in wired.functions:
                return name
    raise EventError(f"a dead letter of nobody that we know: {dest!r:.200}", where=message.path)


def _completed(event: Event, store: ObjectStore) -> Event:
    """The event with the hash of its object, which is part of the identity of its work, if the object is there."""
    if event.kind != "object" or event.sha256:
        return event
    with suppress(NotFound):
        data = store.get(event.key)
        trace = event.traceparent or manifest.traceparent(data)
        return msgspec.structs.replace(event, sha256=sha256(data), traceparent=trace)
    return event


def _last_run(store: ObjectStore, function: str, work: str, now: datetime) -> RunRecord | None:
    """Record of the last run that tried this work, today or yesterday; None if there is none that can be read."""
    days = (f"{now - timedelta(days=ago):%Y%m%d}" for ago in (0, 1))
    for day in days:
        keys = [info.key for info in store.list(f"runs/{function}/{day}/")]
        mine = [key for key in keys if (found := receipts.read(key)) and found.work == work[: receipts.WORK_DIGITS]]
        for key in sorted(mine, reverse=True):
            with suppress(TouchlineError):
                return decode(store.get(key), RunRecord, key)
    return None


def _why(message: Message) -> str:
    code: Any = message.headers.get(f"{MARK}code", "")
    return "no answer" if code in _NO_ANSWER else f"status {code}"
