"""Events and dead letters on Google's Pub/Sub, over a stand-in that speaks its REST interface."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from pubsub import Door, Pubsub, Subscription, served
from touchline import bootstrap, events
from touchline.adapters.pubsub_calls import ATTEMPTS
from touchline.adapters.pubsub_crashes import PubsubCrashes
from touchline.adapters.pubsub_emitter import PubsubEmitter
from touchline.coordination import Crash, Crashes
from touchline.errors import ConfigurationError, NotFound, Unavailable
from touchline.events import Message
from touchline.work import Event
from waiting import wait_until

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICK = Event(id="train/weekly@2026-03-02", kind="cron", source="touchline/sweep", time=NOW, key="weekly")
OBJECT = {"eventType": "OBJECT_FINALIZE", "bucketId": "touchline", "objectId": "raw/published/1.json"}
SINK = "pubsub://example-project/touchline-again"
DEAD = "pubsub://example-project/touchline-dead"


class Cloud(Pubsub):
    """Topics of our names, a function that answers what it is told, and its dead letters."""

    def __init__(self) -> None:
        super().__init__()
        self.topics |= {"touchline-objects", "touchline-again", "touchline-dead"}
        self.status = 503
        self.taken: list[Event] = []
        limits = {"attempts": 5, "dead": "touchline-dead", "push": self.validate}
        for name, topic, wanted in (
            ("touchline-validate", "touchline-objects", 'hasPrefix(attributes.objectId, "raw/published/")'),
            ("touchline-validate-again", "touchline-again", 'attributes.function = "validate"'),
        ):
            self.subscribe(Subscription(name, topic, wanted, **limits))  # type: ignore[arg-type]
        self.subscribe(Subscription("touchline-dead", "touchline-dead"))

    def validate(self, told: object) -> int:
        message = Message("POST", "/", {"content-type": "application/json"}, json.dumps(told).encode())
        self.taken += [] if self.status == 503 else events.parse_all(message, NOW)
        return self.status


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def door(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    with served(cloud) as door:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", door.address)
        yield door


def dead(cloud: Cloud, *names: str) -> Crashes:
    """Dead letters of objects of these names, which validate never acknowledged."""
    for name in names or ("1",):
        cloud.publish("touchline-objects", b"{}", OBJECT | {"objectId": f"raw/published/{name}.json"})
    cloud.run()
    return PubsubCrashes(DEAD)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_busy_topic_is_asked_again(cloud: Cloud, door: Door, status: int) -> None:
    cloud.status, door.answers = 204, [status] * (ATTEMPTS - 1)
    PubsubEmitter(SINK, backoff_seconds=0).emit("validate", TICK)
    cloud.run()
    assert (door.calls, cloud.taken) == (ATTEMPTS, [TICK])


def test_a_topic_that_stays_busy_is_unavailable(door: Door) -> None:
    door.answers = [503] * ATTEMPTS
    with pytest.raises(Unavailable, match="503"):
        PubsubEmitter(SINK, backoff_seconds=0).emit("validate", TICK)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_is_not_repeated(door: Door, status: int) -> None:
    door.answers = [status]
    with pytest.raises(ConfigurationError, match=str(status)):
        PubsubEmitter(SINK, backoff_seconds=0).emit("validate", TICK)
    assert door.calls == 1


def test_a_topic_that_is_not_there_is_a_fault_of_the_settings(door: Door) -> None:
    with pytest.raises(ConfigurationError, match="TOUCHLINE_SINK"):
        PubsubEmitter(f"{SINK}-not").emit("validate", TICK)


def test_nobody_listening_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(Cloud()) as door:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", door.address)
    with pytest.raises(Unavailable, match="does not answer"):
        PubsubEmitter(SINK, backoff_seconds=0).emit("validate", TICK)


def test_without_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]) -> None:
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", os.fspath(tmp_path) + "/none.json")
    with pytest.raises(ConfigurationError, match="no credentials"):
        PubsubEmitter(SINK, backoff_seconds=0).emit("validate", TICK)


@pytest.mark.parametrize(
    "address", ["pubsub://", "pubsub://project", "pubsub://project/", "pubsub://project/a/b", "pubsub://project/a?b"]
)
def test_an_address_that_is_none_is_a_fault_of_the_settings(address: str) -> None:
    with pytest.raises(ConfigurationError, match="TOUCHLINE_SINK"):
        PubsubEmitter(address)
    with pytest.raises(ConfigurationError, match="TOUCHLINE_CRASHES"):
        PubsubCrashes(address)


def test_only_a_subscription_of_dead_letters_is_read() -> None:
    with pytest.raises(ConfigurationError, match="-dead"):
        PubsubCrashes("pubsub://example-project/touchline-validate")


def test_a_connection_is_used_again_and_closed_with_the_emitter(door: Door) -> None:
    emitter = PubsubEmitter(SINK)
    for _ in range(3):
        emitter.emit("validate", TICK)
        assert len(door.connections) == 1
    del emitter
    wait_until(lambda: not door.connections, "the connection stays open")


def test_what_was_never_acknowledged_is_told_with_its_function_and_attempts(cloud: Cloud, door: Door) -> None:
    assert PubsubCrashes(DEAD).letters() == []
    found = dead(cloud, "1", "2", "3").letters()
    assert [(one.function, one.attempts) for one in found] == [("validate", 5)] * 3
    assert [event.key for one in found for event in parsed(one)] == [f"raw/published/{name}.json" for name in "123"]
    assert "not acknowledged" in found[0].why
    assert found == PubsubCrashes(DEAD).letters(), "what was read can be read again"


def parsed(crash: Crash) -> tuple[Event, ...]:
    return events.parse_all(Message("POST", "/", {"content-type": "application/json"}, crash.body.encode()), NOW)


def test_a_letter_that_is_redriven_reaches_its_function_alone_and_is_gone(cloud: Cloud, door: Door) -> None:
    crashes = dead(cloud, "1", "2")
    cloud.status = 204
    crashes.redrive(crashes.letters()[0].id)
    cloud.run()
    assert [(event.kind, event.key) for event in cloud.taken] == [("object", "raw/published/1.json")]
    assert len(cloud.pushed["touchline-validate"]) == 10, "nobody else was told"
    assert [event.key for one in crashes.letters() for event in parsed(one)] == ["raw/published/2.json"]


def test_a_letter_of_an_event_that_was_sent_again_is_of_its_function_too(cloud: Cloud, door: Door) -> None:
    PubsubEmitter(SINK).emit("validate", TICK)
    cloud.run()
    crashes = PubsubCrashes(DEAD)
    (letter,) = crashes.letters()
    assert letter.function == "validate"
    cloud.status = 204
    crashes.redrive(letter.id)
    cloud.run()
    assert cloud.taken == [TICK]


def test_a_letter_that_is_discarded_is_gone(cloud: Cloud, door: Door) -> None:
    crashes = dead(cloud, "1", "2")
    first, second = crashes.letters()
    crashes.discard(first.id)
    assert [one.id for one in crashes.letters()] == [second.id]
    for gone in (crashes.discard, crashes.redrive):
        with pytest.raises(NotFound, match="no such letter"):
            gone(first.id)


def test_a_subscription_that_is_not_there_is_a_fault_of_the_settings(door: Door) -> None:
    with pytest.raises(ConfigurationError, match="TOUCHLINE_CRASHES"):
        PubsubCrashes("pubsub://example-project/other-dead").letters()


def test_the_settings_choose(cloud: Cloud, door: Door, tmp_path: os.PathLike[str]) -> None:
    dead(cloud)
    home = {"TOUCHLINE_HOME": os.fspath(tmp_path), "TOUCHLINE_SINK": SINK, "TOUCHLINE_CRASHES": DEAD}
    ports = bootstrap.ports(home)
    assert isinstance(ports.emitter, PubsubEmitter)
    assert ports.crashes is not None
    assert [one.function for one in ports.crashes.letters()] == ["validate"]
