"""What crashed a function on AWS, in the queues of an emulator: it is told, delivered again, or removed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

import s3
from aws_queues import Queues
from touchline import bootstrap, wiring
from touchline.adapters.aws_crashes import AwsCrashes
from touchline.adapters.aws_emitter import AwsEmitter
from touchline.adapters.crash_queues import open_crashes
from touchline.coordination import Crashes
from touchline.errors import ConfigurationError, DataError, NotFound, Unavailable
from touchline.wiring import Wiring
from touchline.work import Event

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICK = Event(id="train/weekly@2026-03-02", kind="cron", source="touchline/sweep", time=NOW, key="weekly")
ADDRESS = "aws://touchline"
CREATED = {
    "id": "17793124", "source": "aws.s3", "detail-type": "Object Created", "time": "2026-03-02T09:00:00Z",
    "detail": {"bucket": {"name": "b"}, "object": {"key": "features/published/1.json"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def declared() -> Wiring:
    """Two functions of ours, with which an emulator is ready soon."""
    found = wiring.load(wiring.root())
    chosen = {name: found.functions[name] for name in ("export", "train", "predict")}
    return Wiring(version=1, bucket=found.bucket, functions=chosen)


@pytest.fixture
def queues(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queues]:
    for name, value in s3.environment(s3_endpoint).items():
        monkeypatch.setenv(name, value)
    made = Queues(s3_endpoint, ["export"], ["train"])
    yield made
    made.remove()


@pytest.fixture
def crashes(queues: Queues, declared: Wiring) -> Crashes:
    return open_crashes(ADDRESS, declared)


def test_what_crashed_a_function_is_told_as_often_as_one_asks(
    queues: Queues, crashes: Crashes, declared: Wiring
) -> None:
    assert crashes.letters() == []
    queues.give_up("export", *(f'{{"key": "scrapes/published/{number}.json"}}' for number in range(12)))
    found = crashes.letters()
    attempts = declared.functions["export"].retries.attempts
    assert (len(found), {(one.function, one.attempts) for one in found}) == (12, {("export", attempts)})
    assert found[0].body.startswith('{"key": "scrapes/')
    assert "died" in found[0].why
    assert found == crashes.letters() == sorted(found, key=lambda one: (one.when, one.id))


def test_a_letter_goes_back_to_its_function_once(queues: Queues, crashes: Crashes) -> None:
    queues.give_up("export", '{"key": "a"}', '{"key": "b"}')
    first, second = crashes.letters()
    crashes.redrive(first.id)
    assert queues.bodies("export") == [first.body]
    assert crashes.letters() == [second]
    with pytest.raises(NotFound):
        crashes.redrive(first.id)


def test_a_letter_that_is_discarded_is_gone(queues: Queues, crashes: Crashes) -> None:
    queues.give_up("export", '{"key": "a"}', '{"key": "b"}')
    first, second = crashes.letters()
    crashes.discard(second.id)
    assert crashes.letters() == [first]
    assert queues.bodies("export") == []
    with pytest.raises(NotFound):
        crashes.discard("nobody")


def ended(event: str, reason: str) -> str:
    """What AWS tells of a task that ended."""
    environment = [{"name": "OTHER", "value": "x"}, {"name": "TOUCHLINE_EVENT", "value": event}]
    overrides = {"containerOverrides": [{"name": "job", "environment": environment}]}
    detail = {"stoppedReason": reason, "overrides": overrides}
    return json.dumps({"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": detail})


def test_a_task_that_crashed_is_told_with_its_event_and_started_again(queues: Queues, crashes: Crashes) -> None:
    queues.send("train-dead", ended(json.dumps(CREATED), "OutOfMemoryError: Container killed"))
    (letter,) = crashes.letters()
    assert (letter.function, letter.attempts, letter.why) == ("train", 1, "OutOfMemoryError: Container killed")
    assert json.loads(letter.body) == CREATED
    crashes.redrive(letter.id)
    ((function, event),) = queues.taken()
    assert (function, event.kind, event.key) == ("train", "object", "features/published/1.json")


def test_an_event_of_ours_that_started_no_task_is_started_again_as_it_was(queues: Queues, crashes: Crashes) -> None:
    AwsEmitter(ADDRESS, frozenset({"train"})).emit("train", TICK)
    (body,) = queues.bodies("train")
    queues.send("train-dead", body, ERROR_CODE="NO_RESOURCE", ERROR_MESSAGE="there is no capacity", RETRY_ATTEMPTS="20")
    (letter,) = crashes.letters()
    assert letter.why == "NO_RESOURCE: there is no capacity"
    crashes.redrive(letter.id)
    assert queues.taken() == [("train", TICK)]


def test_a_tick_that_started_no_task_is_started_again(queues: Queues, crashes: Crashes) -> None:
    tick = {
        "specversion": "1.0",
        "id": "1",
        "source": "aws.scheduler",
        "type": "dev.touchline.cron.tick",
        "subject": "weekly",
    }
    overrides = [{"name": "job", "environment": [{"name": "TOUCHLINE_EVENT", "value": json.dumps(tick)}]}]
    queues.send("train-dead", json.dumps({"containerOverrides": overrides}))
    crashes.redrive(crashes.letters()[0].id)
    ((function, event),) = queues.taken()
    assert (function, event.kind, event.key) == ("train", "cron", "weekly")


@pytest.mark.parametrize("body", ["noise", '{"foreign": 1}', '{"detail": "{}"}'])
def test_a_job_is_not_started_for_what_is_no_event(queues: Queues, crashes: Crashes, body: str) -> None:
    queues.send("train-dead", body)
    (letter,) = crashes.letters()
    assert letter.body == body
    with pytest.raises(DataError, match="no event"):
        crashes.redrive(letter.id)
    assert crashes.letters() == [letter]


def test_a_job_has_no_room_for_data(queues: Queues) -> None:
    event = Event(id="1", kind="http", source="t", time=NOW, data={"rows": []})
    with pytest.raises(DataError, match="no data"):
        AwsEmitter(ADDRESS, frozenset({"train"})).emit("train", event)


@pytest.mark.parametrize("address", ["aws://", "aws://a/b", "aws://touchline?x=1"])
def test_an_address_that_is_none_is_a_fault_of_the_settings(declared: Wiring, address: str) -> None:
    with pytest.raises(ConfigurationError, match="TOUCHLINE_SINK"):
        AwsEmitter(address, frozenset())
    with pytest.raises(ConfigurationError, match="TOUCHLINE_CRASHES"):
        open_crashes(address, declared)


def test_a_name_without_queues_is_a_fault_of_the_settings(queues: Queues, declared: Wiring) -> None:
    with pytest.raises(ConfigurationError, match="no queue nobody-export"):
        AwsEmitter("aws://nobody", frozenset()).emit("export", TICK)
    with pytest.raises(ConfigurationError, match="no queue nobody-export-dead"):
        AwsCrashes("aws://nobody", declared).letters()


def test_aws_that_does_not_answer_is_unavailable(queues: Queues, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(Unavailable, match="does not answer"):
        AwsEmitter(ADDRESS, frozenset()).emit("export", TICK)


def test_the_settings_choose_the_queues(queues: Queues) -> None:
    chosen = bootstrap.ports({"TOUCHLINE_SINK": ADDRESS, "TOUCHLINE_CRASHES": ADDRESS})
    chosen.emitter.emit("export", TICK)
    chosen.emitter.emit("train", TICK)
    assert queues.taken() == [("export", TICK), ("train", TICK)]
    assert isinstance(chosen.crashes, AwsCrashes)
    assert bootstrap.ports({}).crashes is None
