"""What the parts of the exporter say of a chain, of sources, models and the record, in states made by hand."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from told_figures import Told, of, told
from touchline import wiring
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain import ledger_batches
from touchline.domain.health import Health, Signal
from touchline.domain.source_health import Health as SourcesHealth
from touchline.domain.source_health import SourceHealth, Volume
from touchline.domain.trials import Trials, TrialState
from touchline.domain.views import POINTER, Returns, ReturnsTable, ViewsPointer
from touchline.manifest import Manifest, encode, publish, sha256, write_object
from touchline.ports import Forecast, Promotion
from touchline.watch.exporter import exporter
from touchline.watch.tally import Run

WIRED = wiring.load(wiring.root({}))
HOUR = timedelta(hours=1)


def look(ports: Container) -> Told:
    return told(exporter(ports, WIRED, every=0).render())


def published(ports: Container, stage: str, seq: int, **counts: int) -> None:
    made = Manifest(
        stage=stage, id=f"{stage[:2]}{seq}", inputs=(), outputs={}, parameters={}, versions={}, counts=counts
    )
    publish(ports.store, made, seq)


def ran(ports: Container, function: str, ended: datetime, **changes: Any) -> None:
    """A run record, as much of it as is counted."""
    run = Run(
        function=function, started=ended, ended=ended, duration_s=1.0, peak_memory_mib=1.0, cold=False,
        **{"status": 204, "outcome": "done", **changes},
    )  # fmt: skip
    mark = sha256(encode(run))[:8]
    ports.store.create(f"runs/{function}/{ended:%Y%m%d/%H%M%S}-{'a' * 12}-{mark}-{run.status}.json", encode(run))


def lags(ports: Container) -> dict[str, float]:
    return of(look(ports), "touchline_chain_lag_seconds")


def test_a_stage_is_behind_for_as_long_as_the_oldest_publication_waits(ports: Container, clock: VirtualClock) -> None:
    assert set(lags(ports).values()) == {0.0}
    for seq, ago in ((1, 5), (2, 3), (3, 1)):
        published(ports, "scrapes", seq)
        key = f"scrapes/published/{seq:012d}.json"
        ran(ports, "scrape", clock.now() - ago * HOUR, publications=(key,))
    assert lags(ports) == dict.fromkeys(("export", "validate", "feature", "forecast", "drift"), 5 * 3600.0)
    published(ports, "raw", 1, matches=30)
    published(ports, "raw", 3, matches=40)
    published(ports, "validated", 1, rows=30)
    ran(ports, "validate", clock.now(), key="raw/published/000000000003.json", outcome="failed", status=503)
    found = look(ports)
    assert of(found, "touchline_chain_lag_seconds") == {
        "export": 0.0, "validate": 3 * 3600.0, "feature": 5 * 3600.0, "forecast": 5 * 3600.0, "drift": 5 * 3600.0,
    }  # fmt: skip
    assert of(found, "touchline_snapshot_rows") == {"raw": 40, "validated": 30}


def test_nobody_owes_an_answer_to_what_a_gate_refused(ports: Container, clock: VirtualClock) -> None:
    published(ports, "scrapes", 1)
    ran(ports, "scrape", clock.now() - HOUR, publications=("scrapes/published/000000000001.json",))
    published(ports, "raw", 1, matches=30)
    ran(ports, "validate", clock.now(), key="raw/published/000000000001.json", outcome="parked")
    assert set(lags(ports).values()) == {0.0}


def test_a_stage_that_had_nothing_to_do_has_answered(ports: Container, clock: VirtualClock) -> None:
    published(ports, "scrapes", 1)
    ran(ports, "scrape", clock.now() - HOUR, publications=("scrapes/published/000000000001.json",))
    ran(ports, "forecast", clock.now(), key="serving/published/000000000007.json")
    assert lags(ports)["forecast"] == 3600.0, "that is the number of a promotion"
    ran(ports, "forecast", clock.now(), key="features/published/000000000001.json", outcome="skipped")
    assert lags(ports)["forecast"] == 0.0
    assert lags(ports)["drift"] == 3600.0


def test_sources_are_told_as_they_were_found(ports: Container, clock: VirtualClock) -> None:
    gap = Volume(competition="E0", finished=1, usual=10, missing=4, calendar=True)
    found = SourcesHealth(
        day=clock.now().date(), looked=clock.now(), volumes=(gap,),
        sources=(SourceHealth(source="one"), SourceHealth(source="two", troubles=("blocked", "stale"))),
    )  # fmt: skip
    ports.store.create("scrapes/health/2026-03-01.json", b"older, and never read")
    ports.store.create("scrapes/health/2026-03-02.json", encode(found))
    states = {
        tuple(value for _, value in sorted(labels))
        for (name, labels), n in look(ports).items()
        if name == "touchline_source_state" and n
    }
    assert states == {("one", "well"), ("two", "blocked"), ("two", "stale"), ("matches", "shrunken")}


def put_views(ports: Container, **views: msgspec.Struct) -> None:
    outputs = {name: write_object(ports.store, f"views/v1/{name}.json", encode(view)) for name, view in views.items()}
    made = Manifest(stage="views", id="v1", inputs=(), outputs=outputs, parameters={}, versions={}, counts={})
    ref = write_object(ports.store, "views/v1/manifest.json", encode(made))
    ports.store.create(POINTER, encode(ViewsPointer(seq=1, manifest=ref.key, sha256=ref.sha256)))


def test_models_are_told_as_drift_published_them(ports: Container) -> None:
    well = Signal(model_version="m1", n=50, settled=1.01, expected=1.0, gap=0.01, gap_z=0.4, rps=0.2, ece=0.03)
    fresh = Signal(model_version="m2", competition="E0", n=0, waiting=3, ahead=1.02, alarm=True)
    trial = TrialState(model_version="m2", against="m1", role="challenger", n=5, needed=120)
    table = ReturnsTable(
        seq=1, mode="simulated",
        returns=(
            Returns(region="", matches=9, n=4, staked=4.0, returned=5.0, roi=0.25, low=-0.1, high=0.6),
            Returns(region="England", matches=9, n=0, staked=0.0, returned=0.0),
        ),
    )  # fmt: skip
    put_views(
        ports, health=Health(seq=1, mode="simulated", signals=(well, fresh)), returns=table,
        trials=Trials(seq=1, mode="simulated", trials=(trial, TrialState(
            model_version="m3", against="m1", role="challenger", n=0))),
    )  # fmt: skip
    found = look(ports)

    def value(name: str, model: str, competition: str = "", **more: str) -> float | None:
        labels = {"model_version": model, "competition": competition, **more}
        return found.get((f"touchline_{name}", frozenset(labels.items())))

    assert [value("log_loss", "m1", kind=kind) for kind in ("settled", "expected", "ahead")] == [1.01, 1.0, None]
    assert [value("log_loss", "m2", "E0", kind=kind) for kind in ("settled", "ahead")] == [None, 1.02]
    assert [value(name, "m1") for name in ("rps", "ece", "calibration_gap_z", "settled_matches")] == [
        0.2,
        0.03,
        0.4,
        50,
    ]
    assert [value("calibration_alarm", "m1"), value("calibration_alarm", "m2", "E0")] == [0.0, 1.0]
    assert of(found, "touchline_trial_needed_matches") == {"m2": 120}
    assert [of(found, f"touchline_returns_{what}") for what in ("roi", "low", "high")] == [
        {"": 0.25}, {"": -0.1}, {"": 0.6},
    ]  # fmt: skip


def test_a_broken_view_is_a_fault_and_leaves_the_rest(ports: Container) -> None:
    ports.store.create(POINTER, b"{}")
    found = look(ports)
    faults = of(found, "touchline_exporter_faults_total")
    assert {part for part, n in faults.items() if n} == {"chain", "quality"}
    assert found["touchline_ledger_gaps", frozenset()] == 0


def decide(ports: Container, model: str, stage: str, champion: str, previous: str, when: datetime) -> None:
    ports.promotions.decide(
        Promotion(
            number=0, model_version=model, stage=stage, previous=previous, champion=champion, bundle="", reason="",
            inputs={}, decided_at=when, work=f"{model}-{stage}",
        )
    )  # fmt: skip


def test_the_champion_is_as_old_as_its_reign(ports: Container, clock: VirtualClock) -> None:
    exporting = exporter(ports, WIRED, every=0)
    assert "touchline_champion_age_seconds" not in {name for name, _ in told(exporting.render())}
    with ports.claimed("promote"):
        decide(ports, "m1", "champion", "m1", "", clock.now() - 3 * HOUR)
        decide(ports, "m2", "rejected", "m1", "m1", clock.now() - 2 * HOUR)
    first = told(exporting.render())
    assert first["touchline_champion_age_seconds", frozenset()] == 3 * 3600
    with ports.claimed("promote"):
        decide(ports, "m2", "champion", "m2", "m1", clock.now() - HOUR)
    for found in (told(exporting.render()), look(ports)):
        assert found["touchline_champion_age_seconds", frozenset()] == 3600
        assert of(found, "touchline_promotions_total") == {"champion": 2, "rejected": 1}
        moments = {"m1": clock.now() - 3 * HOUR, "m2": clock.now() - HOUR}
        expected = {model: moment.timestamp() for model, moment in moments.items()}
        assert of(found, "touchline_promotion_timestamp_seconds") == expected


def test_only_the_newest_promotions_are_told(ports: Container, clock: VirtualClock) -> None:
    before = ""
    with ports.claimed("promote"):
        for number in range(25):
            decide(ports, f"m{number}", "champion", f"m{number}", before, clock.now() + number * HOUR)
            before = f"m{number}"
    told_of = set(of(look(ports), "touchline_promotion_timestamp_seconds"))
    assert told_of == {f"m{number}" for number in range(5, 25)}


def batch(ports: Container, before: ledger_batches.Batch | None, last: int) -> ledger_batches.Batch:
    made = ledger_batches.build(before, [encode({"row": last})], last, ports.clock.now())
    assert ports.store.create(ledger_batches.key_of(made.header.number), ledger_batches.canonical(made))
    return made


def gaps(exporting: Any) -> float:
    return told(exporting.render())["touchline_ledger_gaps", frozenset()]


@pytest.mark.parametrize("change", ["a byte", "no batch", "another object", "another chain"])
def test_a_break_in_the_chain_of_batches_is_seen_whenever_it_comes(ports: Container, change: str) -> None:
    exporting = exporter(ports, WIRED, every=0)
    first = batch(ports, None, 1)
    second = batch(ports, first, 2)
    assert gaps(exporting) == 0
    batch(ports, second, 3)
    assert gaps(exporting) == 0
    key = ledger_batches.key_of(2)
    path = ports.home / "objects" / key
    changed = {
        "a byte": path.read_bytes().replace(b'"row":2', b'"row":7'), "another object": b"{}",
        "another chain": ledger_batches.canonical(ledger_batches.build(first, [b"{}"], 2, ports.clock.now())),
    }  # fmt: skip
    path.unlink()
    if change in changed:
        path.write_bytes(changed[change])
    assert gaps(exporting) >= 1
    assert gaps(exporter(ports, WIRED, every=0)) >= 1


def test_what_was_sealed_and_is_in_no_batch_is_a_gap_after_a_while(ports: Container, clock: VirtualClock) -> None:
    now = clock.now()
    row = Forecast("a-b", "m1", 1, 1, now + 24 * HOUR, 0.5, 0.3, 0.2, "f", "simulated")
    with ports.claimed("forecast"):
        ports.ledger.seal([row], now)
    assert gaps(exporter(ports, WIRED, every=0)) == 0
    clock.move(now + HOUR)
    assert gaps(exporter(ports, WIRED, every=0)) == 1
    batch(ports, None, 1)
    assert gaps(exporter(ports, WIRED, every=0)) == 0
