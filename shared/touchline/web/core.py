"""The service as a bare ASGI application: the routes that must be fast and light, and what stands before all routes.

The framework that answers the others is loaded when the first of them is asked for. Nothing here may import it, nor
anything else that a first forecast can do without.
"""

import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final

from touchline.errors import TouchlineError
from touchline.settings import Predict
from touchline.web import callers
from touchline.web.access import ADMITTED, ANONYMOUS, Admitted
from touchline.web.behind import Behind
from touchline.web.doors import metered, scope_of
from touchline.web.hot import Hot
from touchline.web.refusals import Refused as Unfit
from touchline.web.refusals import refusal, refused
from touchline.web.replies import Asked, Handler, Receive, Reply, Scope, Send, Told, of_refusal
from touchline.web.site import Site, site_of
from touchline.web.stream import Stream
from touchline.work import Ports

STREAM: Final = "/predict/stream"
_READING: Final = frozenset({"GET", "HEAD"})
_PUBLIC: Final = Admitted(ANONYMOUS, 0, 0, 0)


def create_app(
    ports: Ports, settings: Predict, assets: Path, *, elapsed: Callable[[], float] = time.monotonic
) -> "Core":
    """The service over ports.

    Args:
        ports: only the object store, the clock, the model loader and the cache are used.
        settings: how often to look for news, whom to answer, how long to keep answers.
        assets: folder with `templates` and `static`.
        elapsed: seconds that only go forward.
    """
    return Core(site_of(ports, settings, assets, elapsed))


class Core:
    """One ASGI application for all routes."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._hot, self._stream, self._behind = Hot(site), Stream(site), Behind(site)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun, method = time.perf_counter(), scope["method"]
        told = Told(send, bodiless=method == "HEAD")
        try:
            scope["path"] = scope["path"].rstrip("/") or "/"  # a slash at the end is as good as none
            await self._answer(scope, receive, told)
        finally:
            self._site.measured.request(told.route, method, told.status, time.perf_counter() - begun)

    async def _answer(self, scope: Scope, receive: Receive, told: Told) -> None:
        path, method = scope["path"], scope["method"]
        client = callers.client((scope.get("client") or ("",))[0], scope["headers"], self._site.settings.proxies)
        entered = await self._enter(scope, client)
        if isinstance(entered, Reply):
            await told.reply(entered)
            return
        scope[ADMITTED], told.extra = entered, entered.headers if entered is not _PUBLIC else ()
        found = self._hot.route(path) if method in _READING else None
        if found:
            told.route, handler, parameter = found
            await told.reply(await _safely(handler, Asked(scope, parameter, entered.key.id or client)))
        elif path == STREAM and method in _READING:
            told.route = path
            await self._stream.answer(scope, receive, told, entered.key.id or client)
        else:
            await self._behind.answer(scope, receive, told)

    async def _enter(self, scope: Scope, client: str) -> Admitted | Reply:
        """The leave to ask, or why there is none."""
        needed = scope_of(scope["method"], scope["path"])
        access = self._site.access
        if needed is None:
            decided = access.visit(client) if metered(scope["path"]) else _PUBLIC
        else:
            if access.known.due:
                await access.known.fresh()
            decided = access.admit(callers.presented(scope["headers"]), client, needed)
        if isinstance(decided, Admitted):
            return _PUBLIC if needed is None else decided
        self._site.measured.refused[decided.reason] += 1
        reply = of_refusal(refusal(decided.status, decided.detail, hint=decided.hint))
        return Reply(reply.status, reply.body, (*reply.headers, *decided.headers))


async def _safely(handler: Handler, asked: Asked) -> Reply:
    """The answer, or what an error is to the one who asked."""
    try:
        return await handler(asked)
    except Unfit as error:
        return of_refusal(error.refusal)
    except TouchlineError as error:
        return of_refusal(refused(error))
    except Exception as error:  # its inside is nobody's business
        detail = f"an error of the service ({type(error).__name__}), not of the request"
        return of_refusal(refusal(HTTPStatus.INTERNAL_SERVER_ERROR, detail))


async def _lifespan(receive: Receive, send: Send) -> None:
    """Nothing is loaded at the start: a server that listens early is asked early."""
    while (await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
