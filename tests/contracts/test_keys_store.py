"""The record of keys on both databases: what was written comes back, a key is revoked once, nothing else changes."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from touchline.adapters import database
from touchline.adapters.keys_store import SqlKeyRecord
from touchline.adapters.local_store import LocalStore
from touchline.domain.keys import KEYS_POINTER, ActiveKeys, IssuedKey, Key, active, digest_of
from touchline.errors import CorruptObject, NotFound
from touchline.manifest import encode
from touchline.stages.promote_keys import in_line, project_keys

NOON = datetime(2026, 3, 2, 12, 30, 15, 250_001, tzinfo=UTC)
KEY = Key(
    id="0a1b2c3d4e5f", name="Köln's “site”", digest=digest_of("tl_one"), scopes=("read", "admin"),
    per_minute=10_000_000, created=NOON, expires=NOON + timedelta(days=3),
)  # fmt: skip
OTHER = msgspec.structs.replace(KEY, id="f", digest=digest_of("tl_two"), scopes=("predict",), expires=None)


@pytest.fixture
def record(engine: sa.Engine) -> SqlKeyRecord:
    return SqlKeyRecord(engine)


@pytest.fixture
def objects(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "objects")


def published(objects: LocalStore) -> ActiveKeys:
    return msgspec.json.decode(objects.get(KEYS_POINTER), type=ActiveKeys)


def test_keys_come_back_as_they_were_in_the_order_in_which_they_were_made(record: SqlKeyRecord) -> None:
    assert record.issued() == []
    record.issue(KEY)
    record.issue(OTHER)
    assert record.issued() == [IssuedKey(key=KEY), IssuedKey(key=OTHER)]


def test_a_key_is_revoked_once_and_for_good(record: SqlKeyRecord) -> None:
    record.issue(KEY)
    record.issue(OTHER)
    gone = record.revoke(KEY.id, NOON.astimezone(timezone(timedelta(hours=5))))
    assert gone == IssuedKey(key=KEY, revoked=NOON)
    assert record.revoke(KEY.id, NOON + timedelta(days=1)) == gone
    assert record.issued() == [gone, IssuedKey(key=OTHER)]


def test_a_key_that_was_never_made_cannot_be_revoked(record: SqlKeyRecord) -> None:
    record.issue(KEY)
    with pytest.raises(NotFound, match="no key has the id 'nope'"):
        record.revoke("nope", NOON)
    assert record.issued() == [IssuedKey(key=KEY)]


@pytest.mark.parametrize("same", ["id", "digest"])
def test_no_two_keys_have_an_id_or_a_hash_in_common(record: SqlKeyRecord, same: str) -> None:
    record.issue(KEY)
    with pytest.raises(sa.exc.DBAPIError):
        record.issue(msgspec.structs.replace(OTHER, **{same: getattr(KEY, same)}))
    assert record.issued() == [IssuedKey(key=KEY)]


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM api_keys",
        "UPDATE api_keys SET scopes = '[\"admin\"]'",
        "UPDATE api_keys SET digest = 'x'",
        "UPDATE api_keys SET expires = NULL",
        "UPDATE api_keys SET per_minute = 1",
        "UPDATE api_keys SET revoked = NULL WHERE revoked IS NOT NULL",
        "UPDATE api_keys SET revoked = created",
    ],
)
def test_the_database_refuses_every_other_change(engine: sa.Engine, record: SqlKeyRecord, change: str) -> None:
    record.issue(KEY)
    record.issue(OTHER)
    record.revoke(KEY.id, NOON)
    before = record.issued()
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), database.writing(engine, "test") as connection:
        connection.exec_driver_sql(change)
    assert record.issued() == before


def test_a_key_cannot_be_put_in_the_place_of_another(engine: sa.Engine, record: SqlKeyRecord) -> None:
    record.issue(KEY)
    copy = "INTO api_keys SELECT number, id, 'mine', 'x', scopes, per_minute, created, expires, revoked FROM api_keys"
    inserts = {
        "sqlite": f"INSERT OR REPLACE {copy}",
        "postgresql": f"INSERT {copy} ON CONFLICT (id) DO UPDATE SET digest = 'x'",
    }
    with pytest.raises(sa.exc.DBAPIError), database.writing(engine, "test") as connection:
        connection.exec_driver_sql(inserts[engine.dialect.name])
    assert record.issued() == [IssuedKey(key=KEY)]


# What the service is told


def test_nothing_is_published_before_the_first_key(record: SqlKeyRecord, objects: LocalStore) -> None:
    assert project_keys(record, objects) == []
    assert objects.stat(KEYS_POINTER) is None
    assert in_line(record, objects)


def test_what_is_published_follows_the_record_and_is_written_only_when_it_differs(
    record: SqlKeyRecord, objects: LocalStore
) -> None:
    record.issue(KEY)
    assert not in_line(record, objects)
    assert project_keys(record, objects) == [KEYS_POINTER]
    assert published(objects) == ActiveKeys(version=1, keys=(KEY,))
    assert project_keys(record, objects) == []
    record.issue(OTHER)
    record.revoke(KEY.id, NOON)
    assert project_keys(record, objects) == [KEYS_POINTER]
    assert published(objects) == ActiveKeys(version=3, keys=(OTHER,))
    record.revoke(OTHER.id, NOON)
    project_keys(record, objects)
    assert published(objects) == ActiveKeys(version=4)
    assert in_line(record, objects)


@pytest.mark.parametrize("broken", [b"", b"{", b'{"version": "many"}', encode({"version": 1, "keys": []})])
def test_what_is_broken_is_made_anew(record: SqlKeyRecord, objects: LocalStore, broken: bytes) -> None:
    record.issue(KEY)
    objects.create(KEYS_POINTER, broken)
    assert not in_line(record, objects)
    assert project_keys(record, objects) == [KEYS_POINTER]
    assert published(objects).keys == (KEY,)


def test_a_record_that_was_put_back_brings_no_revoked_key_back(record: SqlKeyRecord, objects: LocalStore) -> None:
    record.issue(KEY)
    later = encode(active([IssuedKey(key=KEY, revoked=NOON)]))
    objects.create(KEYS_POINTER, later)
    with pytest.raises(CorruptObject, match="tells of 2 changes of keys, the database knows 1"):
        project_keys(record, objects)
    assert objects.get(KEYS_POINTER) == later


def test_those_who_change_keys_at_the_same_time_publish_all_of_them(
    connect: Callable[[], sa.Engine], objects: LocalStore
) -> None:
    records = [SqlKeyRecord(connect()) for _ in range(4)]

    def work(number: int) -> None:
        for each in range(3):
            name = f"{number}{each}"
            records[number].issue(msgspec.structs.replace(KEY, id=name, digest=digest_of(name)))
            if each == 1:
                records[number].revoke(name, NOON)
            project_keys(records[number], objects)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = published(objects)
    assert told == active(records[0].issued())
    assert (told.version, len(told.keys)) == (16, 8)
