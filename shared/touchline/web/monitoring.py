"""What went on behind the service: runs and letters, as their objects tell; admins let letters be delivered again."""

import heapq
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec
from anyio import to_thread
from fastapi import FastAPI
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from touchline import tracing
from touchline.domain import receipts
from touchline.errors import NotFound
from touchline.manifest import decode, encode
from touchline.ports import ObjectStore
from touchline.stages import sweep_letters
from touchline.stages.sweep_letters import Letter
from touchline.stages.sweep_redrive import Redrive, Redriven, done_key, request_key
from touchline.web import questions
from touchline.web.answering import JSON, plain
from touchline.web.describe import Operation, route
from touchline.web.site import Site
from touchline.web.tasks import IDENTITY, holder_of
from touchline.work import Ports

WRITER: Final = "predict"
DAYS: Final = 7
"""So far back runs are looked for."""
Letters = Literal["open", "asked", "redriven", "refused"]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """How much is wanted."""

    limit: Annotated[int, Meta(ge=1, le=200, description="Largest number of entries")] = 50


class ToldLetter(msgspec.Struct, frozen=True, kw_only=True):
    """Work that was given up or refused."""

    id: Annotated[str, Meta(description="Id of the letter")]
    kind: Annotated[Literal["dead", "parked"], Meta(description="dead: attempts are spent; parked: input was refused")]
    function: Annotated[str, Meta(description="Whose work it is")]
    when: Annotated[datetime, Meta(description="When it was kept (UTC)")]
    key: Annotated[str, Meta(description="Object or schedule that asked for it")]
    what: Annotated[str, Meta(description="What was wrong")]
    where: Annotated[str, Meta(description="Where it was wrong")]
    hint: Annotated[str, Meta(description="What to do")]
    state: Annotated[Letters, Meta(description="open, asked (to be delivered again), redriven, refused")]
    decision: Annotated[str, Meta(description="Why it cannot be delivered again, empty if it can")] = ""


class ToldLetters(msgspec.Struct, frozen=True):
    """Letters, the newest first."""

    letters: tuple[ToldLetter, ...]


class ToldRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a function, as the name of its record says."""

    function: str
    started: Annotated[datetime, Meta(description="When it began (UTC)")]
    status: Annotated[int, Meta(description="Its answer; from 500 on it failed and comes again")]
    schedule: Annotated[str, Meta(description="Schedule that woke it, empty if an object did")]
    work: Annotated[str, Meta(description="First digits of the identity of its work")]
    record: Annotated[str, Meta(description="Key of its record")]


class ToldRuns(msgspec.Struct, frozen=True):
    """Runs, the newest first."""

    runs: tuple[ToldRun, ...]


LETTERS: Final = Operation(
    path="/monitoring/deadletters", tag="operation", query=Page, gives={JSON: ToldLetters},
    about="Work that was given up or refused, the newest first.",
)  # fmt: skip
RUNS: Final = Operation(
    path="/monitoring/runs", tag="operation", query=Page, gives={JSON: ToldRuns},
    about="Runs of the functions, the newest first.",
)  # fmt: skip
REDRIVE: Final = Operation(
    path="/monitoring/deadletters/{letter_id}/redrive", method="POST", status=202, tag="operation", refuses=(404, 422),
    gives={JSON: ToldLetter},
    about="Let work be delivered again, as new work with all its attempts. Mend the cause first. Asked twice is once.",
)  # fmt: skip


def add_monitoring(app: FastAPI, site: Site) -> None:
    """Let an application tell what went on, and take the wishes of admins."""
    store = site.ports.store

    @route(app, LETTERS)
    async def letters(request: Request) -> Response:
        page = questions.query(request, Page)
        return plain(ToldLetters(await to_thread.run_sync(told_letters, store, page.limit)))

    @route(app, RUNS)
    async def runs(request: Request) -> Response:
        page = questions.query(request, Page)
        return plain(ToldRuns(await to_thread.run_sync(told_runs, site.ports, page.limit)))

    @route(app, REDRIVE)
    async def redrive(request: Request, letter_id: str) -> Response:
        questions.only_path(request)
        span = tracing.here()
        return plain(await to_thread.run_sync(ask_again, site.ports, letter_id, holder_of(request).told, span), 202)


def told_letters(store: ObjectStore, most: int) -> tuple[ToldLetter, ...]:
    """The newest letters, and what was decided about them."""
    return tuple(_told(store, letter) for letter in sweep_letters.newest(store, most))


def told_runs(ports: Ports, most: int) -> tuple[ToldRun, ...]:
    """The newest runs of the last days, by the names of their records alone."""
    found: list[ToldRun] = []
    for back in range(DAYS):
        day = ports.clock.now() - timedelta(days=back)
        for function in ports.wiring.functions:
            found += _runs(ports.store, f"runs/{function}/{day:%Y%m%d}/")
        if len(found) >= most:
            break
    return tuple(heapq.nlargest(most, found, key=lambda run: (run.started, run.record)))


def _runs(store: ObjectStore, prefix: str) -> Iterator[ToldRun]:
    for info in store.list(prefix):
        r = receipts.read(info.key)
        if r is not None:
            yield ToldRun(
                function=r.function, started=r.started, status=r.status, schedule=r.schedule, work=r.work,
                record=info.key,
            )  # fmt: skip


def ask_again(ports: Ports, identity: str, asked_by: str, span: str) -> ToldLetter:
    """Write down that a letter is to be delivered again; sweep does it.

    Args:
        ports: store, wiring and clock are used.
        identity: id of the letter.
        asked_by: the admin who wishes it, by name and id of the key.
        span: of this request.

    Raises:
        NotFound: there is no such letter.
    """
    store = ports.store
    letter = sweep_letters.find(store, ports.wiring.functions, identity) if IDENTITY.fullmatch(identity) else None
    if letter is None:
        raise NotFound("no such letter", where="letter_id", hint="GET /monitoring/deadletters lists them")
    wish = Redrive(letter=letter.id, asked_by=asked_by, asked=ports.clock.now(), traceparent=span)
    store.create(request_key(WRITER, letter.id), encode(wish))
    return _told(store, letter)


def _told(store: ObjectStore, letter: Letter) -> ToldLetter:
    state, decision = _state(store, letter.id)
    return ToldLetter(
        id=letter.id, kind=letter.kind, function=letter.function, when=letter.when, key=letter.key, what=letter.what,
        where=letter.where, hint=letter.hint, state=state, decision=decision,
    )  # fmt: skip


def _state(store: ObjectStore, letter: str) -> tuple[Letters, str]:
    try:
        done = decode(store.get(done_key(letter)), Redriven, done_key(letter))
    except NotFound:
        return ("open" if store.stat(request_key(WRITER, letter)) is None else "asked"), ""
    return ("redriven", "") if done.work else ("refused", done.reason)
