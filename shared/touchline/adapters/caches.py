"""Short-lived answers, in this process or in Redis. Whatever is wrong with a cache, its user sees a miss."""

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Final

from touchline.errors import ConfigurationError, Unavailable

if TYPE_CHECKING:
    from redis import Redis

    from touchline.ports import Cache

LARGEST: Final = 32 * 2**20
"""Bytes that a process keeps."""
TIMEOUT: Final = 0.25
"""Seconds that Redis has for an answer: computing one anew takes milliseconds."""
REST: Final = 5.0
"""Seconds for which a Redis that did not answer is left alone."""
PREFIX: Final = "touchline/"


def open_cache(address: str) -> "Cache":
    """The cache at an address, `redis://...`, or one in this process where it is empty.

    Raises:
        ConfigurationError: not the address of a Redis.
    """
    if not address:
        return MemoryCache()
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    try:
        client = Redis.from_url(
            address, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0)
        )
        client.connection_pool.make_connection()  # checks the options of the address; connects nowhere
    except (ValueError, TypeError) as error:
        hint = "redis://[user:password@]host:port/database, or rediss:// with TLS"
        raise ConfigurationError("not the address of a Redis", where="TOUCHLINE_CACHE", hint=hint) from error
    return RedisCache(client)


class MemoryCache:
    """Keeps the newest answers of this process, up to a number of bytes; safe to use from several threads.

    Args:
        largest: bytes of content kept at most.
        elapsed: seconds that only go forward.
    """

    def __init__(self, largest: int = LARGEST, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._largest, self._elapsed = largest, elapsed
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._size, self._lock = 0, Lock()

    def get(self, key: str) -> bytes | None:
        """What was put there, None where that is over."""
        with self._lock:
            until, data = self._kept.get(key, (0.0, b""))
            if self._elapsed() >= until:
                self._drop(key)
                return None
            self._kept.move_to_end(key)
            return data

    def set(self, key: str, data: bytes, ttl_seconds: float) -> None:
        """Keep bytes for so long, unless others need the room; what was asked for longest ago goes first."""
        with self._lock:
            self._drop(key)
            if len(data) > self._largest:
                return
            self._kept[key] = (self._elapsed() + ttl_seconds, data)
            self._size += len(data)
            while self._size > self._largest:
                self._drop(next(iter(self._kept)))

    def check(self) -> str:
        """Where the answers are kept."""
        return f"in this process, {self._largest // 2**20} MiB at most"

    def _drop(self, key: str) -> None:
        _, data = self._kept.pop(key, (0.0, b""))
        self._size -= len(data)


class RedisCache:
    """Answers that several processes share. While Redis does not answer, it is asked once in `rest` seconds.

    Args:
        client: with short time-outs.
        rest: seconds between two attempts at a Redis that does not answer.
        elapsed: seconds that only go forward.
    """

    def __init__(self, client: "Redis", rest: float = REST, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._client, self._rest, self._elapsed = client, rest, elapsed
        self._quiet_until = float("-inf")

    def get(self, key: str) -> bytes | None:
        """What was put there, None where that is over or Redis does not answer."""
        found = self._asked(lambda: self._client.get(PREFIX + key))
        return found if isinstance(found, bytes) else None

    def set(self, key: str, data: bytes, ttl_seconds: float) -> None:
        """Keep bytes for so long, if Redis will."""
        self._asked(lambda: self._client.set(PREFIX + key, data, px=max(1, round(ttl_seconds * 1000))))

    def check(self) -> str:
        """Write a value and read it back; what answered.

        Raises:
            Unavailable: Redis does not answer, or does not keep what it was given.
        """
        from redis.exceptions import RedisError

        key = f"{PREFIX}doctor"
        try:
            self._client.set(key, b"well", px=10_000)
            found, version = self._client.get(key), self._client.info("server")
        except (RedisError, OSError) as error:
            text = re.sub(r"//[^/@\s]*@", "//", str(error))
            raise Unavailable(
                f"the cache does not answer: {text}", where="TOUCHLINE_CACHE", hint="answers are made anew meanwhile"
            ) from error
        if found != b"well":
            raise Unavailable("the cache loses what it is given", where="TOUCHLINE_CACHE", hint="give it more memory")
        return f"Redis {version['redis_version']}"

    def _asked(self, ask: Callable[[], object]) -> object:
        from redis.exceptions import RedisError

        if self._elapsed() < self._quiet_until:
            return None
        try:
            return ask()
        except (RedisError, OSError):
            self._quiet_until = self._elapsed() + self._rest
            return None
