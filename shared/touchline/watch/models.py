"""How the models do: what drift published of them, and what was decided."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec
from prometheus_client.core import Metric

from touchline.coordination import Decided, Figures
from touchline.domain.health import Health, Signal
from touchline.domain.trials import Trials
from touchline.domain.views import ReturnsTable
from touchline.manifest import decode
from touchline.ports import ObjectStore
from touchline.stages.predict_views import read_view
from touchline.watch.families import counter, gauge, single

DRIFT: Final = "reports/drift/latest.json"
NEWEST: Final = 20
"""Promotions whose moments are told."""
_BY: Final = ("model_version", "competition")
_ABOUT: Final = (
    ("touchline_rps", "rps", "Ranked probability score of settled forecasts"),
    ("touchline_ece", "ece", "Expected calibration error of settled forecasts"),
    ("touchline_calibration_gap_z", "gap_z", "Settled minus expected log-loss, in standard errors"),
    ("touchline_calibration_alarm", "alarm", "1 where a model keeps its promises no more"),
    ("touchline_settled_matches", "n", "Settled forecasts of record"),
)


class _Drift(msgspec.Struct):
    """As much of the findings as is told."""

    share: float
    drifted: tuple[str, ...]


def quality(store: ObjectStore) -> Iterator[Metric]:
    """Scores, calibration, trials and returns, as the newest views say; competition "" is all together.

    Raises:
        TouchlineError: a view cannot be read.
    """
    health = read_view(store, "health", Health)
    signals = health.signals if health else ()
    losses = [
        ((one.model_version, one.competition, kind), value)
        for one in signals
        for kind, value in (("settled", one.settled), ("expected", one.expected), ("ahead", one.ahead))
        if value is not None
    ]
    yield gauge("touchline_log_loss", "Mean log-loss: settled, expected, still ahead", (*_BY, "kind"), losses)
    for name, field, about in _ABOUT:
        yield gauge(name, about, _BY, _values(signals, field))
    trials = read_view(store, "trials", Trials)
    needed = {one.model_version: one.needed for one in (trials.trials if trials else ()) if one.needed is not None}
    rows = (((version,), n) for version, n in sorted(needed.items()))
    yield gauge("touchline_trial_needed_matches", "Matches still needed for a decision", ("model_version",), rows)
    table = read_view(store, "returns", ReturnsTable)
    for field in ("roi", "low", "high"):
        found = [((one.region,), getattr(one, field)) for one in (table.returns if table else ())]
        about = "Return of flat stakes on what the champion said" + ("" if field == "roi" else f", {field} end")
        told = [(labels, value) for labels, value in found if value is not None]
        yield gauge(f"touchline_returns_{field}", about, ("region",), told)


def _values(signals: tuple[Signal, ...], field: str) -> Iterator[tuple[tuple[str, str], float]]:
    for one in signals:
        value = getattr(one, field)
        if value is not None:
            yield (one.model_version, one.competition), float(value)


def drift(store: ObjectStore) -> Iterator[Metric]:
    """What the newest report says of features.

    Raises:
        TouchlineError: it cannot be read.
    """
    found = None if store.stat(DRIFT) is None else decode(store.get(DRIFT), _Drift, DRIFT)
    yield single("touchline_drift_share", "Share of features that moved", found.share if found else None)
    yield single("touchline_drifted_features", "Features that moved", len(found.drifted) if found else None)


class Decisions:
    """What was decided about models; each decision is read once.

    Args:
        figures: the database.
    """

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self._last: Decided | None = None
        self._since: datetime | None = None
        self._stages: Counter[str] = Counter()
        self._moments: dict[str, datetime] = {}

    def families(self, now: datetime) -> Iterator[Metric]:
        """Decisions by stage, age of the champion, newest promotions.

        Raises:
            Unavailable: the database does not answer.
        """
        for one in self._figures.decisions(self._last.number if self._last else 0):
            self._take(one)
        stages = (((stage,), n) for stage, n in sorted(self._stages.items()))
        yield counter("touchline_promotions_total", "Decisions about models, by stage reached", ("stage",), stages)
        age = (now - self._since).total_seconds() if self._since else None
        yield single("touchline_champion_age_seconds", "Since the champion serves", age)
        moments = (((version,), moment.timestamp()) for version, moment in self._moments.items())
        name, about = "touchline_promotion_timestamp_seconds", "When a model became champion, of the newest"
        yield gauge(name, about, ("model_version",), moments)

    def _take(self, one: Decided) -> None:
        self._stages[one.stage] += 1
        if one.champion != (self._last.champion if self._last else ""):
            self._since = one.decided_at if one.champion else None
            self._moments.pop(one.champion, None)
            self._moments[one.champion] = one.decided_at
            while len(self._moments) > NEWEST:
                del self._moments[next(iter(self._moments))]
        self._last = one
