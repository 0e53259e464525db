"""The views of the settled record, as those read them who show them; from objects alone."""

from typing import TypeVar

import msgspec

from touchline.domain.views import POINTER, Leaderboard, ReturnsTable, ViewsPointer
from touchline.manifest import Manifest, Ref, decode, read_object
from touchline.ports import ObjectStore

_T = TypeVar("_T", bound=msgspec.Struct)


def read_views(store: ObjectStore) -> tuple[Leaderboard, ReturnsTable] | None:
    """The newest leaderboard and returns, checked; None until drift published some.

    Raises:
        NotFound, CorruptObject, DataError: an object is not what was promised.
    """
    manifest = _newest(store)
    if manifest is None:
        return None
    board, returned = manifest.outputs["leaderboard"], manifest.outputs["returns"]
    return (
        decode(read_object(store, board), Leaderboard, board.key),
        decode(read_object(store, returned), ReturnsTable, returned.key),
    )


def read_view(store: ObjectStore, title: str, kind: type[_T]) -> _T | None:
    """The newest view of a title, checked; None until drift published one.

    Raises:
        NotFound, CorruptObject, DataError: an object is not what was promised.
    """
    manifest = _newest(store)
    if manifest is None or title not in manifest.outputs:
        return None
    ref = manifest.outputs[title]
    return decode(read_object(store, ref), kind, ref.key)


def _newest(store: ObjectStore) -> Manifest | None:
    if store.stat(POINTER) is None:
        return None
    pointer = decode(store.get(POINTER), ViewsPointer, POINTER)
    return decode(read_object(store, Ref(pointer.manifest, pointer.sha256)), Manifest, pointer.manifest)
