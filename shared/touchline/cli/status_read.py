"""Where `touchline status` reads its parts: run records, published objects and the database, each once a look.

Figures that the exporter (`touchline.watch`) tells are taken from it, so that the screen and the alerts say the same.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from touchline.cli.status_told import (
    CostState,
    DriftState,
    ForecastsState,
    FunctionState,
    LedgerState,
    ModelState,
    RecordState,
    SourceState,
    StageState,
)
from touchline.domain import receipts
from touchline.domain.forecasts import ForecastSet
from touchline.domain.health import Health as ModelHealth
from touchline.domain.source_health import Health as SourceHealth
from touchline.domain.trials import Trials
from touchline.domain.views import POINTER as VIEWS
from touchline.domain.views import ViewsPointer
from touchline.errors import NotFound, TouchlineError
from touchline.manifest import current, decode, read_object
from touchline.platform import letters
from touchline.stages.predict_views import read_view
from touchline.telemetry import RunRecord
from touchline.watch.chain import STAGES as ANSWERING
from touchline.watch.cost import MONTH_DAYS, estimate
from touchline.watch.exporter import exporter
from touchline.watch.observing import observe
from touchline.watch.prices import PLATFORMS, load

if TYPE_CHECKING:
    from touchline.bootstrap import Container
    from touchline.ports import ObjectStore

STAGES: Final = ("scrapes", "raw", "validated", "features", "models", "serving", "predictions", "views")
_OWED_BY: Final = {stage: function for function, stage in ANSWERING.items()}
DRIFT: Final = "reports/drift/latest.json"
SOURCES: Final = "scrapes/health/"
BACK: Final = 9
"""Days in which the newest run of a function is looked for, before all its records are listed."""
Figures = Mapping[str, Mapping[tuple[str, ...], float]]
"""Name of a metric -> its rows: values of the labels, in the order of their names -> value."""


def figures(ports: "Container") -> tuple[Figures, dict[str, str]]:
    """What the exporter tells now, and which of its parts cannot be read."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in exporter(ports, ports.wiring, 0.0, lambda: letters.decided(ports.store, ports.home)).families():
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    faults = found.get("touchline_exporter_faults_total", {})
    return found, {labels[0]: "see the log for the reason" for labels, count in faults.items() if count}


def functions(ports: "Container", told: Figures) -> tuple[FunctionState, ...]:
    """Each function that leaves run records, in the order of the chain."""
    dead, parked = told.get("touchline_dead_letters", {}), told.get("touchline_quarantined", {})
    today = told.get("touchline_runs_today", {})
    return tuple(
        msgspec.structs.replace(
            _newest(ports, name),
            failed_today=int(today.get((name, "failed"), 0)),
            dead=int(dead.get((name,), 0)),
            quarantined=int(parked.get((name,), 0)),
        )
        for name in ports.wiring.order()
        if not ports.wiring.functions[name].http
    )


def _newest(ports: "Container", name: str) -> FunctionState:
    now, store = ports.clock.now(), ports.store
    days = (f"runs/{name}/{now - timedelta(days=back):%Y%m%d}/" for back in range(BACK))
    for prefix in (*days, f"runs/{name}/"):
        keys = [info.key for info in store.list(prefix) if receipts.read(info.key) is not None]
        if keys:
            return _ran(store, name, max(keys))
    return FunctionState(function=name)


def _ran(store: "ObjectStore", name: str, key: str) -> FunctionState:
    receipt = receipts.read(key)
    assert receipt is not None
    try:
        record = decode(store.get(key), RunRecord, key)
    except TouchlineError:  # of another version: its name says enough
        outcome = "failed" if receipt.status >= 500 else "succeeded"
        return FunctionState(function=name, last=receipt.started, outcome=outcome)
    about = record.reason.splitlines()[0] if record.reason else ""
    return FunctionState(function=name, last=record.started, outcome=record.outcome, about=about)


def chain(ports: "Container", told: Figures) -> tuple[StageState, ...]:
    """The newest number of each stage, and how late it is."""
    lags = told.get("touchline_chain_lag_seconds", {})
    return tuple(
        StageState(stage=stage, seq=_seq(ports.store, stage), lag_seconds=lags.get((_OWED_BY.get(stage, ""),)))
        for stage in STAGES
    )


def _seq(store: "ObjectStore", stage: str) -> int | None:
    if stage == "views":  # these have a pointer alone
        views = VIEWS if store.stat(VIEWS) else ""
        return decode(store.get(views), ViewsPointer, views).seq if views else None
    prefix = f"{stage}/published/"
    newest = max((info.key for info in store.list(prefix)), default="").removeprefix(prefix)[:12]
    return int(newest) if newest.isdecimal() else None


def sources(ports: "Container", told: Figures) -> tuple[SourceState, ...]:
    """Each source, as the newest daily look found it."""
    key = max((info.key for info in ports.store.list(SOURCES)), default="")
    if not key:
        return ()
    found = decode(ports.store.get(key), SourceHealth, key)
    return tuple(
        SourceState(source=one.source, state=", ".join(one.troubles) or "ok", newest=one.newest, notes=one.notes)
        for one in found.sources
    )


def model(ports: "Container", told: Figures) -> ModelState | None:
    """What serves, with what the promotions and the trials say of it; None before the first promotion."""
    try:
        publication, manifest = current(ports.store, "serving")
    except NotFound:
        return None
    parameters: Mapping[str, Any] = manifest.parameters
    version = str(parameters.get("model_version", ""))
    rows = [row for row in ports.promotions.history() if row.stage == "champion"]
    since = next((row for row in reversed(rows) if row.champion == version), None)
    trials = read_view(ports.store, "trials", Trials)
    return ModelState(
        model_id=str(parameters.get("model_id", "")), version=version,
        promotion=publication.promotion or publication.seq,
        since=since.decided_at if since else None, previous=since.previous if since else "",
        simulated=bool(parameters.get("simulated", False)),
        challenger=str((parameters.get("challenger") or {}).get("model_version", "")),
        trials=trials.trials if trials else (), trial_reason=trials.reason if trials else "",
    )  # fmt: skip


def forecasts(ports: "Container", told: Figures) -> ForecastsState | None:
    """The newest forecasts; None before the first."""
    try:
        _, manifest = current(ports.store, "predictions")
    except NotFound:
        return None
    ref, now = manifest.outputs["forecasts"], ports.clock.now()
    found = decode(read_object(ports.store, ref), ForecastSet, ref.key)
    ahead = sorted((one for one in found.matches if one.kickoff > now), key=lambda one: (one.kickoff, one.match_id))
    first = ahead[0] if ahead else None
    return ForecastsState(
        sealed=len(ahead), next_kickoff=first.kickoff if first else None, next_match=first.match_id if first else "",
        reason=found.reason,
    )  # fmt: skip


def record(ports: "Container", told: Figures) -> RecordState | None:
    """How the champion keeps its promises, over all competitions; None until drift has looked.

    Nothing of a model that serves no more: its alarm asks for nobody.
    """
    found = read_view(ports.store, "health", ModelHealth)
    if found is None:
        return None
    champion = _version(ports.store)
    mine = (one for one in found.signals if not one.competition and champion in ("", one.model_version))
    first = next(mine, None)
    if first is None:
        return RecordState(model_version=champion, reason=found.reason)
    return RecordState(
        model_version=first.model_version, settled=first.n, log_loss=first.settled, expected=first.expected,
        gap_z=first.gap_z, alarm=any(one.alarm for one in found.signals if one.model_version == first.model_version),
        leaning=first.leaning, waiting=first.waiting, reason=found.reason,
    )  # fmt: skip


def _version(store: "ObjectStore") -> str:
    """Of the model that serves, empty if none does."""
    try:
        return str(current(store, "serving")[1].parameters.get("model_version", ""))
    except NotFound:
        return ""


def drift(ports: "Container", told: Figures) -> DriftState | None:
    """The newest drift report; None until there is one."""
    if ports.store.stat(DRIFT) is None:
        return None
    return decode(ports.store.get(DRIFT), DriftState, DRIFT)


def ledger(ports: "Container", told: Figures) -> LedgerState | None:
    """Whether the record is whole, by the exporter's figures."""
    unsettled, gaps = told.get("touchline_ledger_unsettled_matches", {}), told.get("touchline_ledger_gaps", {})
    return LedgerState(unsettled=_only(unsettled.values()), gaps=_only(gaps.values()))


def _only(values: Iterable[float]) -> int | None:
    return next((int(value) for value in values), None)


def cost(ports: "Container", told: Figures) -> CostState:
    """A month on each platform, by the runs of the last thirty days."""
    usage = observe(ports.store, ports.wiring, int(MONTH_DAYS))
    found = {one: estimate(usage, ports.wiring, load(), one).month for one in PLATFORMS}
    return CostState(month={name: round(usd, 2) for name, usd in found.items()}, days=round(usage.days, 1))


READERS: Final[Mapping[str, Callable[["Container", Figures], Any]]] = {
    "functions": functions, "chain": chain, "sources": sources, "model": model, "forecasts": forecasts,
    "record": record, "drift": drift, "ledger": ledger, "cost": cost,
}  # fmt: skip
"""Field of the status -> who reads it; whatever one raises stops none of the others."""
