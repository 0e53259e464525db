"""The right of one run to work as its function: taken before it, kept alive while it lasts, given back after it.

A claim is a lease with a fencing token that grows with every holder (M. Kleppmann, "How to do distributed locking",
2016). A holder that was paused for longer than its lease may wake up beside its successor; so the token is checked
again in each transaction that writes, and what a claimed run publishes is first written down in such a transaction.
"""

import contextlib
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, Final

from touchline.coordination import Claim, Claims
from touchline.errors import TouchlineError


class Unclaimed:
    """Stands for a claim where none is needed: deterministic functions, commands of the user."""

    name: Final = ""
    token: Final = 0

    def check(self, connection: Any) -> None:
        """Nothing to lose."""

    def hold(self) -> None:
        """Nothing to lose."""

    def seal(self, key: str, data: bytes) -> bytes:
        """The data themselves: creating the object decides who was first."""
        return data


_UNCLAIMED: Final[Claim] = Unclaimed()
_current: ContextVar[Claim] = ContextVar("claim", default=_UNCLAIMED)


def current() -> Claim:
    """Claim of the run that we are in."""
    return _current.get()


@contextlib.contextmanager
def claimed(claims: Claims, name: str, holder: str, lease: float) -> Iterator[Claim]:
    """Work under a claim.

    Args:
        claims: where claims are kept.
        name: what is claimed: the name of a function.
        holder: who claims it; whoever knows that the holder died lets its claims expire.
        lease: seconds for which the claim lasts without a sign of life; one is given each third of it.

    Raises:
        Conflict: somebody else has the claim.
    """
    claim = claims.take(name, holder, lease)
    token = _current.set(claim)
    done = threading.Event()
    heartbeat = threading.Thread(target=_keep_alive, args=(claims, claim, lease, done), daemon=True)
    heartbeat.start()
    try:
        yield claim
    finally:
        _current.reset(token)
        done.set()
        with contextlib.suppress(TouchlineError):  # the lease ends by itself
            claims.release(claim)


def _keep_alive(claims: Claims, claim: Claim, lease: float, done: threading.Event) -> None:
    while not done.wait(lease / 3):
        with contextlib.suppress(TouchlineError):  # who lost the claim learns it when it writes
            claims.renew(claim, lease)
