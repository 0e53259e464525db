"""Scrape: what a run of collecting did."""

from typing import TYPE_CHECKING

from touchline.stages.scrape_visit import Stopped

if TYPE_CHECKING:
    from touchline.errors import TouchlineError


class Tally:
    """What a run did, over all its sources."""

    def __init__(self) -> None:
        self.fetched = self.kept = self.failed = self.left = self.waiting = self.retries = 0
        self.blocked: dict[str, str] = {}
        """Source -> kind of the wall."""
        self.stopped: dict[str, str] = {}
        """Source -> why it was not asked any more."""
        self.errors: list[TouchlineError] = []
        """Of pages that failed, and of sources that did not answer or would not."""
        self.late = False
        """Whether time was up before all was done."""

    def told(self) -> list[str]:
        """What kept pages away, a line each."""
        ends = [f"{name}: {why}" for name, why in self.stopped.items()]
        faults = (f"{error.where}: {error.what}" for error in self.errors if not isinstance(error, Stopped))
        waits = [f"{self.waiting} pages failed not long ago, and wait"] if self.waiting else []
        late = [f"time is up, {self.left} pages are left"] if self.late else []
        return [*dict.fromkeys(faults), *ends, *waits, *late]

    def summary(self) -> dict[str, object]:
        """The same as plain data."""
        return {
            "pages_fetched": self.fetched, "pages_kept": self.kept, "pages_failed": self.failed,
            "pages_waiting": self.waiting, "retries": self.retries, "left": self.left,
            "blocked": dict(self.blocked), "stopped": dict(self.stopped),
        }  # fmt: skip
