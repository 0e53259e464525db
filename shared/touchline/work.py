"""A piece of work: the event that asks for it, the ports to do it with, the result that comes of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from touchline.collecting import Fetcher, Hosts, Journal, Links, Names, Quotes, Source
from touchline.coordination import Callbacks, Claim, Emitter, KeyRecord, Studies
from touchline.manifest import encode, sha256
from touchline.ports import (
    Cache,
    Clock,
    Ledger,
    MatchStore,
    Metrics,
    ObjectStore,
    Predictor,
    PromotionLog,
    Registry,
)
from touchline.wiring import Wiring

if TYPE_CHECKING:
    import pandas as pd

EventKind = Literal["object", "cron", "http"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What woke a function, whatever the platform called it.

    `key` is the object's key (kind object) or the name of the schedule (kind cron). `sha256` is the hash of the object
    where the platform knows it, else empty. `generation` is raised by replay and redrive only.
    """

    id: str
    kind: EventKind
    source: str
    time: datetime
    key: str = ""
    sha256: str = ""
    generation: int = 0
    traceparent: str = ""
    data: dict[str, Any] = {}

    def work(self, function: str) -> str:
        """Identity of the work that this event asks of a function: redeliveries have the same, a replay another.

        An object is the same work whoever reports it; of ticks and requests each one is asked anew.
        """
        asked = self.sha256 if self.kind == "object" else self.id
        return sha256(encode([function, self.kind, self.key, asked, self.generation]))[:32]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage did with an event.

    Outcomes: `done` (something new was published), `unchanged` (the same work had been done), `skipped` (nothing was
    due, the reason says why), `parked` (input was refused and kept, the reason says where).
    """

    outcome: Literal["done", "unchanged", "skipped", "parked"]
    publications: tuple[str, ...] = ()
    reason: str = ""
    summary: dict[str, Any] = {}


class DriftReporter(Protocol):
    """Makes the drift report of a table against a reference."""

    def report(self, reference: "pd.DataFrame", current: "pd.DataFrame") -> tuple[str, dict[str, Any]]:
        """Self-contained HTML, and the same findings as plain data."""
        ...


class Ports(Protocol):
    """All that a stage may touch. A port that the wiring does not grant to the function raises `ConfigurationError`."""

    @property
    def store(self) -> ObjectStore: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def metrics(self) -> Metrics: ...
    @property
    def claim(self) -> Claim: ...
    @property
    def matches(self) -> MatchStore: ...
    @property
    def quotes(self) -> Quotes: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def promotions(self) -> PromotionLog: ...
    @property
    def keys(self) -> KeyRecord: ...
    @property
    def registry(self) -> Registry: ...
    @property
    def cache(self) -> Cache: ...
    @property
    def sources(self) -> Mapping[str, Source]: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def hosts(self) -> Hosts: ...
    @property
    def names(self) -> Names: ...
    @property
    def links(self) -> Links: ...
    def fetcher(self, source: Source) -> Fetcher:
        """A new way to read pages of a source; the caller closes it."""
        ...

    @property
    def reporter(self) -> DriftReporter: ...
    @property
    def emitter(self) -> Emitter: ...
    @property
    def callbacks(self) -> Callbacks: ...
    @property
    def wiring(self) -> Wiring: ...
    def studies(self, address: str) -> Studies:
        """Studies at an address, `database` for the one that the settings name."""
        ...

    def model(self, bundle: str, digests: Mapping[str, str]) -> Predictor:
        """Load the bundle under a prefix, its files checked against their sha256."""
        ...
