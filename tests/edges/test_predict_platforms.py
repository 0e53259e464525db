"""The service in processes of its own, as platforms start it: what they load, how they answer, and how they end."""

import gzip
import http.client
import json
import os
import signal
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

import served
from asking import client_of, listed
from serving import asked, free_port
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from waiting import wait_until

ROOT = Path(__file__).parents[2]
PREDICT = ROOT / "functions" / "predict"
HEAVY = {
    "fastapi", "starlette", "pydantic", "pydantic_core", "jinja2", "anyio", "prometheus_client", "redis", "mangum",
    "boto3", "botocore", "requests", "flask", "werkzeug", "functions_framework", "yaml", "difflib", "pandas",
    "pyarrow", "sklearn", "xgboost", "mlflow", "sqlalchemy", "scipy", "numba", "optuna", "evidently", "httpx",
}  # fmt: skip


@pytest.fixture(scope="module")
def home(filled: Container) -> Path:
    """Home with a champion and forecasts."""
    return filled.home


@pytest.fixture(scope="module")
def match(home: Path) -> str:
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(home)}, clock=VirtualClock(served.NOW))
    return str(listed(client_of(ports))[0]["match_id"])


def environ(home: Path, **more: str) -> dict[str, str]:
    return {
        "TOUCHLINE_HOME": str(home), "PATH": "", "TOUCHLINE_NOW": "2026-03-02T09:00:00+00:00",
        "TOUCHLINE_PREDICT_ACCESS": "open", "PYTHONPATH": str(PREDICT), **more,
    }  # fmt: skip


def told(home: Path, code: str, *arguments: str, **more: str) -> Any:
    """What code prints as JSON in a new process."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environ(home, **more), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# What a cold process loads

ASGI = """
import asyncio, json, sys
from main import app

async def call(path):
    sent, (path, _, query) = [], path.partition("?")
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message):
        sent.append(message)
    asked = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": [],
             "client": ["y", 1]}
    await app(asked, receive, send)
    return sent[0]["status"]

async def all():
    return [await call(path) for path in sys.argv[1:]]

statuses = asyncio.run(all())
print(json.dumps([statuses, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def test_hot_routes_load_no_framework_and_no_table_library(home: Path, match: str) -> None:
    paths = (
        "/healthz",
        "/readyz",
        f"/predict/{match}",
        f"/predict/precomputed/{match}",
        "/livescores?competition=E0",
        "/static/style.css",
    )
    statuses, modules = told(home, ASGI, *paths, TOUCHLINE_CACHE="redis://192.0.2.1/0")
    assert statuses == [200] * len(paths)
    assert {"numpy", "onnxruntime", "msgspec"} <= set(modules)
    assert set(modules) & HEAVY <= {"redis"}, "the library of Redis may be loaded beside the answers"
    statuses, modules = told(home, ASGI, *paths)
    assert (statuses, set(modules) & HEAVY) == ([200] * len(paths), set())


def test_whoever_wants_more_gets_the_framework(home: Path) -> None:
    statuses, modules = told(home, ASGI, "/predict/predictions", "/")
    assert statuses == [200, 200]
    assert "fastapi" in modules
    assert not set(modules) & {"pandas", "pyarrow", "sklearn", "xgboost", "mlflow", "sqlalchemy", "scipy", "numba"}


# AWS Lambda, functions framework

LAMBDA = """
import json, sys
from main import lambda_handler

answers = [lambda_handler(event, None) for event in json.loads(sys.argv[1])]
print(json.dumps([answers, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def event(path: str, method: str = "GET", **changes: Any) -> dict[str, Any]:
    """An event of an HTTP API or a function URL, payload format 2.0."""
    http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl"}
    return {
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "body": None,
        "headers": {"host": "x.lambda-url.eu-west-1.on.aws", "accept": "*/*"}, "isBase64Encoded": False,
        "requestContext": {"http": http, "stage": "$default", "domainName": "x.lambda-url.eu-west-1.on.aws"}, **changes,
    }  # fmt: skip


def test_lambda_answers_events_and_loads_no_framework_for_a_forecast(home: Path, match: str) -> None:
    events = [event(f"/predict/{match}"), event(f"/predict/{match}/"), event(f"/predict/{match}", "HEAD")]
    (first, second, head), modules = told(home, LAMBDA, json.dumps(events))
    assert [answer["statusCode"] for answer in (first, second, head)] == [200] * 3
    assert (json.loads(first["body"])["cached"], json.loads(second["body"])["cached"], head["body"]) == (
        False,
        True,
        "",
    )
    assert first["headers"]["content-type"] == "application/json"
    assert set(modules) & HEAVY == {"mangum"}


def test_lambda_refuses_compresses_takes_bodies_and_tells_news_once(home: Path, match: str) -> None:
    zipped = {"accept-encoding": "gzip"}
    question = {"home_team": "Nobody", "away_team": "Noone", "competition": "SIM1", "date": "2026-03-14"}
    events = [
        event("/predict/no-such-match"),
        event("/predict/predictions", headers=zipped),
        event("/predict/match", "POST", body=json.dumps(question), headers={"content-type": "application/json"}),
        event("/predict/stream"),
        event("/livescores", rawQueryString="competition=E0"),
    ]
    (missing, listing, unknown, stream, live), _ = told(home, LAMBDA, json.dumps(events))
    assert (missing["statusCode"], missing["headers"]["content-type"]) == (404, "application/problem+json")
    assert listing["isBase64Encoded"]
    assert json.loads(gzip.decompress(b64decode(listing["body"])))["total"] > 0
    assert (unknown["statusCode"], live["statusCode"]) == (404, 200)
    assert stream["body"].startswith(
        "retry: 10000\n\nevent: news\nid: serving/published/000000000001.json predictions/"
    )
    assert stream["body"].count("event:") == 1


HANDLE = """
import json, sys
from main import handle
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

def call(**asked):
    body, status, headers = handle(Request(EnvironBuilder(**asked).get_environ()))
    return [len(body), status, headers["content-type"], type(body).__name__]

print(json.dumps([
    call(path="/readyz"),
    call(path="/predict/predictions", query_string="limit=3", headers={"accept-encoding": "gzip"}),
    call(path="/predict/match", method="POST", data=b"\\xff\\xfe", content_type="application/json"),
    call(path="/predict/predictions", environ_overrides={"QUERY_STRING": "team=K\xc3\xb6ln&competition=%C3%A4"}),
]))
"""


def test_the_functions_framework_is_answered_by_a_plain_function(home: Path) -> None:
    ready, listing, wrong, raw = told(home, HANDLE)
    assert ready[1:] == [200, "application/json", "str"]
    assert listing[1:] == [200, "application/json", "bytes"]
    assert wrong[1:3] == [400, "application/problem+json"]
    assert raw[1:3] == [404, "application/problem+json"], "the team is unknown, not unreadable"


# uvicorn


@contextmanager
def uvicorn(home: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "main:app",
        "--port",
        str(port),
        "--lifespan",
        "off",
        "--log-level",
        "warning",
    ]
    with subprocess.Popen(command, env=environ(home), stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(lambda: asked(port, "/readyz") == 200, "the service is ready", 60)
            yield process, port
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_asked_to_end_lets_streams_end_and_says_nothing(home: Path, number: int) -> None:
    with uvicorn(home) as (process, port), ExitStack() as stack:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        stack.callback(connection.close)
        connection.request("GET", "/predict/stream")
        stream = stack.enter_context(connection.getresponse())
        assert stream.getheader("content-type") == "text/event-stream; charset=utf-8"
        first = [stream.readline() for _ in range(3)]
        assert first[0] == b"event: news\n"
        assert json.loads(first[2].removeprefix(b"data: "))["model_id"] == "m1"
        os.kill(process.pid, number)
        assert stream.read() == b"\n", "the answer ends as a whole one does"
        assert process.wait(20) in (0, -number)
        assert process.stderr is not None
        assert process.stderr.read() == ""
