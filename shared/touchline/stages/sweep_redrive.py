"""Emits letters again that an administrator asked for: as new work, under a higher generation, once a request."""

from datetime import datetime
from typing import Final

import msgspec

from touchline.dialects.cloudevents import CLOUDEVENT, STRUCTURED
from touchline.dialects.reading import Message, Reading
from touchline.domain.receipts import WORK_DIGITS
from touchline.errors import DataError, NotFound, PermanentError
from touchline.manifest import decode, encode, sha256
from touchline.ports import ObjectStore
from touchline.stages.sweep_letters import Letter, find
from touchline.stages.sweep_look import Emitted
from touchline.work import Event, Ports

REQUESTS: Final = "requests/redrive/"
DONE: Final = "chain/redrive/"
SOURCE: Final = "touchline/redrive"


class Redrive(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator's wish that a letter be delivered again."""

    letter: str
    asked_by: str
    """Name and id of the key."""
    asked: datetime
    traceparent: str = ""


class Redriven(msgspec.Struct, frozen=True, kw_only=True):
    """What was done about it."""

    letter: str
    function: str = ""
    work: str = ""
    """Identity of the new work, empty if there is none."""
    reason: str = ""
    """Why it cannot be delivered again."""


def request_key(writer: str, letter: str) -> str:
    """Object by which a function asks that a letter be delivered again."""
    return f"{REQUESTS}{writer}/{letter}.json"


def done_key(letter: str) -> str:
    """Object that says that it was."""
    return f"{DONE}{letter}.json"


def redrive(ports: Ports) -> tuple[Emitted, ...]:
    """Emit all letters that were asked for and not emitted yet; to emit one twice is harmless, and not to is not.

    Raises:
        Unavailable, ConfigurationError: the sink takes no events; the rest comes again.
    """
    store = ports.store
    asked = {info.key.rpartition("/")[2].removesuffix(".json"): info.key for info in store.list(REQUESTS)}
    over = {info.key.removeprefix(DONE).removesuffix(".json") for info in store.list(DONE)} if asked else set()
    emitted = []
    for identity in sorted(asked.keys() - over):
        wish = _wish(store, asked[identity], identity)
        done = _again(ports, identity, wish)
        store.create(done_key(identity), encode(done))
        if done.work:
            emitted.append(Emitted(done.function, "object", asked[identity], done.work[:WORK_DIGITS], _why(wish)))
    return tuple(emitted)


def _why(wish: Redrive | None) -> str:
    return f"asked for by the key {wish.asked_by or 'of nobody'}" if wish else ""


def _wish(store: ObjectStore, key: str, identity: str) -> Redrive | None:
    try:
        wish = decode(store.get(key), Redrive, key)
    except DataError:
        return None
    return wish if wish.letter == identity else None


def _again(ports: Ports, identity: str, wish: Redrive | None) -> Redriven:
    functions = ports.wiring.functions
    letter = find(ports.store, functions, identity) if wish else None
    if letter is None or wish is None:
        return Redriven(letter=identity, reason="no such letter" if wish else "the request cannot be read")
    try:
        event = _event(ports, letter, wish)
    except PermanentError as error:
        return Redriven(letter=identity, function=letter.function, reason=error.what)
    ports.emitter.emit(letter.function, event)
    return Redriven(letter=identity, function=letter.function, work=event.work(letter.function))


def _event(ports: Ports, letter: Letter, wish: Redrive) -> Event:
    """The event of a letter as new work: that of the object as it is now, under a generation that nobody had.

    Raises:
        PermanentError: there is no event, or its object is there no more.
    """
    if letter.event is None:
        raise DataError("what came could not be understood, so there is nothing to deliver again")
    message = Message("POST", letter.id, {"content-type": STRUCTURED}, encode(letter.event))
    (event,) = CLOUDEVENT.read(Reading(message, ports.clock.now()))
    event = msgspec.structs.replace(event, source=SOURCE, traceparent=wish.traceparent or event.traceparent)
    if event.kind == "object":
        info = ports.store.stat(event.key)
        if info is None:
            raise NotFound("its object is there no more", where=event.key)
        event = msgspec.structs.replace(event, sha256=sha256(ports.store.get(event.key)))
    generation = event.generation + 1
    while find(ports.store, (letter.function,), _raised(event, generation).work(letter.function)) is not None:
        generation += 1
    return _raised(event, generation)


def _raised(event: Event, generation: int) -> Event:
    identity = event.id.rpartition(".")[0] if event.id.startswith(f"{event.key}@") else event.id
    return msgspec.structs.replace(event, id=f"{identity}.{generation}", generation=generation)
