"""Roles of PostgreSQL with the rights that the wiring gives: one for each function with a database, and one to read.

Roles cannot log in: a user who may work as a function is made a member of its role. `apply` makes such users where it
is given their passwords; the server is told a verifier of each (RFC 5802), never the password, which so is in no log.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator, Mapping
from typing import Final

import sqlalchemy as sa

from touchline.adapters import database, schema_collected
from touchline.adapters.schema import inbox, metadata
from touchline.errors import ConfigurationError
from touchline.wiring import Wiring

READER: Final = "touchline_read"
"""May read everything and write nothing."""
STUDY: Final = "TOUCHLINE_TRAIN_STUDY"
"""Who has this setting may keep studies in the schema that is theirs."""
_ROUNDS: Final = 4096
_EMPTIED: Final = frozenset({schema_collected.unresolved_names.name, inbox.name})
"""Tables from which functions take rows away; from all others nothing is ever removed."""


def role(function: str) -> str:
    """Name of a function's role."""
    return f"touchline_{function.replace('-', '_')}"


def login(function: str) -> str:
    """Name of the user who works as a function."""
    return f"{role(function)}_login"


def statements(wiring: Wiring) -> list[str]:
    """SQL that makes the roles, and gives each the rights that it has by now and no others; it may run again."""
    writers = {role(name): wiring.part(name).all_tables for name in users(wiring)}
    made = [statement for name, tables in (writers | {READER: ()}).items() for statement in _of(name, tables)]
    searchers = (role(name) for name in users(wiring) if STUDY in wiring.part(name).secrets)
    return made + [statement for name in searchers for statement in _studying(name)]


def users(wiring: Wiring) -> tuple[str, ...]:
    """Functions and parts of the platform that have a role."""
    return tuple(name for name, part in wiring.parts.items() if "database" in part.needs)


def apply(engine: sa.Engine, wiring: Wiring, passwords: Mapping[str, str] | None = None) -> list[str]:
    """Make the roles and give them their rights, in one transaction; the statements that did, without those of users.

    Args:
        engine: connected as the owner of the tables, who needs CREATEROLE.
        wiring: who writes which tables.
        passwords: by function; each gets a user who may work as it.

    Raises:
        ConfigurationError: the database has no roles, its user may not make any, or a password is of nobody.
        Unavailable: the database does not answer.
    """
    if strange := sorted(set(passwords or ()) - set(users(wiring))):
        raise ConfigurationError(
            f"passwords of whom the wiring gives no database: {', '.join(strange)}",
            hint=f"known: {', '.join(users(wiring))}",
        )
    if engine.dialect.name != "postgresql":
        raise ConfigurationError(
            "an embedded database has no roles", where="TOUCHLINE_DATABASE", hint="use postgresql://"
        )
    made = statements(wiring)
    entries = [statement for name, password in (passwords or {}).items() for statement in _entry(name, password)]
    try:
        with database.writing(engine, "schema", fenced=False) as connection:
            for statement in (*made, *entries):
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


def _entry(function: str, password: str) -> Iterator[str]:
    """A user who may work as a function; `password` is what the user logs in with from now on."""
    name = login(function)
    yield _made(name, "LOGIN")
    yield f"""ALTER ROLE "{name}" PASSWORD '{_verifier(password)}'"""
    yield f'GRANT "{role(function)}" TO "{name}"'


def _verifier(password: str) -> str:
    """What the server keeps of a password: SCRAM-SHA-256$<rounds>:<salt>$<stored key>:<server key>.

    Raises:
        ConfigurationError: letters outside ASCII, which would have to be normalised first (RFC 4013).
    """
    if not (password.isascii() and password.isprintable()):
        raise ConfigurationError(
            "a password for the database has letters outside ASCII", hint="make one of letters and digits"
        )
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    texts = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(_ROUNDS, *texts)


def _studying(name: str) -> Iterator[str]:
    """SQL that lets a role make and use the tables of studies, also those that the owner makes."""
    from touchline.adapters.study_storage import SCHEMA  # needs Optuna, as whoever keeps studies does

    yield f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"
    yield f'GRANT USAGE, CREATE ON SCHEMA {SCHEMA} TO "{name}"'
    for kind in ("TABLES", "SEQUENCES"):
        yield f'GRANT ALL ON ALL {kind} IN SCHEMA {SCHEMA} TO "{name}"'
        yield f'ALTER DEFAULT PRIVILEGES IN SCHEMA {SCHEMA} GRANT ALL ON {kind} TO "{name}"'


def _made(name: str, option: str) -> str:
    """SQL that makes a role unless there is one."""
    return f"""DO $$ BEGIN CREATE ROLE "{name}" {option}; EXCEPTION WHEN duplicate_object THEN NULL; END $$"""


def _of(name: str, tables: tuple[str, ...]) -> Iterator[str]:
    every = ", ".join(sorted(("alembic_version", *metadata.tables)))
    yield _made(name, "NOLOGIN")
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
