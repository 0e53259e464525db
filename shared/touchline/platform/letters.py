"""Work that was given up or refused: which there is, what it was about, and what was decided about it.

The objects under `deadletter/` and `quarantine/` are evidence and stay; decisions are kept in the queue file.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import msgspec

from touchline import events
from touchline.adapters.queue_file import Delivery, QueueFile
from touchline.errors import DataError, UnknownName
from touchline.manifest import decode
from touchline.platform import looking
from touchline.ports import ObjectInfo, ObjectStore
from touchline.stages.sweep_letters import DEAD, PARKED, REASON
from touchline.telemetry import Fault
from touchline.work import Event

State = Literal["open", "redriven", "discarded"]


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work that did not get through."""

    id: str
    kind: Literal["dead", "parked", "crashed"]
    """Attempts spent, input refused, or given up by a cloud since the function died of it."""
    function: str
    when: datetime
    key: str
    attempts: int
    why: str
    state: State
    decision: str
    """Reason that was given when it was discarded."""
    error: Fault
    evidence: tuple[str, ...]
    event: dict[str, Any] | None
    """CloudEvent; None if what came could not be understood."""


class _Kept(msgspec.Struct, kw_only=True):
    """As much of a dead letter or of a reason as is read; other objects lie beside them."""

    event: dict[str, Any] | None = None
    error: Fault | None = None
    run: str = ""
    function: str = ""
    work: str = ""
    kind: str = ""
    what: str = ""
    where: str = ""
    hint: str = ""
    details: tuple[str, ...] = ()


def letters(store: ObjectStore, queue: QueueFile) -> list[Letter]:
    """All letters, oldest first."""
    verdicts, given_up = queue.verdicts(), {delivery.work: delivery for delivery in queue.letters()}
    found = [*_dead(store), *_parked(store)]
    made = []
    for letter in found:
        verdict, delivery = verdicts.get(letter.id), given_up.get(letter.id)
        state = verdict.verdict if verdict else "redriven" if _overtaken(queue, letter, delivery) else "open"
        attempts = delivery.attempts if delivery else letter.attempts
        decision = verdict.reason if verdict else ""
        made.append(msgspec.structs.replace(letter, state=state, attempts=attempts, decision=decision))
    return sorted(made, key=lambda letter: (letter.when, letter.id))


def decided(store: ObjectStore, home: Path) -> set[str]:
    """Ids of letters that ask for nothing more, as the queue of a home says; none where it has no queue."""
    path = home / "platform.db"
    if not path.exists():
        return set()
    with closing(QueueFile(path)) as queue:
        given_up = {delivery.work: delivery for delivery in queue.letters()}
        late = {one.id for one in _dead(store) if _overtaken(queue, one, given_up.get(one.id))}
        return late.union(queue.verdicts())


def find(known: Sequence[Letter], asked: Sequence[str]) -> list[Letter]:
    """Letters by their ids, or by the beginnings of these.

    Raises:
        UnknownName: names each id that is unknown or could be several letters, with suggestions.
    """
    faults: list[str] = []
    found = []
    for start in asked:
        fitting = [letter for letter in known if letter.id.startswith(start)]
        if len(fitting) == 1:
            found += fitting
        else:
            faults.append(_fault(start, [letter.id for letter in fitting or known], bool(fitting)))
    if faults:
        raise UnknownName(
            "no such dead letter", details=tuple(faults), hint="`touchline deadletters list --all` shows all of them"
        )
    return found


def redrive(store: ObjectStore, queue: QueueFile, chosen: Sequence[Letter], now: datetime) -> None:
    """Owe the work of letters once more, under a higher generation; all of it or none.

    Raises:
        DataError: what came could not be understood, so there is nothing to deliver.
        NotFound: the object of an event is there no more.
    """
    again = [(letter, once_more(store, queue, letter, now)) for letter in chosen]
    with queue.batch():
        for letter, event in again:
            if not queue.add(letter.function, event, looking.etag_of(store, event)):
                queue.again(letter.function, event.work(letter.function))
            queue.decide(letter.id, "redriven")


def once_more(store: ObjectStore, queue: QueueFile, letter: Letter, now: datetime) -> Event:
    """The event of a letter under a higher generation.

    Raises:
        DataError: what came could not be understood, so there is nothing to deliver.
        NotFound: the object of an event is there no more.
    """
    if letter.event is None:
        raise DataError(
            "has no event that could be delivered again", where=letter.id, hint="send it anew, and discard this"
        )
    event = events.from_json(msgspec.json.encode(letter.event), now, letter.id)
    if event.kind == "object":
        newest = looking.asked(store, queue, letter.function, event.key, now)
        return msgspec.structs.replace(newest, generation=max(newest.generation, event.generation + 1))
    return msgspec.structs.replace(event, generation=event.generation + 1)


def _dead(store: ObjectStore) -> Iterator[Letter]:
    for info in store.list(DEAD):
        kept = decode(store.get(info.key), _Kept, info.key)
        _, function, name = info.key.split("/", 2)
        fault = kept.error or Fault(kind="Unavailable", what="no reason was kept")
        yield _letter("dead", name.removesuffix(".json"), function, info, kept, fault, (info.key, kept.run))


def _parked(store: ObjectStore) -> Iterator[Letter]:
    beside: dict[str, list[ObjectInfo]] = {}
    for info in store.list(PARKED):
        beside.setdefault(info.key.rpartition("/")[0], []).append(info)
    for infos in beside.values():
        for info in infos:
            if not info.key.endswith(REASON):
                continue
            kept = decode(store.get(info.key), _Kept, info.key)
            if kept.work:  # others are reasons of a stage, which stand beside the work
                fault = Fault(kind=kept.kind, what=kept.what, where=kept.where, hint=kept.hint, details=kept.details)
                keys = tuple(other.key for other in infos)
                yield _letter("parked", kept.work, kept.function, info, kept, fault, keys)


def _letter(
    kind: Literal["dead", "parked"], work: str, function: str, info: ObjectInfo, kept: _Kept, fault: Fault,
    evidence: tuple[str, ...],
) -> Letter:  # fmt: skip
    key = (kept.event or {}).get("subject", "")
    return Letter(
        id=work, kind=kind, function=function, when=info.modified, key=key, attempts=1, why=fault.what, state="open",
        decision="", error=fault, evidence=tuple(filter(None, evidence)), event=kept.event,
    )  # fmt: skip


def _overtaken(queue: QueueFile, letter: Letter, delivery: Delivery | None) -> bool:
    """Whether the same was delivered later, under a higher generation, by whatever way."""
    if delivery is not None and delivery.status == "redriven":
        return True
    newest = queue.receipt(letter.function, letter.key)
    generation: Mapping[str, Any] = letter.event or {}
    return newest is not None and newest.event.generation > generation.get("generation", 0)


def _fault(start: str, candidates: Sequence[str], several: bool) -> str:
    near = candidates if several else get_close_matches(start, [one[: len(start)] for one in candidates], 3, 0.5)
    what = f"{start} is the beginning of several" if several else f"{start} is unknown"
    return f"{what}: {', '.join(one[:12] for one in near[:5])}" if near else what
