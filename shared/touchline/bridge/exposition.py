"""The bridge's own numbers, as families; what functions did is told by `touchline.watch`."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from touchline.bridge.meters import Meters
from touchline.coordination import InboxState
from touchline.watch.families import counter, gauge, histogram, single

STATES = ("waiting", "done", "refused", "unread")


def families(meters: Meters, state: InboxState | None, posting: int) -> Iterator[Metric]:
    """Everything; without the state of the inbox where the database does not answer."""
    came = sorted(meters.came.items())
    yield counter("touchline_bridge_received_total", "What came, by door", ("door", "outcome"), came)
    posted = (((verdict,), n) for verdict, n in sorted(meters.posted.items()))
    yield counter("touchline_bridge_posts_total", "Attempts at the broker", ("verdict",), posted)
    faults = (((part,), n) for part, n in sorted(meters.faults.items()))
    yield counter("touchline_bridge_faults_total", "Parts that failed when needed", ("part",), faults)
    seconds = [((), meters.seconds)]
    yield histogram("touchline_bridge_post_seconds", "Time until the broker answered", (), seconds)
    yield single("touchline_bridge_database_up", "1 when the database answers", state is not None)
    yield single("touchline_bridge_posting", "Events being posted", posting)
    if state is not None:
        rows = [((name,), state.states.get(name, 0)) for name in STATES]
        yield gauge("touchline_inbox_events", "Events in the inbox", ("state",), rows)
        yield single("touchline_inbox_oldest_seconds", "Age of the oldest that waits", state.oldest_seconds)
