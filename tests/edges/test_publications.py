"""What a publication promises: one number, one manifest; a newer one takes the place of an older one."""

import pytest

from touchline.adapters.local_store import LocalStore
from touchline.errors import DataError
from touchline.manifest import Manifest, current, publish, superseded


def made(name: str) -> Manifest:
    return Manifest(stage="raw", id=name, inputs=(), outputs={}, parameters={}, versions={}, counts={})


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path)


def test_the_same_manifest_again_is_no_news(store: LocalStore) -> None:
    key, created = publish(store, made("one"), 1)
    assert created
    assert publish(store, made("one"), 1) == (key, False)


def test_a_number_never_changes_its_manifest(store: LocalStore) -> None:
    publish(store, made("one"), 1)
    with pytest.raises(DataError, match=r"raw/one/manifest\.json already, raw/two/manifest\.json") as refused:
        publish(store, made("two"), 1)
    assert (refused.value.where, "new number" in refused.value.hint) == ("raw/published/000000000001.json", True)
    assert current(store, "raw")[1].id == "one"
    assert publish(store, made("two"), 2)[1]


def test_only_a_newer_publication_supersedes(store: LocalStore) -> None:
    assert superseded(store, "raw/published/000000000001.json") == ""
    key = publish(store, made("one"), 2)[0]
    assert superseded(store, key) == ""
    assert superseded(store, "raw/published/000000000001.json") == key
