"""Published forecasts in the form that the online service reads: small, typed, without a table library."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from heapq import nlargest
from typing import Final, Protocol, TypeVar

import msgspec

from touchline.domain.vocabulary import PROBABILITY_TOLERANCE, Mode, Uses, slug

_LONGEST: Final = 200
"""Letters of a name that are looked at for what it resembles."""
_MANY: Final = 1_000
_FEW: Final = 200
"""Of more than many names only so few are compared letter by letter."""
_SLUG: Final = re.compile("[a-z0-9]+(-[a-z0-9]+)*")


class MadeBy(msgspec.Struct, frozen=True):
    """A model that a route gave some competitions."""

    model_id: str
    version: str


class MatchForecast(msgspec.Struct, frozen=True, kw_only=True):
    """Probabilities of one coming match; they sum to 1."""

    match_id: str
    competition: str
    season: str
    kickoff: datetime
    kickoff_known: bool
    """False where the source names the day only; `kickoff` then stands at noon UTC."""
    home_team: str
    away_team: str
    home: float
    draw: float
    away: float
    uses: Uses = "past_prices"
    """What it was made from."""
    rates: tuple[float, float] | None = None
    """Expected goals, home and away, before they were reconciled with the three chances; None of a model without."""
    rho: float = 0.0
    """Correction of low scores in the grid that `joint_goals.joint` makes of all this."""
    author: MadeBy | None = None
    """Who made it, where that is not the model of the set."""


class Score(msgspec.Struct, frozen=True):
    """Mean log-loss and RPS of one forecaster over the n held-out matches, with the 95 % interval of the log-loss."""

    forecaster: str
    n: int
    log_loss: float
    low: float | None = None
    high: float | None = None
    rps: float | None = None


class ModelSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What people want to know of the model behind a forecast."""

    model_id: str
    version: str
    promotion: int
    """Number of the decision that made it champion."""
    simulated: bool
    """True when it was learnt from invented matches."""
    uses: Uses = "past_prices"
    """What it may know."""
    trained_until: str = ""
    matches: int = 0
    scores: tuple[Score, ...] = ()
    """The model first, then what it is measured against, on the same held-out matches."""


class ForecastSet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was forecast from one state of the features by one champion."""

    mode: Mode
    as_of: str
    """The moment to which the clock was set by hand; empty in live mode."""
    simulated: bool
    """True when a match of the set, or the data behind the model, is invented."""
    horizon_days: int
    features_hash: str
    """Hash of the names and order of the features."""
    reason: str
    """Why there is no match, empty when there are some."""
    model: ModelSummary
    matches: tuple[MatchForecast, ...]


def valid_probabilities(rows: Iterable[Sequence[float]]) -> bool:
    """Whether every row holds three numbers from 0 to 1 that sum to 1.

    >>> valid_probabilities([[0.5, 0.3, 0.2]]), valid_probabilities([[0.5, 0.5, 0.5]])
    (True, False)
    >>> valid_probabilities([[float("nan"), 0.5, 0.5]]), valid_probabilities([[1.2, -0.1, -0.1]])
    (False, False)
    """
    return all(
        len(row) == 3 and all(0 <= p <= 1 for p in row) and abs(sum(row) - 1) <= PROBABILITY_TOLERANCE for row in rows
    )


class Listed(Protocol):
    """As much of a match as it takes to choose it."""

    @property
    def competition(self) -> str:
        """Code of its competition."""
        ...

    @property
    def kickoff(self) -> datetime:
        """Kick-off, UTC."""
        ...

    @property
    def home_team(self) -> str:
        """Team at home."""
        ...

    @property
    def away_team(self) -> str:
        """Team away."""
        ...


_L = TypeVar("_L", bound=Listed)


def select(
    matches: Iterable[_L],
    *,
    competition: str = "",
    team: str = "",
    date_from: str = "",
    date_to: str = "",
) -> list[_L]:
    """Matches of a competition (code), of a team (any spelling with the same slug), between two days (ISO, both in).

    >>> kickoff = datetime.fromisoformat("2026-03-02T20:00:00+00:00")
    >>> match = MatchForecast(match_id="m", competition="E0", season="2025-26", kickoff=kickoff, kickoff_known=True,
    ...                       home_team="Nott'm Forest", away_team="Leeds", home=0.4, draw=0.3, away=0.3)
    >>> [len(select([match], **wish)) for wish in ({"team": "nottm forest"}, {"competition": "E1"}, {})]
    [1, 0, 1]
    >>> len(select([match], date_from="2026-03-02", date_to="2026-03-02")), len(select([match], date_to="2026-03-01"))
    (1, 0)
    """
    wanted = slug(team) if team else ""
    return [
        match
        for match in matches
        if (not competition or match.competition.casefold() == competition.casefold())
        and (not wanted or wanted in (slug(match.home_team), slug(match.away_team)))
        and (not date_from or match.kickoff.date().isoformat() >= date_from)
        and (not date_to or match.kickoff.date().isoformat() <= date_to)
    ]


def resolve(name: str, known: Iterable[str]) -> str | None:
    """The known name with the same slug, None if there is none; nothing is guessed.

    >>> [resolve(name, ["Nott'm Forest", "Leeds"]) for name in ("nottm forest", "Forest", "?")]
    ["Nott'm Forest", None, None]
    """
    wanted = _slug(name)
    return next((one for one in known if _slug(one) == wanted), None) if wanted else None


def suggestions(name: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """Known names that look like the one that was asked for, best first.

    >>> suggestions("Nottingham Forest", ["Nott'm Forest", "Leeds", "Norwich"])
    ("Nott'm Forest",)
    """
    from difflib import get_close_matches  # whoever finds what he asked for does without

    wanted, slugs = _slug(name[:_LONGEST]), {_slug(one): one for one in sorted(known)}
    near = list(slugs) if len(slugs) <= _MANY else _alike(wanted, slugs)
    return tuple(slugs[found] for found in get_close_matches(wanted, near, n=count, cutoff=0.5))


def _alike(wanted: str, slugs: Iterable[str]) -> list[str]:
    """Those that share the most words with what is wanted: letters are compared with few only, since that is slow."""
    words = set(wanted.split("-"))
    return nlargest(_FEW, slugs, key=lambda one: len(words.intersection(one.split("-"))))


def _slug(name: str) -> str:
    if _SLUG.fullmatch(name):
        return name
    try:
        return slug(name)
    except ValueError:
        return ""
