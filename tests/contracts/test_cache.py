"""Caches forget, and never fail: what is wrong with one shows as a miss, and in what `check` says."""

import socket
import time
from collections.abc import Iterator

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

import redis_server
from asking import Elapsed
from redis_server import RedisServer
from touchline.adapters.caches import OVERHEAD, MemoryCache, open_cache
from touchline.adapters.redis_cache import PATIENCE, PREFIX, RedisCache
from touchline.errors import ConfigurationError, Unavailable
from touchline.ports import Cache
from waiting import wait_until


@pytest.fixture(scope="module")
def redis_process() -> Iterator[RedisServer]:
    with redis_server.server() as made:
        yield made


def connected(address: str, elapsed: Elapsed | None = None) -> RedisCache:
    """A cache that has found its Redis, and time enough on a busy machine."""
    cache = RedisCache(address, rest=5, patience=10, elapsed=elapsed or Elapsed())
    cache.check()
    return cache


@pytest.fixture(params=["memory", "redis"])
def cache(request: pytest.FixtureRequest) -> Iterator[Cache]:
    if request.param == "memory":
        yield open_cache("")
        return
    made = request.getfixturevalue("redis_process")
    yield connected(made.address)
    with redis.Redis.from_url(made.address) as client:
        client.flushall()


# Every cache


def test_what_was_never_put_there_is_a_miss(cache: Cache) -> None:
    assert cache.get("a") is None


@pytest.mark.parametrize("data", [b"", b"answer", bytes(range(256)) * 1000])
def test_what_was_put_there_comes_back(cache: Cache, data: bytes) -> None:
    cache.set("a/1", data, 60)
    assert cache.get("a/1") == data
    assert cache.get("a/2") is None


def test_the_newest_value_stands(cache: Cache) -> None:
    cache.set("a", b"one", 60)
    cache.set("a", b"two", 60)
    assert cache.get("a") == b"two"


def test_values_are_forgotten(cache: Cache) -> None:
    cache.set("short", b"1", 0.05)
    cache.set("long", b"2", 60)
    wait_until(lambda: cache.get("short") is None, "the value is forgotten")
    assert cache.get("long") == b"2"


def test_a_cache_that_works_says_where_it_keeps(cache: Cache) -> None:
    assert cache.check()


# In the process


def test_memory_keeps_what_was_used_last() -> None:
    cache = MemoryCache(largest=3 * (OVERHEAD + 11))
    for name in "abc":
        cache.set(name, bytes(10), 60)
    cache.get("a")
    cache.set("d", bytes(10), 60)
    assert [name for name in "abcd" if cache.get(name) is not None] == ["a", "c", "d"]


def test_memory_keeps_nothing_that_is_larger_than_all_of_it() -> None:
    cache = MemoryCache(largest=OVERHEAD + 30)
    cache.set("a", bytes(10), 60)
    cache.set("b", bytes(30), 60)
    assert cache.get("a") == bytes(10)
    cache.set("a", bytes(30), 60)
    assert (cache.get("a"), cache.get("b")) == (None, None)


def test_memory_counts_keys_and_entries_too() -> None:
    cache = MemoryCache(largest=100 * OVERHEAD)
    for number in range(1_000):
        cache.set(str(number), b"", 60)
    assert 90 < sum(cache.get(str(number)) is not None for number in range(1_000)) <= 100
    cache.set("a" * 100 * OVERHEAD, b"", 60)
    assert cache.get("a" * 100 * OVERHEAD) is None


def test_memory_forgets_at_the_moment() -> None:
    elapsed = Elapsed()
    cache = MemoryCache(elapsed=elapsed)
    cache.set("a", b"1", 10)
    elapsed.now = 9.99
    assert cache.get("a") == b"1"
    elapsed.now = 10
    assert cache.get("a") is None


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 60))))
def test_memory_never_holds_more_than_it_may_and_answers_with_the_newest_only(steps: list[tuple[str, int]]) -> None:
    cache, newest = MemoryCache(largest=100 + 3 * OVERHEAD), dict[str, bytes]()
    for number, (name, size) in enumerate(steps):
        newest[name] = bytes([number % 256]) * size
        cache.set(name, newest[name], 60)
        found = {name: cache.get(name) for name in newest}
        held = [len(name) + len(data) + OVERHEAD for name, data in found.items() if data is not None]
        assert sum(held) <= 100 + 3 * OVERHEAD
        assert all(data in (None, newest[name]) for name, data in found.items())


# Redis


def test_redis_is_shared_and_only_our_keys_are_touched(redis_process: RedisServer) -> None:
    one, other = connected(redis_process.address), connected(redis_process.address)
    one.set("a", b"1", 60)
    assert one.get("a") == b"1"  # after what was set: one connection
    assert other.get("a") == b"1"
    with redis.Redis.from_url(redis_process.address) as client:
        keys = client.keys()
        assert [key for key in keys if not key.startswith(PREFIX.encode())] == []
        assert 0 < client.pttl(f"{PREFIX}a") <= 60_000


def test_redis_is_found_beside_the_first_answers(redis_process: RedisServer) -> None:
    cache = RedisCache(redis_process.address, patience=10)
    begun = time.monotonic()
    assert cache.get("found") is None
    assert time.monotonic() - begun < 1, "nobody waits for the library, or for the connection"
    wait_until(lambda: (cache.set("found", b"1", 60), cache.get("found"))[1] == b"1", "Redis is found")
    assert cache.fault == ""


def test_a_redis_that_died_is_a_miss_until_it_is_back() -> None:
    with redis_server.server() as made:
        elapsed = Elapsed()
        cache = connected(made.address, elapsed)
        cache.set("a", b"1", 60)
        assert cache.get("a") == b"1"
        made.kill()
        assert cache.get("a") is None
        assert "does not answer" in cache.fault
        with pytest.raises(Unavailable, match="does not answer"):
            cache.check()
        made.start()
        cache.set("a", b"2", 60)
        assert cache.get("a") is None, "it is left alone for a while"
        elapsed.now = 5
        wait_until(lambda: (cache.set("a", b"3", 60), cache.get("a"))[1] == b"3", "it is found again")
        assert cache.fault == ""


def test_a_redis_that_falls_silent_costs_a_moment_once(redis_process: RedisServer) -> None:
    cache = RedisCache(redis_process.address, rest=60)
    cache.check()
    with redis.Redis.from_url(redis_process.address) as client:
        client.client_pause(3_000)
        begun = time.monotonic()
        assert cache.get("a") is None
        once = time.monotonic() - begun
        for _ in range(500):
            assert cache.get("a") is None
            cache.set("a", b"1", 60)
        assert time.monotonic() - begun < once + 1
        assert PATIENCE <= once < 1
        assert cache.fault.startswith("the cache does not answer:")
        client.client_unpause()


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "192.0.2.1", "no-such-host.invalid"])
def test_a_redis_that_was_never_there_costs_nothing(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cache = open_cache(f"redis://:hunter2@{host.format(port=silent.getsockname()[1])}/0")
        begun = time.monotonic()
        for _ in range(500):
            assert cache.get("a") is None
            cache.set("a", b"1", 60)
        assert time.monotonic() - begun < 1
        wait_until(lambda: cache.fault, "it is told")
        assert "hunter2" not in cache.fault
        with pytest.raises(Unavailable) as caught:
            cache.check()
    assert "hunter2" not in str(caught.value)


def test_a_redis_that_has_no_memory_left_is_told(redis_process: RedisServer) -> None:
    cache = connected(redis_process.address)
    with redis.Redis.from_url(redis_process.address) as client:
        client.config_set("maxmemory", "1")
        try:
            cache.set("full", b"1", 60)
            assert cache.get("full") is None
            wait_until(lambda: "memory" in cache.fault, "it is told")
            with pytest.raises(Unavailable, match="memory"):
                cache.check()
        finally:
            client.config_set("maxmemory", "0")


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1", "redis://127.0.0.1:port", "redis://h/0?color=red"])
def test_a_wrong_address_is_named(address: str) -> None:
    with pytest.raises(ConfigurationError, match="not the address of a Redis"):
        open_cache(address).check()
