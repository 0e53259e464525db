"""Who may ask what, and how often: keys as they were last published, and a bucket of tokens for each of them.

Every instance looks at the published keys once a second, so a revoked key is refused everywhere within two. Keys that
cannot be read leave those that were read before in force, and `fault` says so; before any were read nobody gets in.
"""

from collections.abc import Callable
from threading import Lock
from typing import Final, Literal

import msgspec

from touchline.domain.keys import Key, Scope, digest_of
from touchline.domain.rates import MINUTE, Spent, spend, whole_seconds
from touchline.ports import Clock, ObjectStore
from touchline.settings import Predict
from touchline.web import callers
from touchline.web.known_keys import KnownKeys

LOOK_SECONDS: Final = 1.0
ADMITTED: Final = "touchline.admitted"
"""Where the scope of a request (ASGI) has the `Admitted` that was let in."""
MOST_CLIENTS: Final = 4096
"""Addresses whose buckets are kept; of more of them the one that asked longest ago is forgotten."""
LONGEST_KEY: Final = 256
Reason = Literal["missing", "unknown", "expired", "scope", "rate", "closed"]
Headers = tuple[tuple[bytes, bytes], ...]


class Holder(msgspec.Struct, frozen=True):
    """Whose key it is, for records of what was asked: never the key itself. An admin may do everything."""

    id: str
    name: str
    admin: bool = False

    @property
    def told(self) -> str:
        """Name and id, as records have them."""
        return f"{self.name} ({self.id})" if self.id else self.name


ANONYMOUS: Final = Holder("", "anonymous")


class Admitted(msgspec.Struct, frozen=True):
    """Somebody may ask. `key` is ANONYMOUS without one."""

    key: Holder
    per_minute: int
    remaining: int
    full_in: int
    """Seconds until the bucket is full again."""

    @property
    def headers(self) -> Headers:
        """For the answer: how often the caller may ask, and that caches keep it for no other key."""
        return (*_limits(self.per_minute, self.remaining, self.full_in), _VARY)


class Refused(msgspec.Struct, frozen=True):
    """Somebody may not ask: status 401, 403, 429 or 503, a reason for the metrics, and what to tell."""

    status: int
    reason: Reason
    detail: str
    hint: str
    headers: Headers = ()


_VARY: Final = (b"vary", callers.HEADER)
_CHALLENGE: Final = ((b"www-authenticate", b'ApiKey realm="touchline"'),)
_HINT: Final = "send it in the header X-API-Key; `touchline keys create` makes one"
_DETAIL: Final = "this needs a valid key"
_UNKNOWN: Final[dict[Reason, Refused]] = {
    reason: Refused(401, reason, _DETAIL, _HINT, _CHALLENGE) for reason in ("missing", "unknown", "expired")
}
"""One answer for all, so that it tells nothing about keys; only our own metrics know the difference."""
_CLOSED: Final = Refused(
    503, "closed", "keys cannot be checked at the moment", "try again", ((b"retry-after", b"1"),)
)  # fmt: skip


class Access:
    """Decides about each request of one instance."""

    def __init__(self, store: ObjectStore, settings: Predict, elapsed: Callable[[], float], clock: Clock) -> None:
        """Over the published keys.

        Args:
            store: where they are published.
            settings: who may ask, how often without a key, how often to look.
            elapsed: seconds that only go forward.
            clock: says which keys have expired.
        """
        self._elapsed, self._clock = elapsed, clock
        self._open, self._open_rate = settings.access == "open", settings.open_per_minute
        self.known = KnownKeys(store, min(settings.refresh_seconds, LOOK_SECONDS), elapsed)
        self._spending = Lock()
        self._buckets: dict[str, float] = {}
        self._clients: dict[str, float] = {}

    @property
    def fault(self) -> str:
        """Why the published keys cannot be read, empty if they can."""
        return self.known.fault

    def admit(self, presented: str, client: str, scope: Scope) -> Admitted | Refused:
        """Whether a caller may ask for this, by the keys that are known: microseconds.

        A look at the published keys that is due is made here, unless `known.fresh` was awaited before.

        Args:
            presented: the key as sent, empty without one.
            client: address of the caller.
            scope: what the request needs.
        """
        self.known.look()
        found = self._judge(presented, scope)
        if isinstance(found, Refused):
            return found
        if found is None:
            return self.visit(client)
        holder, most = Holder(found.id, found.name, found.allows("admin")), len(self.known.by_digest or ())
        return self._spend(self._buckets, found.id, max(MOST_CLIENTS, most), holder, found.per_minute)

    def visit(self, client: str) -> Admitted | Refused:
        """Whether somebody without a key may ask now, where none is needed."""
        return self._spend(self._clients, client, MOST_CLIENTS, ANONYMOUS, self._open_rate)

    def holds(self, presented: str, scope: Scope) -> bool:
        """Whether somebody who was let in would still be, by the keys that are known; that spends nothing."""
        return not isinstance(self._judge(presented, scope), Refused)

    def _judge(self, presented: str, scope: Scope) -> Key | Refused | None:
        """The key that opens this, None where no key is needed."""
        if not presented and self._open and scope != "admin":
            return None
        keys = self.known.by_digest
        if keys is None:
            return _CLOSED
        key = keys.get(digest_of(presented[:LONGEST_KEY]))  # of no key, too: all refusals take the same time
        if key is None:
            return _UNKNOWN["unknown" if presented else "missing"]
        if not key.lives(self._clock.now()):
            return _UNKNOWN["expired"]
        if not key.allows(scope):
            return Refused(403, "scope", f"the key lacks the scope {scope}", "`touchline keys create --scope` gives it")
        return key

    def _spend(
        self, buckets: dict[str, float], name: str, most: int, holder: Holder, per_minute: int
    ) -> Admitted | Refused:
        now = self._elapsed()
        with self._spending:
            spent = spend(buckets.pop(name, now), now, per_minute)
            buckets[name] = spent.full_at  # at the end: who asked longest ago comes first
            if len(buckets) > most:
                del buckets[next(iter(buckets))]
        full_in = whole_seconds(spent.full_at - now)
        if spent.allowed:
            return Admitted(holder, per_minute, spent.remaining, full_in)
        return _too_often(spent, per_minute, full_in)


def _too_often(spent: Spent, per_minute: int, full_in: int) -> Refused:
    wait = whole_seconds(spent.wait)
    headers = ((b"retry-after", b"%d" % wait), *_limits(per_minute, 0, full_in))
    return Refused(429, "rate", f"more than {per_minute} requests a minute", f"ask again in {wait} s", headers)


def _limits(per_minute: int, remaining: int, full_in: int) -> Headers:
    """How often somebody may ask, as the fields RateLimit-* of the IETF draft (per minute, left, seconds till full)."""
    return (
        (b"ratelimit-limit", b"%d" % per_minute),
        (b"ratelimit-remaining", b"%d" % remaining),
        (b"ratelimit-reset", b"%d" % full_in),
        (b"ratelimit-policy", b"%d;w=%d" % (per_minute, MINUTE)),
    )
