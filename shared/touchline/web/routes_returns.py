"""What flat stakes on the forecasts of record would have returned, by region."""

from typing import Final

import msgspec
from anyio import to_thread
from fastapi import FastAPI, Request
from starlette.responses import Response

from touchline.domain.views import ReturnsTable
from touchline.web.answering import JSON, told_now
from touchline.web.describe import Operation, route
from touchline.web.questions import only_path
from touchline.web.settled import Settled
from touchline.web.site import Site


class ReturnsTold(ReturnsTable, frozen=True, kw_only=True):
    """Returns by region, all together first."""

    degraded: str


RETURNS: Final = Operation(
    path="/predict/region-roi",
    tag="forecasts",
    about="What one unit on one outcome of each match would have returned by region, at prices from before kick-off, "
    "by the forecasts of record. It describes the forecasts; it is no advice to bet. `few` marks regions whose "
    "numbers say little.",
    gives={JSON: ReturnsTold},
    tagged=True,
)


def add_returns(app: FastAPI, site: Site) -> None:
    """Let an application answer what flat stakes would have returned."""
    settled = Settled(site.ports.store, site.settings.refresh_seconds, site.elapsed)

    @route(app, RETURNS)
    async def returns(request: Request) -> Response:
        only_path(request)
        views, fault = await to_thread.run_sync(settled.look)
        nothing = ReturnsTable(seq=0, mode=site.ports.clock.mode, reason="nothing is settled yet")
        table = views[1] if views else nothing
        return told_now(request, ReturnsTold(**msgspec.structs.asdict(table), degraded=fault))
