"""Which publications are newest: asked of two small pointers, since lists grow with time."""

from typing import Final

from touchline.errors import DataError, NotFound
from touchline.manifest import Publication, decode, publication_key
from touchline.ports import ObjectStore

STAGES: Final = ("serving", "predictions")
LIST_EVERY: Final = 60
"""Looks from one list to the next: a run that died after publishing left the pointer behind."""


class Lookout:
    """Knows which publications are newest; looks at pointers, and at lists where there are none, or now and then.

    While nothing changes, a look asks for the description of two objects.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, str]] = {}
        self._looks = 0

    def newest(self, store: ObjectStore) -> tuple[str, str]:
        """Keys of the newest publications of serving and predictions, empty where there is none."""
        listed = self._looks % LIST_EVERY == 1  # not at the first look: somebody waits for it
        self._looks += 1
        serving, predictions = (self._of(store, stage, listed) for stage in STAGES)
        return serving, predictions

    def _of(self, store: ObjectStore, stage: str, listed: bool) -> str:
        etag, known = self._seen.get(stage, ("", ""))
        pointer = f"{stage}/latest.json"
        info = store.stat(pointer)
        pointed = _pointed(store, stage, pointer) if info is not None and info.etag != etag else known
        if info is None or listed or not pointed:
            known = max(known, _listed(store, stage))
        self._seen[stage] = (info.etag if info else "", max(known, pointed))
        return max(known, pointed)


def _pointed(store: ObjectStore, stage: str, pointer: str) -> str:
    """What a pointer points at, empty if it is none."""
    try:
        told = decode(store.get(pointer), Publication, pointer)
    except (DataError, NotFound):
        return ""
    return publication_key(stage, told.seq, told.promotion, told.revision)


def _listed(store: ObjectStore, stage: str) -> str:
    return max((info.key for info in store.list(f"{stage}/published/")), default="")
