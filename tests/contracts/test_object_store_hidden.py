"""A bucket of Google in which a function may list its own prefixes only: what is not there is refused there, too."""

import pytest

import gcs
from touchline.adapters.gcs_store import GcsStore
from touchline.errors import ConfigurationError, NotFound


@pytest.fixture
def store(gcs_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> GcsStore:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_endpoint)
    return GcsStore(gcs.bucket(gcs_endpoint, "hiding"), "league")


def test_what_is_not_there_is_known_not_to_be_there(store: GcsStore) -> None:
    assert store.create("live/latest.json.old", b"other")
    assert store.stat("live/latest.json") is None
    for read in (store.get, store.open):
        with pytest.raises(NotFound, match="no such object"):
            read("live/latest.json")
    assert not store.swap("live/latest.json", b"new", "1")


def test_what_is_there_is_read_written_once_and_replaced(store: GcsStore) -> None:
    assert store.create("live/latest.json", b"one")
    assert not store.create("live/latest.json", b"other")
    before = store.stat("live/latest.json")
    assert before is not None
    assert store.swap("live/latest.json", b"two", before.etag)
    assert store.get("live/latest.json") == b"two"
    assert [one.key for one in store.list("live/")] == ["live/latest.json"]


def test_who_may_not_list_either_is_told_what_to_mend(gcs_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_endpoint)
    store = GcsStore(gcs.bucket(gcs_endpoint, "closed"))
    for read in (store.get, store.stat):
        with pytest.raises(ConfigurationError, match="403"):
            read("live/latest.json")
