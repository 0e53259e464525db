"""Every table that a claimed function writes is closed to a run that lost its claim."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from scraped import NOW, match, run, teams_of
from touchline import claiming
from touchline.adapters.claims import SqlClaims
from touchline.adapters.clock import VirtualClock
from touchline.adapters.ledger import SqlLedger
from touchline.adapters.match_store import SqlMatchStore
from touchline.adapters.promotions import SqlPromotionLog
from touchline.errors import Conflict
from touchline.ports import Forecast, Promotion, Settlement

FORECAST = Forecast("m", "3", 2, 7, NOW + timedelta(hours=3), 0.5, 0.3, 0.2, "f1", "simulated")
SETTLED = Settlement("m", "3", "simulated", NOW, "draw", 1.2, 0.15, 0.6, "", NOW + timedelta(days=1))
DECISION = Promotion(0, "1", "champion", "", "1", "models/a", "better", {}, NOW, "w1")


def record(engine: sa.Engine) -> None:
    SqlMatchStore(engine, VirtualClock(NOW)).record(run(), match(), teams_of(match()))


def alias(engine: sa.Engine) -> None:
    SqlMatchStore(engine, VirtualClock(NOW)).add_alias("England", "Leeds", "Leeds")


def seal(engine: sa.Engine) -> None:
    SqlLedger(engine).seal([FORECAST], NOW)


def settle(engine: sa.Engine) -> None:
    SqlLedger(engine).settle([SETTLED])


def decide(engine: sa.Engine) -> None:
    SqlPromotionLog(engine).decide(DECISION)


def publish(engine: sa.Engine) -> None:
    claiming.current().seal("models/published/1.json", b"{}")


WRITES = (record, alias, seal, settle, decide, publish)


@pytest.fixture
def lost(engine: sa.Engine) -> Iterator[None]:
    """Within a run that was paused for longer than its lease, and whose work another run took over."""
    moment = [datetime(2026, 3, 2, 9, tzinfo=UTC)]
    claims = SqlClaims(engine, lambda: moment[0])
    with claiming.claimed(claims, "scrape", "one", 1000):
        moment[0] += timedelta(seconds=1001)
        claims.take("scrape", "other", 1000)
        yield


def rows(engine: sa.Engine) -> dict[str, int]:
    """Rows of each table that says what happened."""
    with engine.connect() as connection:
        names = [name for name in sa.inspect(connection).get_table_names() if name not in ("claims", "alembic_version")]
        return {name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in names}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.usefixtures("lost")
def test_a_run_that_lost_its_claim_writes_nothing(engine: sa.Engine, write: Callable[[sa.Engine], None]) -> None:
    before = rows(engine)
    with pytest.raises(Conflict, match="took over"):
        write(engine)
    assert rows(engine) == before


@pytest.mark.parametrize("write", WRITES)
def test_a_run_that_has_its_claim_writes(engine: sa.Engine, write: Callable[[sa.Engine], None]) -> None:
    before = rows(engine)
    with claiming.claimed(SqlClaims(engine), "scrape", "one", 30):
        write(engine)
    assert rows(engine) != before or write is publish
    assert rows(engine)["sealed"] == before["sealed"] + (write is publish)


@pytest.mark.usefixtures("lost")
def test_a_run_that_lost_its_claim_may_still_read(engine: sa.Engine) -> None:
    assert SqlMatchStore(engine, VirtualClock(NOW)).head() == 0
    assert SqlLedger(engine).forecasts() == []
    assert SqlPromotionLog(engine).history() == []
