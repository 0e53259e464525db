"""Which objects under the prefixes that wake functions were delivered to nobody yet: levels, not edges."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from touchline.adapters.queue_file import Delivery, QueueFile
from touchline.errors import ConfigurationError, NotFound
from touchline.manifest import sha256, traceparent
from touchline.ports import ObjectInfo, ObjectStore
from touchline.wiring import FILE, Function, Wiring, overlap
from touchline.work import Event

SOURCE: Final = "touchline/platform"


def look(wired: Wiring, store: ObjectStore, queue: QueueFile, now: datetime, places: Sequence[str] = ("",)) -> int:
    """Queue an event for every object that is new to a function that it wakes; how many.

    Args:
        wired: which prefixes wake whom.
        store: where the objects are; each prefix is listed once.
        queue: what was delivered, and is owed from now on.
        now: time of the events.
        places: prefixes or keys to look at, by default everything.
    """
    added = 0
    for prefix in dict.fromkeys(prefix for made in wired.functions.values() for prefix in made.prefixes):
        narrow = [max(prefix, place, key=len) for place in places if overlap(prefix, place)]
        found = {info.key: info for place in _outermost(narrow) for info in store.list(place)}
        for name, made in wired.functions.items():
            if found and prefix in made.prefixes:
                added += owe(store, queue, name, prefix, list(found.values()), now)
    return added


def owe(
    store: ObjectStore, queue: QueueFile, function: str, prefix: str, found: Sequence[ObjectInfo], now: datetime
) -> int:
    """Queue an event for those of the objects found under a prefix that are new to a function; how many.

    Publications are queued newest first: where the newest is good, the older ones need not be worked on.
    """
    ordered = sorted(found, key=lambda info: info.key, reverse=prefix.endswith("/published/"))
    known = queue.receipts(function, prefix)
    events = list(_new(store, queue, function, ordered, known, now))
    if not events:
        return 0
    with queue.batch():
        return sum(queue.add(function, event, etag) for event, etag in events)


def _new(
    store: ObjectStore, queue: QueueFile, function: str, found: Sequence[ObjectInfo],
    known: dict[str, Delivery], now: datetime,
) -> Iterator[tuple[Event, str]]:  # fmt: skip
    for info in found:
        last = known.get(info.key)
        if last is not None and last.etag == info.etag:
            continue
        try:
            event = event_of(store, info, 0 if last is None else last.event.generation + 1, now)
        except NotFound:  # removed since it was listed
            continue
        if last is None or event.sha256 != last.event.sha256:
            yield event, info.etag
        else:  # copied with the home to another place, or queued by somebody who had not seen the object
            queue.refresh(function, last.event, info.etag)


def event_of(store: ObjectStore, info: ObjectInfo, generation: int, now: datetime) -> Event:
    """Event of an object, with its hash, and the span of the run that wrote it.

    Raises:
        NotFound: it is there no more.
    """
    data = store.get(info.key)
    return Event(
        id=f"{info.key}@{info.etag}.{generation}",
        kind="object",
        source=SOURCE,
        time=now,
        key=info.key,
        sha256=sha256(data),
        generation=generation,
        traceparent=traceparent(data),
    )


def asked(store: ObjectStore, queue: QueueFile, function: str, key: str, now: datetime) -> Event:
    """Event of an object that somebody asks for; of a higher generation if the function had it already.

    Raises:
        NotFound: there is no such object.
    """
    info = store.stat(key)
    if info is None:
        raise NotFound("no such object", where=key, hint="`touchline doctor` tells where objects are kept")
    last = queue.receipt(function, key)
    if last is not None and last.status == "waiting" and last.etag == info.etag:
        return last.event
    return event_of(store, info, 0 if last is None else last.event.generation + 1, now)


def tick(function: Function, now: datetime) -> Event:
    """Event of a function's first schedule, now.

    Raises:
        ConfigurationError: the function has no schedule.
    """
    names = [trigger.name for trigger in function.triggers if trigger.cron]
    if not names:
        hint = f"give --key with an object under {', '.join(function.prefixes) or 'its prefixes'}"
        raise ConfigurationError(f"{function.name} has no schedule", where=FILE, hint=hint)
    identity = f"{function.name}/{names[0]}@{now.isoformat()}"
    return Event(id=identity, kind="cron", source=SOURCE, time=now, key=names[0])


def etag_of(store: ObjectStore, event: Event) -> str:
    """Etag of the object as it was when the event was made; of foreign events, as it is now. Empty if there is none."""
    if event.kind != "object":
        return ""
    if event.source == SOURCE and event.id.startswith(f"{event.key}@"):
        return event.id.removeprefix(f"{event.key}@").rpartition(".")[0]
    info = store.stat(event.key)
    return info.etag if info else ""


def _outermost(places: Sequence[str]) -> list[str]:
    """The places without those that lie below another one of them."""
    return [place for place in dict.fromkeys(places) if not any(place != o and place.startswith(o) for o in places)]
