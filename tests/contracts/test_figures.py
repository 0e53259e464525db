"""What the database says of how things stand, the same on every database."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from scraped import NOW, finished, matches, payload, run, teams_of
from touchline.adapters.clock import VirtualClock
from touchline.adapters.figures import SqlFigures
from touchline.adapters.journal import SqlJournal
from touchline.adapters.ledger import SqlLedger
from touchline.adapters.match_store import SqlMatchStore
from touchline.adapters.promotions import SqlPromotionLog
from touchline.collecting import Kept
from touchline.ports import Forecast, Promotion, Settlement

HOUR = timedelta(hours=1)
KICKOFF = NOW + 24 * HOUR
AFTER = KICKOFF + 5 * HOUR
OVER = {
    "e0-2025-26-leeds-hull": finished(2, 0), "e0-2025-26-bath-york": {"status": "abandoned"},
    "e0-2025-26-hull-bath": {}, "e0-2025-26-york-leeds": finished(1, 1),
}  # fmt: skip


@pytest.fixture
def figures(engine: sa.Engine) -> SqlFigures:
    return SqlFigures(engine)


def forecast(match: str, version: str = "m1", mode: Any = "simulated") -> Forecast:
    return Forecast(match, version, 1, 1, KICKOFF, 0.5, 0.3, 0.2, "f1", mode)


def settlement(match: str, version: str = "m1") -> Settlement:
    return Settlement(match, version, "simulated", NOW, "home", 0.7, 0.1, 0.4, "", KICKOFF + 5 * HOUR)


def test_matches_that_are_over_wait_for_their_settlement(engine: sa.Engine, figures: SqlFigures) -> None:
    store, ledger = SqlMatchStore(engine, VirtualClock(NOW)), SqlLedger(engine)
    assert figures.unsettled("simulated", AFTER) == 0
    rows = matches(OVER).assign(payload=payload(1))
    store.record(run(1), rows, teams_of(rows))
    first, void, open_one, late = OVER
    ledger.seal([forecast(match, version) for match in (first, void, open_one) for version in ("m1", "m2")], NOW)
    ledger.seal([forecast(late)], KICKOFF - HOUR / 2)
    assert figures.unsettled("simulated", AFTER) == 2, "what is not over, and what was sealed late, waits for nothing"
    assert figures.unsettled("simulated", NOW) == 1, "what was called off may be set anew until its kick-off"
    assert figures.unsettled("live", AFTER) == 0
    ledger.settle([settlement(first, version) for version in ("m1", "m2")])
    assert figures.unsettled("simulated", AFTER) == 1
    ledger.settle([settlement(void)])
    assert figures.unsettled("simulated", AFTER) == 1, "one model of two"
    ledger.settle([settlement(void, "m2")])
    assert figures.unsettled("simulated", AFTER) == 0


def test_forecasts_after_a_number_wait_for_their_batch(engine: sa.Engine, figures: SqlFigures) -> None:
    SqlLedger(engine).seal([forecast("a"), forecast("b")], NOW)
    assert [figures.unexported(after, NOW + HOUR) for after in (0, 1, 2)] == [2, 1, 0]
    assert figures.unexported(0, NOW) == 0


def test_decisions_are_told_from_a_number_on(engine: sa.Engine, figures: SqlFigures) -> None:
    log = SqlPromotionLog(engine)
    assert figures.decisions(0) == []
    for number, stage in enumerate(("rejected", "champion")):
        champion = "m1" if stage == "champion" else ""
        log.decide(Promotion(0, "m1", stage, "", champion, "", "why", {"large": 1}, NOW + number * HOUR, stage))
    told = figures.decisions(0)
    assert [(one.number, one.model_version, one.stage, one.champion) for one in told] == [
        (1, "m1", "rejected", ""), (2, "m1", "champion", "m1"),
    ]  # fmt: skip
    assert [one.decided_at for one in told] == [NOW, NOW + HOUR]
    assert figures.decisions(1) == told[1:]


def test_a_source_is_as_fresh_as_its_newest_answer(engine: sa.Engine, figures: SqlFigures) -> None:
    assert figures.sources() == {}
    journal, store = SqlJournal(engine), SqlMatchStore(engine, VirtualClock(NOW))
    for name, body, moment in (("old", "ab" * 32, NOW - 9 * HOUR), ("new", "cd" * 32, NOW - HOUR), ("bad", "", NOW)):
        journal.note("shelf", Kept(name=name, endpoint="x", url="", payload=body, retrieved=moment, state="available"))
    rows = matches(OVER).assign(payload=payload(1))
    store.record(run(1), rows, teams_of(rows))
    assert figures.sources() == {"shelf": NOW - HOUR, "test": NOW + timedelta(minutes=1)}
