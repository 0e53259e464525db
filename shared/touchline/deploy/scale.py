"""How many requests an instance is meant to work on, and how long it stays awake.

Little's law: as many requests are in an instance as arrive in the time that each of them stays in it. An instance that
answers `per_second` requests, each within the time that is the goal, so holds the product of both; with more in it,
each waits longer than that, whatever the autoscaler hopes. `scripts/bench deploy` measures the first factor.
"""

import re
from typing import Final

from touchline.wiring import Function

_EVERY: Final = re.compile(r"\*/(\d+) ")
_IDLE_SECONDS: Final = 60
"""What nothing is asked of may go after so long."""


def target(function: Function) -> int:
    """Requests in work at one instance above which another one is started; what has no pace is filled."""
    pace = function.pace
    return min(in_work(pace.per_second, pace.goal_ms), function.concurrency) if pace else function.concurrency


def in_work(per_second: float, goal_ms: float) -> int:
    """Requests that are in an instance which answers so many a second, each within so many milliseconds.

    >>> in_work(150, 100)
    15
    """
    return max(int(per_second * goal_ms / 1000), 1)


def awake_seconds(function: Function) -> int:
    """How long the last instance stays after the last request: until the next sign of life, if it is kept warm."""
    every = _EVERY.match(function.warm)
    return 60 * int(every.group(1)) + _IDLE_SECONDS if every else _IDLE_SECONDS
