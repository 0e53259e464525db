"""Log lines name the trace they belong to: from the file that comes in to the last function of the chain."""

import io
import json
import logging
import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from asgi_client import Client
from asking import ASSETS, Elapsed
from keyring import Keyring
from small_platform import environment
from touchline import bootstrap, events, telemetry, tracing
from touchline.cli.main import main
from touchline.events import Message
from touchline.platform.runner import Platform
from touchline.settings import Predict
from touchline.web.core import create_app
from touchline.work import Event

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def lines() -> Iterator[Any]:
    """What is logged, as a collector of logs reads it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(telemetry.JsonFormatter())
    level = telemetry.LOGGER.level
    telemetry.LOGGER.addHandler(handler)
    telemetry.LOGGER.setLevel("INFO")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    telemetry.LOGGER.removeHandler(handler)
    telemetry.LOGGER.setLevel(level)


def test_a_line_within_a_span_names_trace_and_span(lines: Any) -> None:
    telemetry.LOGGER.info("outside")
    with tracing.within(PARENT):
        telemetry.LOGGER.info("inside", extra={"rows": 3})
    outside, inside = lines()
    assert "trace_id" not in outside
    assert (inside["trace_id"], inside["span_id"], inside["rows"]) == (TRACE, "b7ad6b7169203331", 3)
    assert inside["time"].endswith("+00:00")


def test_the_lines_of_a_chain_hang_together(tmp_path: Path, lines: Any) -> None:
    with Platform(environment(tmp_path)) as platform:
        platform.ports.store.create("incoming/asked.json", b'{"traceparent": "%s"}' % PARENT.encode())
        platform.drain()
    export, validate = [line for line in lines() if "run_id" in line]
    assert [run["function"] for run in (export, validate)] == ["export", "validate"]
    assert [run["trace_id"] for run in (export, validate)] == [TRACE, TRACE]
    assert (export["parent_span_id"], export["key"]) == ("b7ad6b7169203331", "incoming/asked.json")
    assert len({export["span_id"], validate["span_id"], "b7ad6b7169203331"}) == 3


def service(tmp_path: Path) -> tuple[Client, dict[str, str]]:
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path / "home")})
    key = Keyring(ports.store).add("read")
    return Client(create_app(ports, Predict(refresh_seconds=0), ASSETS, elapsed=Elapsed())), {"x-api-key": key}


def test_a_request_that_its_caller_traces_leaves_a_line(tmp_path: Path, lines: Any) -> None:
    client, key = service(tmp_path)
    client.get("/livescores", headers={**key, "traceparent": PARENT})
    (line,) = [line for line in lines() if "status" in line]
    assert (line["message"], line["status"], line["trace_id"]) == ("GET /livescores", 200, TRACE)
    assert line["parent_span_id"] == "b7ad6b7169203331"
    assert line["span_id"] not in ("", line["parent_span_id"])
    assert key["x-api-key"] not in json.dumps(line)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"traceparent": PARENT[:-2] + "00"},
        {"traceparent": "nonsense\ttraceparent"},
        {"traceparent": PARENT, "x-api-key": "tl_wrong"},
    ],
)
def test_other_requests_leave_none(tmp_path: Path, lines: Any, headers: dict[str, str]) -> None:
    client, key = service(tmp_path)
    client.get("/livescores", headers={**key, **headers})
    assert [line for line in lines() if "status" in line] == []


def test_collectors_keep_traces_beside_the_line_and_not_in_labels() -> None:
    text = (Path(__file__).parents[2] / "knative/platform/observability/config/config.alloy").read_text()
    stages = dict(re.findall(r"stage\.(labels|structured_metadata) \{\s+values = \{([^}]*)\}", text))
    named = {stage: set(re.findall(r"(\w+) =", values)) for stage, values in stages.items()}
    assert named["labels"] == {"level"}
    assert named["structured_metadata"] >= {"trace_id", "span_id", "run"}


def test_the_runs_of_a_trace_are_listed_by_its_beginning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environ = environment(tmp_path)
    with Platform(environ) as platform:
        platform.ports.store.create("incoming/asked.json", b'{"traceparent": "%s"}' % PARENT.encode())
        platform.ports.store.create("incoming/another.json", b"fine")
        platform.drain()
    home = ["--home", environ["TOUCHLINE_HOME"]]
    assert main([*home, "runs", "--trace", TRACE[:12].upper(), "--json"]) == 0
    runs = json.loads(capsys.readouterr().out)
    assert sorted((run["function"], run["traceparent"][3:35]) for run in runs) == [
        ("export", TRACE), ("validate", TRACE),
    ]  # fmt: skip
    assert main([*home, "runs", "--trace", "f" * 32]) == 0
    assert "no run yet" in capsys.readouterr().out


def hops() -> dict[str, Message]:
    """One event, as each way of delivery hands it over."""
    event = Event(
        id="e1", kind="object", source="test", time=datetime(2026, 3, 2, tzinfo=UTC), key="raw/a.json", sha256="0" * 64,
        traceparent=PARENT,
    )  # fmt: skip
    body = events.to_json(event)
    queued = {"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": body.decode(), "attributes": {}}]}
    pushed = {"message": {"data": b64encode(body).decode(), "messageId": "m"}, "subscription": "s"}
    return {
        "binary": events.to_http(event),
        "structured": Message("POST", "/", {"content-type": events.STRUCTURED}, body),
        "queue": dict(events.from_lambda(queued).messages)["m"],
        "push": Message("POST", "/", {"content-type": "application/json"}, json.dumps(pushed).encode()),
    }


@pytest.mark.parametrize("way", ["binary", "structured", "queue", "push"])
def test_no_way_of_delivery_loses_the_trace(way: str) -> None:
    assert events.parse(hops()[way], datetime(2026, 3, 2, tzinfo=UTC)).traceparent == PARENT
