"""From a platform's call to a stage and back: statuses, run records, parking, warm ports, Lambda."""

import base64
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from small_platform import environment
from touchline import bootstrap, events, tracing
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.entrypoint import RUN_HEADER, Surroundings, expose, surrounded
from touchline.errors import Conflict, DataError, RetryableError
from touchline.events import Message
from touchline.manifest import decode, sha256
from touchline.telemetry import LOGGER, RunRecord, log_to
from touchline.work import Event, Result

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
EVENT = Event(id="1", kind="object", source="test", time=NOW, key="raw/published/000000000001.json", traceparent=PARENT)
WORK = EVENT.work("validate")


class Call:
    """A request as Flask gives it."""

    def __init__(self, message: Message) -> None:
        self.method, self.path = message.method, message.path
        self.headers = {name.title(): value for name, value in message.headers.items()}
        self._body = message.body

    def get_data(self) -> bytes:
        return self._body


class World:
    """A function whose behaviour the test chooses, in a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.environ = environment(folder)
        self.clock = VirtualClock(NOW)
        self.ports = bootstrap.ports(self.environ, clock=self.clock)
        self.seen: list[Container] = []
        self.does: Result | Exception = Result(outcome="done")
        self.handle, self.lambda_handler = expose("validate", self._run)

    def _run(self, event: Event, ports: Container, settings: Any) -> Result:
        self.seen.append(ports)
        ports.metrics.count("runs")
        if isinstance(self.does, Exception):
            raise self.does
        return self.does

    def call(self, message: Message | None = None, **environ: str) -> tuple[int, RunRecord | None]:
        with surrounded(Surroundings(self.environ | environ, self.clock)):
            body, status, headers = self.handle(Call(message or events.to_http(EVENT)))
        assert body == ""
        key = headers.get(RUN_HEADER)
        return status, decode(self.ports.store.get(key), RunRecord) if key else None

    def run(self, message: Message | None = None) -> RunRecord:
        status, record = self.call(message)
        assert record is not None
        assert record.status == status
        return record

    def parked(self) -> dict[str, Any]:
        (info,) = self.ports.store.list("quarantine/validate/")
        assert info.key == f"quarantine/validate/{info.key.split('/')[2]}/reason.json"
        reason: dict[str, Any] = json.loads(self.ports.store.get(info.key))
        return reason


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    handlers, LOGGER.handlers[:] = LOGGER.handlers[:], []
    path = tmp_path / "log.jsonl"
    log_to(path)
    yield path
    LOGGER.handlers[0].close()
    LOGGER.handlers[:] = handlers


@pytest.mark.parametrize("outcome", ["done", "unchanged", "skipped"])
def test_what_need_not_come_again_is_acknowledged(world: World, outcome: Any) -> None:
    world.does = Result(outcome=outcome, publications=("validated/published/1.json",), reason="so", summary={"rows": 3})
    record = world.run()
    assert (record.status, record.outcome, record.reason, record.summary) == (204, outcome, "so", {"rows": 3})
    assert record.publications == ("validated/published/1.json",)


def test_the_record_tells_what_happened(world: World) -> None:
    record = world.run()
    assert record.object_key.startswith("runs/validate/20260302/090000-")
    assert (record.function, record.work, record.event_id, record.key) == ("validate", WORK, "1", EVENT.key)
    assert (record.event_kind, record.parent, record.started) == ("object", PARENT, NOW)
    assert tracing.trace_id(record.traceparent) == tracing.trace_id(PARENT)
    assert record.traceparent != PARENT
    assert record.ended > record.started
    assert record.duration_s > 0
    assert 5 < record.peak_memory_mib < 100_000
    assert record.error is None


def test_work_is_named_by_the_object_even_where_the_platform_tells_no_hash(world: World) -> None:
    assert world.ports.store.create(EVENT.key, b"one")
    told = msgspec.structs.replace(EVENT, sha256=sha256(b"one"))
    assert world.run().work == world.run(events.to_http(told)).work == told.work("validate") != WORK


def test_ports_are_built_once_and_counted_anew(world: World) -> None:
    first, second = world.run(), world.run()
    assert (first.cold, second.cold) == (True, False)
    assert world.seen[0] is world.seen[1]
    assert first.metrics == second.metrics == {"runs": 1.0}
    assert first.run_id != second.run_id


def test_other_surroundings_get_ports_of_their_own(world: World, tmp_path: Path) -> None:
    world.run()
    world.environ["TOUCHLINE_HOME"] = str(tmp_path / "elsewhere")
    world.ports = bootstrap.ports(world.environ, clock=world.clock)
    assert world.run().cold
    assert world.seen[0].home != world.seen[1].home


def test_ports_have_what_the_wiring_grants_and_no_more(world: World) -> None:
    world.run()
    assert world.seen[0].needs == {"object_store"}


def test_bad_data_are_parked_with_the_event_and_acknowledged(world: World) -> None:
    world.does = DataError("odds below 1", where="E0.csv line 7", hint="mend the file", details=("b365_home = 0.9",))
    record = world.run()
    assert (record.status, record.outcome) == (204, "parked")
    assert record.error is not None
    assert (record.error.kind, record.error.what) == ("DataError", "odds below 1")
    reason = world.parked()
    assert (reason["what"], reason["where"], reason["hint"]) == ("odds below 1", "E0.csv line 7", "mend the file")
    assert (reason["details"], reason["function"], reason["work"]) == (["b365_home = 0.9"], "validate", WORK)
    assert events.from_json(json.dumps(reason["event"]).encode(), NOW) == EVENT


def test_what_a_stage_parks_keeps_its_event_too(world: World) -> None:
    world.does = Result(outcome="parked", reason="a gate said no")
    assert (world.run().outcome, world.parked()["what"]) == ("parked", "a gate said no")


def test_parking_the_same_work_again_changes_nothing(world: World) -> None:
    world.does = DataError("first")
    world.run()
    world.does = DataError("second")
    assert world.run().status == 204
    assert world.parked()["what"] == "first"


def test_an_event_that_nobody_understands_is_parked_without_its_credentials(world: World) -> None:
    headers = {"content-type": "text/csv", "authorization": "Bearer abc", "cookie": "a=b", "ce-id": "1"}
    record = world.run(Message("POST", "/", headers, b"a,\xff\n"))
    assert (record.status, record.outcome, record.event_id) == (204, "parked", "")
    message = world.parked()["message"]
    assert message["headers"] == {"content-type": "text/csv", "ce-id": "1"}
    assert message["body"] == "a,\\xff\n"
    assert world.seen == []


@pytest.mark.parametrize("error", [Conflict("locked"), RuntimeError("what is this?"), MemoryError()])
def test_what_may_work_later_is_asked_for_again(world: World, error: Exception) -> None:
    world.does = error
    record = world.run()
    assert (record.status, record.outcome) == (503, "failed")
    assert record.error is not None
    assert record.error.kind == type(error).__name__
    assert ("in _run" in record.error.trace) == (not isinstance(error, Conflict))


def test_if_it_cannot_be_parked_it_must_come_again(world: World) -> None:
    world.does = DataError("bad")
    blocked = world.ports.home / "objects" / "quarantine"
    blocked.parent.mkdir(parents=True)
    blocked.write_text("a file where a folder should be")
    record = world.run()
    assert (record.status, record.outcome) == (503, "failed")
    world.does = Result(outcome="parked", reason="kept aside")
    assert world.run().status == 503


def test_a_record_that_cannot_be_kept_does_not_undo_the_work(world: World, log: Path) -> None:
    (world.ports.home / "objects").mkdir(parents=True)
    (world.ports.home / "objects" / "runs").write_text("a file where a folder should be")
    with surrounded(Surroundings(world.environ, world.clock)):
        assert world.handle(Call(events.to_http(EVENT)))[1] == 204
    assert [json.loads(line)["message"] for line in log.read_text().splitlines()] == [
        "record not kept",
        "validate done",
    ]


def test_a_function_with_a_wrong_setting_answers_later_and_says_why(world: World, log: Path) -> None:
    assert world.call(TOUCHLINE_VALIDATE_MIN_FINISHED="many") == (503, None)
    line = json.loads(log.read_text())
    assert line["message"] == "validate cannot start"
    assert "TOUCHLINE_VALIDATE_MIN_FINISHED" in line["error"]["details"][0]


def test_health_needs_nothing(world: World) -> None:
    assert world.call(Message("GET", "/healthz", {})) == (200, None)
    assert world.call(Message("HEAD", "/healthz", {})) == (200, None)
    assert world.seen == []


def test_one_line_of_json_a_run_and_no_secret_in_it(world: World, log: Path) -> None:
    world.environ["TOUCHLINE_FUNCTIONS"] = str(Path(world.environ["TOUCHLINE_FUNCTIONS"]))
    wiring = Path(world.environ["TOUCHLINE_FUNCTIONS"]) / "wiring.yaml"
    wiring.write_text(
        wiring.read_text().replace("writes: [validated/]", "writes: [validated/]\n    secrets: [API_TOKEN]")
    )
    world.environ["API_TOKEN"] = "tok-123456"
    world.does = RuntimeError("no answer from https://me:hunter2@host/?token=tok-123456")
    record = world.run()
    text = log.read_text()
    line = json.loads(text)
    assert (line["severity"], line["function"], line["outcome"], line["status"]) == ("ERROR", "validate", "failed", 503)
    for told in (text, str(record), json.dumps([i.key for i in world.ports.store.list("runs/")])):
        assert "hunter2" not in told
        assert "tok-123456" not in told


def test_the_log_formatter_keeps_traces_and_odd_values(log: Path) -> None:
    try:
        raise ValueError("sqlite://me:hunter2@x")
    except ValueError:
        LOGGER.exception("oops", extra={"when": NOW})
    line = json.loads(log.read_text())
    assert (line["message"], line["when"]) == ("oops", str(NOW))
    assert "ValueError" in line["trace"]
    assert "hunter2" not in line["trace"]
    assert LOGGER.level == logging.INFO


def lambda_call(world: World, payload: dict[str, Any]) -> dict[str, Any]:
    with surrounded(Surroundings(world.environ, world.clock)):
        return world.lambda_handler(payload, None)


def test_lambda_takes_requests_of_a_gateway(world: World) -> None:
    message = events.to_http(EVENT)
    payload = {
        "version": "2.0",
        "rawPath": "/",
        "headers": {name.title(): value for name, value in message.headers.items()},
        "requestContext": {"http": {"method": "POST", "path": "/"}},
        "body": base64.b64encode(b"{}").decode(),
        "isBase64Encoded": True,
    }
    answer = lambda_call(world, payload)
    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert RUN_HEADER in answer["headers"]
    world.does = Conflict("locked")
    assert lambda_call(world, payload)["statusCode"] == 503
    health = {"rawPath": "/healthz", "requestContext": {"http": {"method": "GET"}}}
    assert lambda_call(world, health)["statusCode"] == 200


def test_lambda_takes_events_and_raises_so_that_they_come_again(world: World) -> None:
    assert lambda_call(world, json.loads(events.to_json(EVENT)))["statusCode"] == 204
    assert lambda_call(world, {"key": EVENT.key})["statusCode"] == 204
    world.does = Conflict("locked")
    with pytest.raises(RetryableError, match="deliver the event again"):
        lambda_call(world, {"schedule": "daily"})
