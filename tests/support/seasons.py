"""The small league on the local platform and behind a broker, to compare the states that both end in."""

import time
from collections.abc import Callable
from pathlib import Path

import real_parts
from cluster import Cluster
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.platform.runner import Platform, Step
from touchline.testing.digests import Digest, digest
from touchline.testing.league import START, environment, phases

ALL = slice(None)


def settings_of(folder: Path) -> dict[str, str]:
    """Environment of all functions below a folder, with a drift report that is quick to make."""
    folder.mkdir()
    changes = {"TOUCHLINE_FUNCTIONS": str(real_parts.quick_functions(folder)), "TOUCHLINE_SWEEP_GRACE_SECONDS": "0"}
    return environment(folder) | changes


def local(
    environ: dict[str, str],
    chosen: slice = ALL,
    *,
    watch: Callable[[Step], None] | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Digest:
    """The state after all that happens in some phases, on the local platform; nothing may have failed for good."""
    clock = VirtualClock(START)
    with Platform(environ, clock=clock, watch=watch, pause=pause) as world:
        for phase in phases()[chosen]:
            clock.move(phase.now)
            for key, data in phase.objects.items():
                world.ports.store.create(key, data)
            for function in phase.ticks:
                world.deliver(function, world.tick(function))
            for key, data in phase.afterwards.items():
                world.ports.store.create(key, data)
            world.drain()
        assert [world.ports.store.get(info.key) for info in world.ports.store.list("deadletter/")] == []
    return digest(bootstrap.ports(environ, clock=clock))


def deployed(cluster: Cluster) -> Digest:
    """The same behind a broker; what notifications lost, sweep finds."""
    for phase in phases():
        cluster.at(phase.now.isoformat())
        for key, data in phase.objects.items():
            cluster.ports.store.create(key, data)
        for function in phase.ticks:
            cluster.tick(function)
        for key, data in phase.afterwards.items():
            cluster.ports.store.create(key, data)
        cluster.rest()
        while cluster.sweep():
            cluster.rest()
    return digest(cluster.ports)
