"""What came of a simulation, as plain data: counted while it runs, and asked of the ledger at its end."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from touchline.bootstrap import Container
from touchline.domain.settlement import of_record
from touchline.domain.track import PUBLIC, Entry, Track
from touchline.domain.vocabulary import RESULT_AVAILABLE
from touchline.platform.almanac import days
from touchline.platform.season import Told
from touchline.ports import Forecast, Settlement
from touchline.stages.predict_views import read_view
from touchline.telemetry import RunRecord

if TYPE_CHECKING:
    from touchline.cli.simulate_plan import Plan

KNOWN: Final = timedelta(days=1) + RESULT_AVAILABLE
"""So long after its deadline the result of every match is known, also where only its day is."""


class Facts:
    """Counts and the timeline; the ports are those of the simulation's home."""

    def __init__(self, ports: Container) -> None:
        self._ports = ports
        self.sealed = self.settled = 0
        """Forecasts of runs so far, and settlements."""
        self.champion = ""
        self._runs: Counter[tuple[str, str]] = Counter()
        self._seconds: dict[str, float] = {}
        self._timeline: list[dict[str, Any]] = []

    def add(self, told: Told) -> None:
        """Take in what ran at a moment."""
        for record in told.records:
            self._runs[record.function, record.outcome] += 1
            self._seconds[record.function] = self._seconds.get(record.function, 0.0) + record.duration_s
            self.settled += record.summary.get("settled", 0) if record.function == "drift" else 0
            self.champion = record.summary.get("champion", self.champion)
            if what := happened(record):
                self._timeline.append({"at": told.at, "function": record.function, "what": what})
            if record.function == "forecast" and record.outcome == "done":
                self.sealed = len(self._ports.ledger.forecasts())

    def told(self, plan: "Plan", asked: datetime, seconds: float) -> dict[str, Any]:
        """Everything, with the time that it took; the source was asked last at a moment."""
        forecasts, settlements = self._ports.ledger.forecasts(), self._ports.ledger.settlements()
        span = days(plan.since, plan.until)
        matches = plan.matches["kickoff"]
        return {
            "home": plan.home,
            "mode": self._ports.clock.mode,
            "from": plan.since,
            "to": plan.until,
            "asked": asked,
            "shuffle": plan.shuffle,
            "matches": {"history": int((matches < plan.since).sum()), "played": int((matches >= plan.since).sum())},
            "sealed": sealing(forecasts),
            "settled": settling(forecasts, settlements, asked - KNOWN),
            "scores": self._scores(),
            "timeline": self._timeline,
            "runs": {f"{name} {outcome}": n for (name, outcome), n in sorted(self._runs.items())},
            "failed": sum(n for (_, outcome), n in self._runs.items() if outcome == "failed"),
            "seconds": round(seconds, 1),
            "seconds_a_day": round(seconds / span, 2),
            "seconds_by_function": {name: round(took, 1) for name, took in sorted(self._seconds.items())},
        }

    def _scores(self) -> dict[str, Any]:
        """What the champions said, in all: as the track record has it; empty where nothing is settled."""
        track = read_view(self._ports.store, "track", Track)
        whole = [one for one in track.entries if not one.competition and not one.season] if track else []
        public: Entry | None = next((one for one in whole if one.model_version == PUBLIC), None)
        return {} if public is None else dict(msgspec.to_builtins(public))


def happened(record: RunRecord) -> str:
    """What of a run belongs on the timeline, in words; empty for the daily round."""
    if record.outcome in ("failed", "parked"):
        return f"{record.outcome}: {record.reason}"
    if record.function == "train" and record.outcome == "done":
        losses = record.summary["log_loss"]
        return f"trained {record.summary['model']}: log-loss {losses['ours']} ({record.reason})".replace(" ()", "")
    if record.function == "promote" and record.outcome != "unchanged" and "stage" in record.summary:
        return f"{record.summary['model']} is {record.summary['stage']}: {record.reason}"
    if record.function == "drift" and record.publications:
        return f"asked: {', '.join(record.publications)}"
    return ""


def sealing(forecasts: Sequence[Forecast]) -> dict[str, Any]:
    """How many forecasts were sealed, of how many matches, how many too late, and how long before kick-off at least."""
    margins = [(one.kickoff - one.sealed_at).total_seconds() for one in forecasts if one.sealed_at is not None]
    return {
        "forecasts": len(forecasts),
        "matches": len({one.match_id for one in forecasts}),
        "late": sum(margin <= 0 for margin in margins),
        "least_margin_minutes": round(min(margins) / 60, 1) if margins else None,
    }


def settling(forecasts: Sequence[Forecast], settlements: Sequence[Settlement], over: datetime) -> dict[str, Any]:
    """How many matches were settled, how many more than once or, of those before a moment, not; why some are void."""
    found = Counter((one.match_id, one.model_version, one.mode) for one in settlements)
    due = {key for key, rows in _by_author(forecasts) if rows[-1].kickoff <= over and of_record(rows) is not None}
    return {
        "settlements": len(settlements),
        "matches": len({one.match_id for one in settlements if not one.void_reason}),
        "twice": sum(n > 1 for n in found.values()),
        "missing": len(due - set(found)),
        "void": dict(Counter(one.void_reason for one in settlements if one.void_reason)),
    }


def _by_author(forecasts: Sequence[Forecast]) -> Iterator[tuple[tuple[str, str, str], list[Forecast]]]:
    grouped: dict[tuple[str, str, str], list[Forecast]] = {}
    for one in forecasts:
        grouped.setdefault((one.match_id, one.model_version, one.mode), []).append(one)
    yield from grouped.items()
