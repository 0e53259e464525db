"""Promotion decisions: numbered without gaps, one a piece of work, never changed."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
import sqlalchemy as sa

from touchline.adapters import database
from touchline.adapters.promotions import SqlPromotionLog
from touchline.errors import Conflict
from touchline.ports import Promotion

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def decision(work: str, stage: str = "champion", previous: str = "", champion: str = "1") -> Promotion:
    return Promotion(
        number=0, model_version=champion or "1", stage=stage, previous=previous, champion=champion,
        bundle="models/abc", reason="better on paired differences", inputs={"rps": [0.19, 0.2], "note": "ü"},
        decided_at=NOON, work=work,
    )  # fmt: skip


def test_the_first_decision_has_number_one_and_comes_back_as_it_was(engine: sa.Engine) -> None:
    log = SqlPromotionLog(engine)
    stored = log.decide(decision("w1"))
    assert stored == msgspec.structs.replace(decision("w1"), number=1)
    assert log.history() == [stored]


def test_an_empty_log_has_no_champion(engine: sa.Engine) -> None:
    assert SqlPromotionLog(engine).history() == []


def test_the_same_work_decides_once(engine: sa.Engine) -> None:
    log = SqlPromotionLog(engine)
    first = log.decide(decision("w1"))
    log.decide(decision("w2", previous="1", champion="2"))
    assert log.decide(msgspec.structs.replace(decision("w1"), reason="asked again")) == first
    assert [stored.number for stored in log.history()] == [1, 2]


def test_a_decision_on_a_champion_who_is_gone_is_refused(engine: sa.Engine) -> None:
    log = SqlPromotionLog(engine)
    log.decide(decision("w1"))
    with pytest.raises(Conflict, match="the champion is 1, not nobody"):
        log.decide(decision("w2", champion="2"))
    assert len(log.history()) == 1


def test_decisions_that_make_no_champion_leave_the_current_one(engine: sa.Engine) -> None:
    log = SqlPromotionLog(engine)
    log.decide(decision("w0", stage="rejected", champion=""))
    log.decide(decision("w1"))
    log.decide(decision("w2", stage="candidate", previous="1", champion="1"))
    log.decide(decision("w3", previous="1", champion="2"))
    assert [stored.stage for stored in log.history()] == ["rejected", "champion", "candidate", "champion"]


def test_a_rollback_is_a_further_decision(engine: sa.Engine) -> None:
    log = SqlPromotionLog(engine)
    log.decide(decision("w1"))
    log.decide(decision("w2", previous="1", champion="2"))
    back = log.decide(decision("w3", previous="2", champion="1"))
    assert back.number == 3


def test_of_decisions_at_the_same_time_one_wins(connect: Callable[[], sa.Engine]) -> None:
    logs = [SqlPromotionLog(connect()) for _ in range(4)]
    outcomes: list[str] = []

    def decide(number: int) -> None:
        try:
            outcomes.append(f"number {logs[number].decide(decision(f'w{number}', champion=str(number + 1))).number}")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "conflict", "conflict", "number 1"]


@pytest.mark.parametrize("change", ["UPDATE promotions SET champion = '9'", "DELETE FROM promotions"])
def test_the_database_refuses_to_change_a_decision(engine: sa.Engine, change: str) -> None:
    stored = SqlPromotionLog(engine).decide(decision("w1"))
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), database.writing(engine, "test") as connection:
        connection.exec_driver_sql(change)
    assert SqlPromotionLog(engine).history() == [stored]
