"""The views of the settled record, as those read them who show them; from objects alone."""

from touchline.domain.views import POINTER, Leaderboard, ReturnsTable, ViewsPointer
from touchline.manifest import Manifest, Ref, decode, read_object
from touchline.ports import ObjectStore


def read_views(store: ObjectStore) -> tuple[Leaderboard, ReturnsTable] | None:
    """The newest leaderboard and returns, checked; None until drift published some.

    Raises:
        NotFound, CorruptObject, DataError: an object is not what was promised.
    """
    if store.stat(POINTER) is None:
        return None
    pointer = decode(store.get(POINTER), ViewsPointer, POINTER)
    manifest = decode(read_object(store, Ref(pointer.manifest, pointer.sha256)), Manifest, pointer.manifest)
    board, returned = manifest.outputs["leaderboard"], manifest.outputs["returns"]
    return (
        decode(read_object(store, board), Leaderboard, board.key),
        decode(read_object(store, returned), ReturnsTable, returned.key),
    )
