"""Letters of a cloud: what crashed a function there, beside what was parked, and how each goes back to its function."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from touchline import events
from touchline.adapters.queue_file import QueueFile
from touchline.coordination import Crash, Crashes, Emitter
from touchline.errors import EventError
from touchline.platform import letters
from touchline.platform.letters import Letter
from touchline.ports import ObjectStore
from touchline.telemetry import Fault


def known(store: ObjectStore, queue: QueueFile, crashes: Crashes | None) -> list[Letter]:
    """All letters, oldest first, with those of the cloud if there is one."""
    crashed = map(_letter, crashes.letters()) if crashes else ()
    return sorted([*letters.letters(store, queue), *crashed], key=lambda letter: (letter.when, letter.id))


def redrive(
    store: ObjectStore, queue: QueueFile, crashes: Crashes, emitter: Emitter, chosen: Sequence[Letter], now: datetime
) -> Iterator[str]:
    """Let the cloud deliver again: what crashed as it was, the rest as new work; ids of letters, as each is done.

    Raises:
        DataError, NotFound: one cannot be delivered again; those before it are.
    """
    for letter in chosen:
        if letter.kind == "crashed":
            crashes.redrive(letter.id)
        else:
            emitter.emit(letter.function, letters.once_more(store, queue, letter, now))
            queue.decide(letter.id, "redriven")
        yield letter.id


def _letter(crash: Crash) -> Letter:
    event = _event(crash)
    fault = Fault(kind="Crash", what=crash.why, hint="see the log of the function, mend the cause, then redrive it")
    return Letter(
        id=crash.id, kind="crashed", function=crash.function, when=crash.when, key=(event or {}).get("subject", ""),
        attempts=crash.attempts, why=crash.why, state="open", decision="", error=fault, evidence=(), event=event,
    )  # fmt: skip


def _event(crash: Crash) -> dict[str, Any] | None:
    """What was delivered as a CloudEvent, None if it cannot be understood."""
    try:
        event = events.from_json(crash.body.encode(), crash.when, crash.id)
    except EventError:
        return None
    found: dict[str, Any] = msgspec.json.decode(events.to_json(event))
    return found
