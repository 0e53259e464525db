"""The functions framework, as a platform starts it: a process of its own, our `main.py`, a free port."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from framework import Served, serving
from small_platform import environment
from touchline import bootstrap, events
from touchline.entrypoint import RUN_HEADER
from touchline.ports import ObjectStore
from touchline.work import Event

RECORDED = Path(__file__).parents[1] / "events"
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, ObjectStore]]:
    """The function `validate` of a small wiring, and its store."""
    folder = tmp_path_factory.mktemp("framework")
    environ = environment(folder)
    with serving(Path(environ["TOUCHLINE_FUNCTIONS"]) / "validate" / "main.py", environ, folder) as started:
        yield started, bootstrap.ports(environ).store


def recorded(name: str) -> tuple[dict[str, str], Any]:
    told = json.loads((RECORDED / f"{name}.json").read_text())
    return told["headers"], told["body"]


def test_it_answers_as_the_platforms_want(served: tuple[Served, ObjectStore]) -> None:
    function, store = served
    for key, expected in (("raw/fine", 204), ("raw/refuse", 204), ("raw/wait", 503)):
        store.create(key, key.rpartition("/")[2].encode())
        event = Event(id=key, kind="object", source="test", time=datetime(2026, 3, 2, tzinfo=UTC), key=key)
        message = events.to_http(event)
        status, headers, body = function.ask("POST", "/", message.headers, message.body)
        assert (status, body) == (expected, b"")
        assert store.stat(headers[RUN_HEADER]) is not None
    assert [info.key.rpartition("/")[2] for info in store.list("quarantine/validate/")] == ["reason.json"]


@pytest.mark.parametrize(
    "name",
    [
        "minio_webhook",
        "pubsub_push_finalize",
        "pubsub_push_unwrapped",
        "eventarc_binary_finalized",
        "bridge_aws_s3_created",
    ],
)
def test_the_same_object_is_the_same_work_whoever_tells_of_it(served: tuple[Served, ObjectStore], name: str) -> None:
    function, store = served
    store.create("raw/published/000000000012.json", b"fine")
    headers, body = recorded(name)
    reply = function.ask("POST", "/", headers, json.dumps(body).encode())
    assert (reply.status, reply.body) == (204, b"")
    plain = function.ask("POST", "/", JSON, b'{"key": "raw/published/000000000012.json"}')
    works = [json.loads(store.get(one.headers[RUN_HEADER]))["work"] for one in (reply, plain)]
    assert works[0] == works[1]


@pytest.mark.parametrize("name", ["minio_webhook_removed", "pubsub_push_delete", "eventarc_binary_deleted"])
def test_what_asks_nothing_is_acknowledged_without_a_trace(served: tuple[Served, ObjectStore], name: str) -> None:
    function, _ = served
    headers, body = recorded(name)
    reply = function.ask("POST", "/", headers, json.dumps(body).encode())
    assert (reply.status, reply.body, reply.headers.get(RUN_HEADER)) == (204, b"", None)


def test_a_platform_never_gets_a_reason_and_a_person_does(served: tuple[Served, ObjectStore]) -> None:
    function, _ = served
    assert function.ask("POST", "/", JSON, b'{"schedule": "daily"}')[::2] == (204, b"")
    asked = function.ask("POST", "/", {"content-type": "text/plain"}, b"hello")
    assert (asked.status, asked.headers["content-type"]) == (400, "application/problem+json")
    assert json.loads(asked.body)["title"] == "no known dialect: POST with text/plain, 5 bytes"
    assert function.ask("POST", "/", {"content-type": "text/plain", "ce-id": "1"}, b"hello")[::2] == (204, b"")


def test_methods_and_paths(served: tuple[Served, ObjectStore]) -> None:
    function, _ = served
    assert function.ask("HEAD", "/healthz")[::2] == (200, b"")
    refused = function.ask("PUT", "/", JSON, b"{}")
    assert (refused.status, refused.headers["allow"]) == (405, "POST")
    assert function.ask("GET", "/elsewhere").status == 404
    assert function.ask("POST", "/", JSON, b" " * (events.MAX_BODY + 1)).status == 413
