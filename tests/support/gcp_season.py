"""The small league, played on Google Cloud as Terraform would make it."""

import os
from pathlib import Path
from random import Random
from unittest import mock

from gcp_cloud import Cloud
from gcp_terraform import Made
from pubsub import served
from touchline import bootstrap, wiring
from touchline.adapters.clock import VirtualClock
from touchline.testing import Digest, digest
from touchline.testing.league import START, environment, phases
from touchline.testing.remembered import remembering

TICKS = {"drift": "drift-daily", "forecast": "forecast-twice-daily"}


def cloud_of(made: Made, folder: Path, disorder: Random | None) -> Cloud:
    """What was made, at work on a bucket in a folder."""
    settings = {"TOUCHLINE_STORE": str(folder / "bucket"), "TOUCHLINE_SWEEP_GRACE_SECONDS": "0"}
    return Cloud(made, wiring.root(), environment(folder) | settings, VirtualClock(START), disorder)


def put(cloud: Cloud, key: str, data: bytes) -> None:
    """Put an object down, as a user does."""
    assert ports(cloud).store.create(key, data)
    cloud.created(key)


def ports(cloud: Cloud) -> bootstrap.Container:
    """The parts that the functions use, without rights between."""
    return bootstrap.ports(cloud.settings, clock=cloud.clock)


def played(cloud: Cloud) -> tuple[Digest, ...]:
    """The states in which each phase of the league must end."""
    states = []
    with remembering(), served(cloud.pubsub) as door, mock.patch.dict(os.environ, PUBSUB_EMULATOR_HOST=door.address):
        for phase in phases():
            cloud.clock.move(phase.now)
            for key, data in (phase.objects | phase.afterwards).items():
                put(cloud, key, data)
            for function in phase.ticks:
                cloud.tick(TICKS[function])
            cloud.pubsub.run()
            if phase.same:
                states.append(digest(ports(cloud)))
    return tuple(states)
