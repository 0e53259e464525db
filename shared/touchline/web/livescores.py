"""How matches stand, from the object that the watch of live scores keeps; who knows the answer already gets a 304."""

import asyncio
from datetime import datetime
from typing import Annotated, Final

import msgspec

from touchline.domain.competitions import listed_as
from touchline.domain.live import LiveScores, Standing
from touchline.manifest import sha256
from touchline.ports import Clock
from touchline.web.questions import of_query
from touchline.web.replies import Asked, Reply, tagged
from touchline.web.site import Site

LONGEST: Final = 100
"""Characters of a competition's code at most."""


class Wish(msgspec.Struct, frozen=True):
    """Which matches are asked for."""

    competition: Annotated[
        str, msgspec.Meta(max_length=LONGEST, description="Code of a competition, E0 for example; empty: all")
    ] = ""


class Standings(msgspec.Struct, frozen=True, kw_only=True):
    """How the matches of these hours stand; nothing is in it where nobody watches."""

    as_of: datetime | None = None
    source: str = ""
    stale: bool
    """Whether the source was last read more than five minutes ago."""
    degraded: str
    matches: list[Standing]


class Livescores:
    """Answers `GET /livescores`."""

    def __init__(self, site: Site) -> None:
        self._clock = site.ports.clock
        self._board = site.scores

    async def answer(self, asked: Asked) -> Reply:
        """How matches stand."""
        code = of_query(asked.scope["query_string"], Wish).competition
        scores = await asyncio.to_thread(self._board.scores)
        body = msgspec.json.encode(standings(scores, self._board.fault, code, self._clock))
        return tagged(asked.scope, Reply(200, body), sha256(body)[:32])


def standings(scores: LiveScores | None, degraded: str, code: str, clock: Clock) -> Standings:
    """The scores as they are told, of one competition if its code is given."""
    if scores is None:
        return Standings(stale=True, degraded=degraded, matches=[])
    wanted = listed_as(code) or code
    return Standings(
        as_of=scores.as_of,
        source=scores.source,
        stale=scores.stale(clock.now()),
        degraded=degraded,
        matches=[one for one in scores.matches if wanted in ("", one.competition)],
    )
