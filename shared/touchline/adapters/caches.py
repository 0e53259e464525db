"""Short-lived answers, in this process or in Redis. Whatever is wrong with a cache, its user sees a miss."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from touchline.errors import ConfigurationError

if TYPE_CHECKING:
    from touchline.ports import Cache

LARGEST: Final = 32 * 2**20
"""Bytes that a process keeps."""
OVERHEAD: Final = 320
"""Bytes that an entry takes besides its key and content, about: objects, and its place in the dictionary."""
_HINT: Final = "redis://[user:password@]host:port/database, or rediss:// with TLS"


def open_cache(address: str) -> "Cache":
    """The cache at an address, `redis://...`, or one in this process where it is empty.

    Raises:
        ConfigurationError: not the address of a Redis.
    """
    if not address:
        return MemoryCache()
    try:
        parts = urlsplit(address)
        known = parts.scheme == "unix" or (parts.scheme in ("redis", "rediss") and parts.port != 0)
    except ValueError:
        known = False
    if not known:
        raise ConfigurationError("not the address of a Redis", where="TOUCHLINE_CACHE", hint=_HINT)
    from touchline.adapters.redis_cache import RedisCache

    return RedisCache(address)


class MemoryCache:
    """Keeps the newest answers of this process, up to a number of bytes; safe to use from several threads.

    Args:
        largest: bytes kept at most, with those of keys and entries.
        elapsed: seconds that only go forward.
    """

    shared = False
    fault = ""

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
            if _size(key, data) > self._largest:
                return
            self._kept[key] = (self._elapsed() + ttl_seconds, data)
            self._size += _size(key, data)
            while self._size > self._largest:
                self._drop(next(iter(self._kept)))

    def check(self) -> str:
        """Where the answers are kept."""
        return f"in this process, {self._largest // 2**20} MiB at most"

    def _drop(self, key: str) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._size -= _size(key, found[1])


def _size(key: str, data: bytes) -> int:
    return len(key) + len(data) + OVERHEAD
