"""Exporting what was sealed: all of it, once, in a chain, whatever ran beside it or stopped before."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from snapshots import everything
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.ledger_audit import Auditor, Written
from touchline.domain.ledger_batches import FIRST, FOLDER, LARGEST, canonical, key_of
from touchline.errors import CorruptObject
from touchline.ports import Forecast
from touchline.stages.forecast_ledger import batches, export_batches, read_batch

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def seal(ports: Container, *numbers: int, now: datetime = NOW) -> None:
    kickoff = NOW + timedelta(days=5)
    made = [
        Forecast(f"m-{number}", "1", 1, 1, kickoff, 0.5, 0.3, 0.2, f"hash{number}", "simulated") for number in numbers
    ]
    ports.ledger.seal(made, now)


def matches(ports: Container) -> list[list[str]]:
    """Matches of each batch."""
    found = (read_batch(ports.store, info.key) for info in batches(ports.store))
    return [[msgspec.json.decode(row)["match_id"] for row in batch.rows] for batch in found]


def faults(ports: Container) -> list[str]:
    auditor = Auditor(copied=True)
    for info in batches(ports.store):
        auditor.take(Written(info.key, ports.store.get(info.key), info.modified))
    auditor.compare(canonical(row) for _, row in ports.ledger.numbered())
    return [fault.what for fault in auditor.found().faults]


def test_what_was_sealed_is_exported_once(ports: Container, clock: VirtualClock) -> None:
    assert export_batches(ports) == 0
    seal(ports, 1, 2)
    assert (export_batches(ports), export_batches(ports)) == (1, 0)
    clock.move(NOW + timedelta(hours=1))
    seal(ports, 3)
    assert export_batches(ports) == 1
    assert matches(ports) == [["m-1", "m-2"], ["m-3"]]
    first, second = (read_batch(ports.store, key_of(number)) for number in (1, 2))
    assert (first.header.previous, second.header.previous) == (FIRST, first.hash)
    assert (first.header.made_at, second.header.made_at) == (NOW, NOW + timedelta(hours=1))
    assert faults(ports) == []


def test_what_a_run_left_behind_is_in_the_next_batch(ports: Container) -> None:
    seal(ports, 1)
    export_batches(ports)
    seal(ports, 2)  # and stopped here
    seal(ports, 3)
    export_batches(ports)
    assert matches(ports) == [["m-1"], ["m-2", "m-3"]]


def test_objects_of_older_versions_are_left_as_they_are(ports: Container) -> None:
    old = f"{FOLDER}000000000001-000000000001.json"
    ports.store.create(old, b"{}")
    seal(ports, 1)
    export_batches(ports)
    assert list(everything(ports.store, FOLDER)) == [old, key_of(1)]


def test_many_at_once_make_several_batches(ports: Container) -> None:
    seal(ports, *range(LARGEST + 1))
    assert export_batches(ports) == 2
    assert [len(one) for one in matches(ports)] == [LARGEST, 1]
    assert faults(ports) == []


class Overtaken:
    """A store in which somebody else makes the next batch just before we do."""

    def __init__(self, store: Any, before: Callable[[], object]) -> None:
        self._store, self._before = store, before

    def create(self, key: str, data: bytes) -> bool:
        before, self._before = self._before, lambda: None
        before()
        return bool(self._store.create(key, data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_of_two_runs_the_first_makes_the_batch_and_the_other_goes_on_behind_it(
    ports: Container, clock: VirtualClock
) -> None:
    def other() -> None:
        seal(ports, 2)
        export_batches(ports)

    seal(ports, 1)
    slow = bootstrap.ports(
        ports.environ, clock=clock, around=lambda name, part: Overtaken(part, other) if name == "store" else part
    )
    assert export_batches(slow) == 0
    assert matches(ports) == [["m-1", "m-2"]]
    seal(ports, 3)
    slow = bootstrap.ports(
        ports.environ, clock=clock,
        around=lambda name, part: Overtaken(part, lambda: export_batches(ports) and seal(ports, 4))
        if name == "store" else part,
    )  # fmt: skip
    assert export_batches(slow) == 1
    assert matches(ports) == [["m-1", "m-2"], ["m-3"], ["m-4"]]
    assert faults(ports) == []


def test_a_database_that_was_set_back_exports_what_is_new_and_nothing_twice(
    ports: Container, tmp_path: Any, sqlite_template: Any
) -> None:
    """Numbers of the older copy begin below those that were exported: they alone would hide what is sealed there."""
    seal(ports, 1, 2, 3)
    export_batches(ports)
    home = tmp_path / "restored"
    home.mkdir()
    shutil.copy(sqlite_template, home / "touchline.db")
    shutil.copytree(ports.home / "objects", home / "objects")
    restored = bootstrap.ports({"TOUCHLINE_HOME": str(home)}, clock=ports.clock)
    seal(restored, 1, 9)
    assert export_batches(restored) == 1
    assert matches(restored) == [["m-1", "m-2", "m-3"], ["m-9"]]
    assert len(faults(restored)) == 2, "m-2 and m-3 are in no database any more, and that is said"


def test_nothing_follows_a_batch_that_cannot_be_read(ports: Container) -> None:
    seal(ports, 1)
    ports.store.create(key_of(1), b"{}")
    with pytest.raises(CorruptObject, match="not a batch of forecasts"):
        export_batches(ports)
