"""A pointer moves forward only, whoever else moves it meanwhile."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.adapters.stores import open_store
from touchline.manifest import Publication, advance, decode, encode, point
from touchline.ports import ObjectStore

KEY = "numbers/latest.json"


class Interrupted:
    """A store on which somebody else does something just after each look of ours, as long as he has something to do."""

    def __init__(self, store: ObjectStore, *others: Callable[[], Any]) -> None:
        self._store, self._others = store, list(others)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def stat(self, key: str) -> Any:
        found = self._store.stat(key)
        if self._others:
            self._others.pop(0)()
        return found


def moved(store: Any, number: int) -> bool:
    return advance(store, KEY, encode(number), int, lambda now: now >= number)


def stands(store: ObjectStore) -> int:
    return decode(store.get(KEY), int)


@given(numbers=st.lists(st.integers(0, 9), min_size=1))
def test_it_stands_at_the_highest_and_says_whether_it_moved(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int]
) -> None:
    store = open_store("", tmp_path_factory.mktemp("store"))
    highest = -1
    for number in numbers:
        assert moved(store, number) == (number > highest)
        highest = max(highest, number)
        assert stands(store) == highest


@pytest.mark.parametrize(("others", "ends"), [((3,), 5), ((7,), 7), ((3, 4), 5), ((4, 9), 9)])
@pytest.mark.parametrize("before", [None, 1])
def test_who_is_overtaken_looks_again(tmp_path: Path, before: int | None, others: tuple[int, ...], ends: int) -> None:
    store = open_store("", tmp_path)
    if before is not None:
        moved(store, before)
    meanwhile = [lambda number=number: moved(store, number) for number in others]
    assert moved(Interrupted(store, *meanwhile), 5) == (ends == 5)
    assert stands(store) == ends


def test_publications_are_ordered_by_number_then_promotion_then_revision(tmp_path: Path) -> None:
    store = open_store("", tmp_path)
    parts = [(1, 1, 0), (2, 1, 0), (1, 2, 5), (2, 2, 0), (2, 2, 1), (2, 1, 9)]
    told = [Publication(seq=seq, promotion=by, revision=no, manifest="m", sha256="s") for seq, by, no in parts]
    assert [point(store, "predictions", one) for one in told] == [True, True, False, True, True, False]
    assert decode(store.get("predictions/latest.json"), Publication) == told[4]
