"""Requests that are made to hurt: whatever their size, the answer is small, and nobody else waits for it."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

import served
from asgi_client import Client
from asking import client_of, problem
from touchline import bootstrap

LONG = "a" * 50_000
PLAIN = "&".join(f"a{number}=1" for number in range(7000))
TWICE = "&".join(["limit=1"] * 8000)
DEEP = b"[" * 65_000
WIDE = json.dumps({str(number): 1 for number in range(6000)}).encode()
LONELY = b'{"home_team":"' + b"\\ud800" * 9000 + b'"}'
LARGEST_ANSWER = 2 * 65_536
SLOWEST = 3.0
"""Seconds; they were a minute, or more than a second on an idle machine, where a bound was missing."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    home = tmp_path_factory.mktemp("home")
    environ = {"TOUCHLINE_HOME": str(home), "TOUCHLINE_NOW": served.NOW.isoformat(), "TOUCHLINE_REGISTRY": "folder"}
    ports: Any = bootstrap.ports(environ)
    ports.registry = served.ListedRegistry("m1")
    served.public(ports)
    asked = client_of(ports)
    assert asked.get("/predict/predictions").status_code == 200
    return asked


@pytest.mark.parametrize(
    "path",
    ["/predict/predictions", "/predict/matches", "/predict/cards", "/livescores", "/teams", "/predict/x", "/readyz"],
)
@pytest.mark.parametrize("query", [PLAIN, TWICE, f"{LONG}=1", f"team={LONG}", "&" * 50_000], ids=range(5))
def test_a_query_without_end(client: Client, path: str, query: str) -> None:
    begun = time.perf_counter()
    answer = client.get(f"{path}?{query}")
    assert time.perf_counter() - begun < SLOWEST
    assert answer.status_code in (200, 404, 422)
    assert len(answer.content) < LARGEST_ANSWER


@pytest.mark.parametrize("path", ["/predict/match", "/predict/player", "/predict/async"])
@pytest.mark.parametrize("body", [DEEP, WIDE, LONELY, b"\xff" * 9, b"1e999999", b'{"date":1e999}'], ids=range(6))
def test_a_body_without_sense(client: Client, path: str, body: bytes) -> None:
    begun = time.perf_counter()
    answer = client.post(path, content=body, headers={"content-type": "application/json"})
    assert time.perf_counter() - begun < SLOWEST
    problem(answer, answer.status_code)
    assert answer.status_code in (400, 422)
    assert len(answer.content) < LARGEST_ANSWER


@pytest.mark.parametrize(
    "path",
    ["/predict/{}", "/predict/precomputed/{}", "/predict/{}/goals", "/teams/{}/elo", "/models/{}", "/match/{}",
     "/static/{}", "/monitoring/task_status/{}", "/?team={}", "/what-if?home_team={}&away_team=x"],
)  # fmt: skip
@pytest.mark.parametrize("name", [LONG, "%00", "%ff", "%f0%9f%a6%8a", "..%2f..", "%0d%0aset-cookie:x"], ids=range(6))
def test_names_of_nothing(client: Client, path: str, name: str) -> None:
    answer = client.get(path.format(name))
    assert answer.status_code in (200, 404, 422)
    assert "set-cookie" not in answer.headers
    assert len(answer.content) < 4 * LARGEST_ANSWER


@pytest.mark.parametrize("header", ["accept", "accept-language", "if-none-match", "cookie", "prefer", "traceparent"])
@pytest.mark.parametrize("value", [",".join("aa;q=0.5" for _ in range(6000)), '"' * 50_000, "\xff\xfe"], ids=range(3))
def test_headers_without_end(client: Client, header: str, value: str) -> None:
    for path in ("/predict/predictions", "/", "/livescores"):
        begun = time.perf_counter()
        answer = client.get(path, headers={header: value.encode("latin-1")})
        assert time.perf_counter() - begun < SLOWEST
        assert answer.status_code in (200, 304, 406)


def test_the_code_of_the_service_is_no_file_of_the_page(client: Client) -> None:
    folder = Path(__file__).parents[2] / "functions" / "predict"
    inside = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.parent.name != "static"}
    assert len(inside) > 5
    for name in inside:
        for path in (f"/static/..%2f{name}", f"/static/%2e%2e%2f{name}", f"/static/{name}", f"/{name}"):
            assert client.get(path).status_code == 404, path
