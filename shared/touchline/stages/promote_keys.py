"""What tells the service which keys are in force: one object, made from the record and never moved back."""

from typing import Final

from touchline.coordination import KeyRecord
from touchline.domain.keys import KEYS_POINTER, ActiveKeys, active
from touchline.errors import Conflict, CorruptObject, DataError
from touchline.manifest import decode, encode
from touchline.ports import ObjectStore

ATTEMPTS: Final = 10


def project_keys(record: KeyRecord, store: ObjectStore) -> list[str]:
    """Publish the keys that are in force; the key of the object, if it was not as the record says.

    Raises:
        CorruptObject: the object knows more changes than the record, which must have been put back.
        Conflict: others keep changing it.
    """
    for _ in range(ATTEMPTS):
        info = store.stat(KEYS_POINTER)
        found = b"" if info is None else store.get(KEYS_POINTER)
        wanted = active(record.issued())  # read last: it is never behind what was published before
        if found == encode(wanted) or (info is None and not wanted.version):
            return []
        _require_newer(wanted, found)
        if store.swap(KEYS_POINTER, encode(wanted), info.etag) if info else store.create(KEYS_POINTER, encode(wanted)):
            return [KEYS_POINTER]
    raise Conflict("others keep changing the published keys", where=KEYS_POINTER, hint="try again")


def in_line(record: KeyRecord, store: ObjectStore) -> bool:
    """Whether the service is told what the record says."""
    wanted = active(record.issued())
    if store.stat(KEYS_POINTER) is None:
        return not wanted.version
    return store.get(KEYS_POINTER) == encode(wanted)


def _require_newer(wanted: ActiveKeys, found: bytes) -> None:
    try:
        told = decode(found, ActiveKeys)
    except DataError:
        return  # broken, so it is made anew
    if told.version > wanted.version:
        raise CorruptObject(
            f"tells of {told.version} changes of keys, the database knows {wanted.version}",
            where=KEYS_POINTER,
            hint="was the database put back to an older state? Revoke what is not in use any more, remove the object, "
            "run `touchline keys list`, and restart the service",
        )
