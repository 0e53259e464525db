"""The page of the chain, and the form with which an admin lets a dead letter be delivered again."""

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
from touchline.web.view_chain import chain_view

SECONDS: Final = 5
"""How old the page may be."""
SAID: Final = {"asked": True, "choose": False, "refused.key": False}
"""What the page can say after the form was sent, and whether that is good."""


def add_chain(app: FastAPI, pages: Pages, site: Site) -> None:
    """Let an application show the chain, and take the wishes of admins from the page."""

    @app.get("/chain", include_in_schema=False)
    async def chain(request: Request) -> Response:
        return await pages.answer(request, _chain, SECONDS)

    @app.post("/chain", include_in_schema=False)
    async def redrive(request: Request) -> Response:
        letter, key = _sent(await request.body())
        said = await to_thread.run_sync(_redrive, request, site, letter, key)
        look = look_at("/chain", dict(request.query_params), "", site.ports.clock.now())
        return RedirectResponse(look.href("/chain", said=said), 303)


def _sent(body: bytes) -> tuple[str, str]:
    """Letter and key of the form, empty where there are none."""
    try:
        form = parse_qs(body.decode(errors="replace"), max_num_fields=4)
    except ValueError:  # more fields than the form has: somebody else's
        form = {}
    return form.get("letter", [""])[0], form.get("key", [""])[0]


def _chain(asked: Asked) -> tuple[str, dict[str, Any]]:
    said = asked.look.query.get("said", "")
    message = {"good": SAID[said], "text": asked.look.words(f"chain.{said}")} if said in SAID else None
    telling = asked.site.settings.access == "open"
    return "chain.html", {
        "m": chain_view(asked.look, asked.site.ports, telling=telling),
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
        ask_again(site.ports, letter, admitted.key.told, tracing.child(request.headers.get("traceparent", "")))
    except NotFound:
        return "choose"
    return "asked"
