"""API keys: what is kept of them, what their holders may do, and the list of active ones that the service reads.

A key is random, 256 bits. So nobody finds it by trying, with a fast hash or a slow one, and its SHA-256 is all that is
kept: a slow hash protects what people make up, and would cost each request what an attack costs.
"""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec

KEYS_POINTER: Final = "keys/active.json"
PREFIX: Final = "tl_"
RANDOM_BYTES: Final = 32
MOST_PER_MINUTE: Final = 10_000_000
Scope = Literal["read", "predict", "admin"]
SCOPES: Final[tuple[Scope, ...]] = ("read", "predict", "admin")
PerMinute = Annotated[int, msgspec.Meta(ge=1, le=MOST_PER_MINUTE)]


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """What the service knows of a key; `digest` is the SHA-256 of its text, `per_minute` how often it may ask."""

    id: str
    name: str
    digest: str
    scopes: tuple[Scope, ...]
    per_minute: PerMinute
    created: datetime
    expires: datetime | None = None

    def allows(self, wanted: Scope) -> bool:
        """Whether the holder may do this: what the scopes name, and everything with `admin`."""
        return wanted in self.scopes or "admin" in self.scopes

    def lives(self, now: datetime) -> bool:
        """Whether the key has not expired; `now` is aware."""
        return self.expires is None or now < self.expires


class IssuedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as the record has it, revoked or not."""

    key: Key
    revoked: datetime | None = None


class ActiveKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Keys that are not revoked, by id; `version` grows with every change of the record, 0 before the first key."""

    version: int
    keys: tuple[Key, ...] = ()


def state_of(issued: IssuedKey, now: datetime) -> Literal["active", "expired", "revoked"]:
    """Whether a key is in force at a moment, and if not, why."""
    if issued.revoked is not None:
        return "revoked"
    return "active" if issued.key.lives(now) else "expired"


def key_text(random: bytes) -> str:
    """The key that its holder gets.

    Args:
        random: RANDOM_BYTES bytes of a source that nobody can foresee.

    >>> key_text(bytes(RANDOM_BYTES))
    'tl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
    """
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a key needs {RANDOM_BYTES} random bytes, not {len(random)}")
    return PREFIX + base64.urlsafe_b64encode(random).decode("ascii").rstrip("=")


def digest_of(key: str) -> str:
    """SHA-256 of a key as 64 hexadecimal digits; any text has one, also what no header should hold.

    >>> digest_of("tl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")[:12]
    'c9720dd5a85c'
    """
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def active(issued: Sequence[IssuedKey]) -> ActiveKeys:
    """What the service may know of a record: a key that came and a key that went are a change each.

    Expired keys are in it, so that the same record gives the same bytes at any time.

    >>> active([]).version
    0
    """
    keys = sorted((one.key for one in issued if one.revoked is None), key=lambda key: key.id)
    return ActiveKeys(version=2 * len(issued) - len(keys), keys=tuple(keys))
