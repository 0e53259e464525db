"""Faults that are planted in a simulated season, and who notices them, after how many matches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest import mock

import msgspec
import numpy as np
import pandas as pd

from touchline.adapters import onnx_model
from touchline.bootstrap import Container
from touchline.domain.drift_findings import Findings
from touchline.domain.health import Health
from touchline.domain.trials import Trials
from touchline.manifest import current, decode, encode
from touchline.platform.season import Told
from touchline.stages.predict_views import read_view
from touchline.telemetry import RunRecord

POINTER = "reports/drift/latest.json"
SHOTS = ("home_shots", "away_shots", "home_shots_on_target", "away_shots_on_target")


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that goes wrong from a moment on."""

    name: str
    change: Callable[[pd.DataFrame, datetime], pd.DataFrame] | None = None
    """What the source tells instead."""
    model: Callable[[np.ndarray], np.ndarray] | None = None
    """What the champion says instead: (n, 3) probabilities."""
    successor: bool = False
    """Whether a second model has to serve first, which alone is distorted."""
    expected: tuple[str, ...] = ()
    """Detectors of which one should fire."""
    environ: dict[str, str] = {}
    """Settings beside those of all simulations."""


def faults(since: datetime) -> dict[str, Fault]:
    """By name; each begins at that moment."""

    def shifted(rows: pd.DataFrame, now: datetime) -> pd.DataFrame:
        scaled = {name: np.round(rows[name] * 1.6) for name in SHOTS if name in rows}
        return rows.assign(**scaled) if now >= since else rows

    def silent(rows: pd.DataFrame, now: datetime) -> pd.DataFrame:
        return rows[rows["status"] == "scheduled"] if now >= since else rows

    found = (
        Fault(name="none"),
        Fault(name="features shifted", change=shifted, expected=("drift of shots",)),
        Fault(name="over-confident by 10 %", model=lambda p: sharpened(p, 1.1), expected=("health",)),
        Fault(name="stale source", change=silent, expected=("source",)),
        Fault(
            name="degraded champion",
            model=blurred,
            successor=True,
            expected=("health", "trial", "rollback"),
            environ={"TOUCHLINE_TRAIN_SCHEDULE_DAYS": "400", "TOUCHLINE_TRAIN_COOL_DOWN_DAYS": "400"},
        ),  # else the next model of the schedule takes its place before anybody has to notice
    )
    return {fault.name: fault for fault in found}


def sharpened(p: np.ndarray, power: float) -> np.ndarray:
    """Probabilities whose log-odds are so many times as large."""
    sharp = p**power
    return np.asarray(sharp / sharp.sum(axis=1, keepdims=True))


def blurred(p: np.ndarray) -> np.ndarray:
    """Home and away mixed up in part: what a swapped column does."""
    return np.asarray(0.35 * p + 0.65 * p[:, ::-1])


@contextmanager
def distorted(fault: Fault, since: datetime, ports: Container, whom: Callable[[str], bool]) -> Iterator[None]:
    """Let models say what the fault makes of it, from then on: those of which that is so."""
    if fault.model is None:
        yield
        return
    load, distort = onnx_model.load, fault.model

    def loaded(*given: Any) -> Any:
        model = load(*given)
        return Distorted(model, distort, lambda: ports.clock.now() >= since and whom(model.model_id))

    with mock.patch.object(onnx_model, "load", loaded):
        yield


class Distorted:
    """A model that says something else while the fault lasts."""

    def __init__(self, model: Any, distort: Callable[[np.ndarray], np.ndarray], lasts: Callable[[], bool]) -> None:
        self._model, self._distort, self._lasts = model, distort, lasts
        self.model_id, self.features = model.model_id, model.features

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Probabilities, distorted."""
        p = np.asarray(self._model.predict(features))
        return self._distort(p) if self._lasts() else p

    def both(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same, and expected goals."""
        return self.predict(features), self._model.both(features)[1]


class Watch:
    """Looks after each moment who has noticed something, and keeps when each of them did first."""

    def __init__(self, since: datetime, kickoffs: "pd.Series[Any]") -> None:
        self._since, self._kickoffs = since, kickoffs
        self._before: set[str] = set()
        """What was noticed before: features that drift anyway, alarms that had another reason."""
        self.first: dict[str, dict[str, Any]] = {}

    def follow(self, ports: Container) -> None:
        """Look at this home."""
        self._store = ports.store

    def look(self, told: Told) -> None:
        """Ask every detector."""
        for name, what in self._fired(told) if told.records else ():
            if told.at < self._since:
                self._before.add(what)
            elif name not in self.first and what not in self._before:
                played = self._kickoffs.between(self._since, told.at, inclusive="left").sum()
                self.first[name] = {"at": told.at, "matches": int(played), "what": what}

    def _fired(self, told: Told) -> Iterator[tuple[str, str]]:
        yield from self._shown()
        for record in told.records:
            yield from noticed_by(record)

    def _shown(self) -> Iterator[tuple[str, str]]:
        """What stands in the newest report and views."""
        store = self._store
        if store.stat(POINTER):
            found = decode(store.get(POINTER), Findings)
            for feature in found.drifted:
                yield "drift of shots" if "shot" in feature else "drift", feature
        health, trials = read_view(store, "health", Health), read_view(store, "trials", Trials)
        for signal in health.signals if health else ():
            if signal.alarm:
                yield "health", f"{signal.model_version[:8]} is {signal.leaning}, {signal.n} settled, gap {signal.gap}"
        for trial in trials.trials if trials else ():
            if trial.verdict == "rollback":
                yield "trial", f"{trial.model_version[:8]} after {trial.n} matches: {trial.reason}"


def noticed_by(record: RunRecord) -> Iterator[tuple[str, str]]:
    """Who noticed something in a run, and what."""
    troubles = record.summary.get("troubles")
    if record.function == "promote" and record.reason.startswith("rollback"):
        yield "rollback", record.reason
    if record.function == "scrape" and troubles:
        yield "source", ", ".join(troubles)
    if record.function == "validate" and record.outcome == "parked":
        yield "gates", record.reason[:100]
    if record.function == "drift" and record.publications:
        yield "request", ", ".join(record.publications)


class Successor:
    """Lets a second model serve, so that there is one before it to go back to: asks for a training, then forces it."""

    def __init__(self, ports: Container, since: datetime) -> None:
        self._ports, self._since, self.serves = ports, since, ""

    def look(self, told: Told) -> None:
        """Ask for what comes next; it happens at the next moment."""
        if told.at < self._since or self.serves:
            return
        store, history = self._ports.store, self._ports.promotions.history()
        store.create("requests/retrain/users/bench.json", encode({"reason": "a second model is wanted"}))
        newest = current(store, "models")[1].id
        if history and newest != history[-1].champion:
            self.serves = newest
            asked = {"action": "promote", "model_id": newest, "force": True, "reason": "to have one to go back from"}
            store.create("requests/promotion/users/bench.json", encode(asked))
