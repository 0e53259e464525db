"""What a month of the runs of late would cost, by function, at list prices; without storage, which is little."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from prometheus_client.core import Metric

from touchline.watch import prices
from touchline.watch.cost import NOBODY, estimate
from touchline.watch.families import gauge
from touchline.watch.tally import Run
from touchline.watch.usage import Usage, Used, together, used
from touchline.wiring import Wiring

DAYS: Final = 30
"""So far back from the day of the newest run."""
SHARED: Final = "shared"
"""Stands for what is there whatever function runs."""


class Spending:
    """What functions used, by the day on which they ran.

    Args:
        wired: memory and kind of each function.
    """

    def __init__(self, wired: Wiring) -> None:
        self._wired = wired
        self._days: dict[str, dict[str, Used]] = {}
        self._first: datetime | None = None
        self._last: datetime | None = None

    def take(self, run: Run) -> None:
        """Take in what a run used."""
        day = self._days.setdefault(f"{run.started:%Y%m%d}", {})
        made = run.summary.get("forecasts", 0)
        spent = used(run.duration_s, cold=run.cold, forecasts=made if isinstance(made, int) else 0)
        day[run.function] = day.get(run.function, Used()).plus(spent)
        self._first = min(self._first or run.started, run.started)
        self._last = max(self._last or run.started, run.started)

    def families(self) -> Iterator[Metric]:
        """USD a month, by platform and function.

        Raises:
            TouchlineError: the price lists cannot be read.
        """
        usage, listed = self._usage(), prices.load()
        costs = {platform: estimate(usage, self._wired, listed, platform) for platform in prices.PLATFORMS}
        rows = [
            ((platform, one.function), one.usd_month) for platform, found in costs.items() for one in found.functions
        ]
        for platform, found in costs.items():
            rows.append(((platform, SHARED), sum(line.usd for line in found.lines if line.function == NOBODY)))
        about = "A month of the runs of the last 30 days at list price, without storage"
        yield gauge("touchline_cost_usd_month", about, ("platform", "function"), rows)

    def _usage(self) -> Usage:
        if self._first is None or self._last is None:
            return Usage()
        begin = (self._last - timedelta(days=DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
        since = max(self._first, begin)  # whole days are added up, so whole days are what they are divided by
        recent = [found for day, found in self._days.items() if day >= f"{since:%Y%m%d}"]
        names = sorted({name for found in recent for name in found})
        sums = {name: together(found[name] for found in recent if name in found) for name in names}
        return Usage(since=since, until=self._last, used=sums)
