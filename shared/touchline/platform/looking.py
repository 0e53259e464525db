"""Which objects under the prefixes that wake functions were delivered to nobody yet: levels, not edges."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from touchline.adapters.queue_file import Delivery, QueueFile
from touchline.errors import NotFound
from touchline.manifest import sha256, traceparent
from touchline.ports import ObjectInfo, ObjectStore
from touchline.wiring import Wiring, overlap
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


def _outermost(places: Sequence[str]) -> list[str]:
    """The places without those that lie below another one of them."""
    return [place for place in dict.fromkeys(places) if not any(place != o and place.startswith(o) for o in places)]
