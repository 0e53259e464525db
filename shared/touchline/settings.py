"""Settings, one typed model per function, read from the environment once and named when wrong.

A field `trials` of the function `train` is read from TOUCHLINE_TRAIN_TRIALS; fields of `Common` from TOUCHLINE_<FIELD>,
with the names that the field's other tools use where there is one (MLFLOW_TRACKING_URI). Secrets are never printed.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar, get_origin

import msgspec

from touchline.domain.vocabulary import Uses
from touchline.errors import ConfigurationError

_S = TypeVar("_S", bound=msgspec.Struct)
_Count = Annotated[int, msgspec.Meta(ge=1)]
_Seed = Annotated[int, msgspec.Meta(ge=0)]
_Seconds = Annotated[float, msgspec.Meta(ge=0)]


class Common(msgspec.Struct, frozen=True, kw_only=True):
    """Where the parts are; embedded defaults live under `home`."""

    home: str = ".touchline"
    store: str = ""
    """Object store, empty = a folder under `home`."""
    store_lock_days: Annotated[int, msgspec.Meta(ge=0)] = 0
    """For so many days a bucket of S3 with object lock lets nobody remove what is written under `ledger/`; 0 = none."""
    database: str = ""
    """SQLAlchemy address, empty = a SQLite file under `home`."""
    mlflow_tracking_uri: str = ""
    """MLflow tracking address, empty = a SQLite file and a folder under `home`."""
    registry: Literal["mlflow", "folder"] = "mlflow"
    """Where models are registered; `folder` keeps them as files under `home`, without MLflow."""
    now: str = ""
    """Sets the clock by hand (ISO 8601 with an offset) and the mode to simulated."""
    log_level: str = "INFO"
    cache: str = ""
    """Cache, `redis://...`; empty = in the process."""
    sink: str = ""
    """Address that takes CloudEvents (a broker, `touchline up`), or what a cloud has for them, `aws://<name prefix>` or
    `pubsub://<project>/<topic>`; empty = the queue of the local platform."""
    crashes: str = ""
    """Where a cloud keeps deliveries that crashed a function, `aws://<name prefix>` or
    `pubsub://<project>/<subscription>`; empty = nowhere."""
    broker: str = ""
    """Address of the broker that the bridge posts events to."""
    instance: str = ""
    """Names this process in its claims; set by the platform that started it."""
    lease_seconds: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """A run that gives no sign of life for so long loses its claim."""
    browser_url: str = ""
    """Selenium Grid, Selenoid or chromedriver, `http://host:4444/wd/hub`; empty = Chromium on this machine."""
    sentry_dsn: str = ""
    """Tracker that is told of errors that nobody foresaw (Sentry, or what speaks its protocol); empty = none."""
    sentry_environment: str = "production"
    """Names the installation in such reports."""
    browser_options: str = ""
    """Further capabilities of the browser as a JSON object, such as {"selenoid:options": {"sessionTimeout": "30m"}}."""


class Scrape(msgspec.Struct, frozen=True, kw_only=True):
    """What a scheduled scrape collects."""

    sources: tuple[str, ...] = ()
    """Sources that a cron tick fetches; none by default, `incoming/` works without."""
    competitions: tuple[str, ...] = ("E0",)
    seasons: tuple[str, ...] = ()
    """Seasons as 2024-25; empty = the current one; `2018-` = from that year on."""
    football_data_url: str = "https://www.football-data.co.uk"
    football_data_org_url: str = "https://api.football-data.org"
    openfootball_url: str = "https://raw.githubusercontent.com/openfootball/football.json/master"
    the_odds_api_url: str = "https://api.the-odds-api.com"
    whoscored_url: str = "https://www.whoscored.com"
    whoscored_terms: Literal["", "acknowledged"] = ""
    """The site's terms forbid automated reading, as far as is known: the source is off until you take that on you."""
    user_agent: str = "touchline/0.1 (+https://github.com/touchline; set TOUCHLINE_SCRAPE_USER_AGENT to your contact)"
    pace_seconds: _Seconds | None = None
    """Rest between two requests to one host; empty = as each source asks for. Jitter comes on top, but to 0."""
    pages_per_day: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Requests to one host on one day (UTC) at most; 0 = as each source allows."""
    cool_down_seconds: _Seconds = 900.0
    """A host that blocked us is left alone for so long; it doubles with every further block, up to four times this."""
    attempts: _Count = 4
    """How often a page is asked for in one run."""
    backoff_seconds: _Seconds = 2.0
    """Rest before the second attempt; it doubles."""
    budget_seconds: _Seconds = 300.0
    """A run that collects stops after so long, stores what it has, and leaves the rest to the next one."""
    live_source: str = ""
    """Source of live scores, empty = none."""
    simulated_seed: _Seed = 7
    """Which simulated league the source `simulated` serves."""


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing to set."""


class Validate(msgspec.Struct, frozen=True, kw_only=True):
    """How far a snapshot may stray."""

    min_finished: _Count = 100
    """Fewer finished matches than this are refused: nothing can be learnt from them."""


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing to set."""


class Train(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is trained, and when training is due."""

    trials: _Count = 8
    """Optuna trials per family."""
    folds: _Count = 3
    test_days: _Count = 365
    """The newest matches, held out for the scores on the card."""
    min_new_matches: _Count = 30
    """Finished matches since the last training that make a new one due."""
    schedule_days: _Seconds = 6.0
    """A tick of the schedule makes one due where the newest model has not seen so many days of matches."""
    cool_down_days: _Seconds = 1.0
    """Days of matches that must pass since the newest model, unless people ask."""
    per_month: _Count = 8
    """Models within 30 days of matches, unless people ask."""
    seed: _Seed = 7
    threads: _Count = 2
    families: tuple[str, ...] = ("logistic", "xgboost", "histogram", "goals", "market")
    params: str = ""
    """Parameters to start from, by family: JSON, or the path of a file such as `touchline tune --out` writes."""
    study: str = ""
    """Where trials are kept for others to join: the address of a database, or `database`; empty = in memory."""
    uses: Uses = "past_prices"
    """What the model may know: results, statistics, past_prices, or prices (of the match itself, before kick-off)."""


class Promote(msgspec.Struct, frozen=True, kw_only=True):
    """Where the promotion rules stand."""

    policy: str = ""
    """Path of the policy, empty = functions/promote/policy.yaml."""


class ForecastSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which fixtures are forecast."""

    horizon_days: _Count = 14


class Predict(msgspec.Struct, frozen=True, kw_only=True):
    """How the service looks for news, and whom it answers."""

    refresh_seconds: _Seconds = 1.0
    access: Literal["keys", "open"] = "keys"
    """Who may ask: holders of a key, or everybody (`open`; what only admins may do needs a key then, too)."""
    open_per_minute: _Count = 6000
    """Requests a minute of one address without a key: for pages, and for all where access is open."""
    proxies: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Proxies before the service that add their caller's address to X-Forwarded-For; 0 = the header is not read."""
    cache_seconds: _Seconds = 600.0
    """The forecast of a match is kept for so long at most, and never beyond kick-off; 0 = each one is computed anew."""
    stale_seconds: Annotated[float, msgspec.Meta(gt=0)] = 172_800.0
    """Forecasts that were published longer ago are called stale."""
    streams: Annotated[int, msgspec.Meta(ge=0)] = 10
    """Listeners to the stream of news at most, in one process: few of the requests that it takes at once. Half of them
    for one key, or one address without a key."""
    task_seconds: Annotated[int, msgspec.Meta(ge=1)] = 3600
    """A queued question is answered within so long, or not at all, unless it says how long it has."""
    task_kept_seconds: _Seconds = 604_800.0
    """Answers to queued questions are told for so long after their deadline."""
    max_error_rate: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    """A larger share of errors within a minute asks for a rollback, which promote decides about; 0 = never."""
    max_p99_seconds: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.0
    """So does a time above this that 99 of 100 answers keep to; 0 = never."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How the answers of queued questions are told."""

    callback_secret: str = ""
    """Signs callbacks (HMAC-SHA256); empty = no callbacks are made."""
    callback_loopback: bool = False
    """Callbacks may go to this machine, by http too: for trying things out."""
    callback_seconds: Annotated[float, msgspec.Meta(gt=0)] = 5.0
    """Patience for a connection, and for an answer."""


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """What counts as current in a drift report."""

    current_matches: _Count = 500
    """The newest finished matches, compared with what the champion learnt from; with fewer, small shifts go unseen."""


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken for lost, and how much of it is emitted at once."""

    grace_seconds: _Seconds = 120.0
    """Objects and ticks that are younger are still on their way."""
    limit: _Count = 500
    """Events that one run emits."""
    reads: _Count = 2000
    """Objects that one run reads, to know which work they are; no run reads one again."""


class Bridge(msgspec.Struct, frozen=True, kw_only=True):
    """How events are brought from the bucket to the broker."""

    token: str = ""
    """The bucket's notifications must carry it as bearer token; without one none is taken."""
    parallel: _Count = 32
    """Events that are posted at once; the broker answers when the functions that they wake are done."""
    answer_seconds: Annotated[float, msgspec.Meta(gt=0)] = 960.0
    """Patience for the broker's answer: longer than it may take itself, 900 s."""
    longest_pause_seconds: Annotated[float, msgspec.Meta(gt=0)] = 300.0
    """Pauses between attempts at one event double from one second up to this."""
    reach_seconds: Annotated[float, msgspec.Meta(gt=0)] = 5.0
    """So often at least it is tried whether a broker that was not reached is back."""
    kept_days: _Count = 7
    """What is done is remembered for so long: a notification that is repeated until then posts nothing."""


BY_FUNCTION: dict[str, type[msgspec.Struct]] = {
    "scrape": Scrape, "export": Export, "validate": Validate, "feature": Feature, "train": Train, "promote": Promote,
    "forecast": ForecastSettings, "predict": Predict, "answer": Answer, "drift": Drift,
    "sweep": Sweep,
}  # fmt: skip

_ALL: tuple[tuple[str, type[msgspec.Struct]], ...] = (("", Common), *BY_FUNCTION.items(), ("bridge", Bridge))
_KNOWN_ELSEWHERE = {"mlflow_tracking_uri": "MLFLOW_TRACKING_URI"}


def variable(field: str, function: str = "") -> str:
    """Environment variable of a field.

    >>> variable("trials", "train"), variable("store"), variable("mlflow_tracking_uri")
    ('TOUCHLINE_TRAIN_TRIALS', 'TOUCHLINE_STORE', 'MLFLOW_TRACKING_URI')
    """
    return _KNOWN_ELSEWHERE.get(field) or "_".join(part.upper() for part in ("touchline", function, field) if part)


def variables() -> set[str]:
    """Environment variables of all settings."""
    return {variable(field.name, name) for name, kind in _ALL for field in msgspec.structs.fields(kind)}


def faults(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Every variable whose value is not of its type, or out of its bounds, and why."""
    return tuple(fault for name, kind in _ALL for fault in _read(kind, environ, name)[1])


def load(kind: type[_S], environ: Mapping[str, str], function: str = "") -> _S:
    """Typed settings from the environment.

    Raises:
        ConfigurationError: names every variable whose value is not of its type, or out of its bounds.
    """
    values, wrong = _read(kind, environ, function)
    if wrong:
        raise ConfigurationError("settings with a wrong value", details=wrong, hint="see `touchline doctor`")
    return kind(**values)


def _read(
    kind: type[msgspec.Struct], environ: Mapping[str, str], function: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Values of the fields that are set, and what is wrong with the others."""
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for field in msgspec.structs.fields(kind):
        name = variable(field.name, function)
        if name in environ:
            try:
                values[field.name] = msgspec.convert(_split(environ[name], field.type), field.type, strict=False)
            except msgspec.ValidationError as error:
                wrong.append(f"{name}: {error}")
    return values, tuple(wrong)


def _split(text: str, kind: Any) -> Any:
    return [part.strip() for part in text.split(",") if part.strip()] if get_origin(kind) is tuple else text
