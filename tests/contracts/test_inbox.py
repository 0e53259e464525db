"""The inbox: what came once is kept once, held by one at a time, and nobody loses what another left behind."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hand import Hand
from touchline.adapters.inbox import SqlInbox
from touchline.coordination import Entry, Posting

Connect = Callable[..., sa.Engine]
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def hand() -> Hand:
    return Hand(START)


@pytest.fixture
def inbox(engine: sa.Engine, hand: Hand) -> SqlInbox:
    return SqlInbox(lambda: engine, hand)


def entry(name: str, **more: str) -> Entry:
    return Entry(id=name, event=f"event {name}".encode(), key=f"raw/{name}", **more)


def ids(found: list[Posting]) -> list[str]:
    return [one.id for one in found]


def test_what_came_before_is_kept_once(inbox: SqlInbox) -> None:
    assert inbox.add([entry("a"), entry("b")]) == 2
    assert inbox.add([entry("b"), entry("c"), entry("c")]) == 1
    found = inbox.take("one", 10, 30)
    assert ids(found) == ["a", "b", "c"]
    assert (found[0].event, found[0].attempts) == (b"event a", 0)


def test_entries_are_held_by_one_until_his_lease_runs_out(inbox: SqlInbox, hand: Hand) -> None:
    inbox.add([entry("a"), entry("b")])
    assert ids(inbox.take("one", 1, 30)) == ["a"]
    assert ids(inbox.take("other", 9, 30)) == ["b"]
    assert inbox.take("other", 9, 30) == []
    hand.forward(20)
    inbox.renew("other", [one.number for one in inbox.take("other", 0, 30)] or [2], 30)
    hand.forward(11)
    assert ids(inbox.take("third", 9, 30)) == ["a"]


def test_whoever_lost_an_entry_has_no_say_in_it(inbox: SqlInbox, hand: Hand) -> None:
    inbox.add([entry("a")])
    (held,) = inbox.take("one", 1, 30)
    hand.forward(31)
    inbox.take("other", 1, 30)
    inbox.settle("one", held.number, "done")
    inbox.later("one", held.number, 0, failed=True, why="late")
    inbox.renew("one", [held.number], 1000)
    hand.forward(31)
    assert ids(inbox.take("third", 1, 30)) == ["a"]


def test_what_is_done_is_not_posted_again_unless_somebody_asks_for_it(inbox: SqlInbox) -> None:
    inbox.add([entry("a")])
    inbox.settle("one", inbox.take("one", 1, 30)[0].number, "done")
    assert inbox.add([entry("a")]) == 0
    assert inbox.take("one", 1, 30) == []
    anew = Entry(id="a", event=b"once more", function="train")
    assert (inbox.add([anew], again=True), inbox.add([anew], again=True)) == (1, 0)
    assert [(one.event, one.attempts) for one in inbox.take("one", 9, 30)] == [(b"once more", 0)]


def test_what_failed_waits_by_itself_and_counts(inbox: SqlInbox, hand: Hand) -> None:
    inbox.add([entry("a"), entry("b")])
    first = inbox.take("one", 1, 30)[0]
    inbox.later("one", first.number, 60, failed=True, why="status 500")
    assert ids(inbox.take("one", 9, 30)) == ["b"]
    hand.forward(60)
    again = [one for one in inbox.take("one", 9, 30) if one.id == "a"]
    assert [one.attempts for one in again] == [1]
    inbox.later("one", again[0].number, 0, failed=False, why="unreached")
    assert [one.attempts for one in inbox.take("one", 9, 30) if one.id == "a"] == [1]


def test_whoever_ends_gives_back_what_he_holds(inbox: SqlInbox) -> None:
    inbox.add([entry("a"), entry("b")])
    inbox.take("one", 9, 30)
    assert (inbox.release("other"), inbox.release("one")) == (0, 2)
    assert ids(inbox.take("other", 9, 30)) == ["a", "b"]


def test_what_cannot_be_read_is_kept_and_never_posted(inbox: SqlInbox, hand: Hand) -> None:
    inbox.add([entry("a"), entry("x", why="no JSON " * 100)])
    assert ids(inbox.take("one", 9, 30)) == ["a"]
    inbox.settle("one", 1, "refused", "status 400")
    inbox.add([entry("b")])
    hand.forward(90)
    state = inbox.state()
    assert (state.states, state.oldest_seconds) == ({"refused": 1, "unread": 1, "waiting": 1}, 90.0)


def test_what_is_settled_is_forgotten_after_a_while_and_nothing_else(inbox: SqlInbox, hand: Hand) -> None:
    inbox.add([entry("a"), entry("b")])
    inbox.settle("one", inbox.take("one", 1, 30)[0].number, "done")
    hand.forward(7 * 86_400)
    assert inbox.forget(7) == 0
    hand.forward(1)
    assert inbox.forget(7) == 1
    assert inbox.state().states == {"waiting": 1}


def test_of_many_who_take_at_once_each_gets_others(connect: Connect) -> None:
    SqlInbox(connect).add([entry(f"{number:02}") for number in range(24)])
    taken: list[str] = []
    engines = [connect() for _ in range(4)]
    boxes = [SqlInbox(partial(engines.__getitem__, number)) for number in range(4)]

    def take(number: int) -> None:
        while found := boxes[number].take(f"bridge {number}", 2, 30):
            taken.extend(ids(found))

    threads = [threading.Thread(target=take, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(taken) == [f"{number:02}" for number in range(24)]


class Model:
    """Says what an inbox should do, beside one that does it."""

    def __init__(self, box: SqlInbox, hand: Hand) -> None:
        self.box, self.hand = box, hand
        self.states: dict[str, str] = {}
        self.holds: dict[str, tuple[str, datetime, int]] = {}

    def held(self, holder: str) -> list[str]:
        return [name for name, hold in self.holds.items() if hold[0] == holder]

    def free(self) -> set[str]:
        waiting = (name for name, state in self.states.items() if state == "waiting")
        return {name for name in waiting if name not in self.holds or self.holds[name][1] <= self.hand.moment}

    def add(self, name: str, holder: str, again: bool = False) -> None:
        fresh = name not in self.states or (again and self.states[name] != "waiting")
        assert self.box.add([entry(name)], again=again) == fresh
        if fresh:
            self.states[name] = "waiting"

    def again(self, name: str, holder: str) -> None:
        self.add(name, holder, again=True)

    def take(self, name: str, holder: str) -> None:
        free, found = self.free(), self.box.take(holder, 2, 30)
        assert set(ids(found)) <= free
        assert len(found) == min(2, len(free))
        for one in found:
            self.holds[one.id] = (holder, self.hand.moment + timedelta(seconds=30), one.number)

    def done(self, name: str, holder: str) -> None:
        for one in self.held(holder):
            self.box.settle(holder, self.holds.pop(one)[2], "done")
            self.states[one] = "done"

    def later(self, name: str, holder: str) -> None:
        for one in self.held(holder):
            self.box.later(holder, self.holds.pop(one)[2], 0, failed=True, why="")

    def release(self, name: str, holder: str) -> None:
        assert self.box.release(holder) == len(self.held(holder))
        for one in self.held(holder):
            del self.holds[one]

    def wait(self, name: str, holder: str) -> None:
        self.hand.forward(20)


STEPS = st.lists(
    st.tuples(
        st.sampled_from([Model.add, Model.again, Model.take, Model.done, Model.later, Model.release, Model.wait]),
        st.sampled_from(["a", "b", "c", "d"]),
        st.sampled_from(["one", "other"]),
    ),
    max_size=30,
)


@given(steps=STEPS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_entry_is_never_lost_and_never_held_twice(
    engine: sa.Engine, steps: list[tuple[Callable[[Model, str, str], None], str, str]]
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM inbox")
    hand = Hand(START)
    model = Model(SqlInbox(lambda: engine, hand), hand)
    for step, name, holder in steps:
        step(model, name, holder)
        counted = Counter(model.states.values())
        assert model.box.state().states == counted
