"""Keys for tests, made and published without a database."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from touchline.domain.keys import KEYS_POINTER, IssuedKey, Key, Scope, active, digest_of, key_text
from touchline.manifest import encode
from touchline.ports import ObjectStore

MADE = datetime(2026, 3, 1, tzinfo=UTC)


class Keyring:
    """Publishes keys where the service looks for them."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._issued: list[IssuedKey] = []

    def add(self, *scopes: Scope, **changes: Any) -> str:
        """The text of a new key; its id is k1, k2 and so on."""
        number = len(self._issued) + 1
        text = key_text(number.to_bytes(32))
        usual = Key(
            id=f"k{number}", name=f"holder {number}", digest=digest_of(text), scopes=scopes, per_minute=6000,
            created=MADE,
        )  # fmt: skip
        self._issued.append(IssuedKey(key=msgspec.structs.replace(usual, **changes)))
        self.write(self.content())
        return text

    def revoke(self, key_id: str) -> None:
        """Take a key out of force."""
        self._issued = [
            IssuedKey(key=one.key, revoked=MADE) if one.key.id == key_id else one for one in self._issued
        ]  # fmt: skip
        self.write(self.content())

    def content(self) -> bytes:
        """What is published of the keys."""
        return encode(active(self._issued))

    def write(self, data: bytes) -> None:
        """Put something in the place of what is published."""
        info = self._store.stat(KEYS_POINTER)
        assert (
            self._store.create(KEYS_POINTER, data) if info is None else self._store.swap(KEYS_POINTER, data, info.etag)
        )
