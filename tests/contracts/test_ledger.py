"""The ledger: forecasts are sealed before kick-off and never change; settlements keep what they replace."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from touchline.adapters import database
from touchline.adapters.ledger import SqlLedger
from touchline.ports import Forecast, Settlement

NOW = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
FIRST = Forecast("e0-2025-26-leeds-hull", "3", 2, 7, NOW + timedelta(hours=3), 0.5, 0.3, 0.2, "f1", "simulated")
SETTLED = Settlement(FIRST.match_id, "3", "simulated", NOW, "draw", 1.2, 0.15, 0.6, "", NOW + timedelta(days=1))


def forecast(**values: Any) -> Forecast:
    return msgspec.structs.replace(FIRST, **values)


def settlement(**values: Any) -> Settlement:
    return msgspec.structs.replace(SETTLED, **values)


@pytest.fixture
def ledger(engine: sa.Engine) -> SqlLedger:
    return SqlLedger(engine)


# Sealing


def test_a_forecast_comes_back_as_it_was_sealed(ledger: SqlLedger) -> None:
    (sealed,) = ledger.seal([FIRST], NOW)
    assert sealed == forecast(sealed_at=NOW)
    assert ledger.forecasts() == [sealed]


def test_the_database_has_the_clock_in_live_mode(ledger: SqlLedger) -> None:
    began = datetime.now(UTC)
    live = forecast(mode="live", kickoff=began + timedelta(hours=1), sealed_at=began - timedelta(days=9))
    (sealed,) = ledger.seal([live], began - timedelta(days=9))
    assert sealed.sealed_at is not None
    assert began - timedelta(milliseconds=1) <= sealed.sealed_at <= datetime.now(UTC)
    assert ledger.forecasts() == [sealed]


@pytest.mark.parametrize("late", [timedelta(0), timedelta(microseconds=1), timedelta(days=1)])
def test_none_is_sealed_at_or_after_kickoff(ledger: SqlLedger, late: timedelta) -> None:
    assert ledger.seal([forecast(kickoff=NOW - late)], NOW) == []
    assert ledger.seal([forecast(kickoff=datetime.now(UTC) - late, mode="live")], NOW - timedelta(days=9)) == []
    assert ledger.forecasts() == []


def test_one_that_comes_too_late_does_not_take_the_others_with_it(ledger: SqlLedger) -> None:
    batch = [forecast(match_id="a"), forecast(match_id="b", kickoff=NOW), forecast(match_id="c")]
    assert [sealed.match_id for sealed in ledger.seal(batch, NOW)] == ["a", "c"]
    assert {sealed.match_id for sealed in ledger.forecasts()} == {"a", "c"}


def test_many_at_once_are_sealed_as_each_would_be(ledger: SqlLedger) -> None:
    """Some stand already, some come too late, some come twice, in a batch of more than one statement."""
    standing = ledger.seal([forecast(match_id=f"m{number}") for number in range(0, 1500, 7)], NOW - timedelta(hours=1))
    late = {f"m{number}" for number in range(3, 1500, 500)}
    batch = [
        forecast(match_id=f"m{number % 1500}", kickoff=NOW if f"m{number % 1500}" in late else FIRST.kickoff)
        for number in range(1600)
    ]
    sealed = ledger.seal(batch, NOW)
    assert [row.match_id for row in sealed] == [row.match_id for row in batch if row.match_id not in late]
    assert set(standing) <= set(sealed)
    assert {row.sealed_at for row in set(sealed) - set(standing)} == {NOW}
    assert len(ledger.forecasts()) == 1500 - len(late)
    assert ledger.seal(batch, NOW + timedelta(minutes=1)) == sealed


def test_a_forecast_that_is_none_stores_nothing_of_its_batch(ledger: SqlLedger) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        ledger.seal([FIRST, forecast(match_id="b", home=None)], NOW)
    assert ledger.forecasts() == []


def test_the_last_moment_before_kickoff_is_in_time(ledger: SqlLedger) -> None:
    assert len(ledger.seal([forecast(kickoff=NOW + timedelta(microseconds=1))], NOW)) == 1


def test_unchanged_input_writes_no_new_row(ledger: SqlLedger) -> None:
    (first,) = ledger.seal([FIRST], NOW)
    later = NOW + timedelta(hours=1)
    for again in (FIRST, forecast(seq=8), forecast(promotion=4), forecast(seq=9, home=0.4, away=0.3)):
        assert ledger.seal([again], later) == [first]
    assert ledger.forecasts() == [first]


def test_unchanged_input_is_found_after_kickoff_too(ledger: SqlLedger) -> None:
    (first,) = ledger.seal([FIRST], NOW)
    assert ledger.seal([FIRST], FIRST.kickoff + timedelta(days=1)) == [first]


@pytest.mark.parametrize(
    "news",
    [
        {"features_hash": "f2"},
        {"kickoff": NOW + timedelta(days=1)},
        {"model_version": "4"},
        {"match_id": "other"},
        {"features_hash": "f2", "seq": 8},
    ],
)
def test_what_is_new_gets_a_row(ledger: SqlLedger, news: dict[str, Any]) -> None:
    ledger.seal([FIRST], NOW)
    later = NOW + timedelta(minutes=1)
    assert ledger.seal([forecast(**news)], later) == [forecast(sealed_at=later, **news)]
    assert len(ledger.forecasts()) == 2


def test_simulated_and_live_forecasts_stand_apart(ledger: SqlLedger) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    for mode in ("live", "simulated"):
        assert len(ledger.seal([forecast(mode=mode, kickoff=soon)], NOW)) == 1
    assert [sealed.mode for sealed in ledger.forecasts()] == ["simulated", "live"]


def test_features_that_were_taken_back_are_sealed_again(ledger: SqlLedger) -> None:
    for minute, (features, seq) in enumerate((("f1", 7), ("f2", 8), ("f1", 9))):
        ledger.seal([forecast(features_hash=features, seq=seq)], NOW + timedelta(minutes=minute))
    assert [sealed.features_hash for sealed in ledger.forecasts()] == ["f1", "f2", "f1"]


def test_late_and_repeated_deliveries_write_nothing(ledger: SqlLedger) -> None:
    work = [forecast(features_hash=features, seq=seq) for features, seq in (("f1", 7), ("f2", 8), ("f1", 9), ("f3", 9))]
    for minute, item in enumerate(work):
        ledger.seal([item], NOW + timedelta(minutes=minute))
    before = ledger.forecasts()
    for item in (*reversed(work), *work):
        (found,) = ledger.seal([item], NOW + timedelta(hours=1))
        assert (found.features_hash, found.seq) == (item.features_hash, item.seq)
    assert ledger.forecasts() == before


def test_a_delivery_that_was_overtaken_does_not_become_the_newest(ledger: SqlLedger) -> None:
    first, newer = forecast(features_hash="f1", seq=7), forecast(features_hash="f2", seq=9)
    before = ledger.seal([first], NOW) + ledger.seal([newer], NOW + timedelta(minutes=1))
    assert ledger.seal([forecast(features_hash="f1", seq=8)], NOW + timedelta(minutes=2)) == before[:1]
    assert ledger.forecasts() == before


def test_forecasts_of_some_matches_oldest_first(ledger: SqlLedger) -> None:
    for minute, name in enumerate(("b", "a", "c")):
        ledger.seal([forecast(match_id=name)], NOW + timedelta(minutes=minute))
    assert [sealed.match_id for sealed in ledger.forecasts(["c", "b", "b", "nobody"])] == ["b", "c"]
    assert ledger.forecasts([]) == []


@pytest.mark.parametrize("change", ["UPDATE predictions SET home = 0.9", "DELETE FROM predictions"])
def test_the_database_refuses_to_change_a_forecast(ledger: SqlLedger, engine: sa.Engine, change: str) -> None:
    sealed = ledger.seal([FIRST], NOW)
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), database.writing(engine, "test") as connection:
        connection.exec_driver_sql(change)
    assert ledger.forecasts() == sealed


def test_no_program_can_seal_a_live_forecast_by_a_clock_of_its_own(engine: sa.Engine, ledger: SqlLedger) -> None:
    early = forecast(mode="live", kickoff=datetime.now(UTC) - timedelta(hours=1))
    values = msgspec.structs.asdict(early) | {"sealed_at": early.kickoff - timedelta(hours=1)}
    table = sa.table("predictions", *(sa.column(name) for name in values))
    if engine.dialect.name == "sqlite":
        values |= {name: int(values[name].timestamp() * 1e6) for name in ("kickoff", "sealed_at")}
    with pytest.raises(sa.exc.DBAPIError, match="touchline: "), database.writing(engine, "test") as connection:
        connection.execute(sa.insert(table).values(values))
    assert ledger.forecasts() == []


def test_the_same_forecast_from_two_workers_is_one_row(connect: Callable[[], sa.Engine]) -> None:
    ledgers = [SqlLedger(connect()) for _ in range(3)]
    found: list[Forecast] = []
    threads = [threading.Thread(target=lambda one=one: found.extend(one.seal([FIRST], NOW))) for one in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [forecast(sealed_at=NOW)] * 3
    assert len(ledgers[0].forecasts()) == 1


# Settling


def test_a_settlement_comes_back_as_it_was(ledger: SqlLedger) -> None:
    void = settlement(
        match_id="void", outcome="", log_loss=None, rps=None, brier=None, sealed_at=None, void_reason="moved"
    )
    assert ledger.settle([void, SETTLED]) == 2
    assert ledger.settlements() == [SETTLED, void]


def test_settling_again_changes_nothing(ledger: SqlLedger) -> None:
    ledger.settle([SETTLED])
    assert ledger.settle([SETTLED, settlement(settled_at=NOW + timedelta(days=9))]) == 0
    assert ledger.settlements() == [SETTLED]


def test_a_corrected_result_replaces_the_settlement_and_keeps_it(ledger: SqlLedger, engine: sa.Engine) -> None:
    corrected = settlement(outcome="home", log_loss=0.69, settled_at=NOW + timedelta(days=2))
    ledger.settle([SETTLED])
    assert ledger.settle([corrected]) == 1
    assert ledger.settlements() == [corrected]
    with engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT outcome FROM settlements ORDER BY number").scalars().all()
    assert kept == ["draw", "home"]


def test_models_and_modes_are_settled_apart(ledger: SqlLedger) -> None:
    every = [settlement(), settlement(model_version="4"), settlement(mode="live"), settlement(match_id="a")]
    assert ledger.settle(every) == 4
    assert [(one.match_id[0], one.model_version, one.mode) for one in ledger.settlements()] == [
        ("a", "3", "simulated"), ("e", "3", "live"), ("e", "3", "simulated"), ("e", "4", "simulated"),
    ]  # fmt: skip
