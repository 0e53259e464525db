"""The routes behind the core, of a framework that is loaded when the first of them is asked for."""

import asyncio
from collections.abc import Awaitable, Callable
from threading import Lock
from typing import Final

from touchline.web.refusals import refusal
from touchline.web.replies import Message, Receive, Scope, Send, Told, of_refusal
from touchline.web.site import Site

LARGEST_BODY: Final = 65_536
STREAMED: Final = frozenset({"/predict/batch"})
"""Paths whose routes take the body in piece by piece, up to a limit of their own."""
_App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Behind:
    """Reads the body of a request, up to a limit, before the application sees it."""

    def __init__(self, site: Site, largest_body: int = LARGEST_BODY) -> None:
        self._site, self._largest = site, largest_body
        self._lock = Lock()
        self._app: _App | None = None

    async def answer(self, scope: Scope, receive: Receive, told: Told) -> None:
        """One request; says its route's pattern when it is done."""
        streamed = scope["path"] in STREAMED
        body = b"" if streamed else await self._body(receive)
        if body is None:
            await told.reply(of_refusal(refusal(413, f"the body is larger than {self._largest} bytes")))
            return
        app = self._app if self._app is not None else await asyncio.to_thread(self._load)
        try:
            await app(scope, receive if streamed else _replay(body, receive), told)
        finally:
            told.route = getattr(scope.get("route"), "path", told.route)

    def _load(self) -> _App:
        """The application; made in a thread, since that takes so long that fast answers would wait."""
        with self._lock:
            if self._app is None:
                from touchline.web.app import application

                self._app = application(self._site)
            app: _App = self._app
            return app

    async def _body(self, receive: Receive) -> bytes | None:
        """The whole body, None when it is too large."""
        body = bytearray()
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._largest:
                return None
        return bytes(body)


def _replay(body: bytes, after: Receive) -> Receive:
    told = False

    async def receive() -> Message:
        nonlocal told
        if told:
            return await after()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
