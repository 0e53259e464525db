"""An installation on an emulator of AWS, made by Terraform and removed again, and a season played in it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

import aws_platform
import seasons
import serving
from aws_platform import AwsPlatform, Client
from terraform import Terraform
from touchline import bootstrap, wiring
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.testing.digests import Digest, digest
from touchline.testing.league import START, phases

NAME = "touchline"
SECRET = "a-secret-that-no-state-may-hold"
WIDE = "-parallelism=40"


class Installation(NamedTuple):
    """What Terraform made, and who plays in it."""

    terraform: Terraform
    client: Client
    platform: AwsPlatform
    ports: Container
    clock: VirtualClock
    environ: dict[str, str]
    """As `terraform output environment` tells it to the command line, with the database."""


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    """Apply `terraform/aws` to an emulator of our own, and destroy all of it at the end.

    Raises:
        Missing: one of them cannot be had here.
    """
    script = Path(__file__).with_name("aws_server.py")
    with serving.server("moto", script, 100) as endpoint, pytest.MonkeyPatch.context() as patch:
        for name, value in aws_platform.environment(endpoint).items():
            patch.setenv(name, value)
        settings = seasons.settings_of(folder / "season")
        database = f"sqlite:///{folder / 'touchline.db'}"
        made = _made(folder, endpoint, settings, database)
        made.run("apply", "-auto-approve", WIDE)
        client, clock = aws_platform.clients(endpoint), VirtualClock(START)
        environ = {**settings, **made.outputs()["environment"], "TOUCHLINE_DATABASE": database}
        platform = AwsPlatform(client, NAME, Path(settings["TOUCHLINE_FUNCTIONS"]), clock)
        yield Installation(made, client, platform, bootstrap.ports(environ, clock=clock), clock, environ)
        made.run("destroy", "-auto-approve", "-refresh=false", WIDE)
        assert client("sqs").list_queues().get("QueueUrls", []) == []


def _made(folder: Path, endpoint: str, settings: dict[str, str], database: str) -> Terraform:
    functions = Path(settings["TOUCHLINE_FUNCTIONS"])
    declared = wiring.load(functions)
    secrets = {f"TOUCHLINE_DATABASE-{name}": database for name in declared.functions}
    variables = {
        "endpoint": endpoint, "wiring": str(functions / "wiring.yaml"), "deletion_protection": False,
        "images": {name: f"registry/{NAME}-{name}@sha256:{'0' * 64}" for name in declared.functions},
        "settings": {"all": settings}, "unused_secrets": ["MLFLOW_TRACKING_URI"],
    }  # fmt: skip
    given = json.dumps(secrets | {"TOUCHLINE_ANSWER_CALLBACK_SECRET": SECRET})
    return Terraform("aws", folder, variables, {"TF_VAR_secrets": given})


def season(made: Installation) -> Digest:
    """The state after all that happens in the small league."""
    for phase in phases():
        made.clock.move(phase.now)
        for key, data in phase.objects.items():
            made.ports.store.create(key, data)
        for function in phase.ticks:
            first = next(one.name for one in made.ports.wiring.function(function).triggers if one.cron)
            made.platform.tick(f"{function}-{first}", phase.now)
        for key, data in phase.afterwards.items():
            made.ports.store.create(key, data)
        made.platform.settle()
    return digest(made.ports)
