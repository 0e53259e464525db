"""The inbox in the database: events on their way to the broker.

Whoever posts an entry holds it under a lease; of several bridges each takes entries that nobody holds, past those that
another is just taking. Leases are measured by the database's clock; SQLite has its machine's.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import sqlalchemy as sa

from touchline.adapters import database
from touchline.adapters.schema import inbox
from touchline.coordination import Entry, InboxState, Posting

_IN: Final = "inbox in"
_OUT: Final = "inbox out"
"""Locks: what comes in waits for nothing that goes out."""
_WHY: Final = 500
"""Letters of a reason that are kept."""


class SqlInbox:
    """An `Inbox` in SQLite or PostgreSQL.

    Args:
        connect: gives the database, each time anew: it may not answer yet.
        now: measures leases and pauses; by default the database's own clock does.
    """

    def __init__(self, connect: Callable[[], sa.Engine], now: Callable[[], datetime] | None = None) -> None:
        self._connect, self._now = connect, now

    @property
    def _engine(self) -> sa.Engine:
        return self._connect()

    def add(self, entries: Sequence[Entry], *, again: bool = False) -> int:
        """Keep entries that are not there yet; how many were new, or wait `again`."""
        with database.writing(self._engine, _IN, fenced=False) as connection:
            moment = self._moment(connection)
            return sum(self._add(connection, entry, moment, again) for entry in entries)

    def _add(self, connection: sa.Connection, entry: Entry, moment: datetime, again: bool) -> bool:
        state = "unread" if entry.why else "waiting"
        fresh = {
            "function": entry.function, "key": entry.key, "event": entry.event, "state": state,
            "why": entry.why[:_WHY], "attempts": 0, "received": moment, "due": moment, "holder": "", "until": None,
            "settled": moment if entry.why else None,
        }  # fmt: skip
        if database.insert_one(connection, inbox, {"id": entry.id, **fresh}):
            return True
        settled = (inbox.c.id == entry.id) & (inbox.c.state != "waiting")
        return again and connection.execute(sa.update(inbox).where(settled).values(fresh)).rowcount > 0

    def take(self, holder: str, limit: int, lease: float) -> list[Posting]:
        """Hold entries that are due and that nobody holds, oldest first, for `lease` seconds."""
        with database.writing(self._engine, _OUT, fenced=False) as connection:
            moment = self._moment(connection)
            free = inbox.c.until.is_(None) | (inbox.c.until <= moment)
            due = sa.select(inbox).where(inbox.c.state == "waiting", inbox.c.due <= moment, free)
            query = due.order_by(inbox.c.due, inbox.c.number).limit(limit).with_for_update(skip_locked=True)
            rows = connection.execute(query).all()
            held = {"holder": holder, "until": moment + timedelta(seconds=lease)}
            numbers = [row.number for row in rows]
            if numbers:
                connection.execute(sa.update(inbox).where(inbox.c.number.in_(numbers)).values(held))
        return [Posting(number=row.number, id=row.id, event=bytes(row.event), attempts=row.attempts) for row in rows]

    def renew(self, holder: str, numbers: Sequence[int], lease: float) -> None:
        """Hold entries for `lease` seconds from now, unless another holds them."""
        with database.writing(self._engine, _OUT, fenced=False) as connection:
            until = self._moment(connection) + timedelta(seconds=lease)
            held = (inbox.c.holder == holder) & inbox.c.number.in_(numbers)
            connection.execute(sa.update(inbox).where(held).values(until=until))

    def settle(self, holder: str, number: int, state: Literal["done", "refused"], why: str = "") -> None:
        """Say what became of an entry that is held; whoever lost it to another has nothing to say."""
        with database.writing(self._engine, _OUT, fenced=False) as connection:
            settled = {"state": state, "why": why[:_WHY], "settled": self._moment(connection)}
            self._give_back(connection, holder, number, settled)

    def later(self, holder: str, number: int, seconds: float, *, failed: bool, why: str) -> None:
        """Give an entry back, to be posted no sooner than in so many seconds; `failed` counts as an attempt."""
        with database.writing(self._engine, _OUT, fenced=False) as connection:
            due = self._moment(connection) + timedelta(seconds=seconds)
            values = {"due": due, "attempts": inbox.c.attempts + int(failed), "why": why[:_WHY]}
            self._give_back(connection, holder, number, values)

    def _give_back(self, connection: sa.Connection, holder: str, number: int, values: dict[str, Any]) -> None:
        held = (inbox.c.number == number) & (inbox.c.holder == holder) & (inbox.c.state == "waiting")
        connection.execute(sa.update(inbox).where(held).values({**values, "holder": "", "until": None}))

    def release(self, holder: str) -> int:
        """Give back all that somebody holds; how many."""
        with database.writing(self._engine, _OUT, fenced=False) as connection:
            given = sa.update(inbox).where(inbox.c.holder == holder).values(holder="", until=None)
            return connection.execute(given).rowcount

    def forget(self, days: int) -> int:
        """Remove what was settled longer ago; how many."""
        with database.writing(self._engine, _OUT, fenced=False) as connection:
            old = self._moment(connection) - timedelta(days=days)
            return connection.execute(sa.delete(inbox).where(inbox.c.settled < old)).rowcount

    def state(self) -> InboxState:
        """How full it is."""
        counted = sa.select(inbox.c.state, sa.func.count().label("rows")).group_by(inbox.c.state)
        oldest = sa.select(sa.func.min(inbox.c.received)).where(inbox.c.state == "waiting")
        with database.reading(self._engine) as connection:
            states = {row.state: row.rows for row in connection.execute(counted)}
            first: datetime | None = connection.scalar(oldest)
            age = (self._moment(connection) - first).total_seconds() if first else 0.0
        return InboxState(states=states, oldest_seconds=max(age, 0.0))

    def _moment(self, connection: sa.Connection) -> datetime:
        return self._now() if self._now is not None else database.moment(connection)
