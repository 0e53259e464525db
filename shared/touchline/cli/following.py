"""Follows objects through a chain by its receipts, wherever its functions run: only the store has to be the same."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from touchline.domain import receipts
from touchline.errors import NotFound
from touchline.manifest import decode, sha256
from touchline.ports import ObjectStore
from touchline.telemetry import RunRecord
from touchline.wiring import Wiring
from touchline.work import Event

FAILED = 500


class Awaited(msgspec.Struct, frozen=True):
    """Work that an object asks of a function."""

    function: str
    key: str
    work: str
    """First digits of its identity, as in the names of run records."""


class Ended(msgspec.Struct, frozen=True):
    """Work that is done."""

    asked: Awaited
    record: RunRecord


class Chain:
    """What some objects set going, as far as it is known by now.

    Args:
        store: where objects and receipts are.
        wiring: who is woken by what.
        since: receipts of earlier days are not looked at.
    """

    def __init__(self, store: ObjectStore, wiring: Wiring, since: datetime) -> None:
        self._store, self._wiring, self._since = store, wiring, since
        self.awaited: list[Awaited] = []
        self.failures: dict[Awaited, str] = {}
        """Work whose last attempt failed, and why; it may come again."""

    def expect(self, key: str) -> None:
        """From now on wait for all work that an object asks for."""
        try:
            data = self._store.get(key)
        except NotFound:
            return
        event = Event(
            id=key,
            kind="object",
            source="touchline/smoke",
            time=self._since,
            key=key,
            sha256=sha256(data),
            generation=0,
        )
        for name, function in self._wiring.functions.items():
            if any(key.startswith(prefix) for prefix in function.prefixes):
                self.awaited.append(Awaited(name, key, event.work(name)[: receipts.WORK_DIGITS]))

    def look(self, now: datetime) -> Iterator[Ended]:
        """Work that has ended since the last look; what it published is awaited from now on."""
        known = {name: dict(self._receipts(name, now)) for name in {asked.function for asked in self.awaited}}
        for asked in list(self.awaited):
            found = known[asked.function].get(asked.work)
            if found is None:
                continue
            status, key = found
            record = decode(self._store.get(key), RunRecord, key)
            if status >= FAILED:
                self.failures[asked] = record.error.what if record.error else record.reason
                continue
            self.awaited.remove(asked)
            self.failures.pop(asked, None)
            for published in record.publications:
                self.expect(published)
            yield Ended(asked, record)

    def _receipts(self, function: str, now: datetime) -> Iterator[tuple[str, tuple[int, str]]]:
        """Work -> status and key of its newest receipt."""
        for days in range((now.date() - self._since.date()).days + 1):
            day = self._since.date() + timedelta(days=days)
            for info in self._store.list(f"runs/{function}/{day:%Y%m%d}/"):
                if receipt := receipts.read(info.key):
                    yield receipt.work, (receipt.status, info.key)


def advice(asked: Awaited, wiring: Wiring, first: bool) -> str:
    """What to look at when work does not come.

    Args:
        asked: what was awaited.
        wiring: how the function runs.
        first: whether nothing at all came of the objects.
    """
    if first:
        return "nothing has woken it: does the bucket tell of new objects? (sweep finds it in a quarter of an hour)"
    if wiring.function(asked.function).kind == "job":
        return "a training takes its time; see its job, and `touchline runs --function train`"
    return f"see the log of {asked.function}, and `touchline deadletters list`"


def ordered(wiring: Wiring, awaited: Sequence[Awaited]) -> list[Awaited]:
    """Awaited work in the order in which functions wake each other."""
    order = wiring.order()
    return sorted(awaited, key=lambda asked: (order.index(asked.function), asked.key))
