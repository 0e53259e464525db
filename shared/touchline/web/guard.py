"""What stands before every request: a bounded body, headers that let nothing foreign in, counting and timing."""

import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from touchline.web.meters import Meters
from touchline.web.problems import problem

LARGEST_BODY: Final = 65_536
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Final = tuple(
    (name.encode(), value.encode())
    for name, value in {
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
    }.items()
)


class Guard:
    """Reads the body of a request, up to a limit, before the application sees it; adds headers; measures."""

    def __init__(self, app: ASGIApp, meters: Meters, largest_body: int = LARGEST_BODY) -> None:
        self._app, self._meters, self._largest = app, meters, largest_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), *HEADERS]
            await send(message)

        body = await self._body(receive)
        try:
            if body is None:
                refusal = problem(413, f"the body is larger than {self._largest} bytes")
                await refusal(scope, receive, answer)
            else:
                await self._app(scope, _replay(body, receive), answer)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            self._meters.request(route, scope["method"], status, time.perf_counter() - begun)

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
