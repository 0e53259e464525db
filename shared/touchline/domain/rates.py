"""How often somebody may ask: a bucket of tokens for each, refilled evenly, kept as one number.

The generic cell rate algorithm (ITU-T I.371): a bucket is the moment at which it will be full again. It says the same
as a count of tokens and a time stamp, and a bucket that is full need not be kept.
"""

from math import ceil, floor
from typing import Final, NamedTuple

MINUTE: Final = 60.0


class Spent(NamedTuple):
    """What came of asking for a token."""

    allowed: bool
    full_at: float
    """The bucket afterwards: the moment, in seconds, at which it is full again."""
    remaining: int
    """Whole tokens that are left."""
    wait: float
    """Seconds until there is a token, 0 if this one was had."""


def spend(full_at: float, now: float, per_minute: int) -> Spent:
    """Take a token from a bucket that holds `per_minute` of them and gains as many a minute.

    Args:
        full_at: the bucket; any moment that has passed is a full one.
        now: seconds of a clock that only goes forward.
        per_minute: at least 1.

    >>> spend(0.0, 100.0, 2)
    Spent(allowed=True, full_at=130.0, remaining=1, wait=0.0)
    >>> spend(160.0, 100.0, 2)
    Spent(allowed=False, full_at=160.0, remaining=0, wait=30.0)
    """
    each = MINUTE / per_minute
    after = max(full_at, now) + each
    wait = after - now - MINUTE
    if wait > each * 1e-6:  # moments are rounded, a token is not withheld for that
        return Spent(False, full_at, 0, wait)
    return Spent(True, after, max(0, floor((MINUTE - (after - now)) / each + 1e-6)), 0.0)


def whole_seconds(wait: float) -> int:
    """Seconds for a header: never fewer than have to be waited, and at least one.

    >>> whole_seconds(0.0), whole_seconds(1.2)
    (1, 2)
    """
    return max(1, ceil(wait))
