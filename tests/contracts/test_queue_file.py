"""The queue of the local platform: each work once, in order, durable, shared by processes."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.adapters.clock import SystemClock
from touchline.adapters.queue_file import AT_ONCE, QueueFile, Status
from touchline.errors import Conflict, Unavailable
from touchline.work import Event

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER_BY = timedelta(minutes=1)
LATER = NOW + LATER_BY


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "platform.db"


@pytest.fixture
def queue(path: Path) -> Iterator[QueueFile]:
    with closing(QueueFile(path)) as opened:
        yield opened


def of(key: str, content: str = "a", generation: int = 0) -> Event:
    digest = content * 64
    return Event(
        id=f"{key}@1", kind="object", source="test", time=NOW, key=key, sha256=digest, generation=generation,
        data={"told": ["by", 1, None]},
    )  # fmt: skip


def keys(queue: QueueFile, function: str = "export", now: datetime = NOW, limit: int = 9) -> list[str]:
    return [delivery.event.key for delivery in queue.due(function, now, limit)]


def test_the_same_work_is_owed_once_and_comes_back_as_it_was_given(queue: QueueFile) -> None:
    assert queue.add("export", of("raw/a"), "e1", LATER)
    assert not queue.add("export", of("raw/a"), "e2")
    assert queue.add("validate", of("raw/a"))
    (delivery,) = queue.due("export", LATER, 9)
    assert (delivery.function, delivery.event, delivery.etag) == ("export", of("raw/a"), "e1")
    assert (delivery.status, delivery.attempts, delivery.due, delivery.run) == ("waiting", 0, LATER, "")
    assert delivery.work == of("raw/a").work("export")
    queue.settle("export", of("raw/a"), "done", 1, "runs/1")
    assert not queue.add("export", of("raw/a"))
    assert keys(queue) == []


def test_what_waits_longest_comes_first_and_what_must_wait_is_not_due(queue: QueueFile) -> None:
    with queue.batch():
        for key in ("raw/c", "raw/a", "raw/b", "raw/d"):
            queue.add("export", of(key))
    assert keys(queue, limit=2) == ["raw/c", "raw/a"]
    assert queue.next_due() == AT_ONCE
    for key in ("raw/a", "raw/b", "raw/d"):
        queue.settle("export", of(key), "done", 1, "r")
    queue.settle("export", of("raw/c"), "waiting", 1, "r1", "no answer", due=LATER)
    assert keys(queue) == []
    assert (queue.next_due(), queue.next_due("export"), queue.next_due("train")) == (LATER, LATER, None)
    (again,) = queue.due("export", LATER, 9)
    assert (again.attempts, again.run, again.error) == (1, "r1", "no answer")
    queue.settle("export", of("raw/c"), "done", 2, "r2")
    assert queue.next_due() is None


def test_the_newest_delivery_of_an_object_is_its_receipt(queue: QueueFile) -> None:
    for key, content, generation in (("raw/a", "a", 0), ("raw/a", "b", 1), ("raw/b", "a", 0), ("rawer", "a", 0)):
        queue.add("export", of(key, content, generation), f"{key}{generation}")
    queue.add("export", Event(id="t", kind="cron", source="test", time=NOW, key="raw/tick"))
    found = queue.receipts("export", "raw/")
    assert {key: delivery.etag for key, delivery in found.items()} == {"raw/a": "raw/a1", "raw/b": "raw/b0"}
    assert set(queue.receipts("export")) == {"raw/a", "raw/b", "rawer"}
    assert queue.receipts("validate") == {}
    assert queue.receipt("export", "raw/a") == found["raw/a"]
    assert queue.receipt("export", "raw/none") is None
    queue.refresh("export", of("raw/b"), "moved")
    assert queue.receipts("export")["raw/b"].etag == "moved"


def test_a_batch_is_kept_as_a_whole_or_not_at_all(queue: QueueFile, path: Path) -> None:
    def interrupted() -> None:
        with queue.batch():
            queue.add("export", of("raw/a"))
            with queue.batch():
                queue.add("export", of("raw/b"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with queue.batch(), closing(QueueFile(path)) as other:
        queue.add("export", of("raw/c"))
        assert keys(other) == []
    assert keys(queue) == ["raw/c"]


def test_letters_can_be_discarded_or_redriven_and_say_why(queue: QueueFile) -> None:
    for key in ("raw/a", "raw/b", "raw/c"):
        queue.add("export", of(key))
        queue.settle("export", of(key), "dead", 5, "r", "no answer")
    assert queue.counts() == {"export": {"dead": 3}}
    queue.decide(of("raw/a").work("export"), "discarded", "a test")
    queue.add("export", of("raw/b", generation=1))
    assert {(one.event.key, one.status, one.error) for one in queue.letters()} == {
        ("raw/a", "discarded", "no answer"), ("raw/b", "redriven", "no answer"), ("raw/c", "dead", "no answer"),
    }  # fmt: skip
    (verdict,) = queue.verdicts().values()
    assert (verdict.verdict, verdict.reason) == ("discarded", "a test")
    assert queue.counts() == {"export": {"dead": 1, "discarded": 1, "redriven": 1, "waiting": 1}}


def test_work_may_be_owed_once_more_with_all_its_attempts(queue: QueueFile) -> None:
    queue.add("export", of("raw/a"))
    queue.settle("export", of("raw/a"), "dead", 5, "r", "no answer")
    (ended,) = queue.settled(AT_ONCE)
    assert queue.settled(ended.changed + timedelta(microseconds=1)) == []
    queue.again("export", ended.work)
    (owed,) = queue.due("export", NOW, 9)
    assert owed.attempts == 0
    assert queue.delivery("export", ended.work) == owed
    assert queue.delivery("validate", ended.work) is None


def test_only_what_is_said_of_the_same_object_redrives_a_dead_letter(queue: QueueFile) -> None:
    made = [Event(id=f"t{n}", kind="cron", source="t", time=NOW + n * LATER_BY, key="daily") for n in range(2)]
    for event in (*made, of("raw/a")):
        queue.add("export", event)
        queue.settle("export", event, "dead", 3, "")
    queue.add("export", msgspec.structs.replace(made[0], generation=1))
    queue.add("export", of("raw/a", "b", 1))
    assert [(one.event.key, one.status) for one in queue.letters() if one.event.kind == "cron"] == [
        ("daily", "dead")
    ] * 2
    assert [one.status for one in queue.letters() if one.event.kind == "object"] == ["redriven"]


def test_what_was_put_off_with_a_reason_is_known_until_it_is_asked_for_again(queue: QueueFile) -> None:
    since = SystemClock().now()
    queue.add("export", of("raw/a"))
    queue.add("export", of("raw/b"))
    queue.settle("export", of("raw/a"), "waiting", 0, "r1", "no colour is set", due=LATER)
    assert [(one.event.key, one.run) for one in queue.failing(since)] == [("raw/a", "r1")]
    assert queue.failing(SystemClock().now() + LATER_BY) == []
    queue.again("export", of("raw/a").work("export"))
    assert queue.failing(since) == []


def test_ticks_are_remembered(queue: QueueFile) -> None:
    assert queue.tick("train", "weekly") is None
    queue.set_tick("train", "weekly", NOW)
    queue.set_tick("train", "weekly", LATER)
    assert queue.tick("train", "weekly") == LATER


def test_the_version_changes_when_somebody_else_writes(queue: QueueFile, path: Path) -> None:
    before = queue.version()
    assert queue.version() == before
    with closing(QueueFile(path)) as other:
        other.emit("export", of("raw/a"))
    assert queue.version() != before
    assert keys(queue) == ["raw/a"]


def test_receipts_of_an_older_home_are_taken_over(path: Path) -> None:
    with closing(sqlite3.connect(path)) as old, old:
        old.execute(
            "create table receipts (function text, key text, generation integer, etag text, sha256 text, status text, "
            "attempts integer, run text, primary key (function, key, generation))"
        )
        old.executemany(
            "insert into receipts values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                ("export", "raw/a", 0, "e0", "a" * 64, "dead", 5, "r0"),
                ("export", "raw/a", 1, "e1", "b" * 64, "done", 1, "r1"),
            ],
        )
    for _ in range(2):
        with closing(QueueFile(path)) as queue:
            receipt = queue.receipt("export", "raw/a")
            assert receipt is not None
            assert (receipt.etag, receipt.event.sha256, receipt.event.generation) == ("e1", "b" * 64, 1)
            assert (receipt.status, receipt.attempts, receipt.run) == ("done", 1, "r1")
            assert not queue.add("export", of("raw/a", "b", 1))
            assert [(one.status, one.run) for one in queue.letters()] == [("redriven", "r0")]


def test_processes_that_add_at_once_lose_and_double_nothing(queue: QueueFile, path: Path) -> None:
    code = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from touchline.adapters.queue_file import QueueFile
from touchline.work import Event

queue, now = QueueFile(Path(sys.argv[1])), datetime(2026, 3, 2, 9, tzinfo=UTC)
events = [Event(id=str(n), kind="object", source="t", time=now, key=f"k{n:03}") for n in range(100)]
print(sum(queue.add("export", event) for event in events))
"""
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    told = [process.communicate(timeout=60)[0] for process in started]
    assert sum(map(int, told)) == 100
    assert keys(queue, limit=200) == [f"k{number:03}" for number in range(100)]


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, queue: QueueFile, path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be used") as refused:
        QueueFile(tmp_path / "none" / "platform.db")
    assert refused.value.where == str(tmp_path / "none" / "platform.db")
    (tmp_path / "noise.db").write_bytes(b"noise " * 1000)
    with pytest.raises(Unavailable, match="cannot be read"):
        QueueFile(tmp_path / "noise.db")
    queue.close()
    with pytest.raises(Unavailable):
        queue.counts()


def test_a_writer_who_never_ends_is_a_conflict(path: Path, queue: QueueFile) -> None:
    with closing(QueueFile(path, patience=0.05)) as other, queue.batch():
        queue.add("export", of("raw/a"))
        with pytest.raises(Conflict):
            other.add("export", of("raw/b"))
    assert keys(queue) == ["raw/a"]


STATUSES: list[Status] = ["done", "dead", "waiting"]
STEPS = st.lists(
    st.tuples(st.sampled_from("xy"), st.sampled_from("abc"), st.none() | st.sampled_from(STATUSES)), max_size=20
)


@settings(max_examples=30)
@given(STEPS)
def test_two_handles_on_one_file_agree_with_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, Status | None]]
) -> None:
    path = tmp_path_factory.mktemp("queue") / "platform.db"
    model: dict[str, str] = {}
    with closing(QueueFile(path)) as one, closing(QueueFile(path)) as two:
        handles = {"x": one, "y": two}
        for who, key, status in steps:
            queue = handles[who]
            if status is None:
                assert queue.add("export", of(key)) == (key not in model)
                model.setdefault(key, "waiting")
            elif key in model:
                queue.settle("export", of(key), status, 1, "r", due=LATER)
                model[key] = status
        for queue in handles.values():
            assert {key: found.status for key, found in queue.receipts("export").items()} == model
            waiting = sorted(key for key, status in model.items() if status == "waiting")
            assert sorted(keys(queue, now=LATER)) == waiting
