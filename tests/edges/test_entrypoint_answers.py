"""What callers are told: of several events in one message, of SQS batches, of requests that people type."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from small_platform import environment
from touchline import bootstrap
from touchline.bootstrap import Container
from touchline.entrypoint import RUN_HEADER, Surroundings, expose, surrounded
from touchline.errors import Conflict, DataError, NotFound, RetryableError
from touchline.events import MAX_BODY
from touchline.work import Event, Result

JSON = {"content-type": "application/json"}
CLOUDEVENT = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "t", "ce-type": "dev.touchline.object.created"}
ERRORS: dict[str, Exception] = {
    "wait": Conflict("locked", retry_after=3),
    "bad": DataError("odds below 1", where="line 7", hint="mend it"),
    "gone": NotFound("there is no such object"),
    "broken": RuntimeError("what is this?"),
}


class Call:
    """A request as Flask gives it."""

    def __init__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        self.method, self.path, self.headers, self._body = method, path, headers, body

    def get_data(self) -> bytes:
        return self._body


class World:
    """The function `validate`, which fails as the names of its objects say; where claimed, others may be at it."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.environ = environment(folder) | environ
        self.ports = bootstrap.ports(self.environ)
        self.handle, self.lambda_handler = expose("validate", self._run)
        self.done: list[str] = []

    def claim(self) -> None:
        path = Path(self.environ["TOUCHLINE_FUNCTIONS"]) / "wiring.yaml"
        about = "about: does what the content of an object says"
        text = path.read_text().replace(about, f"{about}\n    claim: true\n    needs: [object_store, database]")
        path.write_text(text)
        self.ports.matches.migrate()

    def _run(self, event: Event, ports: Container, settings: Any) -> Result:
        name = event.key.rpartition("/")[2]
        if name in ERRORS:
            raise ERRORS[name]
        self.done.append(event.key)
        return Result(outcome="done")

    def ask(
        self, content: Any, headers: dict[str, str] = JSON, method: str = "POST", path: str = "/"
    ) -> tuple[int, str, dict[str, str]]:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        with surrounded(Surroundings(self.environ)):
            text, status, told = self.handle(Call(method, path, headers, body))
        return status, text, told

    def invoke(self, payload: Any, request: str = "req-1") -> dict[str, Any]:
        with surrounded(Surroundings(self.environ)):
            return self.lambda_handler(payload, SimpleNamespace(aws_request_id=request))

    def kept(self, prefix: str) -> list[str]:
        return [info.key for info in self.ports.store.list(prefix)]

    def record(self, headers: dict[str, str]) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self.ports.store.get(headers[RUN_HEADER]))
        return record


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def records(*keys: str) -> dict[str, Any]:
    """A notification of S3 about these objects."""
    return {
        "Records": [
            {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": key}}} for key in keys
        ]
    }


def queued(*bodies: Any) -> dict[str, Any]:
    """A batch of SQS whose messages are numbered."""
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    return {
        "Records": [
            {"messageId": f"m{number}", "eventSource": "aws:sqs", "body": text} for number, text in enumerate(texts)
        ]
    }


def test_all_events_of_a_message_are_tried_and_one_that_fails_brings_it_back(world: World) -> None:
    status, body, headers = world.ask(records("raw/a", "raw/broken", "raw/b"))
    assert (status, body, world.done) == (503, "", ["raw/a", "raw/b"])
    assert "retry-after" not in headers
    assert sorted(headers[RUN_HEADER].split(", ")) == world.kept("runs/")
    assert world.ask(records("raw/a", "raw/b"))[0] == 204


def test_of_a_message_that_asks_nothing_nothing_is_kept(world: World) -> None:
    removed = records("raw/a")
    removed["Records"][0]["eventName"] = "ObjectRemoved:Delete"
    for content in (removed, records("quarantine/validate/x/reason.json", "runs/validate/r.json")):
        assert world.ask(content) == (204, "", {})
    assert (world.done, world.kept("runs/"), world.kept("quarantine/")) == ([], [], [])


def test_keys_of_a_bucket_are_read_below_the_prefix_of_the_store(tmp_path: Path) -> None:
    world = World(tmp_path, TOUCHLINE_STORE=f"file://{tmp_path}/objects")
    assert world.ask(records("raw/a"))[0] == 204
    assert world.done == ["raw/a"]


def test_a_batch_names_the_messages_that_must_come_again(world: World) -> None:
    batch = queued(
        records("raw/a"), records("raw/b", "raw/wait"), "nonsense", {"schedule": "daily"}, records("raw/broken")
    )
    assert world.invoke(batch) == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m4"}]}
    assert world.done == ["raw/a", "raw/b", "daily"]
    assert len(world.kept("quarantine/")) == 1
    assert world.invoke(queued(records("raw/a"))) == {"batchItemFailures": []}


def test_an_event_that_lambda_sends_again_is_the_same_work(world: World) -> None:
    for request in ("req-1", "req-1", "req-2"):
        assert world.invoke({"schedule": "daily"}, request)["statusCode"] == 204
    works = [json.loads(world.ports.store.get(key))["work"] for key in world.kept("runs/")]
    assert sorted(works.count(work) for work in set(works)) == [1, 2]


def test_an_event_of_lambda_that_fails_raises_and_one_that_is_refused_does_not(world: World) -> None:
    with pytest.raises(RetryableError, match="deliver the event again"):
        world.invoke(records("raw/wait"))
    assert world.invoke(records("raw/bad"))["statusCode"] == 204
    assert world.invoke({"what": "ever"})["statusCode"] == 204
    assert world.invoke(["no", "object"])["statusCode"] == 204
    assert len(world.kept("quarantine/")) == 3


@pytest.mark.parametrize(("name", "status"), [("bad", 422), ("gone", 404)])
def test_who_asks_directly_is_told_what_was_wrong(world: World, name: str, status: int) -> None:
    told, body, headers = world.ask({"key": f"raw/{name}"})
    problem = json.loads(body)
    assert (told, problem["status"], headers["content-type"]) == (status, status, "application/problem+json")
    assert problem["title"] == str(ERRORS[name].args[0])
    record = world.record(headers)
    assert (record["status"], record["outcome"]) == (status, "parked")
    told, body, headers = world.ask(b"", CLOUDEVENT | {"ce-subject": f"raw/{name}", "ce-id": "2"})
    assert (told, body, world.record(headers)["outcome"]) == (204, "", "parked")


def test_the_problem_says_where_and_what_to_do(world: World) -> None:
    assert json.loads(world.ask({"key": "raw/bad"})[1])["detail"] == "line 7\nmend it"


@pytest.mark.parametrize(
    ("content", "headers", "status", "title"),
    [
        (b"{", JSON, 400, "not JSON"),
        (b"a,b", {"content-type": "text/csv"}, 400, "no known dialect"),
        ({"kee": "raw/a"}, JSON, 400, "the fields kee"),
        ({"key": "Raw/A"}, JSON, 400, "no usable key"),
        (b" " * (MAX_BODY + 1), JSON, 413, "at most"),
    ],
)
def test_a_request_that_nobody_understands_is_refused_and_not_kept(
    world: World, content: Any, headers: dict[str, str], status: int, title: str
) -> None:
    told, body, _ = world.ask(content, headers)
    assert told == status
    assert title in json.loads(body)["title"]
    assert (world.kept("runs/"), world.kept("quarantine/")) == ([], [])
    told, body, _ = world.ask(content, headers | {"ce-id": "1"})
    assert (told, body, len(world.kept("quarantine/"))) == (204, "", 1)


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/", 405, "POST"),
        ("DELETE", "/", 405, "POST"),
        ("POST", "/healthz", 405, "GET, HEAD"),
        ("GET", "/else", 404, None),
        ("POST", "/else", 404, None),
    ],
)
def test_what_is_no_delivery_is_refused_at_the_door(
    world: World, method: str, path: str, status: int, allow: str | None
) -> None:
    told, body, headers = world.ask({"schedule": "daily"}, JSON, method, path)
    assert (told, json.loads(body)["status"], headers.get("allow")) == (status, status, allow)
    assert (world.done, world.kept("runs/")) == ([], [])


@pytest.mark.parametrize("headers", [{}, JSON, CLOUDEVENT | {"ce-subject": "raw/a"}])
def test_no_web_page_may_send_events(world: World, headers: dict[str, str]) -> None:
    status, body, _ = world.ask({"key": "raw/a"}, headers | {"Origin": "https://elsewhere.example"})
    assert (status, json.loads(body)["status"], world.done, world.kept("runs/")) == (403, 403, [], [])


def test_a_schedule_that_the_wiring_lacks_is_refused(world: World) -> None:
    status, body, _ = world.ask({"schedule": "dayly"}, JSON)
    assert (status, world.done) == (400, [])
    assert "has no schedule 'dayly'" in json.loads(body)["title"]
    assert "its schedules: daily" in json.loads(body)["detail"]


def test_a_platform_may_deliver_to_any_path(world: World) -> None:
    assert world.ask(b"", CLOUDEVENT | {"ce-subject": "raw/a"}, "POST", "/validate")[0] == 204
    assert world.done == ["raw/a"]


def test_busy_is_told_with_the_time_to_wait_unless_something_failed(world: World) -> None:
    world.claim()
    with world.ports.claimed("validate"):
        status, body, headers = world.ask(records("raw/a", "raw/b"))
        assert (status, body, world.done, world.kept("runs/")) == (503, "", [], [])
        assert int(headers["retry-after"]) >= 1
        assert world.ask({"key": "raw/a"})[0] == 503
    status, _, headers = world.ask(records("raw/a", "raw/broken"))
    assert (status, world.done, "retry-after" in headers) == (503, ["raw/a"], False)


def test_a_gateway_gets_the_problem_too(world: World) -> None:
    asked = {
        "requestContext": {"http": {"method": "POST"}},
        "rawPath": "/",
        "headers": JSON,
        "body": '{"key": "raw/gone"}',
    }
    answer = world.invoke(asked)
    assert (answer["statusCode"], json.loads(answer["body"])["title"]) == (404, "there is no such object")
