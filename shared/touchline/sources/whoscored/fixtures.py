"""One match of a feed, and what its figures mean.

The score that the site shows includes extra time. Where extra time was played, its goals are taken off if that leaves a
draw, as it must before extra time; if it does not (ties over two legs, or figures that mean something else), the score
after 90 minutes stays unknown.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from touchline.sources.table import LONDON
from touchline.sources.whoscored.cells import text, whole
from touchline.sources.whoscored.moments import kickoff

FINISHED: Final = 6
SCHEDULED: Final = frozenset({0, 1})
IN_PLAY: Final = frozenset({2, 3, 4, 5})


class Fixture(msgspec.Struct, frozen=True, kw_only=True):
    """One match of the feed, checked as far as one row can be."""

    id: int | None
    code: str
    season: str
    kickoff: datetime | None
    home: str
    away: str
    status: int | None
    elapsed: str
    score: tuple[int, int] | None
    """As shown: extra time is in it."""
    ninety: tuple[int, int] | None
    """After 90 minutes, None where that is not known."""
    raw: Mapping[str, Any]

    @property
    def finished(self) -> bool:
        """Whether the site says so."""
        return self.status == FINISHED

    @property
    def final(self) -> bool:
        """Nothing more is to come: the match is over, and its score is there."""
        return self.finished and self.score is not None

    @property
    def raw_status(self) -> str:
        """What the site says of the status, such as "6/FT"."""
        return "/".join(part for part in ("" if self.status is None else str(self.status), self.elapsed) if part)

    @property
    def day(self) -> datetime | None:
        """Midnight of the day of kick-off in the United Kingdom, without a zone."""
        if self.kickoff is None:
            return None
        return datetime.combine(self.kickoff.astimezone(LONDON), datetime.min.time())


def fixture_of(row: Mapping[str, Any], code: str, season: str) -> Fixture:
    """A row of the feed as a match of a competition and season."""
    score = _pair(row, "Score")
    return Fixture(
        id=whole(row.get("id")),
        code=code,
        season=season,
        kickoff=kickoff(row),
        home=text(row.get("homeTeamName")),
        away=text(row.get("awayTeamName")),
        status=whole(row.get("status")),
        elapsed=text(row.get("elapsed")),
        score=score,
        ninety=_ninety(score, row),
        raw=row,
    )


def _pair(row: Mapping[str, Any], key: str) -> tuple[int, int] | None:
    home, away = whole(row.get(f"home{key}")), whole(row.get(f"away{key}"))
    return None if home is None or away is None or min(home, away) < 0 else (home, away)


def _ninety(score: tuple[int, int] | None, row: Mapping[str, Any]) -> tuple[int, int] | None:
    """Score after 90 minutes, as the head of this module says."""
    if score is None or all(row.get(f"{side}ExtratimeScore") is None for side in ("home", "away")):
        return score
    extra = _pair(row, "ExtratimeScore")
    if extra is None:
        return None
    before = score[0] - extra[0], score[1] - extra[1]
    return before if before[0] == before[1] >= 0 and (extra != score or score == (0, 0)) else None
