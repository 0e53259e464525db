"""Letters: work that was given up (dead) or refused (parked), as the objects that were kept of it say."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final, Literal

import msgspec

from touchline.errors import DataError, NotFound
from touchline.manifest import decode
from touchline.ports import ObjectInfo, ObjectStore

DEAD: Final = "deadletter/"
PARKED: Final = "quarantine/"
REASON: Final = "/reason.json"
LISTED: Final = 10_000
"""Objects of each folder that a list looks at, so that it ends."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work that did not get through."""

    id: str
    """Identity of the work."""
    kind: Literal["dead", "parked"]
    """Attempts spent, or input refused."""
    function: str
    when: datetime
    key: str
    """Of the object, or name of the schedule."""
    what: str
    where: str
    hint: str
    event: dict[str, Any] | None
    """CloudEvent; None if what came could not be understood."""


class _Fault(msgspec.Struct, kw_only=True):
    what: str = "no reason was kept"
    where: str = ""
    hint: str = ""


class _Kept(msgspec.Struct, kw_only=True):
    """As much of a dead letter (`error`) or of a reason (the rest) as is read."""

    event: dict[str, Any] | None = None
    error: _Fault | None = None
    work: str = ""
    what: str = ""
    where: str = ""
    hint: str = ""


def newest(store: ObjectStore, most: int) -> list[Letter]:
    """The letters that were kept last, newest first; no more of them are read than are told."""
    dead, parked = (islice(store.list(folder), LISTED) for folder in (DEAD, PARKED))
    found = (*dead, *(info for info in parked if info.key.endswith(REASON)))
    chosen = heapq.nlargest(most, found, key=lambda info: (info.modified, info.key))
    return [letter for letter in map(_Reader(store).read, chosen) if letter is not None]


def find(store: ObjectStore, functions: Iterable[str], identity: str) -> Letter | None:
    """The letter of a piece of work of one of these functions, None if there is none."""
    for key in _keys(functions, identity):
        info = store.stat(key)
        letter = _Reader(store).read(info) if info else None
        if letter is not None:
            return letter
    return None


def _keys(functions: Iterable[str], identity: str) -> Iterator[str]:
    for function in functions:
        yield f"{DEAD}{function}/{identity}.json"
        yield f"{PARKED}{function}/{identity}{REASON}"


class _Reader:
    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def read(self, info: ObjectInfo) -> Letter | None:
        """The letter in an object; None if a stage keeps reasons of its own there, or it is none."""
        try:
            kept = decode(self._store.get(info.key), _Kept, info.key)
        except (DataError, NotFound):
            return None
        dead = info.key.startswith(DEAD)
        if not dead and not kept.work:
            return None
        parts = info.key.split("/")
        fault = kept.error or (_Fault() if dead else _Fault(what=kept.what, where=kept.where, hint=kept.hint))
        return Letter(
            id=parts[2].removesuffix(".json"), kind="dead" if dead else "parked", function=parts[1],
            when=info.modified, key=(kept.event or {}).get("subject", ""), what=fault.what, where=fault.where,
            hint=fault.hint, event=kept.event,
        )  # fmt: skip
