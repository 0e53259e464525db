"""Promotion decisions in the order in which they were taken; nothing in it is ever changed."""

import msgspec
import sqlalchemy as sa

from touchline.adapters import database
from touchline.adapters.schema import promotions
from touchline.errors import Conflict
from touchline.ports import Promotion


class SqlPromotionLog:
    """A `PromotionLog` in SQLite or PostgreSQL."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def decide(self, promotion: Promotion) -> Promotion:
        """Append a decision unless its `work` has one; returns the stored one with its number.

        Raises:
            Conflict: the champion is no longer `promotion.previous`.
        """
        with database.writing(self._engine, "promotions") as connection:
            stored = _one(connection, promotions.c.work == promotion.work)
            if stored is not None:
                return stored
            current = _one(connection, promotions.c.stage == "champion")
            champion = current.champion if current else ""
            if champion != promotion.previous:
                raise Conflict(
                    f"the champion is {champion or 'nobody'}, not {promotion.previous or 'nobody'}",
                    where=promotion.model_version,
                    hint="decide again on what is true now",
                )
            number = (connection.scalar(sa.select(sa.func.max(promotions.c.number))) or 0) + 1
            numbered = msgspec.structs.replace(promotion, number=number)
            connection.execute(sa.insert(promotions).values(msgspec.structs.asdict(numbered)))
            return numbered

    def history(self) -> list[Promotion]:
        """All decisions, oldest first."""
        with database.reading(self._engine) as connection:
            rows = connection.execute(sa.select(promotions).order_by(promotions.c.number)).mappings()
            return [Promotion(**row) for row in rows]


def _one(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Promotion | None:
    """The newest decision of which the condition is true."""
    query = sa.select(promotions).where(condition).order_by(promotions.c.number.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Promotion(**row)
