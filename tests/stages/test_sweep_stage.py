"""Sweep: what was lost comes again, what was done does not, and nothing is started twice."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import pytest

import small_platform
from touchline import bootstrap, events, wiring
from touchline.adapters.clock import VirtualClock
from touchline.adapters.local_store import LocalStore
from touchline.entrypoint import Surroundings, surrounded
from touchline.errors import NotFound, Unavailable
from touchline.manifest import sha256
from touchline.ports import ObjectStore
from touchline.settings import Sweep
from touchline.stages import sweep, sweep_look
from touchline.testing.functions import Call, handle
from touchline.work import Event, Result

AT_ONCE = Sweep(grace_seconds=0)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Sink:
    """Takes events until it is told to fail; what it took is in the order of their coming."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Event]] = []
        self.patience = 10**6

    def emit(self, function: str, event: Event) -> None:
        if len(self.taken) >= self.patience:
            raise Unavailable("the sink is away")
        self.taken.append((function, event))


class Watched:
    """A store that notes what is read."""

    def __init__(self, store: ObjectStore, read: list[str]) -> None:
        self._store, self._read = store, read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def get(self, key: str) -> bytes:
        self._read.append(key)
        return self._store.get(key)

    def open(self, key: str) -> BinaryIO:
        self._read.append(key)
        return self._store.open(key)


class Vanishing(LocalStore):
    """A folder in which others remove some objects between their listing and their reading."""

    def open(self, key: str) -> BinaryIO:
        if key.startswith("incoming/gone"):
            raise NotFound("there is no such object", where=key)
        return super().open(key)


class World:
    """Two tiny functions on a store; deliveries are made by hand."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock(NOW)
        self.environ = small_platform.environment(folder)
        self.ports = bootstrap.ports(self.environ, clock=self.clock)
        self.sink = Sink()
        self.ports.emitter = self.sink

    def put(self, key: str, body: str = "fine") -> str:
        assert self.ports.store.create(key, body.encode())
        return key

    def deliver(self, function: str, event: Event) -> int:
        entry = handle(function, Path(self.environ["TOUCHLINE_FUNCTIONS"]))
        with surrounded(Surroundings(self.environ, self.clock)):
            return entry(Call(events.to_http(event)))[1]

    def deliver_all(self) -> None:
        """Make the deliveries that the sink took."""
        taken, self.sink.taken = self.sink.taken, []
        for function, event in taken:
            self.deliver(function, event)

    def sweep(self, options: Sweep = AT_ONCE) -> Result:
        tick = Event(id="sweep", kind="cron", source="test", time=self.clock.now(), key="quarter-hourly")
        return sweep.run(tick, self.ports, options)

    def asked(self) -> list[tuple[str, str]]:
        """(function, key) of all that the sink took since the last delivery."""
        return [(function, event.key) for function, event in self.sink.taken]

    def forget(self, prefix: str) -> None:
        """Lose objects."""
        for info in list(self.ports.store.list(prefix)):
            (self.ports.home / "objects" / info.key).unlink()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def object_event(key: str, body: str = "fine") -> Event:
    return Event(id=f"test-{key}", kind="object", source="test", time=NOW, key=key, sha256=sha256(body.encode()))


def logged(world: World, result: Result) -> sweep_look.Log:
    (key,) = result.publications
    return msgspec.json.decode(world.ports.store.get(key), type=sweep_look.Log)


def test_a_lost_notification_is_healed_along_the_chain(world: World) -> None:
    world.put("incoming/a.txt")
    result = world.sweep()
    assert world.asked() == [("export", "incoming/a.txt")]
    assert (result.outcome, result.summary["emitted"]) == ("done", 1)
    (told,) = logged(world, result).emitted
    assert (told.function, told.key, told.reason) == ("export", "incoming/a.txt", "no receipt")
    world.deliver_all()
    world.sweep()
    assert world.asked() == [("validate", "raw/a.txt")]
    world.deliver_all()
    assert world.sweep().outcome == "unchanged"
    assert world.asked() == []


def test_what_was_done_is_not_emitted_again_whoever_reported_it(world: World) -> None:
    world.deliver("export", object_event(world.put("incoming/a.txt")))
    assert [one.function for one in logged(world, world.sweep()).emitted] == ["validate"]


@pytest.mark.parametrize("order", ["refuse", "park"])
def test_what_was_refused_was_done(world: World, order: str) -> None:
    world.deliver("validate", object_event(world.put("raw/a.txt", order), order))
    assert world.sweep().outcome == "unchanged"


def test_other_content_under_the_same_key_is_other_work(world: World) -> None:
    world.deliver("export", object_event(world.put("incoming/a.txt")))
    info = world.ports.store.stat("incoming/a.txt")
    assert info is not None
    world.sweep()
    world.deliver_all()
    assert world.ports.store.swap("incoming/a.txt", b"other", info.etag)
    world.sweep()
    assert world.asked() == [("export", "incoming/a.txt")]


def test_a_crash_between_effect_and_record_is_harmless(world: World) -> None:
    world.put("incoming/a.txt")
    world.sweep()
    world.deliver_all()
    before = {info.key: info.etag for info in world.ports.store.list("raw/")}
    world.forget("runs/")
    world.forget("chain/sweep/2")
    world.sweep()
    assert ("export", "incoming/a.txt") in world.asked()
    world.deliver_all()
    assert {info.key: info.etag for info in world.ports.store.list("raw/")} == before


def test_what_was_emitted_lately_is_left_alone(world: World) -> None:
    world.put("incoming/a.txt")
    world.sweep()
    world.sink.taken.clear()
    result = world.sweep()
    assert world.asked() == []
    assert result.summary["on_their_way"] == 1


def test_a_function_that_had_its_time_is_asked_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    path = tmp_path / "functions" / "wiring.yaml"
    path.write_text(path.read_text().replace("needs:", "timeout_s: 0\n  needs:", 1))
    world.put("incoming/a.txt")
    world.sweep()
    world.sweep()
    assert world.asked() == [("export", "incoming/a.txt")] * 2


def test_what_is_young_is_still_on_its_way_by_the_clock_of_the_store(world: World) -> None:
    world.put("incoming/a.txt")
    world.clock.move(NOW + timedelta(days=30))
    result = world.sweep(Sweep(grace_seconds=3600))
    assert world.asked() == []
    assert result.summary["young"] == 1


def test_a_failure_comes_again_until_it_is_a_dead_letter(world: World) -> None:
    key = world.put("raw/a.txt", "break it")
    for _ in range(2):
        assert world.deliver("validate", object_event(key, "break it")) == 503
    (told,) = logged(world, world.sweep()).emitted
    assert told.reason == "no receipt, failed 2 times"
    world.deliver_all()
    result = world.sweep()
    assert world.asked() == []
    assert result.summary["dead"] == 1


def test_one_run_emits_no_more_than_it_may_and_says_so(world: World) -> None:
    keys = [world.put(f"incoming/{number}.txt") for number in range(5)]
    result = world.sweep(Sweep(grace_seconds=0, limit=2))
    assert (result.summary["emitted"], result.summary["left"]) == (2, 3)
    assert logged(world, result).left == 3
    assert "3 more" in result.reason
    for _ in range(2):
        result = world.sweep(Sweep(grace_seconds=0, limit=2))
    assert sorted(key for _, key in world.asked()) == keys
    assert result.summary["left"] == 0


def test_nothing_starves_behind_what_is_emitted_in_vain(tmp_path: Path) -> None:
    world = World(tmp_path)
    path = tmp_path / "functions" / "wiring.yaml"
    path.write_text(path.read_text().replace("needs:", "timeout_s: 0\n  needs:", 1))
    for number in range(5):
        world.put(f"incoming/{number}.txt")
    for _ in range(4):
        world.sweep(Sweep(grace_seconds=0, limit=2))
    assert [key.removeprefix("incoming/")[0] for _, key in world.asked()] == list("01234012")


def test_a_sink_that_fails_on_the_way_is_told_and_the_rest_comes_again(world: World) -> None:
    for number in range(3):
        world.put(f"incoming/{number}.txt")
    world.sink.patience = 2
    with pytest.raises(Unavailable):
        world.sweep()
    (log,) = [info.key for info in world.ports.store.list("chain/sweep/2")]
    kept = msgspec.json.decode(world.ports.store.get(log), type=sweep_look.Log)
    assert (len(kept.emitted), kept.left) == (2, 1)
    world.sink.patience = 10
    world.sweep()
    assert [key for _, key in world.asked()] == ["incoming/0.txt", "incoming/1.txt", "incoming/2.txt"]


def test_publications_come_newest_first(world: World, tmp_path: Path) -> None:
    path = tmp_path / "functions" / "wiring.yaml"
    path.write_text(path.read_text().replace("prefix: raw/", "prefix: raw/published/"))
    for number in range(3):
        world.put(f"raw/published/{number}.json")
    world.sweep()
    assert [key for _, key in world.asked()] == [f"raw/published/{number}.json" for number in (2, 1, 0)]


def test_an_object_is_read_once_and_a_receipt_never(tmp_path: Path) -> None:
    read: list[str] = []
    world = World(tmp_path)
    key = world.put("incoming/a.txt")
    world.deliver("export", object_event(key))
    world.ports.store = Watched(world.ports.store, read)
    world.sweep()
    world.sweep()
    assert read.count(key) == 1
    assert not any(key.startswith("runs/") for key in read)


def test_what_is_removed_between_listing_and_reading_is_passed_over(world: World) -> None:
    world.put("incoming/gone.txt")
    world.put("incoming/stays.txt")
    world.ports.store = Vanishing(world.ports.home / "objects")
    assert world.sweep().outcome == "done"
    assert world.asked() == [("export", "incoming/stays.txt")]


def test_memory_of_another_kind_costs_reading_and_no_more(world: World) -> None:
    world.put("incoming/a.txt")
    world.put(sweep_look.MEMORY, "[1]")
    world.sweep()
    assert world.asked() == [("export", "incoming/a.txt")]


def test_more_than_can_be_read_at_once_waits(world: World) -> None:
    for number in range(5):
        world.put(f"incoming/{number}.txt")
    few = Sweep(grace_seconds=0, reads=3)
    result = world.sweep(few)
    assert (len(world.asked()), result.summary["unread"]) == (3, 2)
    world.sweep(few)
    assert len(world.asked()) == 5


def test_a_missed_tick_is_made_up_once(world: World) -> None:
    world.sweep()
    world.clock.move(NOW + timedelta(days=3))
    (told,) = logged(world, world.sweep()).emitted
    assert (told.function, told.kind, told.key) == ("validate", "cron", "daily")
    assert told.reason == "missed at 2026-03-05 06:00"
    world.sweep()
    assert len(world.asked()) == 1
    world.deliver_all()
    world.forget("chain/sweep/2")
    assert world.sweep().outcome == "unchanged"


def test_a_tick_that_came_is_not_made_up(world: World) -> None:
    world.sweep()
    world.clock.move(NOW + timedelta(days=1))
    tick = Event(id="any-id-at-all", kind="cron", source="test", time=world.clock.now(), key="daily")
    world.deliver("validate", tick)
    assert world.sweep().outcome == "unchanged"


def test_a_schedule_begins_when_it_is_met(world: World) -> None:
    assert world.sweep().outcome == "unchanged"
    world.clock.move(NOW + timedelta(hours=20))
    assert world.sweep().outcome == "unchanged"
    world.clock.move(NOW + timedelta(hours=22))
    assert world.sweep().outcome == "done"


def test_each_trigger_of_the_real_wiring_may_be_read_by_sweep() -> None:
    found = wiring.load(wiring.root({}))
    reads = found.function("sweep").reads
    assert {prefix for function in found.functions.values() for prefix in function.prefixes} <= set(reads)


def test_a_repair_that_was_missed_is_started(tmp_path: Path) -> None:
    sink, clock = Sink(), VirtualClock(NOW)
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path)}, clock=clock)
    ports.emitter = sink
    tick = Event(id="sweep", kind="cron", source="test", time=NOW, key="quarter-hourly")
    sweep.run(tick, ports, AT_ONCE)
    clock.move(NOW + timedelta(hours=6))
    sweep.run(tick, ports, AT_ONCE)
    assert {(function, event.key) for function, event in sink.taken} == {("promote", "repair"), ("scrape", "live")}
