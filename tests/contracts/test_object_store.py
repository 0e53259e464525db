"""What every object store promises; a further adapter is a further entry of STORES."""

import io
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from touchline.adapters.local_store import LocalStore
from touchline.errors import DataError, NotFound
from touchline.ports import ObjectStore

Open = Callable[[Path], ObjectStore]
"""Opens a store on a place; opened again on the same place, it is what another process would have."""

STORES: dict[str, Open] = {"local": lambda place: LocalStore(place / "objects")}

BAD_KEYS = [
    "",
    "/",
    "a//b",
    "/a",
    "a/",
    ".",
    "..",
    "a/../b",
    "./a",
    "a/.",
    "A",
    "a b",
    "a\\b",
    "a%2fb",
    "ä",
    "a\n",
    "a?b",
]


@pytest.fixture(params=STORES)
def opened(request: pytest.FixtureRequest) -> Open:
    return STORES[request.param]


@pytest.fixture
def store(opened: Open, tmp_path: Path) -> ObjectStore:
    return opened(tmp_path)


def keys(store: ObjectStore, prefix: str = "") -> list[str]:
    return [info.key for info in store.list(prefix)]


def test_what_is_created_can_be_read(store: ObjectStore) -> None:
    assert store.create("raw/1/matches.parquet", b"\x00data\xff")
    assert store.get("raw/1/matches.parquet") == b"\x00data\xff"


def test_an_object_is_created_once(store: ObjectStore) -> None:
    assert store.create("a", b"first")
    assert not store.create("a", b"second")
    assert not store.create("a", io.BytesIO(b"third"))
    assert store.get("a") == b"first"


def test_streams_are_taken_and_given(store: ObjectStore) -> None:
    data = bytes(range(256)) * 9_000
    assert store.create("big", io.BytesIO(data))
    with store.open("big") as stream:
        assert stream.seek(-3, io.SEEK_END) == len(data) - 3
        assert stream.read() == data[-3:]
        stream.seek(0)
        assert stream.read() == data


def test_empty_objects_are_objects(store: ObjectStore) -> None:
    assert store.create("empty", b"")
    assert store.get("empty") == b""
    info = store.stat("empty")
    assert info is not None
    assert info.size == 0


def test_what_is_not_there_is_not_found(store: ObjectStore) -> None:
    store.create("a/b", b"")
    for key in ("x", "a", "a/b/c", "a/x/y"):
        assert store.stat(key) is None
        with pytest.raises(NotFound, match="no such object"):
            store.get(key)
        with pytest.raises(NotFound):
            store.open(key)


def test_stat_says_what_is_there(store: ObjectStore) -> None:
    store.create("a", b"123")
    info = store.stat("a")
    assert info is not None
    assert (info.key, info.size) == ("a", 3)
    assert info.modified.utcoffset() is not None
    assert store.stat("a") == info
    assert list(store.list("")) == [info]


def test_swap_replaces_what_has_not_changed(store: ObjectStore) -> None:
    store.create("a", b"one")
    before = store.stat("a")
    assert before is not None
    assert store.swap("a", b"two", before.etag)
    assert store.get("a") == b"two"
    assert not store.swap("a", b"three", before.etag)
    assert store.get("a") == b"two"


def test_swap_makes_nothing(store: ObjectStore) -> None:
    assert not store.swap("a", b"one", "")
    assert not store.swap("deep/er", b"one", "0-0-0")
    assert keys(store) == []
    assert store.create("deep", b"")


def test_etag_changes_with_every_change_of_content(store: ObjectStore) -> None:
    store.create("a", b"0")
    seen = set()
    for number in range(50):  # contents of one size, as fast as it goes, and the first one again and again
        info = store.stat("a")
        assert info is not None
        assert info.etag not in seen
        seen.add(info.etag)
        assert store.swap("a", b"%d" % (number % 2), info.etag)


def test_an_open_stream_keeps_what_it_was(store: ObjectStore) -> None:
    store.create("a", b"old")
    info = store.stat("a")
    assert info is not None
    with store.open("a") as stream:
        assert store.swap("a", b"new", info.etag)
        assert stream.read() == b"old"


@pytest.mark.parametrize("key", BAD_KEYS)
def test_bad_keys_are_refused_by_every_method(store: ObjectStore, key: str) -> None:
    for call in (
        lambda: store.get(key), lambda: store.open(key), lambda: store.create(key, b""),
        lambda: store.swap(key, b"", "e"), lambda: store.stat(key),
    ):  # fmt: skip
        with pytest.raises(DataError):
            call()


def test_long_keys_are_refused(store: ObjectStore) -> None:
    assert store.create("a" * 255, b"")
    for key in ("a" * 256, "a/" * 600 + "a"):
        with pytest.raises(DataError, match="too long"):
            store.create(key, b"")


@pytest.mark.parametrize("prefix", ["A", "/", "a//b", "../", "a/../", "ä"])
def test_bad_prefixes_are_refused(store: ObjectStore, prefix: str) -> None:
    with pytest.raises(DataError):
        list(store.list(prefix))


def test_prefixes_are_plain_text(store: ObjectStore) -> None:
    for key in ("raw/1/a", "raw/10", "raw/2", "rawer", "r", "raw.x"):
        store.create(key, b"")
    assert keys(store, "raw/1") == ["raw/1/a", "raw/10"]
    assert keys(store, "raw/") == ["raw/1/a", "raw/10", "raw/2"]
    assert keys(store, "raw") == ["raw.x", "raw/1/a", "raw/10", "raw/2", "rawer"]
    assert keys(store, "raw/1/a/b") == keys(store, "nothing/") == keys(store, ".") == []


_SEGMENT = st.text("ab.-_0", min_size=1, max_size=3).filter(lambda text: text not in (".", ".."))
_KEYS = st.sets(st.lists(_SEGMENT, min_size=1, max_size=3).map("/".join), max_size=12)


@given(wanted=_KEYS, prefix=st.text("ab.-/", max_size=3))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lists_are_in_the_order_of_keys(
    opened: Open, tmp_path_factory: pytest.TempPathFactory, wanted: set[str], prefix: str
) -> None:
    store = opened(tmp_path_factory.mktemp("listed"))
    made = set()
    for key in sorted(wanted):
        try:
            store.create(key, key.encode())
            made.add(key)
        except DataError:  # a store of files cannot hold both a and a/b
            assert any(other.startswith(key + "/") or key.startswith(other + "/") for other in made)
    assert keys(store) == sorted(made)
    if all(segment not in ("", ".", "..") for segment in prefix.split("/")[:-1]):
        assert keys(store, prefix) == sorted(key for key in made if key.startswith(prefix))


def test_of_many_creators_one_wins(opened: Open, tmp_path: Path) -> None:
    stores = [opened(tmp_path) for _ in range(8)]
    won: list[int] = []

    def create(number: int) -> None:
        if stores[number].create("deep/down/a", b"%d" % number):
            won.append(number)

    _at_once(create, 8)
    assert len(won) == 1
    assert stores[0].get("deep/down/a") == b"%d" % won[0]


def test_of_many_swappers_one_wins_each_round(opened: Open, tmp_path: Path) -> None:
    """A counter that eight workers raise: an update that is lost shows in its sum."""
    opened(tmp_path).create("counter", b"0")
    stores = [opened(tmp_path) for _ in range(8)]

    def count(number: int) -> None:
        for _ in range(5):
            _raise_counter(stores[number])

    _at_once(count, 8)
    assert stores[0].get("counter") == b"40"


def _raise_counter(store: ObjectStore) -> None:
    while True:
        info = store.stat("counter")
        assert info is not None
        if store.swap("counter", b"%d" % (int(store.get("counter")) + 1), info.etag):
            return


def _at_once(work: Callable[[int], None], workers: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
