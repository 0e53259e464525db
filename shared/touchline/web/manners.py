"""What every route does alike: HEAD is asked as GET, OPTIONS tells."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from touchline.web.problems import response
from touchline.web.refusals import refusal

if TYPE_CHECKING:
    import re

BODILESS: Final = "touchline.bodiless"
"""In the scope of what is asked as GET, though nobody will see a body: none need be made."""
_READING: Final = frozenset({"GET", "HEAD"})


class Manners:
    """Stands before the routes of an application, `(path, methods)` each; literal paths hide patterns."""

    def __init__(self, app: ASGIApp, routes: Sequence[tuple[str, frozenset[str]]]) -> None:
        self._app = app
        self._literal: dict[str, frozenset[str]] = {}
        self._patterns: list[tuple[re.Pattern[str], frozenset[str]]] = []
        for path, methods in routes:
            if "{" in path:
                self._patterns.append((compile_path(path)[0], methods))
            else:
                self._literal[path] = self._literal.get(path, frozenset()) | methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method, allowed = scope["method"], self._allowed(scope["path"])
        if not allowed or method in allowed:
            await self._app(scope, receive, send)
        elif method == "HEAD" and "GET" in allowed:
            await self._head(scope, receive, send)
        else:
            await _refuse_or_tell(scope, allowed)(scope, receive, send)

    def _allowed(self, path: str) -> frozenset[str]:
        if path in self._literal:
            return self._literal[path]
        return frozenset().union(*(methods for pattern, methods in self._patterns if pattern.match(path)))

    async def _head(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As GET; the core leaves the body out."""
        scope["method"], scope[BODILESS] = "GET", True
        try:
            await self._app(scope, receive, send)
        finally:
            scope["method"] = "HEAD"


def _refuse_or_tell(scope: Scope, allowed: frozenset[str]) -> Response:
    told = ", ".join(sorted(allowed | {"OPTIONS"} | (_READING if "GET" in allowed else frozenset())))
    if scope["method"] == "OPTIONS":
        return Response(status_code=204, headers={"allow": told})
    return response(refusal(405, f"{scope['method']} {scope['path']}: not allowed", headers={"allow": told}))
