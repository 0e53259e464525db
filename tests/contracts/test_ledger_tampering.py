"""Whoever goes round the triggers is found out, column by column, in SQLite and in PostgreSQL, with the match named."""

import math
import operator
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import NoneType
from typing import Any

import pytest
import sqlalchemy as sa

import settled_ledger
from touchline.adapters.schema import predictions, settlements
from touchline.bootstrap import Container
from touchline.cli.ledger_material import of_store
from touchline.cli.verify_command import verified
from touchline.domain.ledger_audit import Fault

CHANGED: dict[type, Any] = {
    str: lambda value: value + "x",
    int: lambda value: value + 1,
    float: lambda value: math.nextafter(value, 9.0),
    bool: operator.not_,
    datetime: lambda value: value + timedelta(microseconds=1),
    NoneType: lambda _: 0.5,
}
"""The least that a value can be changed by."""


@pytest.fixture
def ledger(address: str, tmp_path: Path) -> Iterator[Container]:
    """A settled ledger whose triggers somebody took away."""
    environ = {"TOUCHLINE_HOME": str(tmp_path / "home"), "TOUCHLINE_DATABASE": address}
    ports = settled_ledger.filled(environ)
    with ports.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ALTER TABLE predictions DISABLE TRIGGER USER")
        else:
            named = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
            for name in named:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield ports
    ports.engine.dispose()


def faults(ports: Container) -> list[Fault]:
    return verified(of_store(ports))[1]


def row(ports: Container, table: sa.Table, number: int) -> dict[str, Any]:
    with ports.engine.connect() as connection:
        return dict(connection.execute(sa.select(table).where(table.c.number == number)).mappings().one())


def execute(ports: Container, statement: sa.Executable) -> None:
    with ports.engine.begin() as connection:
        connection.execute(statement)


def test_every_column_is_watched(ledger: Container) -> None:
    assert faults(ledger) == []
    for table, number in ((predictions, 5), (settlements, 3)):
        was, one = row(ledger, table, number), sa.update(table).where(table.c.number == number)
        for name in was.keys() - {"number", "replaced_at"}:
            execute(ledger, one.values({name: CHANGED[type(was[name])](was[name])}))
            assert was["match_id"] in {fault.match for fault in faults(ledger)}, name
            execute(ledger, one.values(was))
    assert faults(ledger) == []


def test_rows_that_vanish_or_appear_are_named(ledger: Container) -> None:
    for table in (predictions, settlements):
        was = row(ledger, table, 2)
        execute(ledger, sa.delete(table).where(table.c.number == 2))
        assert was["match_id"] in {fault.match for fault in faults(ledger)}
        execute(ledger, sa.insert(table).values(was))
    smuggled = row(ledger, predictions, 1) | {"number": 99, "seq": 9, "home": 0.9, "draw": 0.05, "away": 0.05}
    execute(ledger, sa.insert(predictions).values(smuggled))
    assert {fault.match for fault in faults(ledger)} == {smuggled["match_id"]}
