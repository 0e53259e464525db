"""Ports for those who work beside each other: who may work as which function, who may ask, how one wakes another."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from touchline.domain.keys import IssuedKey, Key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
