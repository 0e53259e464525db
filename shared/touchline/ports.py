"""What the stages need from the outside, in our words. Adapters implement it; `bootstrap` chooses them.

Every method raises `Unavailable` when the part behind it does not answer; other errors are named where they occur.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import msgspec

from touchline.domain.vocabulary import Mode

if TYPE_CHECKING:  # pandas and numpy stay out of functions that move no tables
    import numpy as np
    import pandas as pd


class Clock(Protocol):
    """Time, so that no module asks the operating system for it."""

    mode: Mode
    """`simulated` when the time is set by hand; such runs never enter the track record."""

    def now(self) -> datetime:
        """Current moment, aware, in UTC."""
        ...


class ObjectInfo(msgspec.Struct, frozen=True):
    """What a store knows of an object without reading it; `etag` changes whenever the content does."""

    key: str
    size: int
    etag: str
    modified: datetime


class ObjectStore(Protocol):
    """Objects by key (alphabet `[a-z0-9/_.-]`); whole or absent, never half-written.

    Every method raises `DataError` for a key outside the alphabet or with empty, `.` or `..` segments.
    """

    def get(self, key: str) -> bytes:
        """Content of an object. Raises NotFound where there is none."""
        ...

    def open(self, key: str) -> BinaryIO:
        """Content as a seekable binary stream; the caller closes it. Raises NotFound where there is none."""
        ...

    def create(self, key: str, data: bytes | BinaryIO) -> bool:
        """Write an object if there is none: True if written, False if one existed (which is left as it was)."""
        ...

    def swap(self, key: str, data: bytes, etag: str) -> bool:
        """Replace an object if its etag is still `etag`: False, and nothing written, otherwise."""
        ...

    def stat(self, key: str) -> ObjectInfo | None:
        """What is known of an object, None if there is none."""
        ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Objects whose key starts with `prefix`, in the order of their keys."""
        ...


class MatchRef(msgspec.Struct, frozen=True):
    """As much of a stored match as is needed to recognise it again."""

    match_id: str
    competition: str
    season: str
    home_team: str
    away_team: str
    kickoff: datetime
    status: str
    seen: datetime
    """When the payload was retrieved that last told how the match stands."""
    statistics_seen: datetime | None = None
    """The same of its statistics, None if nobody told of them."""
    prices_seen: datetime | None = None
    """The same of its prices."""


class ScrapeRun(msgspec.Struct, frozen=True):
    """One ingestion: where its rows came from."""

    run_id: str
    source: str
    payloads: tuple[str, ...]
    """sha256 of each payload, in the order in which they were parsed."""
    retrieved: datetime
    simulated_source: bool = False
    """True when the matches themselves are invented (the simulated league)."""


class Changes(msgspec.Struct, frozen=True):
    """What an ingestion did. `seq` is the number of the newest change in the store, also when nothing changed now."""

    seq: int
    changed: bool
    matches_new: int
    matches_changed: int
    statistics_changed: int
    odds_changed: int
    teams_new: int
    details_changed: int = 0
    """Rows of details that are new or different."""


class MatchStore(Protocol):
    """Matches, their statistics and prices, each with its history by `seq`."""

    def migrate(self) -> None:
        """Bring the schema to the newest revision; does nothing when it is."""
        ...

    def teams(self) -> dict[str, dict[str, str]]:
        """Country -> {published name or alias -> canonical name}; a canonical name stands for itself."""
        ...

    def add_alias(self, country: str, alias: str, team: str) -> None:
        """Let a further spelling stand for a known team (or, where alias and team are equal, declare a new team).

        Raises NotFound: there is no such team.
        """
        ...

    def merge_teams(self, country: str, wrong: str, right: str, *, dry_run: bool = False) -> int:
        """Let two teams be one: names and matches of the wrong one become the other's; how many matches did.

        Matches keep their `match_id`, so forecasts stay with them; earlier tables have the right name, too. With
        `dry_run` nothing is changed. Raises NotFound: there is no such team; DataError: they are one already, played
        each other, or played on the same day.
        """
        ...

    def known(self, competition: str, seasons: Sequence[str]) -> list[MatchRef]:
        """Current state of the matches of these seasons."""
        ...

    def between(self, competitions: Sequence[str], first: datetime, last: datetime) -> list[MatchRef]:
        """Current state of the matches that kick off between two moments, both included."""
        ...

    def linked(self, source: str, source_ids: Iterable[str]) -> dict[str, str]:
        """Number of a match in a source -> `match_id`, for those that are known."""
        ...

    def described(self, match_ids: Iterable[str]) -> "pd.DataFrame":
        """IDENTITY and `available_time` of matches, as they are stored now; those that are not stored are left out."""
        ...

    def record(
        self,
        run: ScrapeRun,
        rows: "pd.DataFrame",
        teams: Mapping[tuple[str, str], str],
        details: "Mapping[str, pd.DataFrame] | None" = None,
    ) -> Changes:
        """Store rows in one transaction under one new `seq`, or none of them.

        Args:
            run: where the rows came from.
            rows: MATCH_COLUMNS plus `available_time` and `payload` (sha256), teams resolved, one row a match. A missing
                statistic or price leaves what is stored. A row retrieved before what is stored of how the match
                stands, of its statistics or of its prices fills what is open there, and takes the place of nothing.
                They may have `source_id` (the source's own number of the match, which is linked) and `raw_status`
                (it stays like a score), and `source` where rows of a run come from several; without it, `run.source`.
                With `retrieved`, each row has its own moment in place of the run's, and several rows may tell of a
                match, `bare` ones (bool) only of its statistics and prices.
            teams: (country, published name) -> canonical name, of names seen for the first time.
            details: tables by the names in `touchline.collecting.DETAILS` but "statistics", each with `match_id` and
                `payload` (sha256), and `source` as in `rows`; all that is known of a match from that source in one of
                them is replaced by what comes, unless that was retrieved before (at `retrieved`, where they have it).

        Raises:
            Conflict: the write lock could not be had in time.
        """
        ...

    def head(self) -> int:
        """Highest `seq`, 0 when nothing was stored."""
        ...

    def snapshot(self, seq: int) -> "pd.DataFrame":
        """The tidy table as of `seq`: MATCH_COLUMNS, `available_time`, `payload`; ordered by kickoff, match_id.

        Raises NotFound: `seq` is above the highest.
        """
        ...

    def appearances(self, seq: int) -> "pd.DataFrame":
        """Who played in finished matches as of `seq`: a row a player and match, as `domain.involvement` reads them."""
        ...


class Forecast(msgspec.Struct, frozen=True):
    """One forecast of one match by one model, as sealed."""

    match_id: str
    model_version: str
    promotion: int
    seq: int
    kickoff: datetime
    home: float
    draw: float
    away: float
    features_hash: str
    mode: Mode
    sealed_at: datetime | None = None
    """Set by the database in live mode, by the clock in simulated mode; None before it is sealed."""


class Settlement(msgspec.Struct, frozen=True):
    """The forecast of record of one model for one match, after full time (or void, with the reason)."""

    match_id: str
    model_version: str
    mode: Mode
    sealed_at: datetime | None
    outcome: str
    log_loss: float | None
    rps: float | None
    brier: float | None
    void_reason: str
    settled_at: datetime
    correct: bool | None = None
    expected: float | None = None
    stake: float | None = None
    returned: float | None = None
    closing_value: float | None = None


class Ledger(Protocol):
    """Insert-only forecasts and their settlements."""

    def seal(self, forecasts: Sequence[Forecast], now: datetime) -> list[Forecast]:
        """Insert forecasts that say something new; a row at or after kick-off is refused by the database.

        Returns the rows now in the ledger for exactly these inputs, with `sealed_at`; refused ones are left out.
        """
        ...

    def forecasts(self, match_ids: Iterable[str] | None = None) -> list[Forecast]:
        """Sealed forecasts, oldest first."""
        ...

    def numbered(self, after: int = 0) -> list[tuple[int, Forecast]]:
        """Sealed forecasts whose row has a number above that one, in the order of the rows; numbers only grow."""
        ...

    def settle(self, settlements: Sequence[Settlement]) -> int:
        """Store settlements that are not there yet, or differ because the result was corrected; how many."""
        ...

    def settlements(self) -> list[Settlement]:
        """Current settlements, in the order of match and model."""
        ...


class Promotion(msgspec.Struct, frozen=True):
    """One decision about a model version: what was decided, from which inputs, and why."""

    number: int
    """1, 2, 3 ... in the order of decisions; 0 before it is stored."""
    model_version: str
    stage: str
    """Stage reached: rejected, smoke, candidate or champion; or route, refused, retired (its trial has ended)."""
    previous: str
    """Champion before this decision, empty if none."""
    champion: str
    """Champion after this decision, empty if none."""
    bundle: str
    """Prefix of the champion's bundle after this decision."""
    reason: str
    inputs: dict[str, Any]
    decided_at: datetime
    work: str
    """Identity of the work that asked; one decision a piece of work."""


class PromotionLog(Protocol):
    """The truth about who is champion; alias and pointer are projections of it."""

    def decide(self, promotion: Promotion) -> Promotion:
        """Append a decision unless its `work` has one; returns the stored one with its number.

        Raises Conflict: the champion is no longer `promotion.previous`.
        """
        ...

    def history(self) -> list[Promotion]:
        """All decisions, oldest first."""
        ...


class TrainingLog(msgspec.Struct, frozen=True):
    """What is logged of one training run; the registry turns it into an MLflow run."""

    name: str
    params: dict[str, Any]
    metrics: dict[str, float]
    fold_metrics: dict[str, list[float]]
    """Metric name -> its value in each fold (or trial), logged with steps."""
    artifacts: dict[str, Path]
    """Artifact path -> local file (bundle, plots, card)."""
    dataset: dict[str, str]
    tags: dict[str, str]


class Registry(Protocol):
    """Model registry with aliases (smoke, candidate, champion, previous)."""

    def register(self, log: TrainingLog, model: Any, sample: "pd.DataFrame", identity: str) -> str:
        """Log a run and register its model; the same `identity` (model id) is registered once.

        Returns:
            The version, as text.
        """
        ...

    def versions(self) -> dict[str, str]:
        """Identity -> version."""
        ...

    def aliases(self) -> dict[str, str]:
        """Alias -> version."""
        ...

    def set_alias(self, alias: str, version: str) -> None:
        """Point an alias at a version; idempotent."""
        ...

    def check(self) -> str:
        """Really use it once; where it keeps things."""
        ...


class Predictor(Protocol):
    """A servable model: features in, calibrated probabilities out."""

    model_id: str
    features: tuple[str, ...]

    def predict(self, features: "np.ndarray") -> "np.ndarray":
        """(n, len(features)) float array -> (n, 3) probabilities in the order of OUTCOMES."""
        ...

    def both(self, features: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
        """The same, and (n, 2) expected goals, home and away; NaN where it expects none."""
        ...


class Cache(Protocol):
    """Answers that may be forgotten at any moment. A cache that does not answer is a miss, never an error."""

    shared: bool
    """Whether other processes see them."""
    fault: str
    """What is wrong with it, empty if nothing is known to be."""

    def get(self, key: str) -> bytes | None:
        """What was put there, None where there is nothing (any more)."""
        ...

    def set(self, key: str, data: bytes, ttl_seconds: float) -> None:
        """Keep bytes for so long at most."""
        ...

    def check(self) -> str:
        """Really use it once; where it keeps things."""
        ...


class Payload(msgspec.Struct, frozen=True):
    """Bytes as received from a source, and what was known when they were."""

    source: str
    name: str
    """File name or endpoint, enough for the parser to know the format."""
    body: bytes
    retrieved: datetime
    url: str = ""
    headers: dict[str, str] = {}
    """Of the answer, by lower-case name, for a source that looks at them while it judges; never kept."""


class Metrics(Protocol):
    """Counters of one function."""

    def count(self, name: str, value: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        ...
