"""Scrape: requests go out beside the work on what came before, one at a time."""

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Event
from typing import Final, TypeVar

from touchline.stages.scrape_visit import Stopped

T = TypeVar("T")
SWITCH: Final = 0.0005
"""Seconds for which one thread may hold the interpreter while another wants it. To ask for a page goes to the browser
and the database some thirty times, and waits so long after each while the page before is read."""


class Beside:
    """A thread that asks for pages, one after the other.

    Args:
        rest: waits so many seconds; by default until then, or until the collection is broken off.
    """

    def __init__(self, rest: Callable[[float], object] | None = None) -> None:
        self._switched = sys.getswitchinterval()
        sys.setswitchinterval(min(SWITCH, self._switched))
        self._ended = Event()
        self._rest = self._ended.wait if rest is None else rest
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="asking")

    def do(self, ask: Callable[[], T]) -> "Future[T]":
        """Begin with something, once what was begun before has ended; whoever watches this thread watches that one."""
        return self._thread.submit(copy_context().run, ask)

    def rest(self, seconds: float) -> None:
        """Wait, within what is done beside.

        Raises:
            Stopped: the collection was broken off meanwhile.
        """
        self._rest(seconds)
        if self._ended.is_set():
            raise Stopped("broken off")

    def close(self) -> None:
        """Begin nothing more, and wait for what is on its way, but for its rests."""
        self._ended.set()
        self._thread.shutdown(cancel_futures=True)
        sys.setswitchinterval(self._switched)
