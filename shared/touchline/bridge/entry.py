"""The bridge as servers call it: `uvicorn main:app`, with its lifespan, since it works between the requests, too."""

import os
import socket
from functools import cache

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from touchline import bootstrap, events, settings, telemetry
from touchline.bridge.doors import Household, application
from touchline.bridge.meters import Meters
from touchline.bridge.postman import Postman
from touchline.watch.exporter import exporter

NEEDS = frozenset({"object_store", "database", "events"})
LOOKS = 45.0
"""Seconds between looks at what functions did: it is asked for once a minute."""


@cache
def service() -> Starlette:
    """The doors over the ports that the environment names, built once a process."""
    ports = bootstrap.ports(os.environ, needs=NEEDS)
    options, common = settings.load(settings.Bridge, os.environ, "bridge"), ports.common
    telemetry.log_to(level=common.log_level)
    holder, meters = common.instance or f"{socket.gethostname()}/{os.getpid()}", Meters()
    broker, lease = ports.broker(options), common.lease_seconds
    postman = Postman(ports.inbox, broker, options, holder=holder, lease=lease, meters=meters)
    return application(
        Household(
            wired=ports.wiring, inbox=ports.inbox, store=ports.store, clock=ports.clock, meters=meters, postman=postman,
            exporter=exporter(ports, ports.wiring, LOOKS),
            bucket_token=options.token, sink_token=os.environ.get(bootstrap.SINK_TOKEN, ""),
            prefix=events.store_prefix(common.store),
        )
    )  # fmt: skip


async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
    """For uvicorn."""
    await service()(scope, receive, send)
