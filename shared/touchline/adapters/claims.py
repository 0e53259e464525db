"""Claims in the database, and what was published under them.

One row a function. The row is locked by whoever takes the claim and by each writing transaction of its holder, so that
neither happens in the middle of the other. Leases are measured by the database's clock; SQLite has its machine's.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from touchline.adapters import database
from touchline.adapters.schema import claims, sealed
from touchline.coordination import Claim
from touchline.errors import Conflict

_OVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SqlClaim:
    """A claim that was taken; a `Claim`."""

    def __init__(self, engine: sa.Engine, name: str, holder: str, token: int) -> None:
        self._engine = engine
        self.name, self.holder, self.token = name, holder, token

    def hold(self) -> None:
        """See that the claim is still ours.

        Raises:
            Conflict: somebody took it over.
        """
        with database.writing(self._engine, _lock(self.name), fenced=False) as connection:
            self.check(connection)

    def seal(self, key: str, data: bytes) -> bytes:
        """Write down what is published under a key, unless that was done; what stands there now.

        Raises:
            Conflict: somebody took the claim over; nothing was written.
        """
        with database.writing(self._engine, "sealed", fenced=False) as connection:
            self.check(connection)
            row = {"key": key, "content": data, "function": self.name, "token": self.token}
            database.insert_new(connection, sealed, [row])
            return bytes(connection.execute(sa.select(sealed.c.content).where(sealed.c.key == key)).scalar_one())

    def check(self, connection: sa.Connection) -> None:
        """In a transaction: see that the claim is ours, and let nobody take it before the end.

        Raises:
            Conflict: somebody took it over.
        """
        token = connection.scalar(sa.select(claims.c.token).where(claims.c.name == self.name).with_for_update())
        if token != self.token:
            raise Conflict(
                "a later run took over",
                where=self.name,
                hint="nothing is lost: that run, or the next delivery, does the work",
            )


class SqlClaims:
    """`Claims` in SQLite or PostgreSQL.

    Args:
        engine: the database.
        now: measures leases; by default the database's own clock does.
    """

    def __init__(self, engine: sa.Engine, now: Callable[[], datetime] | None = None) -> None:
        self._engine, self._now = engine, now

    def take(self, name: str, holder: str, lease: float) -> SqlClaim:
        """Take a claim that nobody has.

        Raises:
            Conflict: somebody has it; says for how long, unless he gives a further sign of life.
        """
        with database.writing(self._engine, _lock(name), fenced=False) as connection:
            row = connection.execute(sa.select(claims).where(claims.c.name == name).with_for_update()).one_or_none()
            moment = self._moment(connection)  # now that nobody is in the middle of writing
            if row is not None and row.until > moment:
                left = (row.until - moment).total_seconds()
                raise Conflict(f"{row.holder} is at work", where=name, retry_after=min(left, lease))
            token = 1 if row is None else row.token + 1
            values = {"token": token, "holder": holder, "until": moment + timedelta(seconds=lease)}
            if row is None:
                connection.execute(sa.insert(claims).values(name=name, **values))
            else:
                connection.execute(sa.update(claims).where(claims.c.name == name).values(values))
        return SqlClaim(self._engine, name, holder, token)

    def renew(self, claim: Claim, lease: float) -> None:
        """Let a claim last for `lease` seconds from now; one that was given back, ended or taken over stays so."""
        with database.writing(self._engine, _lock(claim.name), fenced=False) as connection:
            until = self._moment(connection) + timedelta(seconds=lease)
            connection.execute(_row(claim).where(claims.c.until > _OVER).values(until=until))

    def release(self, claim: Claim) -> None:
        """Give a claim back, unless it is lost."""
        with database.writing(self._engine, _lock(claim.name), fenced=False) as connection:
            connection.execute(_row(claim).values(until=_OVER))

    def expire(self, holder: str) -> int:
        """End the claims of a holder who died (of all whose name begins so); how many."""
        with database.writing(self._engine, "claims", fenced=False) as connection:
            theirs = claims.c.holder.startswith(holder, autoescape=True) & (claims.c.until > _OVER)
            return connection.execute(sa.update(claims).where(theirs).values(until=_OVER)).rowcount

    def _moment(self, connection: sa.Connection) -> datetime:
        return self._now() if self._now is not None else database.moment(connection)


def _lock(name: str) -> str:
    """Lock of one claim: whoever waits for the end of a long transaction keeps no other function from renewing."""
    return f"claim {name}"


def _row(claim: Claim) -> sa.Update:
    return sa.update(claims).where((claims.c.name == claim.name) & (claims.c.token == claim.token))
