"""Ports for those who work beside each other: who may work as which function, who may ask, how one wakes another."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import msgspec

from touchline.domain.keys import IssuedKey, Key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import optuna

    from touchline.work import Event


class KeyRecord(Protocol):
    """API keys that were made, revoked or not; of a key itself only the hash is known."""

    def issue(self, key: Key) -> None:
        """Write a new key down."""
        ...

    def revoke(self, key_id: str, now: datetime) -> IssuedKey:
        """Let a key be refused from now on; one that was revoked before stays so since then.

        Raises:
            NotFound: there is no such key.
        """
        ...

    def issued(self) -> list[IssuedKey]:
        """All keys, in the order in which they were made."""
        ...


class Claim(Protocol):
    """The right of one run to work as a function; lost when its lease ends and somebody else takes it."""

    @property
    def name(self) -> str:
        """What is claimed: the name of a function."""
        ...

    @property
    def token(self) -> int:
        """Grows with every holder."""
        ...

    def check(self, connection: Any) -> None:
        """In a transaction of the database: see that the claim is ours, and let nobody take it before the end.

        Raises:
            Conflict: somebody took it over.
        """
        ...

    def hold(self) -> None:
        """See that the claim is still ours.

        Raises:
            Conflict: somebody took it over.
        """
        ...

    def seal(self, key: str, data: bytes) -> bytes:
        """Write down what is published under a key, unless that was done; what stands there now.

        Raises:
            Conflict: somebody took the claim over; nothing was written.
        """
        ...


class Claims(Protocol):
    """Who may work as which function."""

    def take(self, name: str, holder: str, lease: float) -> Claim:
        """Take a claim that nobody has, for `lease` seconds.

        Raises:
            Conflict: somebody has it; `retry_after` says until when.
        """
        ...

    def renew(self, claim: Claim, lease: float) -> None:
        """Let a claim last for `lease` seconds from now; one that was taken over stays lost."""
        ...

    def release(self, claim: Claim) -> None:
        """Give a claim back, unless it is lost."""
        ...

    def expire(self, holder: str) -> int:
        """End the claims of a holder who died (of all whose name begins so); how many."""
        ...


class Emitter(Protocol):
    """Hands events to whoever delivers them."""

    def emit(self, function: str, event: "Event") -> None:
        """Ask that an event be delivered to a function; it will be, at least once, when this returns.

        Raises:
            ConfigurationError: the way is closed to us, until a setting is mended.
        """
        ...


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An event that came to the inbox, or what could not be read."""

    id: str
    """The same event has the same."""
    event: bytes
    """Structured CloudEvent; of what could not be read, its beginning."""
    function: str = ""
    """Whom it is for; empty: whoever is woken by its key."""
    key: str = ""
    why: str = ""
    """What is wrong with it: such an entry is kept, and never posted."""


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that somebody holds, to post it."""

    number: int
    id: str
    event: bytes
    attempts: int
    """That failed so far."""


class InboxState(msgspec.Struct, frozen=True, kw_only=True):
    """How full the inbox is."""

    states: dict[str, int]
    """Entries by state: waiting, done, refused (by the broker), unread."""
    oldest_seconds: float
    """Age of the oldest one that waits; 0 if none does."""


class Inbox(Protocol):
    """Events on their way to the broker; each is posted by one holder at a time, until the broker has it."""

    def add(self, entries: "Sequence[Entry]", *, again: bool = False) -> int:
        """Keep entries that are not there yet; how many were new.

        Args:
            entries: as they came.
            again: let those wait once more that are settled: somebody asks for them anew.
        """
        ...

    def take(self, holder: str, limit: int, lease: float) -> list[Posting]:
        """Hold entries that are due and that nobody holds, oldest first, for `lease` seconds."""
        ...

    def renew(self, holder: str, numbers: "Sequence[int]", lease: float) -> None:
        """Hold entries for `lease` seconds from now."""
        ...

    def settle(self, holder: str, number: int, state: Literal["done", "refused"], why: str = "") -> None:
        """Say what became of an entry that is held."""
        ...

    def later(self, holder: str, number: int, seconds: float, *, failed: bool, why: str) -> None:
        """Give an entry back, to be posted no sooner than in so many seconds; `failed` counts as an attempt."""
        ...

    def release(self, holder: str) -> int:
        """Give back all that somebody holds; how many."""
        ...

    def forget(self, days: int) -> int:
        """Remove what was settled longer ago; how many."""
        ...

    def state(self) -> InboxState:
        """How full it is."""
        ...


class Crash(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that the platform gave up, because the function died of it, or could not be reached."""

    id: str
    """By which the platform knows it."""
    function: str
    when: datetime
    attempts: int
    body: str
    """As it was delivered."""
    why: str
    """What the platform says of it."""


class Crashes(Protocol):
    """The platform's own dead letters: what no run could record, since it crashed the function."""

    def letters(self) -> list[Crash]:
        """All of them, oldest first.

        Raises:
            Unavailable: the platform does not answer.
            ConfigurationError: it refuses us.
        """
        ...

    def redrive(self, crash_id: str) -> None:
        """Deliver one again, with all its attempts.

        Raises:
            NotFound: there is no such letter (any more).
        """
        ...

    def discard(self, crash_id: str) -> None:
        """Remove one.

        Raises:
            NotFound: there is no such letter (any more).
        """
        ...


class Posted(NamedTuple):
    """What came of posting an event."""

    verdict: Literal["done", "refused", "failed", "unreached"]
    """`refused`: this event will never be taken; `failed`: not now; `unreached`: there is no broker now."""
    why: str = ""


class Broker(Protocol):
    """Takes events for everybody who subscribed to them."""

    async def post(self, event: bytes) -> Posted:
        """Hand a structured CloudEvent over; what came of it, also where it is an error."""
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...


class Callbacks(Protocol):
    """Tells clients at addresses that they gave."""

    def call(self, url: str, body: bytes, headers: "Mapping[str, str]") -> None:
        """POST a body to an address, if it is one that may be called.

        Raises:
            PermanentError: it is none, or whoever answers there refuses.
        """
        ...


class Studies(Protocol):
    """Where trials of a search for parameters are kept, and who works on them: one process alone, or many together."""

    def open(self, name: str, pruner: "optuna.pruners.BasePruner") -> "optuna.Study":
        """Join the study of that name, or begin it."""
        ...

    def fill(self, study: "optuna.Study", objective: "Callable[[optuna.Trial], float]", trials: int) -> None:
        """Work until so many trials are finished, tried to the end or given up, by whomever."""
        ...


class Decided(msgspec.Struct, frozen=True):
    """One decision about a model, without what it rests on."""

    number: int
    model_version: str
    stage: str
    """Stage reached: rejected, smoke, candidate or champion."""
    champion: str
    """Champion after it, empty if none."""
    decided_at: datetime


class Figures(Protocol):
    """What the database says about how things stand, for those who watch."""

    def sources(self) -> dict[str, datetime]:
        """Source -> when its newest usable answer, or its newest file, came."""
        ...

    def decisions(self, after: int) -> list[Decided]:
        """Decisions about models with a higher number, oldest first."""
        ...

    def unsettled(self, mode: str, now: datetime) -> int:
        """Matches that are over and have a forecast of record of that mode that nobody settled.

        One that will never be played is over once its kick-off has passed: until then it may be set anew.
        """
        ...

    def unexported(self, after: int, before: datetime) -> int:
        """Forecasts with a higher number that were sealed before a moment."""
        ...
