"""What the bare core answers, as it stands in the description."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from fastapi import FastAPI
from msgspec import Meta

from touchline.stages.predict_match import MatchAnswer
from touchline.web.answering import JSON
from touchline.web.describe import Operation, tell
from touchline.web.livescores import Standings, Wish
from touchline.web.site import Site


class Alive(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Annotated[Literal["ok"], Meta(description="Always ok")]


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A model is loaded that the promotions know, its bytes checked."""

    status: Annotated[Literal["ready"], Meta(description="Always ready; who is not answers 503")]
    model_id: str
    model_version: str
    promotion: int
    seq: int
    forecasts: Annotated[int, Meta(description="Number of matches that are forecast")]
    outdated: bool
    degraded: str


class News(msgspec.Struct, frozen=True, kw_only=True):
    """The data of an event of the stream: what serves, and which forecasts are published."""

    model_id: str
    model_version: str
    promotion: int
    seq: int
    forecasts: Annotated[int, Meta(description="Number of matches that are forecast")]
    published: datetime | None
    outdated: bool


OPERATIONS: Final = (
    Operation(
        path="/predict/{match_id}",
        tag="forecasts",
        about="Forecast of one coming match, computed by the serving model from the features that were published.",
        gives={JSON: MatchAnswer},
        refuses=(404,),
    ),
    Operation(
        path="/predict/precomputed/{match_id}",
        tag="forecasts",
        about="Forecast of one coming match as it was published; nothing is computed.",
        gives={JSON: MatchAnswer},
        refuses=(404,),
    ),
    Operation(
        path="/predict/stream",
        tag="live",
        about="News as server-sent events: the state at once (unless the header last-event-id names it), then every "
        "new champion and new forecasts. Where a platform cannot stream, the state alone, and when to ask again.",
        gives={"text/event-stream": None},
        refuses=(503,),
        also=News,
    ),
    Operation(
        path="/livescores",
        tag="live",
        about="How the matches of these hours stand; `stale` when the source was last read more than five minutes ago.",
        gives={JSON: Standings},
        query=Wish,
        tagged=True,
    ),
    Operation(
        path="/healthz",
        tag="operation",
        about="The process answers; says nothing of what it knows.",
        gives={JSON: Alive},
    ),
    Operation(
        path="/readyz",
        tag="operation",
        about="Ready with a model that the promotions know, its bytes checked.",
        gives={JSON: Ready},
        refuses=(503,),
    ),
    Operation(
        path="/metrics", tag="operation", about="Counters and gauges for Prometheus.", gives={"text/plain": None}
    ),
)


def add_core(app: FastAPI, site: Site) -> None:
    """Let an application describe what stands before it."""
    for operation in OPERATIONS:
        tell(app, operation)
