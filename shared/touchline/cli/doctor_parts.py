"""How the doctor uses each part once: a function each, which says what it found or raises."""

import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, cast

import msgspec

from touchline import settings
from touchline.bootstrap import SECRETS, SINK_TOKEN
from touchline.cli import doctor_browser
from touchline.collecting import Scope
from touchline.domain.keys import KEYS_POINTER, state_of
from touchline.errors import ConfigurationError, DataError, NotFound, TouchlineError, Unavailable
from touchline.manifest import bundle_of, current, encode

if TYPE_CHECKING:
    from touchline.bootstrap import Container
    from touchline.collecting import Maker, Source
    from touchline.ports import ObjectStore

PROBE: Final = "runs/doctor/probe.json"
SINK_SECONDS: Final = 5.0
PACKAGES: Final = (
    "numpy", "pandas", "pyarrow", "sqlalchemy", "alembic", "httpx", "pandera", "sklearn", "xgboost", "optuna", "mlflow",
    "onnxruntime", "evidently", "fastapi", "uvicorn", "functions_framework", "boto3", "redis",
    "selenium",
)  # fmt: skip


def packages() -> str:
    """Python, and what has to be installed beside it."""
    absent = [name for name in PACKAGES if find_spec(name) is None]
    if absent:
        raise NotFound(f"not installed: {', '.join(absent)}", hint="pip install 'touchline[all]'")
    return f"Python {sys.version.split()[0]}, all {len(PACKAGES)} packages"


def wiring_file(environ: Mapping[str, str]) -> str:
    """The wiring, checked."""
    from touchline import wiring, wiring_rules

    folder = wiring.root(environ)
    found = wiring.load(folder)
    wiring_rules.check(found, folder)
    return f"{len(found.functions)} functions in {folder}"


def variables(environ: Mapping[str, str]) -> str:
    """Names of the variables that are set, never their values.

    Raises:
        ConfigurationError: names every variable with a wrong value, and every unknown one.
        NotFound: names every variable that no setting has, where that is all.
    """
    wrong = settings.faults(environ)
    unknown = strange(environ)
    if wrong:
        raise ConfigurationError("settings with a wrong value", details=(*wrong, *unknown))
    if unknown:
        raise NotFound("no settings of these names", details=unknown, hint="they have no effect")
    return ", ".join(sorted(_known(environ) & set(environ))) or "all by default"


def strange(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Variables that look like settings and are none, each with the one that may be meant."""
    known = _known(environ)
    odd = sorted(name for name in environ if name.startswith("TOUCHLINE_") and name not in known)
    return tuple(_suggested(name, known) for name in odd)


def _suggested(name: str, known: set[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    return f"{name}: did you mean {near[0]}?" if near else f"{name}: no setting has this name"


def _known(environ: Mapping[str, str]) -> set[str]:
    """Variables of all settings, and of the secrets that the wiring names."""
    from touchline import wiring

    secrets = {name for one in wiring.load(wiring.root(environ)).functions.values() for name in one.secrets}
    return {*settings.variables(), *secrets, "TOUCHLINE_FUNCTIONS", "TOUCHLINE_EVENT", SECRETS, SINK_TOKEN}


def _clock(ports: "Container") -> str:
    return f"{ports.clock.now():%Y-%m-%d %H:%M} UTC, {ports.clock.mode}"


def _store(ports: "Container") -> str:
    """One object under a fixed key: written, read, listed, and not to be had by whoever comes too late."""
    store, probe = ports.store, encode({"at": ports.clock.now()})
    info = store.stat(PROBE)
    if not (store.create(PROBE, probe) if info is None else store.swap(PROBE, probe, info.etag)):
        raise Unavailable("somebody else is trying at this moment", where=PROBE)
    if store.get(PROBE) != probe:
        raise TouchlineError("reads back something else than was written", where=PROBE)
    if PROBE not in [found.key for found in store.list(PROBE.rpartition("/")[0] + "/")]:
        raise TouchlineError("does not list what was written", where=PROBE)
    _require_conditions(store)
    return f"wrote, read and listed an object, and refuses to create it twice; {_place(ports)}"


def _require_conditions(store: "ObjectStore") -> None:
    if store.create(PROBE, b"{}") or store.swap(PROBE, b"{}", "another etag"):
        raise TouchlineError(
            "overwrites an object that another writer made",
            where=PROBE,
            hint="use a store that honours If-None-Match and If-Match: publications rest on it",
        )


def _place(ports: "Container") -> str:
    return ports.common.store or str(ports.home / "objects")


def _database(ports: "Container") -> str:
    from touchline.adapters import database_check
    from touchline.adapters.clock import SystemClock

    found = database_check.check(ports.engine, SystemClock().now)
    countries = ", ".join(sorted(ports.matches.teams())) or "no team yet"
    return f"{ports.engine.url.render_as_string()}; {found}; newest change {ports.matches.head()}; {countries}"


def _registry(ports: "Container") -> str:
    where = ports.registry.check()
    versions, aliases = ports.registry.versions(), ports.registry.aliases()
    named = ", ".join(f"{alias} = version {version}" for alias, version in sorted(aliases.items()))
    return f"{where}; {len(versions)} models; {named or 'no alias yet'}"


def _keys(ports: "Container") -> str:
    """Keys in force, and whether the service knows them."""
    from touchline.stages.promote_keys import in_line

    now = ports.clock.now()
    states = [state_of(one, now) for one in ports.keys.issued()]
    if not in_line(ports.keys, ports.store):
        raise DataError("the service is told of other keys than were made", where=KEYS_POINTER)
    if not states:
        raise NotFound("no key was made yet", hint="`touchline keys create` makes one")
    return f"{states.count('active')} active of {len(states)} made; the service knows them"


def _cache(ports: "Container") -> str:
    return ports.cache.check()


def _sink(ports: "Container") -> str:
    """Whether somebody listens; no event is sent."""
    if not ports.common.sink:
        raise NotFound("no sink is set: sweep puts its events into the queue of the local platform")
    import httpx

    from touchline.adapters.http_emitter import DIRECT

    try:
        with httpx.Client(timeout=SINK_SECONDS, mounts=DIRECT) as client:
            status = client.get(ports.common.sink).status_code
    except httpx.HTTPError as error:
        raise Unavailable(f"nobody takes events: {type(error).__name__}", where="TOUCHLINE_SINK") from error
    if status >= 500:
        raise Unavailable(f"answers {status}", where="TOUCHLINE_SINK")
    return f"somebody listens, and answers a GET by {status}"


def _errors(ports: "Container") -> str:
    """Whether errors are reported; none is sent."""
    if not ports.common.sentry_dsn:
        raise NotFound("errors are reported nowhere: the log and the run records have them")
    from touchline.error_reports import ErrorReports

    client = ErrorReports(ports.common, ports.environ).client
    return f"errors are reported to {client.transport.parsed_dsn.host} as {ports.common.sentry_environment}"


def _sources(ports: "Container") -> str:
    wanted = settings.load(settings.Scrape, ports.environ, "scrape")
    if not wanted.sources:
        raise NotFound("no source is scheduled", hint="set TOUCHLINE_SCRAPE_SOURCES, or ingest files")
    known, told = ports.sources, []
    for name in wanted.sources:
        if name not in known:
            raise NotFound(f"no source {name!r}", hint=f"known: {', '.join(sorted(known))}")
        page, size = _first_page(ports, known[name], wanted)
        told.append(f"{name}: fetched {page}, {size} bytes")
    return "; ".join(told)


def _first_page(ports: "Container", source: "Source", wanted: settings.Scrape) -> tuple[str, int]:
    """Name and size of the first page that a source wants, asked for once, with the manners of any other visit."""
    from touchline.stages.scrape_visit import Visitor

    now = ports.clock.now()
    scope = Scope(competitions=wanted.competitions[:1], seasons=wanted.seasons[-1:])
    page = next(source.pages(scope, now))
    if source.about.transport == "made":
        return page.name, len(cast("Maker", source).make(page, now))
    visitor = Visitor(ports, source, msgspec.structs.replace(wanted, attempts=1))
    try:
        return page.name, len(visitor.visit(page).body)
    finally:
        visitor.close()


def _model(ports: "Container") -> str:
    """The champion, its bundle loaded and its files checked."""
    publication, manifest = current(ports.store, "serving")
    model = ports.model(*bundle_of(manifest))
    return f"{model.model_id} serves since decision {publication.promotion or publication.seq}"


class Part(msgspec.Struct, frozen=True):
    """A part, how it is tried, what to look at when that fails, and which part it cannot be tried without."""

    name: str
    attempt: "Callable[[Container], str]"
    advice: str = ""
    variable: str = ""
    """Setting that names its server, if it has one."""
    after: str = ""


PARTS: Final = (
    Part("clock", _clock, "mend TOUCHLINE_NOW"),
    Part("store", _store, "check TOUCHLINE_STORE, the bucket and the credentials (AWS_*, Google's)", "TOUCHLINE_STORE"),
    Part("database", _database, "check TOUCHLINE_DATABASE, and that the server runs", "TOUCHLINE_DATABASE"),
    Part("registry", _registry, "check MLFLOW_TRACKING_URI, and that the server runs; models wait until it does"),
    Part("keys", _keys, "`touchline keys list` brings them in line", after="database"),
    Part("cache", _cache, "check TOUCHLINE_CACHE, and that Redis runs", "TOUCHLINE_CACHE"),
    Part("sink", _sink, "check TOUCHLINE_SINK; what is not taken is sent again", "TOUCHLINE_SINK"),
    Part("errors", _errors, "mend TOUCHLINE_SENTRY_DSN; pip install 'touchline[errors]'"),
    Part("browser", doctor_browser.browser, doctor_browser.ADVICE),
    Part("sources", _sources, "check the network and TOUCHLINE_SCRAPE_SOURCES"),
    Part("model", _model, "`touchline trace` shows which object is broken; `touchline rollback` serves another model",
         after="store"),
)  # fmt: skip
