"""The page of the chain, and the form with which an admin lets a dead letter be delivered again."""

from threading import Lock
from typing import Any, Final
from urllib.parse import parse_qs

from anyio import to_thread
from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from touchline import tracing
from touchline.errors import NotFound
from touchline.web import callers
from touchline.web.access import Refused
from touchline.web.look import look_at
from touchline.web.monitoring import ask_again
from touchline.web.pages import Asked, Pages
from touchline.web.site import Site
from touchline.web.view_chain import ChainRead, chain_view, read_chain

SECONDS: Final = 5
"""How old the page may be."""
KNOWN: Final = frozenset({"said"})
SAID: Final = {"asked": True, "choose": False, "refused.key": False}
"""What the page can say after the form was sent, and whether that is good."""


class Reads:
    """Reads the chain once in SECONDS, however many look at it in whatever way."""

    def __init__(self, site: Site) -> None:
        self._site, self._lock = site, Lock()
        self._until = float("-inf")
        self._read: ChainRead | None = None

    def chain(self) -> ChainRead:
        """What the page rests on, a few seconds old at most."""
        with self._lock:
            now = self._site.elapsed()
            if self._read is None or now >= self._until:
                self._read, self._until = read_chain(self._site.ports), now + SECONDS
            return self._read

    def forget(self) -> None:
        """Read anew next time: something was asked for."""
        with self._lock:
            self._read = None


def add_chain(app: FastAPI, pages: Pages, site: Site) -> None:
    """Let an application show the chain, and take the wishes of admins from the page."""
    reads = Reads(site)

    def page(asked: Asked) -> tuple[str, dict[str, Any]]:
        return _chain(asked, reads.chain())

    @app.get("/chain", include_in_schema=False)
    async def chain(request: Request) -> Response:
        return await pages.answer(request, page, KNOWN, SECONDS)

    @app.post("/chain", include_in_schema=False)
    async def redrive(request: Request) -> Response:
        letter, key = _sent(await request.body())
        if site.access.known.due:
            await site.access.known.fresh()
        said = await to_thread.run_sync(_redrive, request, site, letter, key)
        if said == "asked":
            reads.forget()
        look = look_at("/chain", dict(request.query_params), "", site.ports.clock.now())
        return RedirectResponse(look.href("/chain", said=said), 303)


def _sent(body: bytes) -> tuple[str, str]:
    """Letter and key of the form, empty where there are none."""
    try:
        form = parse_qs(body.decode(errors="replace"), max_num_fields=4)
    except ValueError:  # more fields than the form has: somebody else's
        form = {}
    return form.get("letter", [""])[0], form.get("key", [""])[0]


def _chain(asked: Asked, read: ChainRead) -> tuple[str, dict[str, Any]]:
    said = asked.look.query.get("said", "")
    message = {"good": SAID[said], "text": asked.look.words(f"chain.{said}")} if said in SAID else None
    telling = asked.site.settings.access == "open"
    return "chain.html", {
        "m": chain_view(asked.look, read, telling=telling),
        "said": message,
        "telling": telling,
    }


def _redrive(request: Request, site: Site, letter: str, key: str) -> str:
    """What came of the wish, one of SAID."""
    peer = request.client.host if request.client else ""
    client = callers.client(peer, request.headers.raw, site.settings.proxies)
    admitted = site.access.admit(key, client, "admin")
    if isinstance(admitted, Refused):
        return "refused.key"
    try:
        ask_again(site.ports, letter, admitted.key.told, tracing.here())
    except NotFound:
        return "choose"
    return "asked"
