"""Parts from which a safeguard was taken, to see that the schedules notice: a test that cannot fail proves nothing."""

from collections.abc import Callable
from typing import Any, BinaryIO, Final

from touchline.bootstrap import Around
from touchline.coordination import Claim, Claims
from touchline.ports import ObjectStore


class UnfencedClaim:
    """A lease without a fence: who slept through its end goes on as if nothing had happened."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim

    def __getattr__(self, name: str) -> Any:
        return getattr(self._claim, name)

    def check(self, connection: Any) -> None:
        """Nobody asks."""

    def hold(self) -> None:
        """Nobody asks."""

    def seal(self, key: str, data: bytes) -> bytes:
        """Nothing is written down before it is published."""
        return data


class UnfencedClaims:
    """Claims that keep others out for as long as the lease lasts, and no longer."""

    def __init__(self, claims: Claims) -> None:
        self._claims = claims

    def __getattr__(self, name: str) -> Any:
        return getattr(self._claims, name)

    def take(self, name: str, holder: str, lease: float) -> UnfencedClaim:
        """A claim without a fence."""
        return UnfencedClaim(self._claims.take(name, holder, lease))


class OverwritingStore:
    """A store whose `create` takes the place of what stands there, as a put without a condition does."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def create(self, key: str, data: bytes | BinaryIO) -> bool:
        """Write, whatever stands there."""
        body = data if isinstance(data, bytes) else data.read()
        while not self._store.create(key, body):
            info = self._store.stat(key)
            if info is not None and self._store.swap(key, body, info.etag):
                break
        return True


_PARTS: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "fencing": ("claims", UnfencedClaims),
    "conditional-create": ("store", OverwritingStore),
}
SAFEGUARDS: Final = tuple(_PARTS)
"""What a world can be made to go without."""


def without(*safeguards: str) -> Around:
    """To be put around the ports of a world: takes these safeguards from them.

    >>> without("fencing")("store", "a store")
    'a store'
    """
    taken = dict(_PARTS[safeguard] for safeguard in safeguards)
    return lambda name, part: taken[name](part) if name in taken else part
