"""Run records are read once each, in whatever order and portions they come, and add up to the same."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from told_figures import of, told
from touchline import bootstrap, wiring
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain import receipts
from touchline.errors import Unavailable
from touchline.manifest import encode
from touchline.ports import ObjectInfo
from touchline.telemetry import RunRecord
from touchline.watch.exporter import Exporter, exporter
from touchline.watch.families import text
from touchline.watch.functions import families
from touchline.watch.records import Records
from waiting import wait_until

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FUNCTIONS = ("drift", "export", "train")
OUTCOMES = {"done": 204, "unchanged": 204, "skipped": 204, "parked": 204, "failed": 503}


def record(number: int, **changes: Any) -> RunRecord:
    outcome = changes.get("outcome", "done")
    usual: dict[str, Any] = {
        "function": "train", "work": f"{number:032x}", "event_id": "", "event_kind": "object", "key": "",
        "generation": 0, "traceparent": "", "started": NOW, "ended": NOW, "duration_s": 1.5,
        "peak_memory_mib": 100.0, "cold": False, "status": OUTCOMES[outcome], "outcome": outcome,
    }  # fmt: skip
    made = usual | changes
    name = receipts.run_id(made["started"], made["work"], f"{number:08x}", made["status"])
    return RunRecord(run_id=name, **made)


class Kept:
    """Objects in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def create(self, key: str, data: bytes) -> bool:
        return self.objects.setdefault(key, data) is data

    def get(self, key: str) -> bytes:
        return self.objects[key]

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        found = sorted(self.objects.items())
        return iter([ObjectInfo(key, len(data), key, NOW) for key, data in found if key.startswith(prefix)])


class Counting:
    """A store that counts bodies that are read, and may be away, or lose a body for a while."""

    def __init__(self, store: Any) -> None:
        self._store, self.read, self.away, self.lost = store, Counter[str](), False, ""

    def get(self, key: str) -> bytes:
        if key == self.lost:
            raise Unavailable("the bucket does not answer")
        self.read[key] += 1
        return bytes(self._store.get(key))

    def __getattr__(self, name: str) -> Any:
        if self.away:
            raise Unavailable("the bucket does not answer")
        return getattr(self._store, name)


RUNS = st.lists(
    st.fixed_dictionaries(
        {
            "function": st.sampled_from(FUNCTIONS),
            "outcome": st.sampled_from(sorted(OUTCOMES)),
            "duration_s": st.floats(0, 10_000),
            "peak_memory_mib": st.floats(1, 4096),
            "cold": st.booleans(),
            "started": st.integers(0, 32).map(lambda hours: NOW - timedelta(hours=hours)),
            "metrics": st.dictionaries(st.sampled_from(['gate_results{gate="raw",result="passed"}', "rows"]),
                                       st.integers(1, 5).map(float)),
        }
    ),
    max_size=12,
)  # fmt: skip


@given(runs=RUNS, cuts=st.lists(st.integers(0, 12), max_size=3))
def test_records_add_up_to_the_same_in_whatever_portions_they_are_seen(
    runs: list[dict[str, Any]], cuts: list[int]
) -> None:
    made = [record(number, **run) for number, run in enumerate(runs)]
    seen = []
    for portions in ([*sorted(cuts)], []):
        store = Counting(Kept())
        records, begin = Records(store, FUNCTIONS), 0
        for end in (*portions, len(made)):
            for one in made[begin:end]:
                store.create(one.object_key, encode(one))
            list(records.look(NOW))
            begin = max(begin, end)
        assert set(store.read.values()) <= {1}
        assert len(store.read) == len(made)
        seen.append(told(text(families(records, NOW))))
    assert seen[0] == pytest.approx(seen[1])
    counts = Counter((one.function, one.outcome) for one in made)
    runs_told = {tuple(sorted(labels)): n for (name, labels), n in seen[0].items() if name == "touchline_runs_total"}
    assert runs_told == {(("function", name), ("outcome", what)): n for (name, what), n in counts.items()}
    assert sum(of(seen[0], "touchline_run_duration_seconds_sum").values()) == pytest.approx(
        sum(one.duration_s for one in made)
    )
    assert Counter(of(seen[0], "touchline_cold_starts_total")) == Counter(one.function for one in made if one.cold)
    today = {name for name in FUNCTIONS for one in made if (one.function, one.started.date()) == (name, NOW.date())}
    counted = {
        dict(labels)["function"] for (name, labels), n in seen[0].items() if name == "touchline_runs_today" and n
    }
    assert counted == today


@pytest.fixture
def store(ports: Container) -> Counting:
    return Counting(ports.store)


def watching(ports: Container, store: Counting) -> Exporter:
    around = {"store": lambda _: store}
    seen = bootstrap.ports(
        {"TOUCHLINE_HOME": str(ports.home)}, clock=ports.clock,
        around=lambda name, part: around.get(name, lambda made: made)(part),
    )  # fmt: skip
    return exporter(seen, wiring.load(wiring.root({})), every=0)


def put(store: Counting, *records: RunRecord) -> None:
    for one in records:
        store.create(one.object_key, encode(one))


def test_what_is_no_record_is_counted_and_hides_nothing(ports: Container, store: Counting) -> None:
    broken = record(1)
    for number, body in enumerate((b"{}", b"\xff", encode(record(9, function="drift")), b'{"outcome":"eaten"}'), 2):
        store.create(record(number).object_key, body)
    store.create("runs/train/readme.md", b"what lies here")
    store.create("runs/stranger/20260302/090000-0123456789ab-00c0ffee-204.json", b"{}")
    put(store, broken)
    exporting = watching(ports, store)
    for _ in range(2):
        found = told(exporting.render())
        assert found["touchline_exporter_unreadable_records_total", frozenset()] == 4
        assert found["touchline_runs_total", frozenset({("function", "train"), ("outcome", "done")})] == 1
        assert not [labels for _, labels in found if ("function", "stranger") in labels]


def test_the_last_look_stands_while_the_store_is_away(ports: Container, store: Counting) -> None:
    put(store, record(1), record(2))
    exporting = watching(ports, store)
    runs = "touchline_runs_total", frozenset({("function", "train"), ("outcome", "done")})
    assert told(exporting.render())[runs] == 2
    store.away = True
    for faults in (1, 2):
        found = told(exporting.render())
        assert found[runs] == 2
        assert of(found, "touchline_exporter_faults_total")["runs"] == faults
        assert of(found, "touchline_exporter_faults_total")["promotions"] == 0
    store.away = False
    put(store, record(3))
    found = told(exporting.render())
    assert found[runs] == 3
    assert of(found, "touchline_exporter_faults_total")["runs"] == 2


def test_runs_that_were_read_before_the_store_went_away_are_told_once() -> None:
    store = Counting(Kept())
    records, made = Records(store, FUNCTIONS), [record(n, started=NOW - timedelta(hours=n)) for n in range(3)]
    put(store, *made)
    found: list[datetime] = []
    store.lost = made[2].object_key
    with pytest.raises(Unavailable):
        found.extend(run.started for run in records.look(NOW))
    assert (records.waiting, found) == (1, [made[0].started, made[1].started]), "the newest come first"
    store.lost = ""
    found += [run.started for run in records.look(NOW)]
    assert found == [one.started for one in made]


def test_an_exporter_that_never_saw_a_part_tells_the_others(ports: Container, store: Counting) -> None:
    store.away = True
    found = told(watching(ports, store).render())
    assert "touchline_promotions_total" not in {name for name, _ in found}
    assert found["touchline_exporter_looked_timestamp_seconds", frozenset()] == ports.clock.now().timestamp()
    assert of(found, "touchline_exporter_faults_total")["chain"] == 1


def test_looks_are_no_closer_than_they_may_be(ports: Container, store: Counting) -> None:
    exporting = exporter(ports, wiring.load(wiring.root({})), every=3600)
    put(store, record(1))
    first = exporting.render()
    put(store, record(2))
    assert exporting.render() == first


def test_a_record_of_a_day_long_past_is_found_at_the_next_look_at_all(ports: Container, store: Counting) -> None:
    records = Records(store, FUNCTIONS)
    list(records.look(NOW))
    late = NOW - timedelta(days=30)
    put(store, record(1, started=late, ended=late))
    wait_until(lambda: list(records.look(NOW)), "the record is found")
    assert records.last_success == {"train": late}


def test_days_begin_anew(ports: Container, store: Counting, clock: VirtualClock) -> None:
    put(store, record(1), record(2, outcome="failed"))
    exporting = watching(ports, store)
    today = {how: ("touchline_runs_today", frozenset({("function", "train"), ("outcome", how)}))
             for how in ("succeeded", "failed")}  # fmt: skip
    found = told(exporting.render())
    assert [found[today[how]] for how in ("succeeded", "failed")] == [1, 1]
    clock.move(clock.now() + timedelta(days=1))
    put(store, msgspec.structs.replace(record(3), started=clock.now(), ended=clock.now()))
    found = told(exporting.render())
    assert [found[today[how]] for how in ("succeeded", "failed")] == [1, 0]
    assert found["touchline_runs_total", frozenset({("function", "train"), ("outcome", "done")})] == 2


def test_letters_that_were_delivered_again_are_none_any_more(ports: Container, store: Counting) -> None:
    for work in ("aa", "bb"):
        store.create(f"deadletter/train/{work}.json", b"{}")
        store.create(f"quarantine/train/{work}/reason.json", b"{}")
        store.create(f"quarantine/train/{work}/report.json", b"{}")
    store.create("chain/redrive/aa.json", b"{}")
    found = told(watching(ports, store).render())
    assert of(found, "touchline_dead_letters")["train"] == 1
    assert of(found, "touchline_quarantined")["train"] == 1
    assert of(found, "touchline_dead_letters")["drift"] == 0
