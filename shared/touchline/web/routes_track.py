"""The track record: a page for people, JSON and CSV for machines, all of the same published view."""

from functools import lru_cache, partial
from typing import Any, Final

import msgspec
from anyio import to_thread
from fastapi import FastAPI, Request
from starlette.responses import Response

from touchline.domain.track import Track
from touchline.domain.views import POINTER
from touchline.manifest import sha256
from touchline.ports import ObjectStore
from touchline.stages.predict_views import read_view
from touchline.web.answering import CSV, FRESH, JSON
from touchline.web.describe import Operation, route
from touchline.web.newest import Newest
from touchline.web.pages import Asked, Pages
from touchline.web.questions import query
from touchline.web.replies import known
from touchline.web.site import Site
from touchline.web.track_sheet import TrackFilter, narrowed, sheet
from touchline.web.view_track import track_view

FIELDS: Final = ("model", "competition", "season")
KEPT: Final = 16
"""Answers about one record that are kept, those asked for last; the whole of a large one has three megabytes."""
_TYPES: Final = {CSV: f"{CSV}; charset=utf-8", JSON: JSON}
_NOTHING: Final = "nothing is settled yet: forecasts are settled when their matches are over"


class TrackTold(Track, frozen=True, kw_only=True):
    """The track record."""

    degraded: str


class Shown:
    """A record, and what was told of it: a sheet takes a tenth of a second, and nobody needs a key to ask for it.

    Args:
        track: as it was published.
    """

    def __init__(self, track: Track) -> None:
        self.track = track
        self.told = lru_cache(KEPT)(partial(_told, track))
        """Answer and tag for a form, a filter and what is wrong; NotFound as `narrowed` raises it."""


TRACK: Final = Operation(
    path="/track-record.json",
    tag="models",
    about="What every settled forecast was worth, by model, competition and season, against prices, Elo and shares on "
    "identical matches, with intervals; void ones with their reason. `few` marks what says little. In the mode "
    "simulated it is no track record. GET /track-record shows the same to people.",
    gives={JSON: TrackTold},
    query=TrackFilter,
    refuses=(404,),
    tagged=True,
)
SHEET: Final = Operation(
    path="/track-record.csv",
    tag="models",
    about="The lines of the track record as CSV, a line for each model, competition and season; an empty competition "
    "or season is all together.",
    gives={CSV: None},
    query=TrackFilter,
    refuses=(404,),
    tagged=True,
)


def add_track(app: FastAPI, pages: Pages, site: Site) -> None:
    """Let an application show the track record."""
    newest = Newest(site.ports.store, POINTER, _read, "the track record", site.settings.refresh_seconds, site.elapsed)

    def page(asked: Asked) -> tuple[str, dict[str, Any]]:
        found, fault = newest.look()
        return "track_record.html", {"m": track_view(asked.look, found.track) if found else None, "fault": fault}

    async def told(request: Request, media: str) -> Response:
        wish = query(request, TrackFilter)
        return await to_thread.run_sync(_answer, request, wish, media, newest, site)

    @app.get("/track-record", include_in_schema=False)
    async def shown(request: Request) -> Response:
        return await pages.answer(request, page, FIELDS)

    @route(app, TRACK)
    async def as_json(request: Request) -> Response:
        return await told(request, JSON)

    @route(app, SHEET)
    async def as_csv(request: Request) -> Response:
        return await told(request, CSV)


def _read(store: ObjectStore) -> Shown | None:
    track = read_view(store, "track", Track)
    return Shown(track) if track else None


def _answer(request: Request, wish: TrackFilter, media: str, newest: Newest[Shown], site: Site) -> Response:
    found, fault = newest.look()
    shown = found or Shown(Track(seq=0, mode=site.ports.clock.mode, reason=_NOTHING))
    body, tag = shown.told(media, wish, fault)
    headers = {"cache-control": FRESH, "etag": tag}
    if known(request.headers.get("if-none-match", ""), (tag,)):
        return Response(status_code=304, headers=headers)
    if media == CSV:
        headers["content-disposition"] = 'inline; filename="track-record.csv"'
    return Response(body, headers={**headers, "content-type": _TYPES[media]})


def _told(track: Track, media: str, wish: TrackFilter, fault: str) -> tuple[bytes, str]:
    found = narrowed(track, wish)
    body = sheet(found) if media == CSV else msgspec.json.encode(TrackTold(**_fields(found), degraded=fault))
    return body, f'"{sha256(body)[:32]}"'


def _fields(track: Track) -> dict[str, Any]:
    return {name: getattr(track, name) for name in track.__struct_fields__}
