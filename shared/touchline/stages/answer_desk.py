"""Where tasks are handed in and their standing is read: the objects of a task, and nothing else."""

from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from touchline.domain.tasks import Outcome, Status, Task, status
from touchline.errors import DataError, NotFound
from touchline.manifest import decode, encode
from touchline.ports import ObjectStore

REQUESTS = "requests/predict/"
RESULTS = "results/"
TRIED_FOR: Final = timedelta(hours=1)
"""After the deadline; so long at most is a callback tried again."""
GIVEN_UP: Final = "given up: nobody took it in time"
FILES = "uploads/"
_T = TypeVar("_T")


class Begun(msgspec.Struct, frozen=True):
    """Says that somebody works on a task."""

    task: str
    begun: datetime


class Told(msgspec.Struct, frozen=True):
    """What became of the call that a client wished for."""

    task: str
    outcome: str
    """`delivered`, or why it never will be."""


class Standing(msgspec.Struct, frozen=True):
    """A task and how it stands."""

    task: Task
    status: Status
    outcome: Outcome | None
    told: str
    """What became of the callback, empty as long as that is open; GIVEN_UP once nobody tries it any more."""


def request_key(task_id: str) -> str:
    """Object that asks for a task, and wakes the function answer."""
    return f"{REQUESTS}{task_id}.json"


def outcome_key(task_id: str) -> str:
    """Object that says what came of it."""
    return f"{RESULTS}{task_id}.json"


def begun_key(task_id: str) -> str:
    """Object that says that it was begun."""
    return f"{RESULTS}{task_id}/begun.json"


def told_key(task_id: str) -> str:
    """Object that says that the callback is over."""
    return f"{RESULTS}{task_id}/callback.json"


def hand_in(store: ObjectStore, task: Task) -> Task:
    """Ask for a task, unless one of that id was asked for; the one that stands."""
    key = request_key(task.id)
    return task if store.create(key, encode(task)) else decode(store.get(key), Task, key)


def read_task(store: ObjectStore, key: str) -> Task:
    """The task that a request object asks for.

    Raises:
        DataError: it is no task, or one under another name.
    """
    task = decode(store.get(key), Task, key)
    if key != request_key(task.id):
        raise DataError(f"asks for the task {task.id!r}", where=key, hint="ids and keys of requests agree")
    return task


def outcome_of(store: ObjectStore, task_id: str) -> Outcome | None:
    """What came of a task, None as long as nothing did."""
    return _found(store, outcome_key(task_id), Outcome)


def told_of(store: ObjectStore, task_id: str) -> Told | None:
    """What became of the callback, None as long as it is open."""
    return _found(store, told_key(task_id), Told)


def standing(store: ObjectStore, task_id: str, now: datetime) -> Standing | None:
    """How a task stands, None if nobody asked for it."""
    task = _found(store, request_key(task_id), Task)
    if task is None:
        return None
    outcome = outcome_of(store, task_id)
    begun = outcome is not None or store.stat(begun_key(task_id)) is not None
    return Standing(task, status(task, begun, outcome, now), outcome, _fate(store, task, now))


def _fate(store: ObjectStore, task: Task, now: datetime) -> str:
    if not task.callback:
        return ""
    told = told_of(store, task.id)
    if told is None:
        return GIVEN_UP if now >= task.deadline + TRIED_FOR else ""
    return told.outcome


def _found(store: ObjectStore, key: str, kind: type[_T]) -> _T | None:
    try:
        return decode(store.get(key), kind, key)
    except NotFound:
        return None
