"""The replica as an ASGI application: pages and feeds under the addresses of the site, and switches of its own.

The switches are below `/_replica/`: `GET hits`, `GET` or `POST faults` (`{"shares": {"empty": 0.1}, "times": 2}`),
`POST now` (`{"now": "2026-03-02T09:00:00Z"}`), `POST revise` (`{"revisions": ["move"]}`),
`GET truth/{table}[/{competition}[/{season}]]`.
"""

import asyncio
import json
import re
import struct
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import replica_feeds
import replica_matches
import replica_pages
from replica_faults import TRANSIENT, Faults
from replica_league import LONDON
from replica_site import Site
from replica_truth import Truth
from replica_walls import CF_RAY, HTML, JSON, Made, in_place

ROBOTS: Final = b"User-agent: *\nDisallow: /Predictions/\nDisallow: /predictions/\n"


class Hit(NamedTuple):
    """A request that was answered: when (seconds on the clock of the machine), for what, and how it ended.

    `status` is 0 where the connection was broken; `fault` is empty where the page was given.
    """

    time: float
    path: str
    kind: str
    status: int
    fault: str
    agent: str


class Hits:
    """Every request but those to the switches, in the order in which they came."""

    def __init__(self) -> None:
        self.all: list[Hit] = []

    def of(self, *kinds: str) -> list[Hit]:
        """Requests for some kinds of pages."""
        return [hit for hit in self.all if hit.kind in kinds]

    def gaps(self) -> list[float]:
        """Seconds between each request and the next, but those for assets and robots.txt."""
        times = [hit.time for hit in self.all if hit.kind not in ("asset", "robots")]
        return [after - before for before, after in pairwise(times)]

    def clear(self) -> None:
        """Forget them."""
        self.all.clear()


class Replica:
    """The application: `site` is what it shows, `faults` what goes wrong, `hits` who asked."""

    def __init__(self, site: Site | None = None, faults: Faults | None = None) -> None:
        self.site = site or Site()
        self.faults, self.hits = faults or Faults(), Hits()
        self.truth = Truth(self.site)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        if request.url.path.startswith("/_replica/"):
            await (await self._control(request))(scope, receive, send)
            return
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        kind, good = self._find(request)
        fault = self.faults.next(path, good.content_type == JSON, kind) if kind not in ("asset", "robots") else ""
        made = in_place(fault, path, good, self.faults.options["retry_after"])
        status = 0 if fault == "reset" else made.status
        self.hits.all.append(Hit(time.time(), path, kind, status, fault, request.headers.get("user-agent", "")))
        if fault == "slow":
            await asyncio.sleep(self.faults.options["slow_seconds"])
        if fault == "reset":
            _break_off(send)
            return
        headers = {**CF_RAY, **made.headers}
        response = Response(made.body, made.status, headers, media_type=None)
        response.headers["content-type"] = made.content_type
        await response(scope, receive, send)

    def _find(self, request: Request) -> tuple[str, Made]:
        """Kind of the page and the page itself; letters' case in the address says nothing."""
        for kind, pattern, answer in _ROUTES:
            if found := pattern.fullmatch(request.url.path):
                made = answer(self.site, request, *found.groups())
                return (kind, made) if made else ("missing", self._missing())
        return "missing", self._missing()

    def _missing(self) -> Made:
        return Made(replica_pages.missing(self.site).encode(), 404)

    async def _control(self, request: Request) -> Response:
        """A switch; what it cannot understand is answered by 400 and a reason."""
        name, _, rest = request.url.path.removeprefix("/_replica/").partition("/")
        try:
            said = json.loads(await request.body() or b"{}") if request.method == "POST" else None
            return self._switch(name, rest, said)
        except (ValueError, TypeError, AttributeError) as error:
            return JSONResponse({"error": str(error)}, 400)

    def _switch(self, name: str, rest: str, said: dict[str, Any] | None) -> Response:
        if name == "faults" and said is not None:
            self.faults.set(said.pop("shares", {}), **said)
        elif name == "now" and said is not None:
            self.site.now = datetime.fromisoformat(said["now"]).astimezone(UTC)
        elif name == "revise" and said is not None:
            self.site.revise(*said["revisions"])
        elif name == "truth":
            return Response(
                self.truth.table(rest).to_json(orient="records", date_format="iso"), media_type="application/json"
            )
        elif name == "hits":
            return JSONResponse([hit._asdict() for hit in self.hits.all])
        elif name not in ("faults", "now", "revise"):
            return JSONResponse({"error": f"no switch {name!r}"}, 404)
        faults = {"shares": self.faults.shares, **self.faults.options}
        return JSONResponse({"now": self.site.now.isoformat(), "revised": list(self.site.revised), "faults": faults})


def make(share: float = 0.0, **site: Any) -> Replica:
    """A replica of which a share of the requests fails at first, as those of any site do; `site` is of `Site`."""
    return Replica(Site(**site), Faults(dict.fromkeys(TRANSIENT, share / len(TRANSIENT))))


def _break_off(send: Any) -> None:
    """Close the connection without a word; uvicorn hands over its own `send`."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("the connection was reset")
    transport.abort()


def _html(text: str) -> Made:
    return Made(text.encode())


def _json(value: Any) -> Made:
    return Made(msgspec.json.encode(value), 200, JSON)


def _tournament(site: Site, _: Request, region: str, number: str) -> Made | None:
    found = [one for one in site.league.competitions if (one.region, one.number) == (int(region), int(number))]
    return _html(replica_pages.tournament(site, found[0])) if found else None


def _season(site: Site, _: Request, *numbers: str) -> Made | None:
    region, number, season = map(int, numbers)
    for competition in site.league.competitions:
        for one in competition.seasons:
            if (competition.region, competition.number, one.number) == (region, number, season):
                return _html(replica_pages.season_page(site, competition, one))
    return None


def _stage(site: Site, _: Request, *numbers: str) -> Made | None:
    region, number, season, stage = map(int, numbers)
    found = site.league.stages.get(stage)
    if not found or (found[0].region, found[0].number, found[1].number) != (region, number, season):
        return None
    return _html(replica_pages.stage_page(site, *found))


def _month(site: Site, request: Request, stage: str) -> Made:
    return _json(replica_feeds.month(site, int(stage), request.query_params.get("d", "")))


def _day(site: Site, request: Request) -> Made | None:
    text = request.query_params.get("d", f"{site.now.astimezone(LONDON):%Y%m%d}")
    if not re.fullmatch(r"\d{8}", text):
        return None
    return _json(replica_feeds.day(site, site.on_day(datetime.strptime(text, "%Y%m%d").date())))


def _line_ups(site: Site, _: Request, number: str) -> Made | None:
    fixture = site.league.fixtures.get(int(number))
    return _json(replica_feeds.line_ups(site, fixture)) if fixture else None


def _match(site: Site, _: Request, number: str, tab: str) -> Made | None:
    fixture = site.league.fixtures.get(int(number))
    if fixture is None:
        return None
    preview = tab.lower() == "preview"
    return Made(replica_matches.preview(site, fixture) if preview else replica_matches.live(site, fixture))


def _team(site: Site, _: Request, number: str) -> Made | None:
    found = [club for club in site.league.clubs if club.number == int(number)]
    return _html(replica_pages.team(site, found[0])) if found else None


def _asset(_: Site, __: Request, name: str) -> Made | None:
    if name == "site.css":
        return Made(replica_pages.CSS.encode(), 200, "text/css; charset=utf-8")
    return Made(_png(), 200, "image/png") if name.endswith(".png") else None


def _png() -> bytes:
    """A small green square."""
    rows = b"".join(b"\0" + b"\x22\x8b\x52" * 16 for _ in range(16))
    size = struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR" + size) + _chunk(b"IDAT" + zlib.compress(rows)) + _chunk(b"IEND")


def _chunk(data: bytes) -> bytes:
    return struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))


Answering = Callable[..., Made | None]
_REGION: Final = r"/regions/(\d+)/tournaments/(\d+)"
_ROUTES: Final[tuple[tuple[str, re.Pattern[str], Answering], ...]] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE), answer)
    for kind, pattern, answer in (
        ("home", "/", lambda site, _: _html(replica_pages.home(site))),
        ("stage", _REGION + r"/seasons/(\d+)/stages/(\d+)(?:/.*)?", _stage),
        ("season", _REGION + r"/seasons/(\d+)(?:/.*)?", _season),
        ("tournament", _REGION + r"(?:/[^/]*)?", _tournament),
        ("month", r"/tournaments/(\d+)/data/?", _month),
        ("day", r"/livescores/data/?", _day),
        ("line_ups", r"/livescores/(\d+)/lineups", _line_ups),
        ("preview", r"/matches/(\d+)/(preview)(?:/.*)?", _match),
        ("match", r"/matches/(\d+)/(live|show|betting|matchreport|livestream|livestatistics)(?:/.*)?", _match),
        ("team", r"/teams/(\d+)/(?:show|fixtures)(?:/.*)?", _team),
        ("robots", r"/robots\.txt", lambda *_: Made(ROBOTS, 200, "text/plain; charset=utf-8")),
        ("terms", "/termsofuse", lambda site, _: _html(replica_pages.terms(site))),
        ("error", r"/404\.html", lambda site, _: Made(replica_pages.missing(site).encode(), 200, HTML)),
        ("asset", r"/assets/([a-z.]+)", _asset),
    )
)
