"""What every object store promises; a further adapter is a further parameter of `opened`."""

import io
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from touchline.errors import DataError, NotFound
from touchline.ports import ObjectStore

Open = Callable[[Path], ObjectStore]

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
    before = store.stat("a")
    for number in range(1, 20):  # contents of one size, as fast as it goes
        assert before is not None
        assert store.swap("a", b"%d" % (number % 2), before.etag)
        after = store.stat("a")
        assert after is not None
        assert after.etag != before.etag
        before = after


def test_an_open_stream_keeps_what_it_was(store: ObjectStore) -> None:
    store.create("a", b"old")
    info = store.stat("a")
    assert info is not None
    with store.open("a") as stream:
        assert store.swap("a", b"new", info.etag)
        assert stream.read() == b"old"


def test_bad_keys_are_refused_by_every_method(store: ObjectStore) -> None:
    calls: list[Callable[[str], object]] = [
        store.get, store.open, store.stat, lambda key: store.create(key, b""), lambda key: store.swap(key, b"", "e")
    ]  # fmt: skip
    for call, key in itertools.product(calls, BAD_KEYS):
        with pytest.raises(DataError, match="is no key"):
            call(key)


def test_long_keys_are_refused(store: ObjectStore) -> None:
    assert store.create("a" * 255, b"")
    for key in ("a" * 256, "a/" * 600 + "a"):
        with pytest.raises(DataError, match="too long"):
            store.create(key, b"")


def test_bad_prefixes_are_refused(store: ObjectStore) -> None:
    for prefix in ("A", "/", "a//b", "../", "a/../", "ä"):
        with pytest.raises(DataError):
            store.list(prefix)


def test_prefixes_are_plain_text(store: ObjectStore) -> None:
    for key in ("raw/1/a", "raw/10", "raw/2", "rawer", "r", "raw.x"):
        store.create(key, b"")
    assert keys(store, "raw/1") == ["raw/1/a", "raw/10"]
    assert keys(store, "raw/") == ["raw/1/a", "raw/10", "raw/2"]
    assert keys(store, "raw") == ["raw.x", "raw/1/a", "raw/10", "raw/2", "rawer"]
    assert keys(store, "raw/1/a/b") == keys(store, "nothing/") == keys(store, ".") == []


def test_lists_go_on_over_pages(store: ObjectStore) -> None:
    wanted = [f"many/{number:03}" for number in range(230)]  # the servers give a hundred at a time
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda key: store.create(key, b""), wanted))
    store.create("other", b"")
    assert keys(store, "many/") == wanted
    assert keys(store, "many/1") == wanted[100:200]
    assert keys(store) == [*wanted, "other"]


_SEGMENT = st.text("ab.-_0", min_size=1, max_size=3).filter(lambda text: text not in (".", ".."))
_KEYS = st.sets(st.lists(_SEGMENT, min_size=1, max_size=3).map("/".join), max_size=12)
_laws = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_example = itertools.count()


@given(wanted=_KEYS, prefix=st.text("ab.-/", max_size=3))
@_laws
def test_lists_are_in_the_order_of_keys(store: ObjectStore, wanted: set[str], prefix: str) -> None:
    below, made = f"e{next(_example)}/", set()
    for key in sorted(wanted):
        try:
            store.create(below + key, key.encode())
            made.add(below + key)
        except DataError:  # a store of files cannot hold both a and a/b
            key = below + key
            assert any(other.startswith(key + "/") or key.startswith(other + "/") for other in made)
    assert keys(store, below) == sorted(made)
    if all(segment not in ("", ".", "..") for segment in prefix.split("/")[:-1]):
        assert keys(store, below + prefix) == sorted(key for key in made if key.startswith(below + prefix))


_STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "swap", "old swap", "stream"]), st.sampled_from("abc"), st.binary(max_size=9)),
    max_size=20,
)


@given(steps=_STEPS)
@_laws
def test_it_is_a_dictionary_that_is_written_on_conditions(
    store: ObjectStore, steps: list[tuple[str, str, bytes]]
) -> None:
    below, model, old = f"m{next(_example)}/", dict[str, bytes](), dict[str, str]()
    for step, name, data in steps:
        key, info = below + name, store.stat(below + name)
        assert (info is not None) == (key in model)
        if step in ("create", "stream"):
            assert store.create(key, io.BytesIO(data) if step == "stream" else data) == (key not in model)
            model.setdefault(key, data)
        else:
            etag = old.get(key, "none") if step == "old swap" else info.etag if info else "none"
            if store.swap(key, data, etag):
                assert info is not None
                assert info.etag == etag
                old[key], model[key] = etag, data
            else:
                assert info is None or info.etag != etag
    assert {info.key: info.size for info in store.list(below)} == {key: len(data) for key, data in model.items()}
    for key, data in model.items():
        with store.open(key) as stream:
            assert store.get(key) == stream.read() == data


@pytest.mark.parametrize("shared", [True, False], ids=["threads", "processes"])
def test_of_many_creators_one_wins(opened: Open, tmp_path: Path, shared: bool) -> None:
    stores = [opened(tmp_path)] * 8 if shared else [opened(tmp_path) for _ in range(8)]
    won: list[int] = []

    def create(number: int) -> None:
        if stores[number].create("deep/down/a", b"%d" % number):
            won.append(number)

    _at_once(create, 8)
    assert len(won) == 1
    assert stores[0].get("deep/down/a") == b"%d" % won[0]


def test_of_many_swappers_one_wins_each_round(opened: Open, tmp_path: Path) -> None:
    """A counter that four workers raise: an update that is lost shows in its sum."""
    stores = [opened(tmp_path) for _ in range(4)]
    stores[0].create("counter", b"0")

    def raise_it(number: int) -> None:
        for _ in range(5):
            _raise_counter(stores[number])

    _at_once(raise_it, 4)
    assert stores[0].get("counter") == b"20"


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
