"""States in which the pages of the service are looked at: with everything, with very many matches, with bad names."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

import served
import tracked
from touchline.domain.context import Contexts, EloLines, Quoted, Records, Sealed
from touchline.domain.drift_findings import FeatureDrift, Findings, Record
from touchline.domain.forecasts import ForecastSet, MatchForecast
from touchline.domain.health import Health, Signal
from touchline.domain.views import POINTER, Duel, Leaderboard, Returns, ReturnsTable, Standing, ViewsPointer
from touchline.manifest import (
    Manifest,
    Publication,
    current,
    decode,
    encode,
    publish,
    read_object,
    sha256,
    write_object,
)
from touchline.ports import ObjectStore
from touchline.telemetry import Fault, RunRecord
from touchline.work import Event, Ports

HOSTILE = '<script>alert(1)</script> & "Söhne" Borussia 1900 Mönchengladbach-Rheydt Süd'


def full(ports: Ports) -> None:
    """The small league with odds, sealed forecasts, settled views, findings of drift, runs and a dead letter."""
    served.public(ports)
    richer(ports, seq=2)
    views(ports.store)
    drift(ports.store)
    chain(ports.store, ports.clock.now())


def richer(ports: Ports, seq: int, matches: tuple[MatchForecast, ...] | None = None) -> None:
    """Publish the forecasts once more, every match with quotes and sealed forecasts; other matches instead if given."""
    publication, manifest = current(ports.store, "predictions")
    ref = manifest.outputs["forecasts"]
    told = decode(read_object(ports.store, ref), ForecastSet, ref.key)
    told = msgspec.structs.replace(told, matches=matches or told.matches)
    kept = {name: each for name, each in manifest.outputs.items() if matches is None or name not in ("features",)}
    where = f"predictions/richer{seq}"
    outputs = {**kept, "forecasts": write_object(ports.store, f"{where}/forecasts.json", encode(told))}
    made = Manifest(
        stage="predictions", id=f"richer{seq}", inputs=manifest.inputs, outputs=outputs,
        parameters=manifest.parameters, versions=manifest.versions, counts=manifest.counts,
    )  # fmt: skip
    records = msgspec.msgpack.encode(_records(told, ports.clock.now()))
    sidecars = {"records": write_object(ports.store, f"{where}/records.msgpack", records)}
    publish(ports.store, made, seq, promotion=publication.promotion, sidecars=sidecars)


def _records(told: ForecastSet, now: datetime) -> Records:
    version, hours = told.model.version, (26, 14, 2)
    sealed = ((26, version), (14, version), (8, "challenger"), (2, version))
    return Records(
        sealed={
            match.match_id: tuple(
                Sealed(
                    now - timedelta(hours=hour), name, match.home - hour / 1000, match.draw, match.away + hour / 1000
                )
                for hour, name in sealed
            )
            for match in told.matches
        },
        quoted={
            match.match_id: tuple(
                Quoted(
                    now - timedelta(hours=hour), "bet365", *(0.95 / max(p + hour / 900, 0.02) for p in chances(match))
                )
                for hour in hours
            )
            for match in told.matches
        },
    )


def chances(match: MatchForecast) -> tuple[float, float, float]:
    """Home, draw, away."""
    return match.home, match.draw, match.away


def many(ports: Ports, count: int = 500) -> None:
    """The small league with very many matches, at home and away in several leagues, all known to the model."""
    served.public(ports)
    _, manifest = current(ports.store, "predictions")
    ref = manifest.outputs["forecasts"]
    known = decode(read_object(ports.store, ref), ForecastSet, ref.key).matches
    leagues = ("E0", "E1", "D1", "SP1", "I1", "F1")
    matches = [
        msgspec.structs.replace(
            known[number % len(known)],
            match_id=f"many-{number}",
            competition=leagues[number % len(leagues)],
            home_team=f"{known[number % len(known)].home_team} {number}",
            kickoff=ports.clock.now() + timedelta(hours=6 + number // 4),
        )
        for number in range(count)
    ]
    richer(ports, 2, tuple(matches))
    _around(ports, matches, known)


def _around(ports: Ports, matches: list[MatchForecast], known: tuple[MatchForecast, ...]) -> None:
    """Give each of the matches the surroundings of the match that it was made of."""
    _, manifest = current(ports.store, "predictions")
    contexts = msgspec.msgpack.decode(read_object(ports.store, manifest.outputs["context"]), type=Contexts)
    around = {one.match_id: contexts.matches[known[place % len(known)].match_id] for place, one in enumerate(matches)}
    data = msgspec.msgpack.encode(Contexts(contexts.meetings, around))
    outputs = {**manifest.outputs, "context": write_object(ports.store, "predictions/many/context.msgpack", data)}
    publication, _ = current(ports.store, "predictions")
    made = msgspec.structs.replace(manifest, id="many", outputs=outputs)
    publish(ports.store, made, 3, promotion=publication.promotion, sidecars=publication.sidecars)


def hostile(ports: Ports) -> None:
    """One match of a team with a name that is as long and as bad as can be."""
    served.public(ports)
    _, manifest = current(ports.store, "predictions")
    ref = manifest.outputs["forecasts"]
    (first, *_) = decode(read_object(ports.store, ref), ForecastSet, ref.key).matches
    renamed = msgspec.structs.replace(first, home_team=HOSTILE, away_team="W" * 60)
    lines = msgspec.msgpack.decode(read_object(ports.store, manifest.outputs["elo"]), type=EloLines).lines
    elo = EloLines(
        tuple(msgspec.structs.replace(one, team=HOSTILE) if one.team == first.home_team else one for one in lines)
    )
    ref = write_object(ports.store, "predictions/hostile/elo.msgpack", msgspec.msgpack.encode(elo))
    made = msgspec.structs.replace(manifest, id="hostile", outputs={**manifest.outputs, "elo": ref})
    publish(ports.store, made, 2, promotion=1)
    richer(ports, 3, (renamed,))


def views(store: ObjectStore) -> None:
    """A leaderboard, returns and a track record, as drift publishes them."""

    def standing(name: str, log_loss: float, code: str = "", n: int = 320) -> Standing:
        return Standing(
            model_version=name, competition=code, n=n, log_loss=log_loss, rps=log_loss / 5, brier=0.6, accuracy=0.5,
            low=log_loss - 0.02, high=log_loss + 0.02, few=n < 100,
        )  # fmt: skip

    board = Leaderboard(
        seq=1, mode="live", until="2026-02-28", contenders=("m1", "m2"),
        standings=(
            standing("m1", 0.98), standing("m2", 0.99), standing("bookmaker", 0.975), standing("elo", 1.01),
            standing("m1", 0.97, "SIM1", 40), standing("elo", 1.0, "SIM1", 40),
        ),
        duels=(Duel(model_version="m1", against="elo", competition="", n=9, difference=-0.03, low=-0.05, high=-0.01),),
        every=(standing("m1", 0.98), standing("m0", 1.02)),
    )  # fmt: skip
    returned = ReturnsTable(
        seq=1, mode="live", until="2026-02-28",
        returns=(
            Returns(region="", matches=320, n=120, staked=120, returned=114, roi=-0.05, low=-0.2, high=0.1, few=False),
            Returns(region="Simulated", matches=40, n=3, staked=3, returned=4, roi=0.33, low=-0.9, high=1.6),
        ),
    )  # fmt: skip
    outputs = {
        name: write_object(store, f"views/v1/{name}.json", encode(value))
        for name, value in (
            ("leaderboard", board),
            ("returns", returned),
            ("track", tracked.track()),
            ("health", health()),
        )
    }
    manifest = Manifest(stage="views", id="v1", inputs=(), outputs=outputs, parameters={}, versions={}, counts={})
    data = encode(manifest)
    store.create("views/v1/manifest.json", data)
    store.create(POINTER, encode(ViewsPointer(seq=1, manifest="views/v1/manifest.json", sha256=sha256(data))))


def drift(store: ObjectStore) -> None:
    """Findings of drift."""
    found = Findings(
        id="d1", page="reports/drift/d1/report.html", report="reports/drift/d1/report.json",
        reference="the training period of m1", matches={"reference": 900, "current": 120}, until=served.NOW,
        drifted=("elo_difference", "home_points_last5", "away_points_last5"), share=0.04,
        record=Record(settled=80, void=2, log_loss=0.99, expected_log_loss=1.0, rps=0.2, brier=0.59),
        retrain="3 of 80 features have moved", predictions=(_moved("forecast_home", 0.05),),
        moved=(_moved("elo_difference", 0.4), _moved("home_points_last5", -0.3)), reference_id="m1",
    )  # fmt: skip
    store.create("reports/drift/latest.json", encode({**msgspec.to_builtins(found), "seq": 1}))


def _moved(name: str, effect: float) -> FeatureDrift:
    large = abs(effect) > 0.2
    chance = 1e-6 if large else 0.7
    return FeatureDrift(name, 0.1, abs(effect) / 3, effect, 0, 0, drifted=large, p=chance / 9, corrected=chance)


def health() -> Health:
    """A champion that is too sure in one competition, and a newcomer of whom nothing is settled."""
    well = Signal(
        model_version="1", n=80, settled=1.05, expected=0.99, gap=0.06, gap_z=3.1, rps=0.2, ece=0.03, evidence=0.4,
        waiting=4, ahead=1.01,
    )  # fmt: skip
    sick = msgspec.structs.replace(well, competition="SIM1", evidence=8.0, alarm=True, leaning="too sure")
    newcomer = Signal(model_version="2", n=0, waiting=4, ahead=1.0)
    return Health(seq=1, mode="simulated", until="2026-03-01", signals=(well, sick, newcomer))


def chain(store: ObjectStore, now: datetime) -> None:
    """Three runs, one of which failed, and a dead letter."""
    woken = ""
    for minutes, function, status in ((9, "scrape", 204), (8, "export", 204), (3, "validate", 500)):
        started = now - timedelta(minutes=minutes)
        work = f"{minutes:032x}"
        made = f"{'scrapes' if function == 'scrape' else 'raw'}/published/{minutes:012d}.json"
        record = RunRecord(
            run_id=f"{started:%H%M%S}-{work[:12]}-{minutes:08x}-{status}", function=function, work=work, event_id="e",
            event_kind="object", key=woken, generation=0, traceparent="", started=started,
            ended=started + timedelta(seconds=2), duration_s=2.0, peak_memory_mib=100.0, cold=False, status=status,
            outcome="failed" if status == 500 else "done", publications=() if status == 500 else (made,),
        )  # fmt: skip
        store.create(record.object_key, encode(record))
        woken = made
    letter(store, "validate", now)


def letter(store: ObjectStore, function: str, now: datetime) -> str:
    """A dead letter of a function; its id."""
    event = Event(id="lost", kind="object", source="test", time=now, key="raw/published/000000000008.json", sha256="ab")
    work = event.work(function)
    fault = Fault(
        kind="Unavailable", what="the <database> does not answer", where="raw/", hint="start it, then redrive"
    )
    kept: dict[str, Any] = {
        "event": {"specversion": "1.0", "type": "test", "id": "lost", "source": "test", "subject": event.key},
        "error": msgspec.to_builtins(fault),
        "function": function,
        "work": work,
    }
    store.create(f"deadletter/{function}/{work}.json", encode(kept))
    return work


def published(ports: Ports) -> tuple[Publication, Manifest]:
    """What is published of forecasts."""
    return current(ports.store, "predictions")


def matches(ports: Ports, manifest: Manifest) -> tuple[MatchForecast, ...]:
    """Matches that a publication of forecasts tells of."""
    ref = manifest.outputs["forecasts"]
    return decode(read_object(ports.store, ref), ForecastSet, ref.key).matches
