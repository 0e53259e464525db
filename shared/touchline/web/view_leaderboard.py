"""The page of the leaderboard: who forecasts how well on the same matches, and what flat stakes would have returned."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from touchline.domain.views import Duel, Leaderboard, Returns, ReturnsTable, Standing
from touchline.web.look import Look
from touchline.web.view_parts import league
from touchline.web.view_scores import Row, Scored, rows


@dataclass(frozen=True)
class LeaderboardView:
    """What the page shows."""

    until: str
    reason: str
    standings: tuple[Row, ...]
    leagues: tuple[tuple[str, tuple[Row, ...]], ...]
    """Standings of single competitions."""
    duels: tuple[Row, ...]
    every: tuple[Row, ...]
    returns: tuple[Row, ...]
    few: bool
    """Whether the table of all matches rests on too few of them."""


def leaderboard_view(look: Look, board: Leaderboard, returned: ReturnsTable) -> LeaderboardView:
    """The views of the settled record as tables."""
    overall = [one for one in board.standings if not one.competition]
    codes = sorted({one.competition for one in board.standings} - {""})
    return LeaderboardView(
        until=look.words.short_day(date.fromisoformat(board.until[:10])) if board.until else "",
        reason=board.reason,
        standings=_standings(look, overall, board.contenders),
        leagues=tuple(
            (league(code), _standings(look, (o for o in board.standings if o.competition == code), board.contenders))
            for code in codes
        ),
        duels=rows(look, [_duel(look, one) for one in board.duels if not one.competition]),
        every=_standings(look, (one for one in board.every if not one.competition), board.contenders),
        returns=rows(look, [_returns(look, one) for one in returned.returns if one.roi is not None], percent=True),
        few=any(one.few for one in overall),
    )


def _standings(look: Look, found: Iterable[Standing], contenders: tuple[str, ...]) -> tuple[Row, ...]:
    t = look.words
    ranked = sorted(found, key=lambda one: one.log_loss)
    return rows(
        look,
        [
            Scored(
                _name(look, one.model_version),
                one.log_loss,
                one.low,
                one.high,
                (t.number(one.rps, 4), t.number(one.brier, 4), t.percent(one.accuracy), t.count(one.n)),
                own=one.model_version in contenders[:1],
                few=one.few,
            )
            for one in ranked
        ],
    )


def _duel(look: Look, one: Duel) -> Scored:
    name = look.words("duel", one=_name(look, one.model_version), other=_name(look, one.against))
    return Scored(name, one.difference, one.low, one.high, (look.words.count(one.n),), few=one.few)


def _returns(look: Look, one: Returns) -> Scored:
    t = look.words
    cells = (t.count(one.n), t.number(one.staked, 0), t.number(one.returned, 1), t.count(one.matches))
    assert one.roi is not None, "rows without a stake are left out"
    return Scored(one.region or t("everywhere"), one.roi, one.low, one.high, cells, own=not one.region, few=one.few)


def _name(look: Look, version: str) -> str:
    return look.words.or_else(f"forecaster.{version}", version[:12])
