"""Questions that are answered later: handed in, waited for, and asked for again."""

import math
import re
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import anyio
import msgspec
from anyio import to_thread
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from touchline import tracing
from touchline.domain.callbacks import target_of
from touchline.domain.tasks import ID_DIGITS, AskFile, Question, Task, task_id
from touchline.errors import NotFound
from touchline.manifest import encode, sha256
from touchline.stages.answer_desk import Standing, hand_in, standing
from touchline.stages.answer_told import told
from touchline.web import callers, questions
from touchline.web.access import ADMITTED, ANONYMOUS, Admitted, Holder
from touchline.web.describe import Operation, route
from touchline.web.problems import problem
from touchline.web.refusals import fault
from touchline.web.site import Site
from touchline.web.task_shapes import AskLater, Told

LONGEST_WAIT: Final = 20
"""Seconds; gateways give up after 29."""
FIRST_PAUSE: Final = 0.02
LONGEST_PAUSE: Final = 0.5
_WAIT: Final = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,6})\"?", re.IGNORECASE)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
SENDS: Final = {
    "Idempotency-Key": "Makes the request safe to repeat: the same key and question are the same task",
    "Prefer": "wait=N: answer within N seconds (20 at most), or by 504 with the place to come back to",
}
IN_TIME: Final = {200: "The task is over, and the client wished to wait for that"}
ASK: Final = Operation(
    path="/predict/async", method="POST", status=202, tag="tasks", takes=AskLater, refuses=(409, 504),
    gives={"application/json": Told}, headers={"Location": "Where to ask for the task"}, sends=SENDS,
    sometimes=IN_TIME, about="Hand in a question; it is answered later, once.",
)  # fmt: skip
STATUS: Final = Operation(
    path="/monitoring/task_status/{task_id}", tag="tasks", gives={"application/json": Told}, refuses=(404,),
    about="How a task stands: pending, running, success, failure or expired; with its answer once there is one.",
)  # fmt: skip


def add_tasks(app: FastAPI, site: Site) -> None:
    """Let an application take questions for later."""

    @route(app, ASK)
    async def ask(request: Request) -> Response:
        wish = await questions.body(request, AskLater)
        check_callback(wish.callback)
        task = made_task(request, site, wish.question, wish.deadline_seconds, wish.callback)
        return await handed_in(request, site, task)

    @route(app, STATUS)
    async def status(request: Request, task_id: str) -> Response:
        questions.only_path(request)
        return _status(await to_thread.run_sync(find, request, site, task_id))


def made_task(
    request: Request, site: Site, question: Question | AskFile, seconds: int | None = None, callback: str = "",
    identity: str = "",
) -> Task:  # fmt: skip
    """A task of whoever asks, ready to be handed in."""
    settings, now, owner = site.settings, site.ports.clock.now(), owner_of(request)
    deadline = now + timedelta(seconds=seconds or settings.task_seconds)
    return Task(
        id=identity or new_id(request, site.settings.proxies),
        owner=owner,
        question=question,
        asked=sha256(encode([question, seconds, callback])),
        created=now,
        deadline=deadline,
        kept_until=deadline + timedelta(seconds=settings.task_kept_seconds),
        callback=callback,
        traceparent=tracing.here(),
    )


def new_id(request: Request, proxies: int) -> str:
    """Id of the task that a request asks for: nobody can guess it, unless a key makes it the same each time.

    Who asks without a key of ours is told from others by the address.
    """
    key = idempotency_key(request)
    peer = request.client.host if request.client else ""
    who = owner_of(request) or f"at {callers.client(peer, request.headers.raw, proxies)}"
    return task_id(who, key) if key else secrets.token_hex(ID_DIGITS // 2)


async def handed_in(request: Request, site: Site, task: Task) -> Response:
    """Hand a task in, and wait for it as long as the client wishes."""
    stands = await to_thread.run_sync(hand_in, site.ports.store, task)
    if stands.asked != task.asked:
        detail = "this Idempotency-Key was used for another question"
        return problem(409, detail, errors=[fault("Idempotency-Key", detail)], hint="take a new key for a new question")
    seconds = wait_of(request)

    async def look() -> Standing:
        return await to_thread.run_sync(_stands, site, stands)

    found = await waited(look, seconds)
    if found.outcome is None and seconds:
        return _not_in_time(found, seconds)
    return _status(found) if seconds else _accepted(found)


async def waited(look: Callable[[], Awaitable[Standing]], seconds: float) -> Standing:
    """Look at a task until there is an outcome, for so long at most."""
    until, pause = anyio.current_time() + seconds, FIRST_PAUSE
    while (found := await look()).outcome is None and (left := until - anyio.current_time()) > 0:
        await anyio.sleep(min(pause, left))
        pause = min(2 * pause, LONGEST_PAUSE)
    return found


def find(request: Request, site: Site, identity: str) -> Standing:
    """A task of whoever asks.

    Raises:
        NotFound: there is none of that id, or it is somebody else's.
    """
    found = standing(site.ports.store, identity, site.ports.clock.now()) if IDENTITY.fullmatch(identity) else None
    if found is None or not _may_see(request, found.task):
        raise NotFound("no such task", where="task_id", hint="a task is told to the key that asked for it")
    return found


IDENTITY: Final = re.compile(r"[0-9a-f]{32}")
"""Of tasks and letters."""


def owner_of(request: Request) -> str:
    """Id of the key that asks, empty without one."""
    return holder_of(request).id


def holder_of(request: Request) -> Holder:
    """Whose key it is that asks; records of what an admin did name it by `told`."""
    admitted = request.scope.get(ADMITTED)
    return admitted.key if isinstance(admitted, Admitted) else ANONYMOUS


def wait_of(request: Request) -> int:
    """How many seconds a client wishes to wait (RFC 7240), 0 if it does not."""
    found = _WAIT.search(",".join(request.headers.getlist("prefer")))
    return min(int(found[1]), LONGEST_WAIT) if found else 0


def idempotency_key(request: Request) -> str:
    """Key by which a client makes a request safe to repeat, empty without one.

    Raises:
        Refused: 422, it is none.
    """
    key = request.headers.get("idempotency-key", "")
    if "idempotency-key" in request.headers and not _KEY.fullmatch(key):
        questions.refuse([fault("Idempotency-Key", "1 to 200 printable ASCII characters without blanks are expected")])
    return key


def check_callback(url: str) -> None:
    """Refuse an address that can be none for a callback; where it leads is checked when it is called.

    Raises:
        Refused: 422.
    """
    if url:
        try:
            target_of(url)
        except ValueError as error:
            questions.refuse([fault("callback", str(error))])


def _may_see(request: Request, task: Task) -> bool:
    """Whether a task is that of who asks; admins see all."""
    return task.owner == owner_of(request) or holder_of(request).admin


def _stands(site: Site, task: Task) -> Standing:
    found = standing(site.ports.store, task.id, site.ports.clock.now())
    assert found is not None, "a request is never taken away"
    return found


def _told(found: Standing) -> bytes:
    return encode(told(found.task, found.status, found.outcome, found.told))


def _accepted(found: Standing) -> Response:
    headers = {"location": _place(found), "retry-after": "1", "cache-control": "no-store"}
    return Response(_told(found), 202, headers, "application/json")


def _status(found: Standing) -> Response:
    headers = {"cache-control": "no-store"}
    if found.status in ("pending", "running"):
        headers["retry-after"] = str(1 + math.floor(LONGEST_PAUSE))
    return Response(_told(found), 200, headers, "application/json")


def _not_in_time(found: Standing, seconds: int) -> Response:
    place = _place(found)
    made = problem(
        504, f"task {found.task.id} is not answered after {seconds} s", hint=f"come back: GET {place}",
        headers={"location": place, "retry-after": "1"},
    )  # fmt: skip
    told = msgspec.json.decode(made.body) | {"task_id": found.task.id}
    made.body = msgspec.json.encode(told)
    made.headers["content-length"] = str(len(made.body))
    return made


def _place(found: Standing) -> str:
    return f"/monitoring/task_status/{found.task.id}"
