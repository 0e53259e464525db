"""The service as a bare ASGI application: the routes that must be fast and light, and what stands before all routes.

The framework that answers the others is loaded when the first of them is asked for. Nothing here may import it, nor
anything else that a first forecast can do without.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final

from touchline import tracing
from touchline.error_reports import SILENT, ErrorReports
from touchline.errors import TouchlineError
from touchline.settings import Predict
from touchline.telemetry import LOGGER
from touchline.web import callers
from touchline.web.access import ADMITTED, ANONYMOUS, Admitted
from touchline.web.behind import Behind
from touchline.web.doors import metered, scope_of
from touchline.web.hot import Hot
from touchline.web.refusals import Refused as Unfit
from touchline.web.refusals import refusal, refused
from touchline.web.replies import Asked, Handler, Receive, Reply, Scope, Send, Told, header, of_refusal
from touchline.web.site import Site, site_of
from touchline.web.stream import Stream
from touchline.work import Ports

STREAM: Final = "/predict/stream"
_READING: Final = frozenset({"GET", "HEAD"})
_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_TURNED_AWAY: Final = frozenset({401, 403, 429})
_READY: Final = "/readyz"
_TICK: Final = (b"ce-type", b"dev.knative.sources.ping")
_KEPT_BACK: Final = frozenset({"/metrics"})
"""What gateways tell nobody outside: they know it by this path alone."""
_PUBLIC: Final = Admitted(ANONYMOUS, 0, 0, 0)


def create_app(
    ports: Ports,
    settings: Predict,
    assets: Path,
    *,
    elapsed: Callable[[], float] = time.monotonic,
    reports: ErrorReports = SILENT,
) -> "Core":
    """The service over ports.

    Args:
        ports: only the object store, the clock, the model loader and the cache are used.
        settings: how often to look for news, whom to answer, how long to keep answers.
        assets: folder with `templates` and `static`.
        elapsed: seconds that only go forward.
        reports: told of errors that nobody foresaw.
    """
    return Core(site_of(ports, settings, assets, elapsed), reports)


class Core:
    """One ASGI application for all routes."""

    def __init__(self, site: Site, reports: ErrorReports) -> None:
        self._site, self._reports = site, reports
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
        told, parent = Told(send, bodiless=method == "HEAD"), header(scope, b"traceparent")
        with tracing.within(tracing.child(parent)):
            try:
                path = scope["path"].rstrip("/") or "/"  # a slash at the end is as good as none,
                scope["path"] = scope["path"] if path in _KEPT_BACK else path  # but where proxies go by the path
                await self._answer(scope, receive, told)
            except Exception as error:
                await self._crashed(error, told.route)
                raise
            finally:
                seconds = time.perf_counter() - begun
                self._site.measured.request(told.route, method, told.status, seconds)
                _log(told, method, seconds, parent)

    async def _answer(self, scope: Scope, receive: Receive, told: Told) -> None:
        path, method = scope["path"], scope["method"]
        client = callers.client((scope.get("client") or ("",))[0], scope["headers"], self._site.settings.proxies)
        entered = await self._enter(scope, client)
        if isinstance(entered, Reply):
            await told.reply(entered)
            return
        scope[ADMITTED], told.extra = entered, entered.headers if entered is not _PUBLIC else ()
        found = self._hot.route(path) if method in _READING or _wakes(scope) else None
        if found:
            told.route, handler, parameter = found
            await told.reply(await self._safely(told.route, handler, Asked(scope, parameter, entered.key.id or client)))
        elif path == STREAM and method in _READING:
            told.route = path
            await self._stream.answer(scope, receive, told, entered.key.id or client)
        else:
            await self._behind.answer(scope, receive, told)

    async def _safely(self, route: str, handler: Handler, asked: Asked) -> Reply:
        """The answer, or what an error is to the one who asked."""
        try:
            return await handler(asked)
        except Unfit as error:
            return of_refusal(error.refusal)
        except TouchlineError as error:
            return of_refusal(refused(error))
        except Exception as error:  # its inside is nobody's business
            await self._crashed(error, route)
            detail = f"an error of the service ({type(error).__name__}), not of the request"
            return of_refusal(refusal(HTTPStatus.INTERNAL_SERVER_ERROR, detail))

    async def _crashed(self, error: Exception, route: str) -> None:
        """Report an error, beside other answers: a tracker may be slow."""
        await asyncio.to_thread(self._reports.tell, error, function="predict", route=route)

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


def _log(told: Told, method: str, seconds: float, parent: str) -> None:
    """A line of what broke, and of what a caller who was let in traces: lines of all would cost as much as answers.

    Neither address nor key nor question is in it.
    """
    broke = told.status == HTTPStatus.INTERNAL_SERVER_ERROR
    if not broke and (told.status in _TURNED_AWAY or not tracing.sampled(parent)):
        return
    extra = {
        "status": told.status,
        "duration_s": round(seconds, 6),
        **({"parent": parent} if tracing.trace_id(parent) else {}),
    }
    known = method if method in _METHODS else "unknown"
    LOGGER.log(logging.ERROR if broke else logging.INFO, "%s %s", known, told.route, extra=extra)


def _wakes(scope: Scope) -> bool:
    """A tick of Knative that keeps an instance awake: it can only post where others would ask whether we are ready."""
    asked = scope["method"] == "POST" and scope["path"] == _READY
    return asked and any(tuple(header) == _TICK for header in scope["headers"])


async def _lifespan(receive: Receive, send: Send) -> None:
    """Nothing is loaded at the start: a server that listens early is asked early."""
    while (await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
