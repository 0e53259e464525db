"""A chain of batches: whole as it was made, and broken by name wherever a byte of it changes."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.domain.ledger_audit import DATABASE, Auditor, Chain, Written
from touchline.domain.ledger_batches import Batch, build, canonical, key_of, read
from touchline.ports import Forecast

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KICKOFF = NOW + timedelta(days=2, microseconds=7)


def forecast(number: int, **changes: Any) -> Forecast:
    plain = Forecast(f"m-{number}", "1", 1, 1, KICKOFF, 0.5, 0.3, 0.2, f"hash{number}", "live", NOW)
    return msgspec.structs.replace(plain, **changes)


@cache
def rows() -> tuple[bytes, ...]:
    return tuple(canonical(forecast(number)) for number in range(7))


@cache
def chain() -> tuple[Written, ...]:
    """Three batches of three, one and three forecasts."""
    made, before = [], None
    for first, end in ((0, 3), (3, 4), (4, 7)):
        before = build(before, rows()[first:end], end, NOW)
        made.append(Written(key_of(before.header.number), canonical(before), NOW))
    return tuple(made)


def audit(batches: "list[Written] | tuple[Written, ...]", table: Any = None, *, copied: bool = False) -> Chain:
    auditor = Auditor(copied=copied)
    for written in batches:
        auditor.take(written)
    auditor.compare(rows() if table is None else table)
    return auditor.found()


def named(found: Chain) -> set[tuple[str, str]]:
    return {(fault.where, fault.match) for fault in found.faults}


def replaced(place: int, data: bytes) -> list[Written]:
    return [*chain()[:place], chain()[place]._replace(data=data), *chain()[place + 1 :]]


def test_what_was_made_is_whole() -> None:
    found = audit(chain())
    assert found.faults == found.late == ()
    assert [one.match_id for one in found.forecasts] == [f"m-{number}" for number in range(7)]
    assert found.head == read(chain()[-1].data).hash
    assert audit((), ()).head == ""


@given(st.integers(0, 2), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_law_one_changed_byte_breaks_its_batch_by_name(place: int, where: float, change: int) -> None:
    data = bytearray(chain()[place].data)
    data[int(where * len(data))] ^= change
    assert key_of(place + 1) in {name for name, _ in named(audit(replaced(place, bytes(data))))}


@given(st.integers(0, 6), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_law_one_changed_byte_of_a_row_is_named_with_its_match(number: int, where: float, change: int) -> None:
    row = bytearray(rows()[number])
    row[int(where * len(row))] ^= change
    table = [*rows()[:number], bytes(row), *rows()[number + 1 :]]
    assert (key_of(1 if number < 3 else 2 if number == 3 else 3), f"m-{number}") in named(audit(chain(), table))


@pytest.mark.parametrize("name", [b"kickoff", b"made_at"])
def test_a_moment_that_lost_its_offset_is_named(name: bytes) -> None:
    """A digit in the place of the Z leaves a moment that can be compared with no other."""
    made = canonical(build(None, rows()[:3], 3, NOW + timedelta(microseconds=7)))
    place = made.index(b"Z", made.index(name))
    found = audit([Written(key_of(1), made[:place] + b"7" + made[place + 1 :], NOW)])
    assert key_of(1) in {where for where, _ in named(found)}


@given(st.integers(0, 2), st.integers(0, 6))
@settings(max_examples=20)
def test_law_a_batch_made_anew_breaks_the_next(place: int, number: int) -> None:
    """A forger who knows how batches are made gets caught by the batch behind, and by whoever knows the head."""
    old = read(chain()[place].data)
    before = read(chain()[place - 1].data) if place else None
    forged = build(before, [canonical(forecast(number, home=0.6, draw=0.2)), *old.rows[1:]], 9, NOW)
    found = audit(replaced(place, canonical(forged)), copied=True)
    if place < 2:
        assert (key_of(place + 2), "") in named(found)
    assert found.head == audit(chain()).head or place == 2
    assert audit(chain()).hashes[place] not in found.hashes


@pytest.mark.parametrize("missing", [0, 1])
def test_a_batch_that_is_missing_is_named(missing: int) -> None:
    left = [written for place, written in enumerate(chain()) if place != missing]
    found = {fault.where: fault.what for fault in audit(left).faults if not fault.match}
    assert found == {key_of(missing + 1): "this batch is missing"}


def test_many_missing_batches_are_one_fault() -> None:
    """One digit of a key may say that there should be a million million of them."""
    far = chain()[2]._replace(key=key_of(900_000_000_003))
    found = audit([*chain()[:2], far]).faults
    assert (key_of(3), "this batch is missing, and 899999999999 behind it") in {(one.where, one.what) for one in found}


def test_a_newest_batch_that_is_missing_leaves_its_rows_alone() -> None:
    found = audit(chain()[:2])
    assert named(found) == {(DATABASE, f"m-{number}") for number in (4, 5, 6)}
    assert {fault.what for fault in found.faults} == {"in no batch: it was changed, or is sealed and not exported yet"}


def test_a_row_that_was_removed_or_put_in_is_named() -> None:
    assert named(audit(chain(), rows()[1:])) == {(key_of(1), "m-0")}
    smuggled = canonical(forecast(9, sealed_at=NOW - timedelta(days=9)))
    assert named(audit(chain(), [*rows(), smuggled])) == {(DATABASE, "m-9")}


def test_a_forecast_in_two_batches_is_named() -> None:
    again = build(read(chain()[-1].data), [rows()[0]], 8, NOW)
    found = audit([*chain(), Written(key_of(4), canonical(again), NOW)])
    assert [(fault.where, fault.match) for fault in found.faults] == [(key_of(4), "m-0")]
    assert "stands in" in found.faults[0].what


def one_batch(made: datetime, modified: datetime | None, **changes: Any) -> tuple[list[Written], list[bytes]]:
    row = canonical(forecast(1, **changes))
    batch: Batch = build(None, [row], 1, made)
    return [Written(key_of(1), canonical(batch), modified)], [row]


class TestTimes:
    def test_a_row_at_kickoff_is_a_fault_whoever_let_it_in(self) -> None:
        found = audit(*one_batch(NOW, NOW, sealed_at=KICKOFF))
        assert named(found) == {(key_of(1), "m-1")}
        assert "sealed at" in found.faults[0].what

    def test_a_batch_that_says_it_came_late_proves_nothing_and_is_no_fault(self) -> None:
        found = audit(*one_batch(KICKOFF, KICKOFF))
        assert found.faults == ()
        assert [(late.where, late.matches) for late in found.late] == [(key_of(1), ("m-1",))]

    @pytest.mark.parametrize("mode", ["live", "simulated"])
    @pytest.mark.parametrize("copied", [False, True])
    @pytest.mark.parametrize("modified", [KICKOFF - timedelta(seconds=1), KICKOFF, None])
    def test_the_store_knows_when_an_object_was_written(
        self, mode: str, copied: bool, modified: datetime | None
    ) -> None:
        batches, table = one_batch(NOW, modified, mode=mode)
        caught = mode == "live" and not copied and modified == KICKOFF
        assert bool(audit(batches, table, copied=copied).faults) == caught
