"""What players are likely to do in a match: the goals that the forecast expects of their team, times their share."""

import msgspec

from touchline.domain.competitions import competition
from touchline.domain.forecasts import MatchForecast, resolve, suggestions
from touchline.domain.involvement import FULL, chance
from touchline.domain.player_shares import PlayerShare
from touchline.errors import DataError, NotFound, UnknownName
from touchline.stages.predict_arm import arm_for
from touchline.stages.predict_board import Board, require_published
from touchline.stages.predict_goals import Grid, grid_of
from touchline.stages.predict_names import find_match


class PlayerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a player is likely to do in a match in which he plays."""

    match_id: str
    player: str
    team: str
    opponent: str
    line: str
    minutes: float
    """That he is taken to play."""
    team_expected_goals: float
    """By the table of scores of the match."""
    expected_goals: float
    scores: float
    """Chance that he scores at least once."""
    expected_involvements: float
    """Goals and last passes to goals."""
    involved: float
    """Chance of at least one of them."""
    matches_seen: int
    minutes_seen: float
    seen: str
    """Day of his newest match."""
    model_version: str


def player(
    board: Board, name: str, *, team: str = "", match_id: str = "", minutes: float = FULL, client: str = ""
) -> PlayerAnswer:
    """What a player is likely to do: in the next match of his team, unless another is named.

    Args:
        board: what is known.
        name: as line-ups have it, in any case; with `team` where several have that name.
        team: his team.
        match_id: a published match of his team.
        minutes: that he plays, 1 to 90.
        client: who asks, as `arm_for` has it: the expected goals are those of the model that answers him.

    Raises:
        NotFound: no line-ups are known; the match is not forecast, or his team has none that is.
        UnknownName: nobody of that name is known, or several are.
        DataError: the match is none of his team, or the minutes make no sense.
    """
    if not 1 <= minutes <= FULL:
        raise DataError(f"minutes are from 1 to {FULL:.0f}, not {minutes}", where="minutes")
    share = _found(board, name, team)
    match = find_match(board, match_id) if match_id else _next(board, share)
    if not _plays(share, match):
        raise DataError(f"{share.team} do not play in {match.match_id}", where="match_id")
    grid = grid_of(board, match.match_id, arm_for(board, client, match.match_id))
    return _answer(share, match, grid, minutes)


def _found(board: Board, name: str, team: str) -> PlayerShare:
    everybody = require_published(board).players().players
    if not everybody:
        raise NotFound(
            "no line-ups are known", where="player", hint="collect them: touchline scrape --source whoscored"
        )
    known = [each for each in everybody if not team or resolve(team, (each.team,))]
    if not known:
        teams = {each.team for each in everybody}
        raise UnknownName(f"no line-ups of a team {team!r}", where="team", details=suggestions(team, teams))
    found = [each for each in known if resolve(name, (each.name,))]
    if len(found) == 1:
        return found[0]
    if found:
        told = tuple(sorted(f"{each.name} ({each.team})" for each in found))
        raise UnknownName(
            f"{len(found)} players are called {name!r}", where="player", details=told, hint="say which team"
        )
    raise UnknownName(
        f"no player {name!r} in the line-ups",
        where="player",
        details=suggestions(name, {each.name for each in known}),
        hint="names are never guessed",
    )


def _next(board: Board, share: PlayerShare) -> MatchForecast:
    for match in require_published(board).forecasts.matches:  # in the order of kick-off
        if _plays(share, match):
            return match
    raise NotFound(f"no coming match of {share.team} is forecast", where="player")


def _plays(share: PlayerShare, match: MatchForecast) -> bool:
    same = competition(match.competition).country == share.country
    return same and share.team in (match.home_team, match.away_team)


def _answer(share: PlayerShare, match: MatchForecast, grid: Grid, minutes: float) -> PlayerAnswer:
    at_home = share.team == match.home_team
    goals = grid.expected_goals_home if at_home else grid.expected_goals_away
    part = goals * minutes / FULL
    scores, involved = chance([share.goals, share.involvements], goals, minutes).tolist()
    return PlayerAnswer(
        match_id=match.match_id,
        player=share.name,
        team=share.team,
        opponent=match.away_team if at_home else match.home_team,
        line=share.line,
        minutes=minutes,
        team_expected_goals=goals,
        expected_goals=share.goals * part,
        scores=scores,
        expected_involvements=share.involvements * part,
        involved=involved,
        matches_seen=share.matches,
        minutes_seen=share.minutes,
        seen=share.seen,
        model_version=grid.model_version,
    )
