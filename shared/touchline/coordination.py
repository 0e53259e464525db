"""Ports for those who work beside each other: who may work as which function, and how one wakes another."""

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import optuna

    from touchline.work import Event


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


class Studies(Protocol):
    """Where trials of a search for parameters are kept, and who works on them: one process alone, or many together."""

    def open(self, name: str, pruner: "optuna.pruners.BasePruner") -> "optuna.Study":
        """Join the study of that name, or begin it."""
        ...

    def fill(self, study: "optuna.Study", objective: "Callable[[optuna.Trial], float]", trials: int) -> None:
        """Work until so many trials are finished, tried to the end or given up, by whomever."""
        ...
