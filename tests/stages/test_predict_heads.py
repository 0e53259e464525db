"""Looking for news: two small questions while nothing changes, and nothing is missed when a pointer is wrong."""

from collections import Counter
from typing import Any

import pytest

from touchline.bootstrap import Container
from touchline.manifest import Manifest, encode, publish
from touchline.ports import ObjectStore
from touchline.stages.predict_heads import LIST_EVERY, Lookout


class Counted:
    """A store that counts what it is asked."""

    def __init__(self, store: ObjectStore) -> None:
        self._store, self.asked = store, Counter[str]()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def ask(*arguments: Any) -> Any:
            self.asked[name] += 1
            return method(*arguments)

        return ask


def put(store: ObjectStore, stage: str, seq: int, promotion: int | None = None, revision: int = 0) -> str:
    made = Manifest(stage=stage, id=str(seq), inputs=(), outputs={}, parameters={}, versions={}, counts={})
    return publish(store, made, seq, promotion=promotion, revision=revision)[0]


@pytest.fixture
def counted(ports: Container) -> Counted:
    return Counted(ports.store)


def settled(store: ObjectStore) -> Lookout:
    """A lookout whose next looks ask for no list."""
    lookout = Lookout()
    lookout.newest(store)
    lookout.newest(store)
    return lookout


def replace(store: ObjectStore, key: str, data: bytes) -> None:
    assert store.swap(key, data, store.stat(key).etag)


def test_nothing_is_there(counted: Counted) -> None:
    assert Lookout().newest(counted) == ("", "")


def test_while_nothing_changes_two_objects_are_described(ports: Container, counted: Counted) -> None:
    newest = put(ports.store, "serving", 2), put(ports.store, "predictions", 7, 2, 1)
    lookout = Lookout()
    assert lookout.newest(counted) == newest
    assert counted.asked == {"stat": 2, "get": 2}
    assert lookout.newest(counted) == newest
    counted.asked.clear()
    for _ in range(LIST_EVERY - 1):
        assert lookout.newest(counted) == newest
    assert counted.asked == {"stat": 2 * (LIST_EVERY - 1)}
    assert lookout.newest(counted) == newest
    assert counted.asked["list"] == 2


def test_what_is_new_is_seen_by_its_pointer(ports: Container, counted: Counted) -> None:
    serving = put(ports.store, "serving", 1)
    lookout = settled(counted)
    assert lookout.newest(counted) == (serving, "")
    counted.asked.clear()
    later = put(ports.store, "serving", 2)
    assert lookout.newest(counted)[0] == later
    assert (counted.asked["get"], counted.asked["list"]) == (1, 1)  # the list is of forecasts, which have no pointer


def test_a_pointer_that_was_left_behind_is_found_out_by_a_list(ports: Container) -> None:
    put(ports.store, "serving", 1)
    put(ports.store, "predictions", 1, 1)
    behind = ports.store.get("serving/latest.json")
    lookout = settled(ports.store)
    later = put(ports.store, "serving", 2)
    replace(ports.store, "serving/latest.json", behind)
    found = [lookout.newest(ports.store)[0] for _ in range(LIST_EVERY)]
    assert found[-1] == later


@pytest.mark.parametrize("broken", [b"", b"{}", encode({"seq": "x"})])
def test_a_pointer_that_is_none_is_passed_over(ports: Container, broken: bytes) -> None:
    put(ports.store, "predictions", 1, 1)
    lookout = settled(ports.store)
    later = put(ports.store, "predictions", 2, 1)
    replace(ports.store, "predictions/latest.json", broken)
    assert lookout.newest(ports.store) == ("", later)


def test_news_never_goes_back(ports: Container) -> None:
    behind = put(ports.store, "serving", 1)
    first = ports.store.get("serving/latest.json")
    later = put(ports.store, "serving", 2)
    lookout = Lookout()
    assert lookout.newest(ports.store)[0] == later > behind
    replace(ports.store, "serving/latest.json", first)
    assert lookout.newest(ports.store)[0] == later
