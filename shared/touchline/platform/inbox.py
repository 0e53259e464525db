"""The door of the local platform: takes events over HTTP and queues them, tells what the platform is doing."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from touchline import events
from touchline.errors import TouchlineError, http_status
from touchline.events import MAX_BODY, Message
from touchline.platform.processes import HOST
from touchline.platform.status import Status
from touchline.ports import Clock
from touchline.watch.families import MEDIA_TYPE
from touchline.wiring import Wiring
from touchline.work import Event

FUNCTION_HEADER: Final = "ce-function"
"""Names the function that an event is for; without it the wiring says who is woken."""
FILES: Final = "incoming/"
"""Where files are put down; who is woken by them takes in rows of a message as well."""

Take = Callable[[list[tuple[str, Event]], bool], Awaitable[None]]
"""Makes events durable; told whether somebody named the function that they are for, as sweep does of what is owed."""


def woken(wired: Wiring, event: Event) -> list[str]:
    """Functions that an event wakes: by the prefix of its key, or by its schedule; rows wake whoever takes in files."""
    if event.kind == "object":
        return [name for name, made in wired.functions.items() if any(map(event.key.startswith, made.prefixes))]
    if event.kind == "cron":
        ticking = {name: {t.name for t in made.triggers if t.cron} for name, made in wired.functions.items()}
        return [name for name, schedules in ticking.items() if event.key in schedules]
    return [name for name, made in wired.functions.items() if "rows" in event.data and FILES in made.prefixes]


def application(
    wired: Wiring,
    clock: Clock,
    take: Take,
    status: Callable[[], Awaitable[Status]],
    figures: Callable[[], bytes],
    prefix: str = "",
) -> Starlette:
    """The door as an ASGI application.

    `POST /` takes events of any dialect and answers 202 once `take` has made them durable (with the functions that they
    wake), 400 if it is none, 404 for an unknown function, 413 if it is too large, 503 if it could not be queued.
    `GET /status` is the status as JSON, `GET /metrics` what `figures` says for Prometheus (it may take a while). Web
    pages are answered 403, and whoever uses another name of this machine 400: a page whose name was pointed here, say.
    `prefix` is that of the store in its bucket, as `events.parse_all` wants.
    """

    async def receive(request: Request) -> Response:
        if "origin" in request.headers:
            return _answer(403, {"error": "no web page may send events"})
        body = await _body(request)
        if body is None:
            return _answer(413, {"error": f"more than {MAX_BODY} bytes"})
        message = Message(request.method, request.url.path, dict(request.headers), body)
        name = request.headers.get(FUNCTION_HEADER, "")
        if name and name not in wired.functions:
            return _answer(404, {"error": f"no function {name!r}; known: {', '.join(wired.functions)}"})
        try:
            found = events.parse_all(message, clock.now(), prefix)
            asked = [(one, event) for event in found for one in ([name] if name else woken(wired, event))]
            await take(asked, bool(name))
        except TouchlineError as error:
            return _answer(503 if http_status(error) == 503 else 400, {"error": str(error)})
        return _answer(202, {"functions": [one for one, _ in asked]})

    async def tell(request: Request) -> Response:
        return _answer(200, await status())

    async def measured(request: Request) -> Response:
        return Response(await asyncio.to_thread(figures), media_type=MEDIA_TYPE)

    return Starlette(
        routes=[
            Route("/", receive, methods=["POST"]),
            Route("/status", tell, methods=["GET"]),
            Route("/metrics", measured, methods=["GET"]),
            Route("/healthz", _healthy, methods=["GET"]),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )


async def _healthy(request: Request) -> Response:
    return _answer(200, {})


class _Server(uvicorn.Server):
    """Leaves signals to the platform."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(application: Starlette, listening: socket.socket) -> None:
    """Serve until this task is cancelled."""
    options = uvicorn.Config(
        application, lifespan="off", access_log=False, log_config=None, ws="none", timeout_graceful_shutdown=2
    )
    server = _Server(options)
    task = asyncio.create_task(server.serve([listening]))
    try:
        await asyncio.shield(task)
    finally:
        server.should_exit = True
        await task


def listen(port: int) -> socket.socket:
    """A socket of this machine only; whoever knows its address can call at once, and waits until it is served."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((HOST, port))
    made.listen()
    return made


async def _body(request: Request) -> bytes | None:
    """Body of a request, None if it is too large: that much is never held."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


def _answer(status: int, content: object) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
