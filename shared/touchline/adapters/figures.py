"""What the database says about how things stand: small questions of those who watch, asked every minute."""

from datetime import datetime

import sqlalchemy as sa

from touchline.adapters import database
from touchline.adapters.schema import match_versions, matches, predictions, promotions, scrape_runs, settlements
from touchline.adapters.schema_collected import pages
from touchline.coordination import Decided
from touchline.domain.settlement import SEALED_BEFORE, VOID_STATUSES


class SqlFigures:
    """`Figures` out of SQLite or PostgreSQL."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def sources(self) -> dict[str, datetime]:
        """Source -> when its newest usable answer, or its newest file, came."""
        kept = sa.select(pages.c.source, pages.c.retrieved).where(pages.c.payload != "")
        runs = sa.select(scrape_runs.c.source, scrape_runs.c.retrieved)
        every = sa.union_all(kept, runs).subquery()
        query = sa.select(every.c.source, sa.func.max(every.c.retrieved)).group_by(every.c.source)
        with database.reading(self._engine) as connection:
            return {source: moment for source, moment in connection.execute(query) if moment is not None}

    def decisions(self, after: int) -> list[Decided]:
        """Decisions about models with a higher number, oldest first."""
        columns = [promotions.c[name] for name in Decided.__struct_fields__]
        query = sa.select(*columns).where(promotions.c.number > after).order_by(promotions.c.number)
        with database.reading(self._engine) as connection:
            return [Decided(*row) for row in connection.execute(query)]

    def unsettled(self, mode: str, now: datetime) -> int:
        """Matches that are over and have a forecast of record of that mode that nobody settled.

        One that will never be played is over once its kick-off has passed: until then it may be set anew.
        """
        over, said, told = match_versions.c, predictions.c, settlements.c
        mine = sa.and_(told.match_id == said.match_id, told.model_version == said.model_version, told.mode == said.mode)
        settled = sa.exists().where(mine, told.replaced_at.is_(None))
        ended = sa.or_(over.status == "finished", sa.and_(over.status.in_(VOID_STATUSES), said.kickoff < now))
        query = (
            sa.select(said.match_id, said.sealed_at, said.kickoff)
            .join(matches, matches.c.match_id == said.match_id)
            .join(match_versions, sa.and_(over.match == matches.c.number, over.until_seq.is_(None)))
            .where(said.mode == mode, ended, ~settled)
        )
        with database.reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return len({match_id for match_id, sealed, kickoff in rows if sealed <= kickoff - SEALED_BEFORE})

    def unexported(self, after: int, before: datetime) -> int:
        """Forecasts with a higher number that were sealed before a moment."""
        late = sa.and_(predictions.c.number > after, predictions.c.sealed_at < before)
        with database.reading(self._engine) as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(predictions).where(late)) or 0
