"""Keys that were made, and which of them are revoked; of a key itself only the hash is here."""

from datetime import datetime

import msgspec
import sqlalchemy as sa

from touchline.adapters import database
from touchline.adapters.schema import api_keys
from touchline.domain.keys import IssuedKey, Key
from touchline.errors import NotFound


class SqlKeyRecord:
    """A `KeyRecord` in SQLite or PostgreSQL."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def issue(self, key: Key) -> None:
        """Write a new key down."""
        with database.writing(self._engine, "keys") as connection:
            connection.execute(sa.insert(api_keys).values(msgspec.structs.asdict(key) | {"scopes": list(key.scopes)}))

    def revoke(self, key_id: str, now: datetime) -> IssuedKey:
        """Let a key be refused from now on; one that was revoked before stays so since then.

        Raises:
            NotFound: there is no such key.
        """
        same = api_keys.c.id == key_id
        with database.writing(self._engine, "keys") as connection:
            connection.execute(sa.update(api_keys).where(same, api_keys.c.revoked.is_(None)).values(revoked=now))
            row = connection.execute(sa.select(api_keys).where(same)).mappings().one_or_none()
        if row is None:
            raise NotFound(f"no key has the id {key_id!r}", hint="`touchline keys list` shows them")
        return _issued(row)

    def issued(self) -> list[IssuedKey]:
        """All keys, in the order in which they were made."""
        with database.reading(self._engine) as connection:
            rows = connection.execute(sa.select(api_keys).order_by(api_keys.c.number)).mappings()
            return [_issued(row) for row in rows]


def _issued(row: sa.RowMapping) -> IssuedKey:
    known = {name: row[name] for name in Key.__struct_fields__}
    return IssuedKey(key=Key(**known | {"scopes": tuple(row["scopes"])}), revoked=row["revoked"])
