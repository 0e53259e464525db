"""Deliveries on a bad day: what may happen to them, and how each is worked on."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from touchline.testing.baton import Task
from touchline.work import Event

if TYPE_CHECKING:
    from touchline.coordination import Claim


class Chances(msgspec.Struct, frozen=True, kw_only=True):
    """How likely each mishap is: per delivery that is sent, per answer, or per step (two for each call of a port)."""

    lost: float = 0.05
    """Sent, and never seen; found by a later look."""
    doubled: float = 0.1
    late: float = 0.5
    """Held back for some steps of the scheduler, so that others overtake it."""
    unheard: float = 0.05
    """Done, but the acknowledgement is lost, so that it is delivered again."""
    switch: float = 0.1
    """Another delivery goes on at this step."""
    crash: float = 0.002
    zombie: float = 0.08
    """Stands still for longer than its lease, under a claim and just before a call that may have an effect (a quarter
    as likely before one of the many that write an object)."""


CALM: Final = Chances(lost=0, doubled=0, late=0, unheard=0, switch=0, crash=0, zombie=0)
"""Nothing goes wrong, and one delivery runs after the other."""
SLEEPY: Final = Chances(lost=0, doubled=0, unheard=0, crash=0, zombie=0.25)
"""Many zombies and no other mishap: where a safeguard against them is missing, it shows soon."""


class Delivery(msgspec.Struct):
    """An event on its way to a function."""

    function: str
    event: Event
    due: int
    """Step of the scheduler at which it arrives."""
    attempts: int = 0


class Run(Task):
    """A delivery that is being worked on."""

    def __init__(self, delivery: Delivery, work: Callable[[], Any]) -> None:
        super().__init__(work)
        self.delivery = delivery
        self.claim: Claim | None = None
        self.sleeps = self.slept = False
        """Whether it stands still, for longer than its lease; and whether it ever did, which it does once at most."""
