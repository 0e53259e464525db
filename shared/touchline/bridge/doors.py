"""The doors of the bridge, as an ASGI application.

`POST /notify` takes a bucket's notification: 202 whatever it is, since a bucket repeats what is refused for ever and
sends nothing else meanwhile; 401 without the bucket's token, 503 without the database.

`POST /events` takes a CloudEvent for the function that its attribute `function` names, with the sink's token: 202 once
it is kept, 400 if it is none, 401, 404 for an unknown function, 413, 503.

`POST /deadletters/<function>` takes what the broker gives up: 204 once it is kept, 503 if it cannot be. The broker has
no token to show; who may reach the bridge at all is for the network to say.

`GET /healthz`, `/readyz` (503 without the database), `/metrics`.
"""

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from touchline.bridge import letters, notices
from touchline.bridge.meters import Meters
from touchline.bridge.postman import Postman
from touchline.coordination import Entry, Inbox
from touchline.errors import EventError, TouchlineError
from touchline.events import MAX_BODY, Message
from touchline.ports import Clock, ObjectStore
from touchline.telemetry import LOGGER, describe
from touchline.watch.exporter import Exporter
from touchline.wiring import Wiring

FUNCTION_HEADER: Final = "ce-function"


class Household(msgspec.Struct, frozen=True, kw_only=True):
    """What stands behind the doors."""

    wired: Wiring
    inbox: Inbox
    store: ObjectStore
    clock: Clock
    meters: Meters
    postman: Postman
    exporter: Exporter
    bucket_token: str
    """What the bucket must show; empty: nobody is let in."""
    sink_token: str
    """What sweep must show; empty: nobody is let in."""
    prefix: str
    """Of the store in its bucket."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """Prefixes in the bucket whose objects wake somebody."""
        return tuple({self.prefix + one for made in self.wired.functions.values() for one in made.prefixes})


def application(house: Household) -> Starlette:
    """The doors; events are posted as long as the application lives."""

    @asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(house.postman.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    def behind(door: Callable[[Household, Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        return partial(_answered, house, door)

    doors = {"/notify": notify, "/events": take_event, "/deadletters": take_letter}
    doors["/deadletters/{function}"] = take_letter
    looks = {"/healthz": healthy, "/readyz": ready, "/metrics": measured}
    posts = [Route(path, behind(door), methods=["POST"]) for path, door in doors.items()]
    return Starlette(routes=[*posts, *(Route(path, behind(look)) for path, look in looks.items())], lifespan=living)


async def _answered(
    house: Household, door: Callable[[Household, Request], Awaitable[Response]], request: Request
) -> Response:
    """The answer of a door; 503 where something does not answer that is needed, and for whatever nobody foresaw."""
    try:
        return await door(house, request)
    except Exception as error:
        part = "store" if door is take_letter else "database"
        house.meters.faults[part if isinstance(error, TouchlineError) else "bridge"] += 1
        LOGGER.error("%s cannot answer", request.url.path, extra={"error": describe(error).what})
        return Response(status_code=503)


async def notify(house: Household, request: Request) -> Response:
    """Take a notification of the bucket in."""
    if not _shows(request.headers, house.bucket_token):
        return _refused(house, "notify")
    body, whole = await _body(request)
    told = notices.of_bucket(body, house.wanted, house.clock.now())
    if not whole:
        told = notices.Told((notices.unread(body, f"more than {MAX_BODY} bytes"),))
    await _keep(house, "notify", told.entries)
    _count(house, "notify", "unwanted", told.unwanted)
    return Response(status_code=202)


async def take_event(house: Household, request: Request) -> Response:
    """Take an event for one function in."""
    if not _shows(request.headers, house.sink_token):
        return _refused(house, "events")
    function = request.headers.get(FUNCTION_HEADER, "")
    if function not in house.wired.functions:
        return Response(status_code=404)
    body, whole = await _body(request)
    if not whole:
        return Response(status_code=413)
    message = Message(request.method, request.url.path, dict(request.headers), body)
    try:
        entry = notices.for_function(message, function, house.clock.now())
    except EventError as error:
        _count(house, "events", "unread", 1)
        LOGGER.warning("no event", extra={"error": describe(error).what})
        return Response(status_code=400)
    await _keep(house, "events", (entry,), again=True)
    return Response(status_code=202)


async def take_letter(house: Household, request: Request) -> Response:
    """Keep a dead letter; what cannot be understood is kept in the inbox."""
    body, whole = await _body(request)
    message = Message(request.method, request.url.path, dict(request.headers), body)
    try:
        if not whole:
            raise EventError(f"more than {MAX_BODY} bytes", where=request.url.path)
        key = await asyncio.to_thread(
            letters.keep, message, house.wired, house.store, house.clock.now(), house.prefix
        )  # fmt: skip
    except EventError as error:
        evidence = msgspec.json.encode({"headers": dict(request.headers), "body": body[:1024].decode("latin-1")})
        await _keep(house, "deadletters", (notices.unread(evidence, str(error)),))
        return Response(status_code=204)
    _count(house, "deadletters", "kept", 1)
    LOGGER.warning("dead letter", extra={"key": key})
    return Response(status_code=204)


async def healthy(house: Household, request: Request) -> Response:
    """The process lives and works; otherwise it is to be started again."""
    return Response(status_code=503 if house.postman.ended else 200)


async def ready(house: Household, request: Request) -> Response:
    """Notifications can be taken in."""
    await asyncio.to_thread(house.inbox.state)
    return Response(status_code=200)


async def measured(house: Household, request: Request) -> Response:
    """Everything that is counted."""
    from touchline.bridge import exposition
    from touchline.watch import families

    state = None
    with suppress(TouchlineError):
        state = await asyncio.to_thread(house.inbox.state)
    own = exposition.families(house.meters, state, house.postman.posting)
    others = await asyncio.to_thread(house.exporter.families)
    return Response(families.text([*own, *others]), media_type=families.MEDIA_TYPE)


async def _keep(house: Household, door: str, entries: tuple[Entry, ...], *, again: bool = False) -> None:
    """Make entries durable, and let the postman know."""
    if not entries:
        return
    new = await asyncio.to_thread(house.inbox.add, entries, again=again)
    unread = [entry for entry in entries if entry.why]
    for entry in unread:
        LOGGER.warning("unreadable", extra={"door": door, "id": entry.id, "why": entry.why})
    _count(house, door, "new", new - min(new, len(unread)))
    _count(house, door, "known", len(entries) - new)
    _count(house, door, "unread", len(unread))
    house.postman.wake()


def _count(house: Household, door: str, outcome: str, number: int) -> None:
    if number:
        house.meters.came[door, outcome] += number


def _shows(headers: Mapping[str, str], token: str) -> bool:
    """Whether a request shows a token; to compare takes as long whatever is shown."""
    shown = headers.get("authorization", "").encode()
    return hmac.compare_digest(shown, f"Bearer {token}".encode()) and bool(token)


def _refused(house: Household, door: str) -> Response:
    _count(house, door, "stranger", 1)
    return Response(status_code=401, headers={"www-authenticate": "Bearer"})


async def _body(request: Request) -> tuple[bytes, bool]:
    """Body of a request up to the limit, and whether that is all; the rest is read and let go."""
    kept, size = bytearray(), 0
    async for part in request.stream():
        size += len(part)
        kept += part[: MAX_BODY - len(kept)]
    return bytes(kept), size <= MAX_BODY
