"""The replica site on a free port of 127.0.0.1, as a context:

with replica_server.running(teams=4, now=datetime(2026, 6, 30, tzinfo=UTC)) as replica:
    scrape(replica.url)
    assert replica.hits.of("asset") == []
    replica.faults.set({"unavailable": 0.3})
    replica.site.now += timedelta(hours=1)
    expected = replica.truth.schedule("E0")
"""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import uvicorn

from replica_app import Hits, Replica
from replica_faults import Faults
from replica_site import Site
from replica_truth import Truth
from waiting import wait_until


class Running:
    """A replica that is being served: what it shows, what is true, who asked, what goes wrong."""

    def __init__(self, replica: Replica, url: str) -> None:
        self.replica, self.url = replica, url

    @property
    def site(self) -> Site:
        """With a clock that can be set, and revisions."""
        return self.replica.site

    @property
    def truth(self) -> Truth:
        """Tables in our columns, as of the site's clock."""
        return self.replica.truth

    @property
    def hits(self) -> Hits:
        """Every request so far."""
        return self.replica.hits

    @property
    def faults(self) -> Faults:
        """What goes wrong from now on."""
        return self.replica.faults


@contextmanager
def running(faults: Mapping[str, float] | None = None, port: int = 0, **site: Any) -> Iterator[Running]:
    """Serve a site (arguments of `Site`) in a thread; it is gone at the end, whatever is still being answered."""
    replica = Replica(Site(**site), Faults(faults))
    config = uvicorn.Config(
        replica, port=port, log_level="critical", lifespan="off", ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_until(lambda: server.started or not thread.is_alive(), "the replica to start")
            yield Running(replica, f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join(20)
