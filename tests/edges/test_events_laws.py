"""Laws of the dialects: a key is the same whoever quotes it; every message ends in events or in an EventError."""

import base64
import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from touchline import events
from touchline.dialects.reading import MAX_BODY, MAX_DEPTH, MAX_EVENTS
from touchline.errors import EventError
from touchline.events import Message
from touchline.work import Event

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RECORDED = {path.stem: json.loads(path.read_text()) for path in (Path(__file__).parents[1] / "events").glob("*.json")}
JSON = {"content-type": "application/json"}

keys = st.text("abcdefghijklmnopqrstuvwxyz0123456789/_.-", min_size=1, max_size=80)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
nested = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
HEADERS = sorted({name for told in RECORDED.values() for name in told.get("headers", {})})


def post(content: Any, headers: dict[str, str] = JSON) -> Message:
    return Message("POST", "/", headers, json.dumps(content).encode())


def s3(key: str) -> Any:
    return {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": key}}}]}


def eventbridge(key: str) -> Any:
    detail = {"bucket": {"name": "b"}, "object": {"key": key}}
    told = {"id": "1", "source": "aws.s3", "detail-type": "Object Created", "time": "2026-03-02T09:00:00Z"}
    return told | {"detail": detail}


def push(key: str) -> Any:
    attributes = {"eventType": "OBJECT_FINALIZE", "bucketId": "b", "objectId": key}
    return {"message": {"messageId": "1", "attributes": attributes}, "subscription": "s"}


def cloudevent(kind: str, subject: str) -> Message:
    named = {"specversion": "1.0", "id": "1", "source": "b", "type": kind, "subject": quote(subject, safe="/")}
    return Message("POST", "/", {f"ce-{name}": value for name, value in named.items()})


def tellings(key: str) -> dict[str, Message]:
    """A key from the root of its bucket, as every platform writes it."""
    unwrapped = {"x-goog-pubsub-message-id": "1", "eventtype": "OBJECT_FINALIZE", "bucketid": "b", "objectid": key}
    queued = {"messageId": "m", "eventSource": "aws:sqs", "body": json.dumps(eventbridge(key))}
    ((_, from_queue),) = events.from_lambda({"Records": [queued]}).messages
    ((_, invoked),) = events.from_lambda(s3(quote_plus(key, safe="/"))).messages
    return {
        "S3, slashes kept": post(s3(quote_plus(key, safe="/"))),
        "MinIO, slashes quoted": post(s3(quote_plus(key))),
        "S3 to Lambda": invoked,
        "EventBridge": post(eventbridge(key)),
        "EventBridge in SQS": from_queue,
        "Pub/Sub": post(push(key)),
        "Pub/Sub, unwrapped": Message("POST", "/", unwrapped),
        "Eventarc": cloudevent("google.cloud.storage.object.v1.finalized", f"objects/{key}"),
        "our bridge": cloudevent("com.amazonaws.s3.ObjectCreated:Put", key),
    }


@given(keys)
@example("objects/objects/x")
def test_a_key_is_the_same_whoever_tells_of_it(key: str) -> None:
    for teller, message in tellings(key).items():
        (event,) = events.parse_all(message, NOW)
        assert (event.kind, event.key, event.source) == ("object", key, "b"), teller


@given(keys, st.sampled_from(["leagues/", "a/b/", "objects/"]))
def test_the_prefix_of_the_store_is_taken_off_what_platforms_tell(key: str, prefix: str) -> None:
    for teller, message in tellings(prefix + key).items():
        assert [one.key for one in events.parse_all(message, NOW, prefix)] == [key], teller
        assert events.parse_all(message, NOW, prefix, ("elsewhere/!",)) == (), teller
    for teller, message in tellings("0" + prefix + key).items():
        with pytest.raises(EventError, match="lies outside") as refused:
            events.parse_all(message, NOW, prefix)
        assert prefix in str(refused.value), teller


@given(keys, st.sampled_from(["leagues/", "a/"]))
def test_our_own_events_name_keys_as_the_store_does(key: str, prefix: str) -> None:
    event = Event(id="1", kind="object", source="t", time=NOW, key=key)
    assert events.parse_all(events.to_http(event), NOW, prefix, ("elsewhere/!",)) == (event,)
    assert [one.key for one in events.parse_all(post({"key": key}), NOW, prefix)] == [key]


@pytest.mark.parametrize("teller", tellings("a"))
@pytest.mark.parametrize("key", ["a%2fb", "100%25", "a b", "a+b", "E0.csv", "é"])
def test_a_key_with_other_letters_is_decoded_once_and_refused_by_name(teller: str, key: str) -> None:
    with pytest.raises(EventError) as refused:
        events.parse_all(tellings(key)[teller], NOW)
    assert f"no usable key: {key!r}" in str(refused.value)


def outcome(message: Message) -> None:
    with suppress(EventError):
        for event in events.parse_all(message, NOW, "x/", ("raw/",)):
            assert isinstance(event, Event)
            assert events.parse_all(events.to_http(event), NOW) == (event,)
    assert events.is_direct(message) in (True, False)


@given(
    st.binary(max_size=200), st.dictionaries(st.sampled_from([*HEADERS, "x", "ce-x"]), st.text(max_size=30), max_size=6)
)
def test_any_bytes_are_events_or_an_event_error(body: bytes, headers: dict[str, str]) -> None:
    outcome(Message("POST", "/x", headers, body))


@given(nested, st.sampled_from(["", "application/json", "application/cloudevents+json", "text/plain"]))
def test_any_json_is_events_or_an_event_error(content: Any, kind: str) -> None:
    outcome(post(content, {"content-type": kind}))
    for _, message in events.from_lambda(content).messages:
        outcome(message)


def places(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to everything in a JSON value."""
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [path, *(place for name, value in inner for place in places(value, (*path, name)))]


def changed(content: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(content) if isinstance(content, dict) else list(content)
    copy[path[0]] = changed(copy[path[0]], path[1:], value)
    return copy


@given(
    st.sampled_from(sorted(RECORDED)), st.data(), nested | st.sampled_from(["\ud800", "%", "%ff", 10**400, {"s3": 1}])
)
def test_a_recorded_message_with_anything_put_into_it_is_events_or_an_event_error(
    name: str, data: st.DataObject, value: Any
) -> None:
    told = RECORDED[name]
    content = told["lambda"] if "lambda" in told else told["body"]
    broken = changed(content, data.draw(st.sampled_from(places(content))), value)
    if "lambda" in told:
        for _, message in events.from_lambda(broken).messages:
            outcome(message)
    else:
        outcome(post(broken, told["headers"]))


@pytest.mark.parametrize("year", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_at_the_edge_of_the_calendar_is_refused(year: str) -> None:
    content = eventbridge("raw/a") | {"time": year}
    with pytest.raises(EventError, match="has no equal in UTC"):
        events.parse_all(post(content), NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * MAX_BODY,
        b'{"data":' * 100_000,
        b'{"data":' * 500 + b"{}" + b"}" * 500,
        b'{"data":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}",
        b'{"data": {"a": ' + b"1" * 100_000 + b"}}",
        b'{"Records": [' + b'{"s3": {}},' * 80_000 + b'{"s3": {}}]}',
        b'{"data": {"a": "' + b"\\u00e9" * 150_000 + b'"}, "x": 1}',
        b"{" + b",".join(b'"%d": 1' % number for number in range(80_000)) + b"}",
    ],
    ids=["brackets", "objects", "deep", "just too deep", "a long number", "many records", "a long text", "many fields"],
)
def test_the_worst_bodies_are_refused_quickly(body: bytes) -> None:
    started = time.process_time()
    with pytest.raises(EventError) as refused:
        events.parse_all(Message("POST", "/", JSON, body[:MAX_BODY]), NOW)
    assert time.process_time() - started < 2
    assert len(str(refused.value)) < 1000


def test_what_is_just_shallow_enough_can_be_written_down_again() -> None:
    deep = b"[" * (MAX_DEPTH - 2) + b"]" * (MAX_DEPTH - 2)
    (event,) = events.parse_all(Message("POST", "/", JSON, b'{"data": {"a": ' + deep + b"}}"), NOW)
    assert events.from_json(events.to_json(event), NOW) == event


def test_as_many_records_as_are_read_and_one_more() -> None:
    (record,) = s3("raw/a")["Records"]
    assert len(events.parse_all(post({"Records": [record] * MAX_EVENTS}), NOW)) == MAX_EVENTS
    with pytest.raises(EventError, match=f"{MAX_EVENTS + 1} records"):
        events.parse_all(post({"Records": [record] * (MAX_EVENTS + 1)}), NOW)


@given(st.binary(max_size=60), st.booleans())
def test_the_body_of_a_gateways_request_is_what_was_sent(body: bytes, encoded: bool) -> None:
    text = base64.b64encode(body).decode() if encoded else body.decode(errors="replace")
    payload = {"requestContext": {"http": {"method": "POST"}}, "body": text, "isBase64Encoded": encoded}
    invocation = events.from_lambda(payload)
    ((_, message),) = invocation.messages
    assert invocation.kind == "http"
    assert message.body == (body if encoded else text.encode())


def test_a_request_of_a_gateway_that_is_no_base64_is_read_as_text() -> None:
    payload = {"requestContext": {"http": {"method": "POST"}}, "body": "a", "isBase64Encoded": True}
    ((_, message),) = events.from_lambda(payload).messages
    assert (message.body, message.path, message.headers) == (b"a", "/", {})


def test_a_payload_that_no_message_can_hold_is_refused_and_not_lost() -> None:
    deep: Any = []
    for _ in range(2000):
        deep = [deep]
    for payload in (
        deep,
        {"key": "\ud800"},
        {"requestContext": {"http": {"method": "POST"}}, "headers": deep},
        float("nan"),
    ):
        invocation = events.from_lambda(payload)
        assert invocation.kind == "event"
        with pytest.raises(EventError):
            events.parse_all(invocation.messages[0][1], NOW)


def test_the_same_tick_is_the_same_work_when_it_comes_again() -> None:
    later = NOW.replace(hour=10)
    for name in ("cloud_scheduler_tick", "pubsub_push_tick", "knative_pingsource"):
        message = post(RECORDED[name]["body"], RECORDED[name]["headers"])
        (first,), (second,) = events.parse_all(message, NOW), events.parse_all(message, later)
        assert first.work("train") == second.work("train"), name
    (((_, once),), ((_, again),)) = (events.from_lambda({"schedule": "weekly"}, "req-1").messages for _ in range(2))
    assert events.parse(once, NOW).work("train") == events.parse(again, later).work("train")


def test_one_event_where_one_is_wanted() -> None:
    assert events.parse(post(s3("raw/a")), NOW).key == "raw/a"
    with pytest.raises(EventError, match="0 events where one is wanted"):
        events.parse(post(RECORDED["pubsub_push_delete"]["body"]), NOW)
    with pytest.raises(EventError, match="2 events where one is wanted"):
        events.from_json(json.dumps({"Records": s3("a")["Records"] * 2}).encode(), NOW)


def test_a_key_longer_than_stores_take_is_refused() -> None:
    with pytest.raises(EventError, match="a key of 1025 letters; at most 1024 are read"):
        events.parse_all(post({"key": "a" * 1025}), NOW)


@pytest.mark.parametrize(
    ("address", "prefix"),
    [("", ""), ("/var/objects", ""), ("file:///var", ""), ("gs://b", ""), ("s3://b/", ""), ("s3://b/x/y/", "x/y/")],
)
def test_the_prefix_of_a_store(address: str, prefix: str) -> None:
    assert events.store_prefix(address) == prefix


def test_who_asks_directly() -> None:
    assert events.is_direct(post({"schedule": "weekly"}))
    assert events.is_direct(post({"anything": "else"}))
    assert events.is_direct(Message("POST", "/", {"content-type": "text/csv"}, b"a,b"))
    assert events.is_direct(Message("POST", "/", JSON, b"{"))
    assert events.is_direct(Message("POST", "/", JSON, b" " * (MAX_BODY + 1)))
    for name, told in RECORDED.items():
        if "lambda" not in told and not name.startswith(("plain_request_", "cloudevents_batch")):
            assert not events.is_direct(post(told["body"], told["headers"])), name
