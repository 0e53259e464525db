"""Answers that were made before: never of another state, shared by services, and not missed when the cache dies."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

import redis_server
import served
from asgi_client import Client
from asking import ASSETS, Elapsed, client_of, listed, question
from redis_server import RedisServer
from served import container, forecasted, promoted, public, publish_features, publish_model
from touchline.adapters.caches import MemoryCache
from touchline.adapters.redis_cache import PREFIX, RedisCache
from touchline.bootstrap import Container
from touchline.settings import Predict
from touchline.web.core import create_app
from waiting import until, wait_until


@pytest.fixture(scope="module")
def redis_process() -> Iterator[RedisServer]:
    with redis_server.server() as made:
        yield made


@pytest.fixture(scope="module")
def home(filled: Container) -> Path:
    """Home with a champion and forecasts; read only."""
    return filled.home


def sharing(home: Path, address: str) -> Container:
    """Ports with a cache in Redis that was found, and time enough on a busy machine."""
    ports = container(home)
    ports.cache = RedisCache(address, rest=0.05, patience=10)
    ports.cache.check()
    return ports


def asking(ports: Container, **changes: Any) -> Client:
    return Client(create_app(ports, Predict(refresh_seconds=0, access="open", **changes), ASSETS, elapsed=Elapsed()))


def found(client: Client) -> tuple[int, int, int]:
    """How many answers this process had, the shared cache had, nobody had."""
    lines = client.get("/metrics").text.splitlines()
    counts = dict(line.rsplit(" ", 1) for line in lines if line.startswith("cache_requests_total"))
    process, shared, none = (
        int(float(counts.get(f'cache_requests_total{{found="{place}"}}', 0))) for place in ("process", "shared", "none")
    )
    return process, shared, none


def bare(answer: httpx.Response) -> dict[str, Any]:
    """An answer without what only the moment knows."""
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.json().items() if name not in ("cached", "degraded", "stale")}


# Questions whose answers are kept as a whole


def test_a_question_is_answered_from_memory_until_the_board_changes(tmp_path: Path) -> None:
    ports = container(tmp_path)
    public(ports)
    client = client_of(ports)
    asked = question(client)
    first = [client.post("/predict/match", json=asked) for _ in range(3)]
    assert len({answer.content for answer in first}) == 1
    assert first[0].headers["content-type"] == "application/json"
    assert found(client) == (2, 0, 2)
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


def test_what_is_refused_is_refused_again(home: Path) -> None:
    client = client_of(container(home))
    asked = question(client, home_team="Nobody")
    assert [client.post("/predict/match", json=asked).status_code for _ in range(2)] == [404, 404]


class FalteringCache(MemoryCache):
    """Does not answer the first time that it is asked."""

    def get(self, key: str) -> bytes | None:
        self.fault, first = ("", False) if self.fault else ("no answer", not self._kept)
        return None if first else super().get(key)


@pytest.mark.parametrize("path", ["/predict/predictions", "/predict/cards"])
def test_a_fault_is_told_with_nothing_that_was_asked_without_it(home: Path, path: str) -> None:
    ports = container(home)
    ports.cache = FalteringCache()
    client = asking(ports)
    before = client.get(path)
    during = client.get(path)
    assert ports.cache.fault == ""
    after = client.get(path)
    assert [answer.json()["degraded"] for answer in (before, during, after)] == ["", "no answer", ""]


# Forecasts of matches


def test_a_forecast_is_computed_once_and_says_so(home: Path) -> None:
    client = asking(container(home))
    match = listed(client)[0]["match_id"]
    first, second = client.get(f"/predict/{match}"), client.get(f"/predict/{match}/")
    assert (first.json()["cached"], second.json()["cached"]) == (False, True)
    assert bare(first) == bare(second)
    assert list(first.json())[-3:] == ["stale", "cached", "degraded"]
    assert "inference_duration_seconds_count 1.0" in client.get("/metrics").text
    assert 'prediction_requests_total{arm="champion",model_version="m1"} 2.0' in client.get("/metrics").text


def test_without_seconds_to_keep_each_one_is_computed(home: Path) -> None:
    client = asking(container(home), cache_seconds=0)
    match = listed(client)[0]["match_id"]
    answers = [client.get(f"/predict/{match}") for _ in range(3)]
    assert [answer.json()["cached"] for answer in answers] == [False] * 3
    assert len({answer.content for answer in answers}) == 1


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 2_000), max_size=8), st.integers(1, 1_500), st.integers(0, 1_800))
def test_nothing_is_told_twice_after_its_time_or_kick_off(
    home: Path, steps: list[int], seconds: int, before: int
) -> None:
    """`before` kick-off, in steps of seconds: an answer is from the cache as long as its life, min(TTL, kick-off)."""
    match = listed(client_of(container(home)))[0]
    kickoff = datetime.fromisoformat(match["kickoff"])
    ports = container(home, kickoff - timedelta(seconds=before))
    client, now, end = asking(ports, cache_seconds=seconds), 0, -1
    for step in steps:
        now += step
        ports.clock.move(kickoff + timedelta(seconds=now - before))
        answer = client.get(f"/predict/{match['match_id']}")
        assert answer.json()["cached"] is (now < end), (now, end)
        assert answer.json()["model_version"] == "m1"
        if now >= end:
            end = now + min(seconds, before - now)


def test_numbers_and_versions_of_an_answer_belong_together_when_the_champion_changes(tmp_path: Path) -> None:
    ports = container(tmp_path)
    public(ports)
    client = asking(ports)
    match = listed(client)[0]["match_id"]
    first = client.get(f"/predict/{match}")
    assert client.get(f"/predict/{match}").json()["cached"] is True
    promoted(ports, publish_model(ports.store, "m2", 2, **served.against("m1", -0.05)))
    second = client.get(f"/predict/{match}").json()
    assert (second["cached"], second["model_version"], second["promotion"]) == (False, "m2", 2)
    assert (first.json()["stale"], second["stale"]) == (False, True)
    forecasted(ports, publish_features(ports.store, 2))
    third = client.get(f"/predict/{match}").json()
    assert (third["cached"], third["seq"], third["stale"]) == (False, 2, False)


def test_old_forecasts_are_called_stale(home: Path) -> None:
    client = asking(container(home, served.NOW + timedelta(hours=3)), stale_seconds=7_200)
    assert client.get(f"/predict/{listed(client)[0]['match_id']}").json()["stale"] is True
    assert asking(container(home)).get(f"/predict/{listed(client)[0]['match_id']}").json()["stale"] is False


class SlowCache(MemoryCache):
    """Shared, and slow to say what it has."""

    shared = True

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()
        self.go = Event()

    def get(self, key: str) -> bytes | None:
        self.asked[key] += 1
        self.go.wait(10)
        return super().get(key)


def test_many_who_ask_at_once_make_one_look_and_one_computation(home: Path) -> None:
    ports = container(home)
    ports.cache = cache = SlowCache()
    app = create_app(ports, Predict(refresh_seconds=60, access="open"), ASSETS)
    path = f"/predict/{listed(client_of(container(home)))[0]['match_id']}"

    async def ask_at_once() -> list[dict[str, Any]]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as session:
            asks = [asyncio.ensure_future(session.get(path)) for _ in range(40)]
            await until(lambda: cache.asked, "a question to the cache")
            cache.go.set()
            return [answer.json() for answer in await asyncio.gather(*asks)]

    answers = asyncio.run(ask_at_once())
    assert sum(cache.asked.values()) == 1
    assert not all(answer["cached"] for answer in answers)
    assert len({answer["probabilities"]["home"] for answer in answers}) == 1
    assert "inference_duration_seconds_count 1.0" in Client(app).get("/metrics").text


# Redis


def test_services_share_forecasts_under_keys_that_name_match_model_and_features(
    home: Path, redis_process: RedisServer
) -> None:
    one, other = (asking(sharing(home, redis_process.address)) for _ in range(2))
    match = listed(one)[0]
    path = f"/predict/{match['match_id']}"
    first = one.get(path)
    with redis.Redis.from_url(redis_process.address) as client:
        start = f"{PREFIX}predict:{match['match_id']}:m1:{first.json()['features_hash']}:"
        wait_until(lambda: client.keys(f"{start}*"), "the forecast is there")
        (key,) = client.keys(f"{start}*")
        assert 0 < client.pttl(key) <= 600_000
    second = other.get(path)
    assert (first.json()["cached"], second.json()["cached"]) == (False, True)
    assert bare(first) == bare(second)
    assert found(other)[1] == 1


def test_what_nobody_may_keep_is_not_given_to_redis(home: Path, redis_process: RedisServer) -> None:
    ports = sharing(home, redis_process.address)
    client = asking(ports)
    match = listed(client)[-1]
    ports.clock.move(datetime.fromisoformat(match["kickoff"]))
    assert client.get(f"/predict/{match['match_id']}").json()["cached"] is False
    assert ports.cache.get("nothing") is None  # comes after whatever was put there
    with redis.Redis.from_url(redis_process.address) as connection:
        assert connection.keys(f"{PREFIX}predict:{match['match_id']}:*") == []


def test_answers_go_on_without_redis_say_so_and_use_it_again(home: Path) -> None:
    with redis_server.server() as made:
        client = asking(sharing(home, made.address), cache_seconds=600)
        matches = [match["match_id"] for match in listed(client)]
        before = {match: bare(asking(container(home)).get(f"/predict/{match}")) for match in matches}
        assert client.get(f"/predict/{matches[0]}").json()["degraded"] == ""
        made.kill()
        answers = [client.get(f"/predict/{match}") for match in matches]
        assert [bare(answer) for answer in answers] == list(before.values())
        assert "the cache does not answer" in answers[-1].json()["degraded"]
        assert client.get(f"/predict/{matches[0]}").json()["cached"] is True
        ready = client.get("/readyz")
        assert (ready.status_code, "the cache does not answer" in ready.json()["degraded"]) == (200, True)
        assert 'touchline_predict_fault{part="cache"} 1.0' in client.get("/metrics").text
        asked = question(client)
        assert client.post("/predict/match", json=asked).status_code == 200
        made.start()
        wait_until(
            lambda: (client.post("/predict/match", json=asked), client.get("/readyz").json()["degraded"])[1] == "",
            "Redis is found again",
        )
        assert client.get(f"/predict/{matches[0]}").json()["degraded"] == ""
