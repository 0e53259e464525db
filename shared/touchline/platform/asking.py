"""What commands ask of a home's chain, whether this process works in it or another: what is owed, and what could be."""

from datetime import UTC, datetime
from typing import Final

from touchline.adapters.queue_file import QueueFile
from touchline.bootstrap import Container
from touchline.platform import looking
from touchline.wiring import Wiring
from touchline.work import Event

MANY: Final = 1_000_000
"""More deliveries than a function ever has waiting."""
DISTANT: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Every delivery is due then."""


class Asking:
    """Events of the functions of a home, as its objects, its queue and its wiring say."""

    wiring: Wiring
    ports: Container
    queue: QueueFile

    def pending(self, name: str) -> list[Event]:
        """Events that a function is owed: those of objects that it does not know are queued first."""
        self.look_for(name)
        return [delivery.event for delivery in self.queue.due(name, DISTANT, MANY)]

    def look_for(self, name: str) -> None:
        """Queue what lies under the prefixes that wake a function and that it does not know."""
        for prefix in self.wiring.function(name).prefixes:
            found = list(self.ports.store.list(prefix))
            looking.owe(self.ports.store, self.queue, name, prefix, found, self.ports.clock.now())

    def object_event(self, name: str, key: str) -> Event:
        """Event of one object; of a higher generation if the function had it already, which makes it due again.

        Raises:
            NotFound: there is no such object.
        """
        return looking.asked(self.ports.store, self.queue, name, key, self.ports.clock.now())

    def tick(self, name: str) -> Event:
        """Event of a function's first schedule, now.

        Raises:
            ConfigurationError: the function has no schedule.
        """
        return looking.tick(self.wiring.function(name), self.ports.clock.now())
