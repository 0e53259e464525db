"""What is known around a match (form, meetings, odds, sealed forecasts), as far as the publication tells it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from touchline.domain.context import Meeting
from touchline.stages.predict_board import Published

FORM: Final = 5


@dataclass(frozen=True)
class Context:
    """As much of the context of a match as a card shows."""

    form_home: tuple[str, ...]
    """Won, drawn, lost as `W`, `D`, `L`, the newest last."""
    form_away: tuple[str, ...]
    market: tuple[float, float, float] | None
    """Newest prices, None where there are none."""
    sealed_at: datetime | None
    """When the newest forecast of the model that made the published ones was sealed."""


def context(published: Published, match_id: str, home_team: str, away_team: str) -> Context:
    """What a card shows of a match."""
    known, records = published.context().of(match_id), published.records()
    odds = (*known.odds, *records.quoted.get(match_id, ()))
    sealed = [row.sealed_at for row in records.sealed.get(match_id, ()) if row.model_version == published.model.version]
    return Context(
        form_home=form(known.form_home, home_team),
        form_away=form(known.form_away, away_team),
        market=(odds[-1].home, odds[-1].draw, odds[-1].away) if odds else None,
        sealed_at=max(sealed, default=None),
    )


def form(meetings: Sequence[Meeting], team: str) -> tuple[str, ...]:
    """How a team did, the newest last; the meetings come newest first.

    >>> first, second = Meeting("2026-01-03", "E0", "Stoke", "Leeds", 0, 0), Meeting("", "E0", "Leeds", "Everton", 2, 1)
    >>> form((second, first), "Leeds"), form((second,), "Everton")
    (('D', 'W'), ('L',))
    """
    return tuple(result(meeting, team) for meeting in reversed(meetings[:FORM]))


def result(meeting: Meeting, team: str) -> str:
    """`W`, `D` or `L` of a team in a match."""
    more = meeting.home_goals - meeting.away_goals
    own = more if meeting.home_team == team else -more
    return "W" if own > 0 else "L" if own < 0 else "D"
