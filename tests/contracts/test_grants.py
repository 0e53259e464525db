"""Roles of PostgreSQL: a function writes its own tables, the reading role none, whatever they had before."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pandas as pd
import pytest
import sqlalchemy as sa

from scraped import NOW, match, payload, run, teams_of
from touchline import wiring
from touchline.adapters import database, grants
from touchline.adapters.clock import VirtualClock
from touchline.adapters.match_store import SqlMatchStore
from touchline.adapters.schema import metadata
from touchline.cli.main import main
from touchline.errors import ConfigurationError

FUNCTIONS = wiring.load(Path(__file__).parents[2] / "functions")
USERS = [part for part in FUNCTIONS.parts.values() if "database" in part.needs]
ROLES = {grants.READER: ()} | {grants.role(function.name): function.all_tables for function in USERS}
_numbers = itertools.count()
Login = Callable[[str], sa.Engine]


def execute(address: str, *statements: str) -> None:
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    say(engine, *statements)
    engine.dispose()


def say(engine: sa.Engine, *statements: str) -> None:
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.fixture
def owned(postgresql_server: str, administrator: sa.Engine) -> Iterator[str]:
    """Address of a migrated database, for its owner; roles and users that were made are gone afterwards."""
    name = f"touchline_roles_{next(_numbers)}"
    say(administrator, f"CREATE DATABASE {name} TEMPLATE touchline_template")
    yield postgresql_server.format(database=name)
    roles = (f"DROP ROLE IF EXISTS {role}" for role in (*ROLES, "someone"))
    say(administrator, f"DROP DATABASE {name} WITH (FORCE)", *roles)


@pytest.fixture
def login(owned: str) -> Iterator[Login]:
    """Opens an engine of a user who is a member of one role only."""
    engines: list[sa.Engine] = []

    def enter(role: str) -> sa.Engine:
        execute(owned, "DROP ROLE IF EXISTS someone", f"CREATE ROLE someone LOGIN IN ROLE {role}")
        engines.append(database.connect(owned.replace("//touchline@", "//someone@")))
        return engines[-1]

    yield enter
    for engine in engines:
        engine.dispose()


def given(address: str, functions: wiring.Wiring = FUNCTIONS) -> list[str]:
    engine = database.connect(address)
    try:
        return grants.apply(engine, functions)
    finally:
        engine.dispose()


def allowed(engine: sa.Engine, verb: str) -> set[str]:
    """Tables on which the user has a right."""
    query = sa.text("SELECT has_table_privilege(:table, :verb)")
    with engine.connect() as connection:
        return {table for table in metadata.tables if connection.scalar(query, {"table": table, "verb": verb})}


def refused(engine: sa.Engine, statement: str) -> bool:
    with engine.connect() as connection:
        try:
            connection.exec_driver_sql(statement)
        except sa.exc.DBAPIError as error:
            return "permission denied" in str(error)
    return False


def test_the_reading_role_cannot_write(owned: str, login: Login) -> None:
    given(owned)
    owner = database.connect(owned)
    SqlMatchStore(owner, VirtualClock(NOW)).record(run(), match(payload=payload(1)), teams_of(match()))
    engine = login(grants.READER)
    reader = SqlMatchStore(engine, VirtualClock(NOW))
    assert reader.head() == 1
    assert reader.snapshot(1)["home_team"].tolist() == ["Leeds"]
    for table in metadata.tables.values():
        column = next(iter(table.columns)).name
        name = f'public."{table.name}"'
        assert not refused(engine, f"SELECT * FROM {name}"), name
        for statement in (
            f"INSERT INTO {name} DEFAULT VALUES",
            f'UPDATE {name} SET "{column}" = NULL',
            f"DELETE FROM {name}",
        ):
            assert refused(engine, statement), statement
        assert refused(engine, f"TRUNCATE {name}"), name
    assert refused(engine, "CREATE TABLE public.mine (a int)")
    with pytest.raises(sa.exc.DBAPIError, match="permission denied"):
        reader.record(run(2), match(status="postponed", payload=payload(2)), {})
    owner.dispose()


@pytest.mark.parametrize("role", ROLES)
def test_each_role_has_the_rights_of_its_tables_and_no_others(owned: str, login: Login, role: str) -> None:
    given(owned)
    engine = login(role)
    assert allowed(engine, "SELECT") == set(metadata.tables)
    assert allowed(engine, "INSERT") == allowed(engine, "UPDATE") == set(ROLES[role])
    assert allowed(engine, "DELETE") == {"unresolved_names", "inbox"} & set(ROLES[role])
    assert allowed(engine, "TRUNCATE") == set()


def test_scrape_stores_all_that_it_collects_with_its_own_role(owned: str, login: Login) -> None:
    given(owned)
    store = SqlMatchStore(login(grants.role("scrape")), VirtualClock(NOW))
    rows = match(payload=payload(1), source_id="7", home_shots=3.0)
    details = pd.DataFrame([{"match_id": rows["match_id"][0], "payload": payload(1), "completeness": "available"}])
    assert store.record(run(), rows, teams_of(rows), {"match_details": details}).details_changed == 1
    store.add_alias("England", "LUFC", "Leeds")


def test_rights_that_the_wiring_no_longer_gives_are_taken_back(owned: str, login: Login) -> None:
    before = given(owned)
    assert given(owned) == before
    forecast = msgspec.structs.replace(FUNCTIONS.function("forecast"), tables=(), claim=False)
    functions = msgspec.structs.replace(FUNCTIONS, functions=FUNCTIONS.functions | {"forecast": forecast})
    assert given(owned, functions) != before
    assert allowed(login("touchline_forecast"), "INSERT") == set()


def test_the_command_makes_them_and_shows_what_it_did(
    owned: str, login: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOUCHLINE_DATABASE", owned)
    assert main(["--home", str(tmp_path), "migrate", "--grants"]) == 0
    shown = capsys.readouterr().out
    assert 'GRANT INSERT, UPDATE ON claims, predictions, sealed TO "touchline_forecast";' in shown
    assert allowed(login("touchline_drift"), "INSERT") == set(ROLES["touchline_drift"])


def test_a_user_works_as_a_function_with_a_password_that_the_server_never_hears(owned: str) -> None:
    said: list[str] = []
    engine = database.connect(owned)
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: said.append(arguments[2]))
    passwords = {"drift": "correct horse", "bridge": "it's a 'quoted' one"}
    for _ in range(2):
        assert not [one for one in grants.apply(engine, FUNCTIONS, passwords) if "login" in one]
    assert not [one for one in said if any(password in one for password in passwords.values())]
    with engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT rolname, rolpassword FROM pg_authid WHERE rolcanlogin").all()
        found = {name: verifier for name, verifier in kept if name in map(grants.login, passwords)}
        assert all(str(verifier).startswith("SCRAM-SHA-256$4096:") for verifier in found.values())
        asked = sa.text("SELECT pg_has_role(:login, :role, 'member')")
        for name in passwords:
            assert connection.scalar(asked, {"login": grants.login(name), "role": grants.role(name)})
        assert not connection.scalar(asked, {"login": grants.login("drift"), "role": grants.role("bridge")})
    engine.dispose()
    execute(owned, *(f"DROP ROLE {login}" for login in found))
    assert len(found) == 2


def test_a_password_of_a_function_without_database_is_refused(owned: str) -> None:
    engine = database.connect(owned)
    with pytest.raises(ConfigurationError, match="feature, nobody"):
        grants.apply(engine, FUNCTIONS, {"nobody": "x", "feature": "x", "drift": "x"})
    engine.dispose()


def test_who_may_not_make_roles_is_told(owned: str, login: Login) -> None:
    given(owned)
    with pytest.raises(ConfigurationError, match="may not make roles"):
        grants.apply(login(grants.READER), FUNCTIONS)


def test_an_embedded_database_has_no_roles(tmp_path: Path, sqlite_template: Path) -> None:
    engine = database.connect(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'touchline.db')}")
    with pytest.raises(ConfigurationError, match="has no roles"):
        grants.apply(engine, FUNCTIONS)
    engine.dispose()


def test_the_script_of_rights_is_what_migrate_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wiring", "--grants"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], lines[-1]) == ("BEGIN;", "COMMIT;")
    assert lines[1:-1] == [f"{statement};" for statement in grants.statements(FUNCTIONS)]
