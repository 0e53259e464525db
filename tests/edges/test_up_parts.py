"""Parts of the local platform that need no process: the door, schedules, verdicts, ports, the table."""

import asyncio
import io
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from touchline import events, wiring
from touchline.adapters.clock import VirtualClock
from touchline.adapters.local_store import LocalStore
from touchline.adapters.queue_file import QueueFile
from touchline.cli.main import main
from touchline.errors import Unavailable
from touchline.manifest import sha256
from touchline.platform import cron
from touchline.platform.desk import Desk
from touchline.platform.dispatch import Answer, verdict
from touchline.platform.inbox import application, woken
from touchline.platform.lock import locked, mark
from touchline.platform.processes import free_ports, plan
from touchline.platform.status import Board, News, Status, table
from touchline.work import Event
from up_functions import environment

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2] / "functions"


@pytest.fixture
def wired(tmp_path: Path) -> wiring.Wiring:
    return wiring.load(wiring.root(environment(tmp_path)))


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[QueueFile]:
    with closing(QueueFile(tmp_path / "platform.db")) as opened:
        yield opened


class Door:
    """The door over nothing: what would have been queued is kept."""

    def __init__(self, wired: wiring.Wiring, broken: bool = False, prefix: str = "") -> None:
        self.taken: list[tuple[str, Event]] = []
        self.named: list[bool] = []
        self._broken = broken
        self._app = application(wired, VirtualClock(NOW), self._take, self._status, lambda: b"told 1\n", prefix)

    async def _take(self, asked: list[tuple[str, Event]], named: bool) -> None:
        if self._broken:
            raise Unavailable("the disk is full")
        self.taken += asked
        self.named.append(named)

    async def _status(self) -> Status:
        return Status(at=NOW, pid=1, inbox="http://door/", mode="live", functions=())

    def ask(self, method: str, path: str, body: bytes = b"", host: str = "127.0.0.1", **headers: str) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}:8100") as client:
                return await client.request(method, path, content=body, headers=named)

        return asyncio.run(asked())


def test_the_door_takes_every_dialect_and_asks_the_wiring_who_is_woken(wired: wiring.Wiring) -> None:
    door = Door(wired)
    event = Event(id="1", kind="object", source="t", time=NOW, key="raw/published/a", sha256="0" * 64)
    message = events.to_http(event)
    assert door.ask("POST", "/", message.body, **message.headers).json() == {"functions": ["validate"]}
    plain = door.ask("POST", "/", b'{"key": "incoming/a"}', content_type="application/json")
    assert (plain.status_code, plain.json()) == (202, {"functions": ["export"]})
    named = door.ask("POST", "/", b"{}", content_type="application/json", ce_function="validate")
    assert named.json() == {"functions": ["validate"]}
    assert door.ask("POST", "/", b'{"key": "other/a"}', content_type="application/json").json() == {"functions": []}
    assert [(name, event.key) for name, event in door.taken] == [
        ("validate", "raw/published/a"), ("export", "incoming/a"), ("validate", ""),
    ]  # fmt: skip
    assert door.taken[0][1] == event
    assert door.named == [False, False, True, False]


def test_rows_in_a_message_wake_whoever_takes_in_files(wired: wiring.Wiring) -> None:
    door, rows = Door(wired), [{"competition": "E0"}]
    kafka = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "t", "ce_type": events.KAFKA}
    for body, headers in ((rows, kafka), ({"rows": rows}, {"content_type": "application/json"})):
        answer = door.ask("POST", "/", json.dumps(body).encode(), **headers)
        assert (answer.status_code, answer.json()) == (202, {"functions": ["export"]})
    assert [event.data for _, event in door.taken] == [{"rows": rows}] * 2


def test_keys_that_a_bucket_reports_are_those_of_our_store_in_it(wired: wiring.Wiring) -> None:
    news = {"Records": [{"eventName": "ObjectCreated:Put", "eventSource": "aws:s3", "s3": {
        "bucket": {"name": "b"}, "object": {"key": "leagues/incoming/a", "sequencer": "1"}}}]}  # fmt: skip
    door = Door(wired, prefix="leagues/")
    answer = door.ask("POST", "/", json.dumps(news).encode(), content_type="application/json")
    assert (answer.status_code, answer.json()) == (202, {"functions": ["export"]})
    assert door.taken[0][1].key == "incoming/a"


def test_figures_are_told_to_whoever_asks(wired: wiring.Wiring) -> None:
    answer = Door(wired).ask("GET", "/metrics", b"")
    assert (answer.status_code, answer.text) == (200, "told 1\n")


def test_work_without_a_receipt_is_queued_again_for_whoever_is_named(wired: wiring.Wiring, tmp_path: Path) -> None:
    store, path = LocalStore(tmp_path / "objects"), tmp_path / "platform.db"
    store.create("incoming/a", b"fine")
    event = Event(id="1", kind="object", source="t", time=NOW, key="incoming/a", sha256=sha256(b"fine"))

    async def asked(named: bool) -> None:
        with closing(Desk(wired, store, VirtualClock(NOW), path)) as desk:
            await desk.add([("export", event)], named)

    with closing(QueueFile(path)) as queue:
        statuses = []
        for named in (False, True):
            queue.add("export", event)
            queue.settle("export", event, "done", 1, "runs/lost")
            asyncio.run(asked(named))
            found = queue.delivery("export", event.work("export"))
            statuses.append(found.status if found else "")
    assert statuses == ["done", "waiting"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "word"),
    [
        (b"hello", {"content_type": "text/plain"}, 400, "no known dialect"),
        (b'{"key": "A B"}', {"content_type": "application/json"}, 400, "no usable key"),
        (b"{}", {"content_type": "application/json", "ce_function": "exprot"}, 404, "known: export, validate"),
        (b"x" * (events.MAX_BODY + 1), {"content_type": "application/json"}, 413, "bytes"),
        (b"{}", {"content_type": "application/json", "origin": "http://elsewhere"}, 403, "page"),
    ],
)
def test_the_door_refuses_what_is_no_event(
    wired: wiring.Wiring, body: bytes, headers: dict[str, str], status: int, word: str
) -> None:
    door = Door(wired)
    answer = door.ask("POST", "/", body, **headers)
    assert (answer.status_code, word in answer.text) == (status, True), answer.text
    assert door.taken == []


def test_the_door_says_503_when_nothing_could_be_made_durable(wired: wiring.Wiring) -> None:
    answer = Door(wired, broken=True).ask("POST", "/", b'{"key": "incoming/a"}', content_type="application/json")
    assert (answer.status_code, answer.json()) == (503, {"error": "the disk is full"})


def test_the_door_tells_how_things_are_but_not_to_other_hosts(wired: wiring.Wiring) -> None:
    door = Door(wired)
    assert door.ask("GET", "/status").json()["inbox"] == "http://door/"
    assert door.ask("GET", "/healthz").status_code == 200
    assert door.ask("GET", "/status", host="evil.example").status_code == 400


def test_ticks_wake_all_that_have_a_schedule_of_that_name() -> None:
    wired = wiring.load(ROOT)
    tick = cron.tick("scrape", "twice-daily", NOW)
    assert {"scrape", "forecast"} <= set(woken(wired, tick))
    assert woken(wired, Event(id="1", kind="http", source="t", time=NOW)) == []


def test_a_schedule_begins_when_it_is_first_seen_and_missed_ticks_are_caught_up_once(
    wired: wiring.Wiring, queue: QueueFile
) -> None:
    assert list(cron.due(wired, queue, NOW)) == []
    assert list(cron.due(wired, queue, NOW + timedelta(hours=20))) == []
    late = NOW + timedelta(days=3)
    ((name, event),) = cron.due(wired, queue, late)
    assert (name, event.key, event.time) == ("validate", "daily", datetime(2026, 3, 5, 6, 0, tzinfo=UTC))
    assert [queue.add(name, event), queue.add(name, next(iter(cron.due(wired, queue, late)))[1])] == [True, False]
    queue.set_tick(name, event.key, event.time)
    assert list(cron.due(wired, queue, late)) == []
    assert cron.upcoming(wired, late) == datetime(2026, 3, 6, 6, 0, tzinfo=UTC)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), st.sampled_from(["15 5,17 * * *", "30 3 * * mon"]))
def test_the_latest_time_of_a_schedule_is_not_after_now_and_none_lies_between(moment: datetime, schedule: str) -> None:
    now = moment.replace(tzinfo=UTC)
    latest = cron.latest(schedule, now)
    assert latest <= now < next(cron.CronSim(schedule, latest))


@given(st.integers(100, 599), st.none() | st.floats(0, 60))
def test_every_answer_has_one_verdict(status: int, retry_after: float | None) -> None:
    said = verdict(Answer(status, retry_after=retry_after))
    assert (said == "done") == (200 <= status < 300)
    assert (said == "busy") == (status == 503 and retry_after is not None)
    assert (said == "never") == (status < 500 and status not in range(200, 300) and status not in (408, 429))


def test_ports_that_are_taken_are_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        base = taken.getsockname()[1]
        with pytest.raises(Unavailable, match="cannot be had") as refused:
            free_ports(base - 1, ("inbox", "export"))
    assert f"{base} (export)" in str(refused.value)
    assert "--port-base" in refused.value.hint
    assert len(set(free_ports(0, ("inbox", "export", "validate")))) == 3


def test_functions_start_as_the_wiring_says(tmp_path: Path) -> None:
    wired = wiring.load(ROOT)
    environ = {"DEBUG": "1", "TOUCHLINE_SINK": "http://door/"}
    plans = {name: plan(made, ROOT, tmp_path, 8101, environ) for name, made in wired.functions.items()}
    assert plans["predict"].arguments[:2] == ("uvicorn", "main:app")
    assert plans["export"].arguments[0] == "functions_framework"
    assert all("127.0.0.1" in made.arguments for made in plans.values())
    assert (plans["train"].parallel, plans["export"].parallel) == (1, wired.function("export").scale.max)
    assert "DEBUG" not in plans["export"].environ
    assert plans["export"].environ["TOUCHLINE_SINK"] == "http://door/"
    assert mark(tmp_path) == mark(tmp_path) != mark(tmp_path / "other")


def test_the_table_shows_what_the_news_told() -> None:
    board = Board(("export", "validate"))
    for change, extra in (
        ("starting", {}), ("ready", {}), ("begun", {"key": "incoming/a"}),
        ("retry", {"key": "incoming/a", "outcome": "failed", "seconds": 1.5, "why": "no answer"}),
    ):  # fmt: skip
        board.take(News(at=NOW, function="export", change=change, **extra))
    board.count({"export": {"waiting": 3, "done": 2, "dead": 1}}, lambda name: int(name == "export"))
    row = board.rows["export"]
    assert (row.waiting, row.running, row.done, row.dead, row.failures, row.starts) == (2, 1, 2, 1, 1, 1)
    rows, later = tuple(board.rows.values()), NOW + timedelta(seconds=90)
    console = Console(width=120, file=io.StringIO())
    console.print(table(Status(at=later, pid=1, inbox="http://door/", mode="live", functions=rows)))
    text = console.file.getvalue()
    export, validate = (next(line for line in text.splitlines() if line.startswith(name)) for name in board.rows)
    assert export.split() == [
        "export", "running", "2", "2", "failed", "1", "m", "ago", "1.50", "s", "1", "1", "no", "answer",
    ]  # fmt: skip
    assert validate.split() == ["validate", "off"]
    board.take(News(at=NOW, function="export", change="done", outcome="done", seconds=0.5))
    assert row.why == ""
    row.url, row.people, row.state = "http://there", True, "ready"
    console.print(table(Status(at=later, pid=1, inbox="http://door/", mode="live", functions=rows)))
    assert "page http://there/" in console.file.getvalue()
    board.take(News(at=NOW, function="export", change="crashing"))
    assert row.state == "crashing"


def test_the_command_names_what_is_wrong_before_anything_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    assert main(["up", "--only", "exprot"]) == 2
    assert "no function 'exprot'" in capsys.readouterr().err
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["up", "--only", "export", "--port-base", str(port)]) == 3
    assert f"{port} (inbox)" in capsys.readouterr().err
    with locked(tmp_path / "home"):
        assert main(["up", "--port-base", "0"]) == 3
    assert "another platform works in this home" in capsys.readouterr().err
    assert not (tmp_path / "home" / "logs").exists()
