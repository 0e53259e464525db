"""Events: recorded messages, the round trip as a law, and every way in which a message can be refused."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline import events
from touchline.errors import EventError
from touchline.events import MAX_BODY, STRUCTURED, Message
from touchline.work import Event

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RECORDED = sorted((Path(__file__).parents[1] / "events").glob("*.json"))

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_keys = st.text("abcdefghijklmnopqrstuvwxyz0123456789/_.-", min_size=1, max_size=60)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=6,
)
_events = st.builds(
    Event,
    id=_text.filter(bool),
    kind=st.sampled_from(["object", "cron", "http"]),
    source=_text.filter(bool),
    time=st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    key=_keys,
    sha256=st.just("") | st.text("0123456789abcdef", min_size=64, max_size=64),
    generation=st.integers(0, 2**31 - 1),
    traceparent=_text,
    data=st.dictionaries(_text, _values, max_size=3),
)


def binary(body: bytes = b"", content_type: str = "", **attributes: str) -> Message:
    """A binary CloudEvent about an object, with some attributes changed ("" leaves one out)."""
    known = {"specversion": "1.0", "id": "1", "source": "test", "type": events.TYPES["object"], "subject": "a/b.json"}
    headers = {f"ce-{name}": value for name, value in (known | attributes).items() if value}
    return Message("POST", "/", headers | ({"content-type": content_type} if content_type else {}), body)


def structured(**fields: Any) -> Message:
    known = {"specversion": "1.0", "id": "1", "source": "test", "type": events.TYPES["object"], "subject": "a/b.json"}
    return Message("POST", "/", {"content-type": STRUCTURED}, json.dumps(known | fields).encode())


def plain(body: bytes, content_type: str = "application/json", path: str = "/") -> Message:
    return Message("POST", path, {"content-type": content_type} if content_type else {}, body)


def told(found: Sequence[Event]) -> list[Any]:
    """Events as they stand in the recorded files."""
    plain: list[Any] = json.loads(msgspec.json.encode(list(found)))
    return plain


@pytest.mark.parametrize("path", [path for path in RECORDED if "lambda" not in path.stem], ids=lambda path: path.stem)
def test_recorded_messages_are_read_as_written_beside_them(path: Path) -> None:
    recorded = json.loads(path.read_text())
    body = b"" if recorded["body"] is None else json.dumps(recorded["body"]).encode()
    message = Message(recorded["method"], recorded["path"], recorded["headers"], body)
    if "error" in recorded:
        with pytest.raises(EventError, match=re.escape(recorded["error"])):
            events.parse_all(message, NOW)
    else:
        assert told(events.parse_all(message, NOW, recorded.get("prefix", ""))) == recorded["events"]


@pytest.mark.parametrize("path", [path for path in RECORDED if "lambda" in path.stem], ids=lambda path: path.stem)
def test_recorded_invocations_are_read_as_written_beside_them(path: Path) -> None:
    recorded = json.loads(path.read_text())
    invocation = events.from_lambda(recorded["lambda"], recorded.get("request", ""))
    assert invocation.kind == recorded["kind"]
    for item, message in invocation.messages:
        expected = recorded["error"] if "error" in recorded else recorded["events"][item]
        if isinstance(expected, str):
            with pytest.raises(EventError, match=re.escape(expected)):
                events.parse_all(message, NOW)
        else:
            assert told(events.parse_all(message, NOW)) == expected
    assert {item for item, _ in invocation.messages} == set(recorded.get("events", {"": 0}))


@given(_events)
def test_what_is_written_over_http_is_read_back(event: Event) -> None:
    message = events.to_http(event)
    assert all(value.isascii() and value.isprintable() and " " not in value for value in message.headers.values())
    assert events.parse(message, NOW) == event


@given(_events)
def test_what_is_written_to_a_file_is_read_back(event: Event) -> None:
    assert events.from_json(events.to_json(event), NOW) == event


@given(st.binary(max_size=300), st.dictionaries(st.sampled_from(["content-type", "ce-id", "ce-type"]), _text))
def test_no_message_ends_in_anything_but_an_event_or_an_event_error(body: bytes, headers: dict[str, str]) -> None:
    with suppress(EventError):
        assert isinstance(events.parse(Message("POST", "/x", headers, body), NOW), Event)


def test_a_schedule_and_a_request_without_an_object() -> None:
    tick = events.parse(plain(b'{"schedule": "weekly"}'), NOW)
    assert (tick.kind, tick.key, tick.time) == ("cron", "weekly", NOW)
    asked = events.parse(plain(b'{"data": {"a": 1}}', "", "/forecast"), NOW)
    assert (asked.kind, asked.key, asked.data, asked.source) == ("http", "", {"a": 1}, "/forecast")
    assert events.parse(Message("GET", "/", {}), NOW).key == ""


def test_two_requests_at_different_times_are_different_work() -> None:
    message = plain(b'{"schedule": "weekly"}')
    first, second = events.parse(message, NOW), events.parse(message, NOW.replace(hour=10))
    assert first.work("train") != second.work("train")
    assert first.work("train") == events.parse(message, NOW).work("train") != first.work("drift")


def test_an_object_is_the_same_work_whoever_reports_it() -> None:
    once, again = events.parse(binary(id="1"), NOW), events.parse(structured(id="2", source="other"), NOW)
    assert once.work("export") == again.work("export")
    assert once.work("export") != events.parse(binary(generation="1"), NOW).work("export")


def test_the_same_place_in_two_topics_is_different_work() -> None:
    first, second = (
        events.parse(binary(b"[{}]", type=events.KAFKA, id="partition:0/offset:1", source=source), NOW)
        for source in ("/kafkasources/a#one", "/kafkasources/a#two")
    )
    assert first.work("scrape") != second.work("scrape")
    assert first.data == second.data == {"rows": [{}]}


def test_header_values_are_decoded_once() -> None:
    assert events.parse(binary(source="a%2520b"), NOW).source == "a%20b"
    assert events.parse(binary(source='"say \\"hi\\" %C3%A9"'), NOW).source == 'say "hi" é'
    assert events.parse(binary(traceparent=""), NOW).traceparent == ""


def test_data_of_a_structured_event_may_be_base64() -> None:
    assert events.parse(structured(data_base64="eyJhIjogMX0="), NOW).data == {"a": 1}
    assert events.parse(structured(data={"a": 1}, generation="3"), NOW).generation == 3


def test_the_trace_of_the_request_is_taken_where_the_event_has_none() -> None:
    message = binary()
    traced = Message("POST", "/", dict(message.headers) | {"traceparent": "00-a-b-01"})
    assert events.parse(traced, NOW).traceparent == "00-a-b-01"


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (plain(b"x" * (MAX_BODY + 1)), f"at most {MAX_BODY} are read"),
        (plain(b"a,b", "text/csv"), "text/csv, 3 bytes"),
        (plain(b"[1]"), "a JSON list"),
        (plain(b'{"key": "a", "colour": 1}'), "the fields colour, key"),
        (plain(b'{"key": {}}'), "not a valid Asked"),
        (plain(b'{"key": "Raw/A"}'), "no usable key: 'Raw/A'"),
        (plain(b"{"), "not JSON"),
        (plain(b"\xff\xfe", "text/csv"), "2 bytes"),
        (binary(specversion=""), "missing required field `specversion`"),
        (binary(specversion="0.3"), "Invalid enum value '0.3'"),
        (binary(id="", source="s"), "missing required field `id`"),
        (binary(type="org.example"), "type 'org.example'"),
        (binary(subject=""), "no usable key: ''"),
        (binary(subject="../etc%2Fpasswd%20"), "no usable key"),
        (binary(time="yesterday"), "$.time"),
        (binary(time="2026-03-02T09:00:00"), "$.time"),
        (binary(sha256="abc"), "$.sha256"),
        (binary(generation="-1"), "$.generation"),
        (binary(generation="many"), "$.generation"),
        (binary(source="100%"), "starts no percent-code"),
        (binary(source="%FF"), "no percent-coded UTF-8"),
        (binary(b"<a/>", "application/xml"), "data of type application/xml"),
        (binary(b"{", "application/json"), "not JSON"),
        (binary(b"[]", "application/vnd.x+json"), "data are list"),
        (binary(b"{}", "", type=events.PING), "no usable schedule"),
        (binary(b'{"schedule": 3}', "", type=events.PING), "no usable schedule: 3"),
        (structured(data="text"), "data are str"),
        (structured(type=events.BATCH), "no list of rows"),
        (structured(type=events.BATCH, data={"rows": {}}), "no list of rows"),
        (plain(b'{"rows": {}}'), "$.rows"),
        (structured(data_base64="e30x"), "not JSON"),
        (structured(id=""), "$.id"),
        (Message("POST", "/", {"content-type": STRUCTURED}, b"[]"), "not a valid CloudEvent"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_name(message: Message, complaint: str) -> None:
    with pytest.raises(EventError) as refused:
        events.parse(message, NOW)
    assert complaint in str(refused.value)
