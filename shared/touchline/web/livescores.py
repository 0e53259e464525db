"""How matches stand, from the object that the watch of live scores keeps; who knows the answer already gets a 304."""

from collections.abc import Callable
from threading import Lock
from typing import Annotated, Any, Final, Literal

import msgspec
from anyio import to_thread
from fastapi import FastAPI, Query, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from touchline.domain.competitions import listed_as
from touchline.domain.live import POINTER, LiveScores
from touchline.errors import TouchlineError
from touchline.manifest import decode, sha256
from touchline.ports import Clock, ObjectStore
from touchline.web.site import Site

_UNSAID: Final = {"as_of": None, "source": ""}


class Standing(BaseModel):
    """How one match stands."""

    match_id: str
    competition: str
    season: str
    kickoff: str
    home_team: str
    away_team: str
    state: Literal["scheduled", "live", "finished", "other"]
    raw_status: str
    minute: str
    home_goals: int | None
    away_goals: int | None


class Standings(BaseModel):
    """How the matches of these hours stand; nothing is in it where nobody watches."""

    as_of: str | None
    source: str
    stale: bool
    degraded: str
    matches: list[Standing]


class Scoreboard:
    """The newest scores; the object is looked at every so often, and read only if it is another.

    When it cannot be read, what was read before stays, and `fault` says why.
    """

    def __init__(self, store: ObjectStore, pause: float, elapsed: Callable[[], float]) -> None:
        self._store, self._pause, self._elapsed = store, pause, elapsed
        self._lock = Lock()
        self._due = float("-inf")
        self._etag = ""
        self._scores: LiveScores | None = None
        self.fault = ""

    def scores(self) -> LiveScores | None:
        """The newest scores that could be read, None if there never were any."""
        with self._lock:
            if self._elapsed() >= self._due:
                self._due = self._elapsed() + self._pause
                self._look()
            return self._scores

    def _look(self) -> None:
        try:
            info = self._store.stat(POINTER)
            if info is not None and info.etag != self._etag:
                self._scores = decode(self._store.get(POINTER), LiveScores, POINTER)
                self._etag = info.etag
            self.fault = ""
        except TouchlineError as error:
            self.fault = str(error)


def add_livescores(app: FastAPI, site: Site) -> None:
    """Let an application answer `GET /livescores`."""
    ports = site.ports
    board = Scoreboard(ports.store, site.settings.refresh_seconds, site.elapsed)

    @app.get("/livescores", tags=["live"], responses={200: {"model": Standings}, 304: {"description": "as known"}})
    async def livescores(
        request: Request,
        competition: Annotated[str, Query(max_length=100, description="Code of a competition, E0 for example")] = "",
    ) -> Response:
        """How matches stand; `stale` when the source was last read more than five minutes ago."""
        scores = await to_thread.run_sync(board.scores)
        answer = JSONResponse(_answer(scores, board.fault, competition, ports.clock))
        tag = f'"{sha256(bytes(answer.body))[:32]}"'
        headers = {"etag": tag, "cache-control": "no-cache"}
        if _known(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=headers)
        answer.headers.update(headers)
        return answer


def _answer(scores: LiveScores | None, fault: str, code: str, clock: Clock) -> dict[str, Any]:
    if scores is None:
        return {**_UNSAID, "stale": True, "degraded": fault, "matches": []}
    wanted = listed_as(code) or code
    return {
        "as_of": scores.as_of.isoformat().replace("+00:00", "Z"),
        "source": scores.source,
        "stale": scores.stale(clock.now()),
        "degraded": fault,
        "matches": [msgspec.to_builtins(one) for one in scores.matches if wanted in ("", one.competition)],
    }


def _known(sent: str, tag: str) -> bool:
    """Whether one of the tags that a client names is ours; weak ones are as good, since the bytes are the same."""
    return tag in {one.strip().removeprefix("W/") for one in sent.split(",")} or sent.strip() == "*"
