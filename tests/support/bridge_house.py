"""The doors of a bridge over embedded ports, without a server and without a broker."""

import json
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from asgi_client import Client
from bridge import BUCKET_TOKEN, SINK_TOKEN
from touchline import bootstrap, wiring
from touchline.adapters import database
from touchline.adapters.schema import inbox
from touchline.bridge.doors import Household, application
from touchline.bridge.meters import Meters
from touchline.bridge.postman import Postman
from touchline.coordination import Posted
from touchline.events import Message
from touchline.settings import Bridge
from touchline.watch.exporter import exporter

WIRED = wiring.load(Path(__file__).parents[2] / "functions")
BUCKETS = {"authorization": f"Bearer {BUCKET_TOKEN}"}
SINKS = {"authorization": f"Bearer {SINK_TOKEN}"}


class NoBroker:
    """A broker that is never asked here."""

    async def post(self, event: bytes) -> Posted:
        raise AssertionError("nothing is posted without a lifespan")

    async def close(self) -> None:
        """Nothing to close."""


class House:
    """The doors over embedded ports."""

    def __init__(
        self, ports: bootstrap.Container, prefix: str = "", bucket: str = BUCKET_TOKEN, sink: str = SINK_TOKEN
    ):
        self.ports, self.meters = ports, Meters()
        postman = Postman(ports.inbox, NoBroker(), Bridge(), holder="here", lease=30, meters=self.meters)
        told = exporter(ports, WIRED, every=0)
        made = Household(
            wired=WIRED, inbox=ports.inbox, store=ports.store, clock=ports.clock, meters=self.meters, postman=postman,
            exporter=told, bucket_token=bucket, sink_token=sink, prefix=prefix,
        )  # fmt: skip
        self.client = Client(application(made))

    def notify(self, body: bytes, headers: dict[str, str] | None = None) -> int:
        return self.client.post("/notify", content=body, headers=BUCKETS if headers is None else headers).status_code

    def send(self, path: str, message: Message, **headers: str) -> httpx.Response:
        """A CloudEvent, with further headers."""
        told = {**message.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.client.post(path, content=message.body, headers=told)

    def kept(self) -> list[dict[str, Any]]:
        with database.reading(self.ports.engine) as connection:
            return [dict(row) for row in connection.execute(sa.select(inbox).order_by(inbox.c.number)).mappings()]

    def posted(self) -> list[dict[str, Any]]:
        return [json.loads(row["event"]) for row in self.kept() if row["state"] == "waiting"]
