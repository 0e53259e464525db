"""Answers that several processes share, in Redis; nobody waits for it for longer than a moment, nor twice."""

import re
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final

from touchline.errors import ConfigurationError, Unavailable

if TYPE_CHECKING:
    from redis import Redis

PREFIX: Final = "touchline/"
PATIENCE: Final = 0.015
"""Seconds that somebody waits for an answer: computing it anew takes less than ten milliseconds."""
TIMEOUT: Final = 0.25
"""Seconds that Redis has where nobody waits."""
REST: Final = 5.0
"""Seconds for which a Redis that did not answer is left alone."""
HEAD_START: Final = 0.1
"""Seconds that first answers have before the library, which takes longer to load than they take, is loaded."""
_Ask = Callable[["Redis"], object]


class RedisCache:
    """While Redis does not answer it is a miss at once: one trial in `rest` seconds, which nobody waits for.

    A thread of its own asks, so that no name that is not found, no handshake and no silence costs a caller more than
    its patience, and loads the library, which takes longer than a first answer may.

    Args:
        address: of a Redis.
        rest: seconds between two trials.
        patience: seconds that somebody waits for an answer.
        elapsed: seconds that only go forward.
    """

    shared = True

    def __init__(
        self,
        address: str,
        rest: float = REST,
        patience: float = PATIENCE,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address, self._rest, self._patience, self._elapsed = address, rest, patience, elapsed
        self._client: Redis | None = None
        self._up = False
        self._due = float("-inf")
        self._lock = Lock()
        self._asks: SimpleQueue[tuple[Future[object], _Ask | None]] = SimpleQueue()
        self._worker: Thread | None = None
        self.fault = ""

    def get(self, key: str) -> bytes | None:
        """What was put there, None where that is over or Redis does not answer."""
        if not self._ready():
            return None
        reply = self._submit(lambda client: client.get(PREFIX + key))
        try:
            found = reply.result(self._patience)
        except TimeoutError:
            self._rests("no answer in time")
            return None
        except Exception:  # the worker has noted what it was
            return None
        return found if isinstance(found, bytes) else None

    def set(self, key: str, data: bytes, ttl_seconds: float) -> None:
        """Keep bytes for so long, if Redis will; nobody waits for it."""
        if self._ready():
            self._submit(lambda client: client.set(PREFIX + key, data, px=max(1, round(ttl_seconds * 1000))))

    def check(self) -> str:
        """Write a value and read it back; what answered.

        Raises:
            ConfigurationError: the address has options that there are not.
            Unavailable: Redis does not answer, or does not keep what it was given.
        """
        from redis.exceptions import RedisError

        key, client = f"{PREFIX}doctor", self._connected()
        try:
            client.set(key, b"well", px=10_000)
            found, version = client.get(key), client.info("server")
        except (RedisError, OSError) as error:
            raise Unavailable(
                f"the cache does not answer: {_told(error)}",
                where="TOUCHLINE_CACHE",
                hint="answers are made anew meanwhile",
            ) from error
        if found != b"well":
            raise Unavailable("the cache loses what it is given", where="TOUCHLINE_CACHE", hint="give it more memory")
        self._up, self.fault = True, ""
        return f"Redis {version['redis_version']}"

    def _ready(self) -> bool:
        """Whether Redis answered when it was last asked; otherwise it is tried anew, once its rest is over."""
        if self._up:
            return True
        with self._lock:
            begins = self._elapsed() >= self._due
            if begins:
                self._due = self._elapsed() + self._rest
        if begins:
            self._submit(None)
        return False

    def _rests(self, why: str) -> None:
        self._up, self.fault = False, f"the cache does not answer: {why}"
        self._due = self._elapsed() + self._rest

    def _submit(self, ask: _Ask | None) -> "Future[object]":
        """Let the worker ask, or try, which None stands for."""
        reply: Future[object] = Future()
        self._asks.put((reply, ask))
        with self._lock:
            if self._worker is None:
                self._worker = Thread(target=self._work, name="redis", daemon=True)
                self._worker.start()
        return reply

    def _work(self) -> None:
        while True:
            reply, ask = self._asks.get()
            try:
                reply.set_result(self._ask(ask) if ask else self._try())
            except Exception as error:  # whatever it is, nobody may have to do with it
                self._rests(_told(error))
                reply.set_exception(error)

    def _ask(self, ask: _Ask) -> object:
        if not self._up or self._client is None:  # it failed while this one waited for its turn
            return None
        return ask(self._client)

    def _try(self) -> bool:
        if self._client is None:
            time.sleep(HEAD_START)
        client = self._connected()
        client.ping()  # connects
        begun = time.perf_counter()
        client.ping()
        if time.perf_counter() - begun > self._patience:
            self._rests("too slow")
        else:
            self._up, self.fault = True, ""
        return self._up

    def _connected(self) -> "Redis":
        if self._client is None:
            from redis import Redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry

            timeout = max(TIMEOUT, self._patience)
            options: dict[str, Any] = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
            try:
                client = Redis.from_url(self._address, retry=Retry(NoBackoff(), 0), **options)
                client.connection_pool.make_connection()  # checks the options of the address; connects nowhere
            except (ValueError, TypeError) as error:
                raise ConfigurationError("not the address of a Redis", where="TOUCHLINE_CACHE") from error
            self._client = client
        return self._client


def _told(error: Exception) -> str:
    """What is wrong, without passwords."""
    return re.sub(r"//[^/@\s]*@", "//", str(error))
