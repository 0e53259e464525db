"""How long to wait before the next attempt at a delivery."""

from typing import Final

from touchline.wiring import Retries

LONGEST_PAUSE: Final = 60.0
"""Seconds; a pause grows no further."""


def pause(retries: Retries, failed: int) -> float:
    """Seconds to wait after so many attempts that failed, one at least.

    >>> [pause(Retries(backoff_s=2, policy="exponential"), failed) for failed in (1, 2, 3, 9)]
    [2.0, 4.0, 8.0, 60.0]
    >>> [pause(Retries(backoff_s=2, policy="linear"), failed) for failed in (1, 2, 3)]
    [2.0, 4.0, 6.0]
    """
    growth = 2 ** min(failed - 1, 16) if retries.policy == "exponential" else failed
    return float(min(retries.backoff_s * growth, LONGEST_PAUSE))
