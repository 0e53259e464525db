"""The doors of the bridge: who is let in, what is kept of what comes, and what each of them answers."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge import BUCKET_TOKEN, notification
from bridge_house import BUCKETS, SINKS, House
from touchline import bootstrap, events
from touchline.adapters.clock import VirtualClock
from touchline.events import MAX_BODY
from touchline.work import Event

KEY = "raw/published/000000000012.json"
OBJECT = Event(
    id=f"{KEY}@ab.0", kind="object", source="touchline/sweep", time=datetime(2026, 3, 2, 9, tzinfo=UTC), key=KEY,
    sha256="ab" * 32, generation=2,
)  # fmt: skip
TICK = Event(id="train/weekly@1", kind="cron", source="touchline/sweep", time=OBJECT.time, key="weekly")


@pytest.fixture
def house(ports: bootstrap.Container) -> Iterator[House]:
    yield House(ports)
    ports.engine.dispose()


def test_a_new_object_becomes_one_event_however_often_it_is_told(house: House) -> None:
    assert [house.notify(notification(KEY, "ab")) for _ in range(3)] == [202, 202, 202]
    (event,) = house.posted()
    assert event == {
        "specversion": "1.0", "type": "com.amazonaws.s3.ObjectCreated:Put", "source": "touchline", "subject": KEY,
        "bucket": "touchline", "id": "touchline/raw%2Fpublished%2F000000000012.json@ab.1", "time": event["time"],
    }  # fmt: skip
    assert house.notify(notification(KEY, "cd")) == 202
    assert len(house.posted()) == 2
    assert house.meters.came == {("notify", "new"): 2, ("notify", "known"): 2}


def test_the_event_says_to_a_function_what_the_bucket_said(house: House) -> None:
    house.notify(notification(KEY, "ab"))
    event = events.from_json(house.kept()[0]["event"], house.ports.clock.now())
    assert (event.kind, event.key, event.source, event.sha256) == ("object", KEY, "touchline", "")


def test_what_wakes_nobody_is_not_kept(house: House) -> None:
    assert house.notify(notification("runs/scrape/20260302/x.json", "ab")) == 202
    assert house.kept() == []
    assert house.meters.came == {("notify", "unwanted"): 1}


def test_a_store_within_a_bucket_has_its_prefix(ports: bootstrap.Container) -> None:
    house = House(ports, "leagues/england/")
    house.notify(notification(f"leagues/england/{KEY}", "ab"))
    house.notify(notification(KEY, "ab"))
    assert [event["subject"] for event in house.posted()] == [f"leagues/england/{KEY}"]
    ports.engine.dispose()


def test_a_key_that_no_function_likes_is_left_to_the_function(house: House) -> None:
    house.notify(notification("incoming/Été 1.csv", "ab"))
    assert [event["subject"] for event in house.posted()] == ["incoming/Été 1.csv"]


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer nonsense"}, {"authorization": BUCKET_TOKEN}, SINKS])
def test_who_does_not_show_the_buckets_token_is_not_let_in(house: House, headers: dict[str, str]) -> None:
    assert house.notify(notification(KEY, "ab"), headers) == 401
    assert house.kept() == []


def test_a_bridge_without_tokens_lets_nobody_in(ports: bootstrap.Container) -> None:
    house = House(ports, bucket="", sink="")
    for shown in ("", "Bearer", "Bearer "):
        assert house.notify(notification(KEY, "ab"), {"authorization": shown}) == 401
        assert (
            house.send("/events", events.to_http(OBJECT), ce_function="train", authorization=shown).status_code == 401
        )


RUBBISH = [b"", b"no JSON", b"[]", b'{"Records": 5}', b'{"Records": [{}]}', b"\xff\xfe", b"[" * 5000, b'{"a": ' * 5000]


@pytest.mark.parametrize("body", RUBBISH, ids=range(len(RUBBISH)))
def test_rubbish_is_answered_kept_and_never_posted(house: House, body: bytes) -> None:
    assert house.notify(body) == 202
    (row,) = house.kept()
    assert (row["state"], bool(row["why"]), row["id"].startswith("unread/")) == ("unread", True, True)
    assert house.meters.came == {("notify", "unread"): 1}


def test_one_bad_record_blocks_no_other(house: House) -> None:
    told = json.loads(notification(KEY, "ab"))
    strange = {"eventName": "s3:ObjectCreated:Put", "s3": {"bucket": {"name": "touchline"}, "object": {"key": "%zz"}}}
    removed = {**told["Records"][0], "eventName": "s3:ObjectRemoved:Delete"}
    told["Records"] = [7, strange, removed, *told["Records"]]
    assert house.notify(json.dumps(told).encode()) == 202
    assert [row["state"] for row in house.kept()] == ["unread", "unread", "waiting"]


def test_a_bucket_that_only_tries_is_answered(house: House) -> None:
    assert house.notify(b'{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "touchline"}') == 202
    assert house.kept() == []


def test_of_what_is_too_large_only_the_beginning_is_kept(house: House) -> None:
    assert house.notify(b"x" * (MAX_BODY + 1)) == 202
    assert [len(row["event"]) for row in house.kept()] == [4096]


NAMES = st.sampled_from(["Records", "s3", "bucket", "object", "key", "name", "eventName", "eTag"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(body=st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_from_the_bucket_is_taken(house: House, body: bytes) -> None:
    assert house.notify(body) == 202


def test_without_a_database_the_bucket_is_asked_to_come_again(tmp_path: Path, clock: VirtualClock) -> None:
    nowhere = {"TOUCHLINE_HOME": str(tmp_path), "TOUCHLINE_DATABASE": "postgresql://nobody@127.0.0.1:1/none"}
    house = House(bootstrap.ports(nowhere, clock=clock))
    assert house.notify(notification(KEY, "ab")) == 503
    assert house.client.get("/readyz").status_code == 503
    assert house.client.get("/healthz").status_code == 200
    assert "touchline_bridge_database_up 0.0" in house.client.get("/metrics").text


# Events for one function


@pytest.mark.parametrize("event", [OBJECT, TICK], ids=["object", "tick"])
def test_an_event_for_one_function_arrives_as_it_was_and_says_for_whom_it_is(house: House, event: Event) -> None:
    assert house.send("/events", events.to_http(event), ce_function="train", **SINKS).status_code == 202
    (kept,) = house.posted()
    assert (kept["type"], kept["function"]) == (f"touchline.{event.kind}.again", "train")
    found = events.from_json(json.dumps(kept).encode(), house.ports.clock.now())
    assert found.work("train") == event.work("train")
    assert (found.key, found.generation) == (event.key, event.generation)


def test_the_same_event_for_two_functions_is_two(house: House) -> None:
    for function in ("train", "forecast", "train"):
        house.send("/events", events.to_http(OBJECT), ce_function=function, **SINKS)
    assert [event["function"] for event in house.posted()] == ["train", "forecast"]


def test_what_is_asked_for_again_is_posted_again_as_another_event(house: House) -> None:
    inbox, clock = house.ports.inbox, house.ports.clock
    sources = []
    for _ in range(2):
        house.send("/events", events.to_http(TICK), ce_function="train", **SINKS)
        sources.append(house.posted()[0]["source"])
        inbox.settle("here", inbox.take("here", 1, 30)[0].number, "done")
        assert isinstance(clock, VirtualClock)
        clock.move(clock.now().replace(minute=30))
    assert len(set(sources)) == 2


def test_strangers_and_strange_events_are_refused(house: House) -> None:
    good = events.to_http(OBJECT)
    assert house.send("/events", good, ce_function="train", **BUCKETS).status_code == 401
    assert house.send("/events", good, ce_function="nobody", **SINKS).status_code == 404
    assert house.send("/events", good, **SINKS).status_code == 404
    assert (
        house.client.post("/events", content=b"no JSON", headers={**SINKS, "ce-function": "train"}).status_code == 400
    )
    large = {**SINKS, "ce-function": "train"}
    assert house.client.post("/events", content=b"x" * (MAX_BODY + 1), headers=large).status_code == 413
    assert house.kept() == []


def test_no_door_tells_what_it_was_shown(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.notify(b"rubbish")
    house.notify(b"rubbish", {"authorization": "Bearer somebody-else"})
    told = capsys.readouterr()
    for secret in (BUCKET_TOKEN, "somebody-else"):
        assert secret not in told.out + told.err + house.client.get("/metrics").text + str(house.kept())
