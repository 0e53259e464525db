"""How the models do, for those who watch them: drift, health before and after labels, trials; from objects alone."""

from typing import Final

import msgspec
from anyio import to_thread
from fastapi import FastAPI, Request
from starlette.responses import Response

from touchline.domain.health import Health
from touchline.domain.trials import Trials
from touchline.domain.views import POINTER as VIEWS
from touchline.errors import NotFound
from touchline.manifest import decode
from touchline.ports import ObjectStore
from touchline.stages.predict_views import read_view
from touchline.web.answering import JSON, told_now
from touchline.web.describe import Operation, route
from touchline.web.newest import Newest
from touchline.web.questions import only_path
from touchline.web.site import Site
from touchline.web.view_drift import POINTER as DRIFT_POINTER
from touchline.web.view_drift import Latest

NOT_YET: Final = "drift has not looked yet"


class DriftTold(Latest, frozen=True, kw_only=True):
    """The newest drift report in short."""

    degraded: str


class HealthTold(Health, frozen=True, kw_only=True):
    """Whether models keep what they promise."""

    degraded: str


class TrialsTold(Trials, frozen=True, kw_only=True):
    """Trials of models against each other."""

    degraded: str


DRIFT: Final = Operation(
    path="/monitoring/drift", tag="operation", gives={JSON: DriftTold}, tagged=True, refuses=(404,),
    about="How far newer matches, and what the champion says of them, lie from what it learnt from: the newest drift "
    "report in short. 404 until there is one.",
)  # fmt: skip
HEALTH: Final = Operation(
    path="/monitoring/health", tag="operation", gives={JSON: HealthTold}, tagged=True,
    about="Whether models keep what they promise, by model and competition: settled and expected log-loss, their "
    "standardised gap, an alarm that may be looked at as often as one likes, and what is expected of matches to come.",
)  # fmt: skip
TRIALS: Final = Operation(
    path="/monitoring/trials", tag="operation", gives={JSON: TrialsTold}, tagged=True,
    about="Trials of models against each other on the matches that both forecast: promote, reject, keep collecting, "
    "roll back or hold, and how many matches are still needed.",
)  # fmt: skip


def add_quality(app: FastAPI, site: Site) -> None:
    """Let an application tell how the models do."""
    store, pause, elapsed = site.ports.store, site.settings.refresh_seconds, site.elapsed
    drifted = Newest(store, DRIFT_POINTER, _latest, "the drift report", pause, elapsed)
    health = Newest(store, VIEWS, lambda store: read_view(store, "health", Health), "the health", pause, elapsed)
    trials = Newest(store, VIEWS, lambda store: read_view(store, "trials", Trials), "the trials", pause, elapsed)

    @route(app, DRIFT)
    async def drift(request: Request) -> Response:
        only_path(request)
        found, fault = await to_thread.run_sync(drifted.look)
        if found is None:
            raise NotFound("no drift report yet", where="reports/drift/", hint="the function drift makes one a day")
        return told_now(request, DriftTold(**msgspec.structs.asdict(found), degraded=fault))

    @route(app, HEALTH)
    async def kept_promises(request: Request) -> Response:
        only_path(request)
        found, fault = await to_thread.run_sync(health.look)
        told = found or Health(seq=0, mode=site.ports.clock.mode, reason=NOT_YET)
        return told_now(request, HealthTold(**msgspec.structs.asdict(told), degraded=fault))

    @route(app, TRIALS)
    async def on_trial(request: Request) -> Response:
        only_path(request)
        found, fault = await to_thread.run_sync(trials.look)
        told = found or Trials(seq=0, mode=site.ports.clock.mode, reason=NOT_YET)
        return told_now(request, TrialsTold(**msgspec.structs.asdict(told), degraded=fault))


def _latest(store: ObjectStore) -> Latest:
    return decode(store.get(DRIFT_POINTER), Latest, DRIFT_POINTER)
