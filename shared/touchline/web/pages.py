"""The pages of the service: what each is asked, kept as bytes for as long as nothing that it shows changes."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Lock
from typing import Any, Final

from anyio import to_thread
from fastapi import FastAPI, Request
from starlette.responses import Response

from touchline.errors import NotFound, TouchlineError, Unavailable, http_status
from touchline.manifest import encode, sha256
from touchline.stages.predict_board import Board
from touchline.stages.predict_views import read_views
from touchline.web.look import KEPT as LOOKED
from touchline.web.look import ZONES, Look, look_at
from touchline.web.notices import banners, nothing
from touchline.web.site import Site
from touchline.web.templates import Templates
from touchline.web.view_drift import drift_view
from touchline.web.view_fixtures import WISHES, fixtures, wish_of
from touchline.web.view_health import health_view
from touchline.web.view_leaderboard import leaderboard_view
from touchline.web.view_match import match_view
from touchline.web.view_models import models_view
from touchline.web.view_whatif import FIELDS, whatif_view
from touchline.web.words import CATALOGUES

KEPT: Final = 64
"""Pages that are kept as bytes, the last used."""
KEPT_SECONDS: Final = 60
"""How long at most: pages say how long ago things were."""
LARGEST_QUERY: Final = 2_000


@dataclass(frozen=True)
class Asked:
    """What a page is made from."""

    site: Site
    look: Look
    board: Board | None
    fault: str
    nothing_serves: bool
    params: Mapping[str, str]
    """Parts of the path that have a name."""

    def whole_board(self) -> Board:
        """The board.

        Raises:
            Unavailable: there is none; says why and what to do, in the language of the page.
        """
        if self.board is None:
            why, what = nothing(self.look, None, self.fault, self.nothing_serves, narrows=False)
            raise Unavailable(why, hint=what)
        return self.board


Made = tuple[str, Mapping[str, Any]]
"""Name of a template, and its values."""
Page = Callable[[Asked], Made]


@dataclass
class Shelf:
    """Rendered pages by what they rest on; the last used ones are kept."""

    _kept: "OrderedDict[str, Response]" = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, key: str) -> Response | None:
        """A page, None if it is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: str, page: Response) -> None:
        """Keep a page."""
        with self._lock:
            self._kept[key] = page
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)


class Pages:
    """Answers for people."""

    def __init__(self, site: Site) -> None:
        self._site, self._templates, self._shelf = site, Templates(site.assets / "templates"), Shelf()

    async def answer(
        self, request: Request, make: Page, knows: Collection[str] = (), seconds: int = KEPT_SECONDS
    ) -> Response:
        """A page, from the shelf if nothing changed, or made away from the loop that serves the others.

        Args:
            request: what is asked.
            make: makes the page.
            knows: parameters that change it; others are nothing to it, and make no page of their own.
            seconds: how old it may be.
        """
        watcher, clock = self._site.watcher, self._site.ports.clock
        board = await watcher.peek()
        query = {} if len(request.url.query) > LARGEST_QUERY else dict(request.query_params)
        known = {name: query[name] for name in (*LOOKED, *knows) if name in query}
        look = look_at(request.url.path, known, request.headers.get("accept-language", ""), clock.now())
        asked = Asked(self._site, look, board, watcher.fault, watcher.nothing_serves, request.path_params)
        key = _key(asked, seconds)
        response = self._shelf.get(key)
        if response is None:
            response = await to_thread.run_sync(self._render, asked, make)
            if response.status_code != HTTPStatus.OK:  # whoever asks again may be answered
                return response
            self._shelf.put(key, response)
        if request.headers.get("if-none-match") == response.headers["etag"]:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=_headers(response.headers["etag"]))
        return response

    def _render(self, asked: Asked, make: Page) -> Response:
        status = HTTPStatus.OK
        try:
            name, values = make(asked)
        except TouchlineError as error:
            status, (name, values) = HTTPStatus(http_status(error)), _problem(asked.look, error)
        body = self._templates.render(name, {**self._common(asked), **values})
        return Response(body, status, _headers(f'"{sha256(body)[:32]}"'), media_type="text/html")

    def _common(self, asked: Asked) -> dict[str, Any]:
        look, board = asked.look, asked.board
        simulated_time = self._site.ports.clock.mode == "simulated"
        zones = ZONES if look.zone_name in ZONES else (look.zone_name, *ZONES)
        return {
            "t": look.words,
            "look": look,
            "state": board.digest[:16] if board else "",
            "zones": zones,
            "languages": [(code, words["language"]) for code, words in CATALOGUES.items()],
            "banners": banners(look, board, asked.fault, simulated_time),
        }


def _key(asked: Asked, seconds: int) -> str:
    look, board = asked.look, asked.board
    minute = int(look.now.timestamp() // seconds)
    question = [look.path, look.query, look.chosen, look.words.language, look.zone_name]
    state = [board.digest if board else "", asked.fault, asked.nothing_serves, minute]
    return sha256(encode([question, state]))


def _headers(tag: str) -> dict[str, str]:
    return {"etag": tag, "cache-control": "no-cache", "vary": "accept-language"}


def _problem(look: Look, error: TouchlineError) -> Made:
    missing = isinstance(error, NotFound)
    return "problem.html", {
        "title": look.words("missing" if missing else "fault"),
        "why": error.what,
        "what": look.words("missing.what") if missing else error.hint,
        "links": [(one, look.href(f"/match/{one}")) for one in error.details] if missing else [],
    }


def add_pages(app: FastAPI, site: Site) -> None:
    """Let an application show its pages."""
    from touchline.web.page_chain import add_chain
    from touchline.web.routes_description import add_description
    from touchline.web.routes_track import add_track

    pages = Pages(site)

    def add(path: str, make: Page, knows: Collection[str] = ()) -> None:
        async def answer(request: Request) -> Response:
            return await pages.answer(request, make, knows)

        app.add_api_route(path, answer, include_in_schema=False, methods=["GET"])

    add("/", _home, WISHES)
    add("/match/{match_id}", _match)
    add("/models", _models)
    add("/leaderboard", _leaderboard)
    add("/drift", _drift)
    add("/what-if", _whatif, FIELDS)
    add_chain(app, pages, site)
    add_track(app, pages, site)
    add_description(app, pages, site)


def _home(asked: Asked) -> Made:
    look, board = asked.look, asked.board
    page = fixtures(look, board, wish_of(look.query))
    published = board.published if board else None
    return "home.html", {
        "page": page,
        "published": published,
        "model": published.model if published else None,
        "empty_words": nothing(look, board, asked.fault, asked.nothing_serves, page.wish.narrows),
    }


def _match(asked: Asked) -> Made:
    return "match.html", {"m": match_view(asked.look, asked.whole_board(), asked.params["match_id"])}


def _models(asked: Asked) -> Made:
    serving = asked.board.serving if asked.board else None
    return "models.html", {"m": models_view(asked.look, asked.site.ports.store, serving)}


def _leaderboard(asked: Asked) -> Made:
    views = read_views(asked.site.ports.store)
    return "leaderboard.html", {"m": leaderboard_view(asked.look, *views) if views else None}


def _drift(asked: Asked) -> Made:
    look, store = asked.look, asked.site.ports.store
    health, fault = None, ""
    try:
        health = health_view(look, store)
    except TouchlineError as error:  # drift itself can be read all the same
        fault = error.what
    return "drift.html", {"m": drift_view(look, store), "health": health, "fault": fault}


def _whatif(asked: Asked) -> Made:
    look, board = asked.look, asked.board
    if board is None or board.published is None:
        why, what = nothing(look, board, asked.fault, asked.nothing_serves, narrows=False)
        return "problem.html", {"title": look.words("whatif.title"), "why": why, "what": what, "links": []}
    return "what_if.html", {"m": whatif_view(look, board)}
