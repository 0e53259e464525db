"""Answers that were made before: never stale, shared by services, and not missed when the cache dies."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import redis_server
import served
from asgi_client import Client
from asking import client_of, listed, question
from redis_server import RedisServer
from served import ListedRegistry, forecasted, promoted, public, publish_features, publish_model
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container


@pytest.fixture
def redis_process() -> Iterator[RedisServer]:
    try:
        with redis_server.server() as made:
            yield made
    except redis_server.Missing as missing:
        pytest.skip(f"no Redis: {missing}")


def container(folder: Path, **changes: str) -> Container:
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(folder), **changes}, clock=VirtualClock(served.NOW))
    ports.registry = ListedRegistry()
    return ports


def found(client: Client) -> tuple[int, int]:
    """How many answers were in the cache, and how many were not."""
    lines = client.get("/metrics").text.splitlines()
    counts = dict(line.rsplit(" ", 1) for line in lines if line.startswith("touchline_predict_remembered_total"))
    hit, miss = (float(counts.get(f'touchline_predict_remembered_total{{found="{w}"}}', 0)) for w in ("true", "false"))
    return int(hit), int(miss)


def test_a_question_is_answered_from_memory_until_the_board_changes(tmp_path: Path) -> None:
    ports = container(tmp_path)
    public(ports)
    client = client_of(ports)
    asked = question(client)
    first = [client.post("/predict/match", json=asked) for _ in range(3)]
    assert len({answer.content for answer in first}) == 1
    assert first[0].headers["content-type"] == "application/json"
    assert found(client) == (2, 2)
    second = promoted(ports, publish_model(ports.store, "m2", 2, **served.against("m1", -0.05)))
    assert second.publications
    after = client.post("/predict/match", json=asked).json()
    assert (first[0].json()["promotion"], after["promotion"]) == (1, 2)


def test_the_list_follows_new_forecasts_of_the_same_matches(tmp_path: Path) -> None:
    ports = container(tmp_path)
    public(ports)
    client = client_of(ports)
    before = listed(client)
    forecasted(ports, publish_features(ports.store, 2))
    assert {match["seq"] for match in before} == {1}
    assert {match["seq"] for match in listed(client)} == {2}
    assert listed(client, limit=1) == listed(client)[:1]


def test_what_is_refused_is_refused_again(tmp_path: Path) -> None:
    ports = container(tmp_path)
    public(ports)
    client = client_of(ports)
    asked = question(client, home_team="Nobody")
    assert [client.post("/predict/match", json=asked).status_code for _ in range(2)] == [404, 404]


def test_services_share_their_answers_and_go_on_without_redis(tmp_path: Path, redis_process: RedisServer) -> None:
    ports = container(tmp_path)
    public(ports)
    shared = {"TOUCHLINE_CACHE": redis_process.address}
    one, other = (client_of(container(tmp_path, **shared)) for _ in range(2))
    asked = question(one)
    answer = one.post("/predict/match", json=asked)
    assert other.post("/predict/match", json=asked).content == answer.content
    assert found(other) == (1, 0)
    assert answer.content == client_of(ports).post("/predict/match", json=asked).content
    redis_process.kill()
    assert other.post("/predict/match", json=asked).content == answer.content
    assert [other.get(path).status_code for path in ("/predict/predictions", "/", "/readyz")] == [200] * 3
    assert client_of(container(tmp_path, **shared)).post("/predict/match", json=asked).content == answer.content
