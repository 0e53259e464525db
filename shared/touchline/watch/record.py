"""Whether the record of forecasts is whole: what is over is settled, what was sealed stands in the chain of batches."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from prometheus_client.core import Metric

from touchline.coordination import Figures
from touchline.domain import ledger_batches
from touchline.ports import ObjectInfo, ObjectStore
from touchline.stages import forecast_ledger
from touchline.watch.families import single

GRACE: Final = timedelta(minutes=15)
"""What was sealed is exported within the same run: forecast may take 150 s, and be delivered again."""


class Batches:
    """Looks along the chain of batches; each is read once, and all again where one of them changed.

    Args:
        store: where they are.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._begin()

    def _begin(self) -> None:
        self._etags: dict[str, str] = {}
        self._hash, self._number = ledger_batches.FIRST, 0
        self.gaps = 0
        """Breaks found along the chain."""
        self.last = 0
        """Number of the newest row that a batch has."""

    def look(self) -> None:
        """Take in what is new.

        Raises:
            Unavailable: the store does not answer.
        """
        found = list(forecast_ledger.batches(self._store))
        if any(info.etag != self._etags.get(info.key) for info in found[: len(self._etags)]) or len(found) < len(
            self._etags
        ):
            self._begin()
        for info in found[len(self._etags) :]:
            self._take(info)

    def _take(self, info: ObjectInfo) -> None:
        data, number = self._store.get(info.key), ledger_batches.number_of(info.key) or 0
        self.gaps += number != self._number + 1
        self._number = number
        self._etags[info.key] = info.etag
        try:
            batch = ledger_batches.read(data)
        except ValueError:
            self.gaps, self._hash = self.gaps + 1, ""
            return
        self.gaps += bool(ledger_batches.broken(batch, data, info.key, self._hash))
        self._hash, self.last = batch.hash, max(self.last, batch.header.last)


def record(batches: Batches, figures: Figures, mode: str, now: datetime) -> Iterator[Metric]:
    """Matches without a settlement, and gaps in the chain.

    Raises:
        Unavailable: the database or the store does not answer.
    """
    about = "Matches that are over, with a forecast of record that is not settled"
    yield single("touchline_ledger_unsettled_matches", about, figures.unsettled(mode, now))
    batches.look()
    behind = figures.unexported(batches.last, now - GRACE) > 0
    about = "Breaks in the chain of batches, and 1 where forecasts were sealed that are in none"
    yield single("touchline_ledger_gaps", about, batches.gaps + behind)
