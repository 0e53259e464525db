"""What was sealed, as batches in the object store: each made before kick-off, created once, and chained to the last.

Rows are told apart by their number in the database, which grows with every sealing. Whatever was sealed and is in no
batch is taken into the next one, also what a run left behind that stopped between the two. Of two runs that make the
same number, the first to create the object has made it; the other one goes on behind it.
"""

from collections.abc import Iterator

from touchline.domain import ledger_batches
from touchline.domain.ledger_batches import LARGEST, Batch, canonical, key_of, number_of
from touchline.errors import CorruptObject
from touchline.ports import ObjectInfo, ObjectStore
from touchline.work import Ports

Row = tuple[int, bytes]


def export_batches(ports: Ports) -> int:
    """Write all that was sealed and is in no batch yet; how many batches that took.

    Raises:
        CorruptObject: the newest batch cannot be read, so nothing can follow it.
    """
    made, head = 0, newest(ports.store)
    while rows := _waiting(ports, head):
        for chosen in (rows[start : start + LARGEST] for start in range(0, len(rows), LARGEST)):
            batch = ledger_batches.build(head, [row for _, row in chosen], chosen[-1][0], ports.clock.now())
            created = ports.store.create(key_of(batch.header.number), canonical(batch))
            made, head = made + created, read_batch(ports.store, key_of(batch.header.number))
            if not created:
                break
    return made


def batches(store: ObjectStore) -> Iterator[ObjectInfo]:
    """Objects of the batches, in their order."""
    return (info for info in store.list(ledger_batches.FOLDER) if number_of(info.key) is not None)


def newest(store: ObjectStore) -> Batch | None:
    """The batch with the highest number, None before the first."""
    keys = [info.key for info in batches(store)]
    return read_batch(store, keys[-1]) if keys else None


def read_batch(store: ObjectStore, key: str) -> Batch:
    """A batch; of what it says only the form is looked at.

    Raises:
        CorruptObject: it is none.
    """
    try:
        return ledger_batches.read(store.get(key))
    except ValueError as error:
        hint = "touchline verify-ledger says what else is wrong; put the object back from a backup"
        raise CorruptObject(f"not a batch of forecasts: {error}", where=key, hint=hint) from error


def _waiting(ports: Ports, head: Batch | None) -> list[Row]:
    """Rows that are in no batch, by number."""
    if head is None:
        return _rows(ports, 0)
    found = _rows(ports, head.header.last - 1)
    if found and (found[0][0], [found[0][1]]) == (head.header.last, head.rows[-1:]):
        return found[1:]
    # The database was set back, or is another one: its numbers say nothing, so every row is looked for.
    told = {row for info in batches(ports.store) for row in read_batch(ports.store, info.key).rows}
    return [row for row in _rows(ports, 0) if row[1] not in told]


def _rows(ports: Ports, after: int) -> list[Row]:
    return [(number, canonical(forecast)) for number, forecast in ports.ledger.numbered(after)]
