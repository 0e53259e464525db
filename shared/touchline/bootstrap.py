"""The composition root: the only module that knows concrete adapters.

Nothing is built before it is asked for, so that a function loads only what its wiring grants it. Tests call the same
`ports` with other arguments.
"""

import os
import socket
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from touchline import claiming, settings
from touchline import wiring as declared
from touchline.adapters.clock import SystemClock, VirtualClock, parse_moment
from touchline.adapters.metrics import RecordedMetrics
from touchline.collecting import Fetcher, Hosts, Journal, Links, Names, Quotes, Source
from touchline.coordination import (
    Broker,
    Callbacks,
    Claim,
    Claims,
    Crashes,
    Emitter,
    Figures,
    Inbox,
    KeyRecord,
    Studies,
)
from touchline.errors import ConfigurationError
from touchline.ports import (
    Cache,
    Clock,
    Ledger,
    MatchStore,
    ObjectStore,
    Predictor,
    PromotionLog,
    Registry,
)
from touchline.settings import Common
from touchline.work import DriftReporter

if TYPE_CHECKING:
    from sqlalchemy import Engine

_P = TypeVar("_P")
Around = Callable[[str, Any], Any]
"""Name of a port and its adapter -> what stands in its place, with the same methods."""
SECRETS = "TOUCHLINE_SECRETS"
"""Environment variable that names secrets in the store of AWS, `<variable>=<parameter>,...`."""
UNSET = "-"
"""What a secret of AWS holds until somebody gives it a value."""
SINK_TOKEN = "TOUCHLINE_SINK_TOKEN"  # noqa: S105 - the name of a variable, not a secret
"""Environment variable with the token that the sink asks for."""
ALL_NEEDS = frozenset({"object_store", "database", "registry", "network", "cache", "browser", "events"})


class Container:
    """Ports of one function, built on first use."""

    def __init__(
        self,
        common: Common,
        environ: Mapping[str, str],
        needs: frozenset[str],
        clock: Clock | None,
        around: Around | None,
    ) -> None:
        self.common, self.environ, self.needs = common, environ, needs
        self._clock, self._around = clock, around
        self.metrics = RecordedMetrics()

    @cached_property
    def home(self) -> Path:
        """Folder of the embedded parts."""
        return Path(self.common.home).expanduser().resolve()

    @cached_property
    def clock(self) -> Clock:
        """Real time, or the moment that the settings give."""
        if self._clock is not None:
            return self._clock
        return VirtualClock(parse_moment(self.common.now)) if self.common.now else SystemClock()

    @cached_property
    def store(self) -> ObjectStore:
        """Object store."""
        self._require("object_store")
        from touchline.adapters.stores import open_store

        made = open_store(self.common.store, self.home / "objects", self.common.store_lock_days)
        return self._placed("store", made)

    @cached_property
    def engine(self) -> "Engine":
        """Database engine, its schema brought up to date."""
        self._require("database")
        from touchline.adapters.database import connect

        engine = connect(self.common.database or f"sqlite:///{self.home / 'touchline.db'}")
        weakref.finalize(self, engine.dispose)  # who lets go of the ports leaves no connection open
        return engine

    @cached_property
    def matches(self) -> MatchStore:
        """Matches in the database."""
        from touchline.adapters.match_store import SqlMatchStore

        return self._placed("matches", SqlMatchStore(self.engine, self.clock))

    @cached_property
    def quotes(self) -> Quotes:
        """Prices and when they were quoted."""
        from touchline.adapters.quotes import SqlQuotes

        return self._placed("quotes", SqlQuotes(self.engine))

    @cached_property
    def ledger(self) -> Ledger:
        """Sealed forecasts and settlements."""
        from touchline.adapters.ledger import SqlLedger

        return self._placed("ledger", SqlLedger(self.engine))

    @cached_property
    def promotions(self) -> PromotionLog:
        """Promotion decisions."""
        from touchline.adapters.promotions import SqlPromotionLog

        return self._placed("promotions", SqlPromotionLog(self.engine))

    @cached_property
    def figures(self) -> Figures:
        """How things stand in the database."""
        from touchline.adapters.figures import SqlFigures

        return self._placed("figures", SqlFigures(self.engine))

    @cached_property
    def keys(self) -> KeyRecord:
        """API keys that were made."""
        from touchline.adapters.keys_store import SqlKeyRecord

        return self._placed("keys", SqlKeyRecord(self.engine))

    @cached_property
    def claims(self) -> Claims:
        """Who may work as which function."""
        from touchline.adapters.claims import SqlClaims

        return self._placed("claims", SqlClaims(self.engine))

    @property
    def claim(self) -> Claim:
        """Claim of the run that we are in."""
        return claiming.current()

    @contextmanager
    def claimed(self, name: str) -> Iterator[Claim]:
        """Work as the function of that name, alone.

        Raises:
            Conflict: another run is at it.
        """
        holder = self.common.instance or f"{socket.gethostname()}/{os.getpid()}"
        with claiming.claimed(self.claims, name, holder, self.common.lease_seconds) as claim:
            yield claim

    @cached_property
    def registry(self) -> Registry:
        """Model registry."""
        self._require("registry")
        if self.common.registry == "folder":
            from touchline.adapters.folder_registry import FolderRegistry

            return self._placed("registry", FolderRegistry(self.home / "registry"))
        from touchline.adapters.mlflow_registry import MlflowRegistry

        address = self.common.mlflow_tracking_uri or f"sqlite:///{self.home / 'mlflow.db'}"
        return self._placed("registry", MlflowRegistry(address, self.home / "mlflow-artifacts"))

    @cached_property
    def cache(self) -> Cache:
        """Short-lived answers, in this process or shared with others."""
        self._require("cache")
        from touchline.adapters.caches import open_cache

        return self._placed("cache", open_cache(self.common.cache))

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """Data sources by name."""
        self._require("network")
        from touchline.sources.registry import build

        return build(settings.load(settings.Scrape, self.environ, "scrape"))

    @cached_property
    def journal(self) -> Journal:
        """What is remembered of collected pages."""
        from touchline.adapters.journal import SqlJournal

        return self._placed("journal", SqlJournal(self.engine))

    @cached_property
    def hosts(self) -> Hosts:
        """How we stand with the hosts of the sources."""
        from touchline.adapters.journal import SqlHosts

        return self._placed("hosts", SqlHosts(self.engine))

    @cached_property
    def names(self) -> Names:
        """Names of teams that nobody declared."""
        from touchline.adapters.names_store import SqlNames

        return self._placed("names", SqlNames(self.engine))

    @cached_property
    def links(self) -> Links:
        """What sources have to do with stored matches."""
        from touchline.adapters.match_links import SqlLinks

        return self._placed("links", SqlLinks(self.engine))

    def fetcher(self, source: Source) -> Fetcher:
        """A new way to read pages of a source; the caller closes it."""
        self._require("network")
        wanted = settings.load(settings.Scrape, self.environ, "scrape")
        if source.about.transport == "browser":
            self._require("browser")
            from touchline.adapters.browser import Browser

            return Browser(wanted.user_agent, self.common.browser_url, self.common.browser_options)
        from touchline.adapters.http_fetcher import HttpFetcher

        return HttpFetcher(wanted.user_agent, self.environ)

    @cached_property
    def reporter(self) -> DriftReporter:
        """Drift reports."""
        from touchline.adapters.evidently_report import EvidentlyReporter

        return self._placed("reporter", EvidentlyReporter())

    @cached_property
    def emitter(self) -> Emitter:
        """Who delivers events: the sink that the settings name, else the queue of the local platform."""
        self._require("events")
        if self.common.sink:
            from touchline.adapters.sinks import open_sink

            made = open_sink(self.common.sink, self.environ.get(SINK_TOKEN, ""), lambda: self.wiring)
            return self._placed("emitter", made)
        from touchline.adapters.queue_file import QueueFile

        self.home.mkdir(parents=True, exist_ok=True)
        return self._placed("emitter", QueueFile(self.home / "platform.db"))

    @cached_property
    def inbox(self) -> Inbox:
        """Events on their way to the broker; the database is asked for with each call, so it may be away at first."""
        from touchline.adapters.inbox import SqlInbox

        return self._placed("inbox", SqlInbox(lambda: self.engine))

    def broker(self, wanted: settings.Bridge) -> Broker:
        """The broker that the settings name; the caller closes it."""
        self._require("events")
        from touchline.adapters.http_broker import HttpBroker

        made = HttpBroker(self.common.broker, parallel=wanted.parallel, answer_seconds=wanted.answer_seconds)
        return self._placed("broker", made)

    @cached_property
    def crashes(self) -> Crashes | None:
        """What the platform gave up, where the settings say that it keeps such deliveries."""
        if not self.common.crashes:
            return None
        from touchline.adapters.crash_queues import open_crashes

        return self._placed("crashes", open_crashes(self.common.crashes, self.wiring))

    @cached_property
    def callbacks(self) -> Callbacks:
        """Calls to addresses that clients gave."""
        self._require("network")
        from touchline.adapters.http_callbacks import HttpCallbacks

        wanted = settings.load(settings.Answer, self.environ, "answer")
        made = HttpCallbacks(loopback=wanted.callback_loopback, seconds=wanted.callback_seconds)
        return self._placed("callbacks", made)

    @cached_property
    def wiring(self) -> declared.Wiring:
        """What wakes whom."""
        return declared.load(declared.root(self.environ))

    def studies(self, address: str) -> Studies:
        """Studies at an address, or in the `database`: there in a schema of their own, or in a file beside it."""
        self._require("database")
        from touchline.adapters.studies import SharedStudies

        worker = self.common.instance or f"{socket.gethostname()}/{os.getpid()}"
        return SharedStudies(
            self.studies_address(address), worker=worker, lease_seconds=self.common.lease_seconds
        )  # fmt: skip

    def studies_address(self, address: str) -> str:
        """Address of studies, where `database` stands for the one that the settings name."""
        if address != "database":
            return address
        shared = self.common.database.startswith("postgresql")  # SQLite has no schemas to keep the tables of both apart
        return self.common.database if shared else f"sqlite:///{self.home / 'studies.db'}"

    def model(self, bundle: str, digests: Mapping[str, str]) -> Predictor:
        """Load a servable bundle, its files checked."""
        from touchline.adapters.onnx_model import load

        return load(self.store, bundle, digests)

    def _placed(self, name: str, adapter: _P) -> _P:
        """The adapter, or what the surroundings put around it."""
        return adapter if self._around is None else self._around(name, adapter)

    def _require(self, need: str) -> None:
        if need not in self.needs:
            raise ConfigurationError(
                f"the wiring grants no {need}", where="functions/wiring.yaml", hint="add it to `needs`"
            )


def revealed(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment with the secrets that it only names, where the platform cannot put them there itself, and without
    those that nobody gave a value yet.

    Raises:
        ConfigurationError: one of them is missing, or we may not read it.
        Unavailable: their store does not answer.
    """
    told = {**environ}
    if environ.get(SECRETS):
        from touchline.adapters.aws_secrets import read

        told |= read(environ[SECRETS])
    return {variable: value for variable, value in told.items() if value != UNSET}


def put_back(queue: str, handle: str, seconds: float) -> None:
    """Let a queue of AWS deliver a message again after a pause.

    Raises:
        TouchlineError: it cannot be; then the message comes again later.
    """
    from touchline.adapters import aws_queue

    aws_queue.put_back(queue, handle, seconds)


def ports(
    environ: Mapping[str, str],
    *,
    needs: frozenset[str] = ALL_NEEDS,
    clock: Clock | None = None,
    around: Around | None = None,
) -> Container:
    """Ports as the environment asks for them, each passed through `around` when it is built.

    Raises:
        ConfigurationError: a setting has a wrong value.
    """
    return Container(settings.load(Common, environ), environ, needs, clock, around)
