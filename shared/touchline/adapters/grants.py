"""Roles of PostgreSQL with the rights that the wiring gives: one for each function with a database, and one to read.

Roles cannot log in: a user who may work as a function is made a member of its role.
"""

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from touchline.adapters import database, schema_collected
from touchline.adapters.schema import metadata
from touchline.errors import ConfigurationError
from touchline.wiring import Wiring

READER: Final = "touchline_read"
"""May read everything and write nothing."""
_EMPTIED: Final = frozenset({schema_collected.unresolved_names.name})
"""Tables from which functions take rows away; from all others nothing is ever removed."""


def role(function: str) -> str:
    """Name of a function's role."""
    return f"touchline_{function.replace('-', '_')}"


def statements(wiring: Wiring) -> list[str]:
    """SQL that makes the roles, and gives each the rights that it has by now and no others; it may run again."""
    writers = {
        role(name): function.all_tables for name, function in wiring.functions.items() if "database" in function.needs
    }
    return [statement for name, tables in (writers | {READER: ()}).items() for statement in _of(name, tables)]


def apply(engine: sa.Engine, wiring: Wiring) -> list[str]:
    """Make the roles and give them their rights, in one transaction; the statements that did.

    Raises:
        ConfigurationError: the database has no roles, or its user may not make any.
        Unavailable: the database does not answer.
    """
    if engine.dialect.name != "postgresql":
        raise ConfigurationError(
            "an embedded database has no roles", where="TOUCHLINE_DATABASE", hint="use postgresql://"
        )
    made = statements(wiring)
    try:
        with database.writing(engine, "schema", fenced=False) as connection:
            for statement in made:
                connection.exec_driver_sql(statement)
    except sa.exc.DBAPIError as error:
        if database.sql_state(error.orig) != database.FORBIDDEN:
            raise
        raise ConfigurationError(
            "the user of the database may not make roles",
            where="TOUCHLINE_DATABASE",
            hint="use the address of the tables' owner, who needs CREATEROLE",
        ) from error
    return made


def _of(name: str, tables: tuple[str, ...]) -> Iterator[str]:
    every = ", ".join(sorted(("alembic_version", *metadata.tables)))
    yield f"""DO $$ BEGIN CREATE ROLE "{name}" NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"""
    yield f'REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "{name}"'
    yield f'REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM "{name}"'
    yield f'GRANT USAGE ON SCHEMA public TO "{name}"'
    yield f'GRANT SELECT ON {every} TO "{name}"'
    if tables:
        yield f'GRANT INSERT, UPDATE ON {", ".join(sorted(tables))} TO "{name}"'
        numbered = (table for table in sorted(tables) if metadata.tables[table].autoincrement_column is not None)
        for table in numbered:
            yield f'GRANT USAGE ON SEQUENCE {table}_number_seq TO "{name}"'
    if emptied := sorted(_EMPTIED.intersection(tables)):
        yield f'GRANT DELETE ON {", ".join(emptied)} TO "{name}"'
