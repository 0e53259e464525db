"""Wait by asking, with a deadline."""

import asyncio
import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], what: str, seconds: float = 20.0, pause: float = 0.01) -> None:
    """Ask until the answer is true, every `pause` seconds.

    Raises:
        AssertionError: it was not within `seconds`; says what was waited for.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(pause)


async def until(condition: Callable[[], object], what: str, seconds: float = 20.0, pause: float = 0.01) -> None:
    """`wait_until`, while others go on.

    Raises:
        AssertionError: it was not within `seconds`; says what was waited for.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        await asyncio.sleep(pause)
