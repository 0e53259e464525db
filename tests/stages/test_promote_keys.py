"""The tick `repair` of promote keeps what the service knows of keys in line with the record."""

from typing import BinaryIO

import pytest

from keyring import MADE
from served import ListedRegistry, event
from touchline.adapters.local_store import LocalStore
from touchline.bootstrap import Container
from touchline.domain.keys import KEYS_POINTER, Key, digest_of
from touchline.errors import Conflict, CorruptObject
from touchline.settings import Promote
from touchline.stages import promote
from touchline.stages.promote_keys import project_keys
from touchline.work import Result

KEY = Key(id="k1", name="site", digest=digest_of("tl_x"), scopes=("read",), per_minute=60, created=MADE)


@pytest.fixture
def mended(ports: Container) -> Container:
    ports.registry = ListedRegistry()
    return ports


def repaired(ports: Container) -> Result:
    return promote.run(event("repair", kind="cron"), ports, Promote())


def test_a_key_whose_publication_was_lost_is_published_by_the_next_tick(mended: Container) -> None:
    assert repaired(mended).outcome == "unchanged"
    assert mended.store.stat(KEYS_POINTER) is None
    mended.keys.issue(KEY)
    assert repaired(mended).reason == f"mended: {KEYS_POINTER}"
    assert b"k1" in mended.store.get(KEYS_POINTER)
    assert repaired(mended).outcome == "unchanged"
    mended.keys.revoke("k1", MADE)
    assert repaired(mended).outcome == "done"
    assert b"k1" not in mended.store.get(KEYS_POINTER)


def test_keys_that_know_more_than_the_record_are_left_alone_and_told(mended: Container) -> None:
    mended.store.create(KEYS_POINTER, b'{"version": 9, "keys": []}')
    with pytest.raises(CorruptObject, match="was the database put back"):
        repaired(mended)
    assert mended.store.get(KEYS_POINTER) == b'{"version": 9, "keys": []}'


def test_keys_that_others_keep_changing_are_left_for_another_attempt(mended: Container) -> None:
    class Contested(LocalStore):
        def create(self, key: str, data: bytes | BinaryIO) -> bool:
            return False

    mended.keys.issue(KEY)
    with pytest.raises(Conflict, match="others keep changing"):
        project_keys(mended.keys, Contested(mended.home / "objects"))
