"""The JSON feeds: matches of a month or a day, and line-ups."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any, Final

import numpy as np

from replica_game import STARTERS, Game, Goal
from replica_league import Fixture
from replica_site import Site, Standing

_BOOKMAKERS: Final = ((23, "B3"), (31, "SK"), (47, "PIN"))


def month(site: Site, stage: int, name: str) -> dict[str, Any]:
    """Answer of `/tournaments/{stage}/data/?d={name}`."""
    return _envelope(site, site.in_month(stage, name))


def day(site: Site, fixtures: Sequence[Fixture]) -> dict[str, Any]:
    """Answer of `/livescores/data`."""
    return _envelope(site, fixtures)


def _envelope(site: Site, fixtures: Sequence[Fixture]) -> dict[str, Any]:
    ordered = sorted(fixtures, key=lambda fixture: fixture.stage)
    by_stage = [(stage, list(part)) for stage, part in groupby(ordered, key=lambda fixture: fixture.stage)]
    return {"tournaments": [_tournament(site, stage, part) for stage, part in by_stage]}


def _tournament(site: Site, number: int, fixtures: Iterable[Fixture]) -> dict[str, Any]:
    competition, season, stage = site.league.stages[number]
    return {
        "tournamentId": competition.number,
        "tournamentName": competition.name,
        "regionId": competition.region,
        "regionCode": competition.region_code,
        "regionName": competition.region_name,
        "seasonId": season.number,
        "seasonName": season.written,
        "stageId": stage.number,
        "sex": 1,
        "matches": [match(site, fixture) for fixture in fixtures],
    }


def match(site: Site, fixture: Fixture) -> dict[str, Any]:
    """One row of a feed; some lack keys, as those of the site do."""
    standing, game = site.standing(fixture), site.game(fixture)
    row = {
        "stageId": fixture.stage,
        "id": fixture.number,
        "status": standing.status,
        "startTime": f"{site.local(fixture):%Y-%m-%dT%H:%M:%S}",
        "startTimeUtc": f"{site.kickoff(fixture):%Y-%m-%dT%H:%M:%SZ}",
        **_clubs(fixture),
        **_score(game, standing),
        **_moments(site, fixture, game, standing),
        "hasIncidentsSummary": standing.begun,
        "hasPreview": True,
        "isTopMatch": fixture.number % 10 == 3,
        "isLineupConfirmed": standing.begun,
        "isStreamAvailable": False,
        "matchIsOpta": "false" if fixture.number % 11 == 0 else True,
        "commentCount": fixture.number % 6,
        "incidents": _incidents(game, standing) if standing.begun else None,
        "bets": _bets(fixture) if standing.status == 1 else None,
    }
    return {name: value for name, value in row.items() if name not in _absent(fixture)}


def _absent(fixture: Fixture) -> tuple[str, ...]:
    """Keys that a row lacks."""
    if fixture.trait == "no_utc":
        return ("startTimeUtc",)
    if fixture.number % 7 == 0:
        return ("homeTeamCountryName", "awayTeamCountryName", "commentCount", "bets")
    if fixture.number % 13 == 0:
        return ("secondHalfStartedAtUtc", "extraResultField", "isStreamAvailable", "matchIsOpta", "scoreChangedAt")
    return ()


def _clubs(fixture: Fixture) -> dict[str, Any]:
    return {
        f"{side}Team{key}": value
        for side, club in zip(("home", "away"), fixture.clubs, strict=True)
        for key, value in (
            ("Id", club.number),
            ("Name", club.name),
            ("CountryCode", club.country_code),
            ("CountryName", club.country),
        )
    }


def _score(game: Game, standing: Standing) -> dict[str, Any]:
    """Scores and cards up to now."""
    until = standing.until
    goals: tuple[int | None, int | None] = (None, None) if until is None else game.score(until)
    extra = (standing.finished and game.extra_time) or (None, None)
    shootout = game.penalties if standing.finished and game.shootout else (None, None)
    named = {"Score": goals, "ExtratimeScore": extra, "PenaltyScore": shootout}
    row: dict[str, Any] = {
        f"{side}{name}": pair[index] for name, pair in named.items() for index, side in enumerate(("home", "away"))
    }
    for index, side in enumerate(("home", "away")):
        row |= {f"{side}{name}": number for name, number in cards(game, index, until or 0).items()}
    ended = {**dict.fromkeys(("winnerField", "aggregateWinnerField", "extraResultField")), "lastScorer": None}
    if until is not None and (known := [goal for goal in game.goals if goal.moment < until]):
        ended["lastScorer"] = known[-1].counts_for
    if standing.finished:
        ended["winnerField"] = _winner(game)
    period = 7 if standing.finished else game.half(until).period if until is not None else 0
    return {**row, "period": period, "elapsed": standing.elapsed, **ended}


def cards(game: Game, side: int, until: int) -> dict[str, int]:
    """Cards of a side that count, as of a moment: a second yellow one is a red one."""
    kinds = [card.kind for card in game.cards if card.side == side and not card.void and card.moment < until]
    yellow = kinds.count("Yellow")
    return {"YellowCards": yellow, "RedCards": len(kinds) - yellow}


def _winner(game: Game) -> int | None:
    home, away = game.penalties if game.shootout else game.score()
    return None if home == away else int(away > home)


def _moments(site: Site, fixture: Fixture, game: Game, standing: Standing) -> dict[str, str | None]:
    kickoff, until = site.kickoff(fixture), standing.until
    known = [goal.moment for goal in game.goals if until is not None and goal.moment < until]
    half = game.halves[0].end
    second = kickoff + timedelta(seconds=half + 900)
    begun, broken = until is not None, until is not None and until > half
    return {
        "scoreChangedAt": f"{kickoff + timedelta(seconds=known[-1]):%Y-%m-%d %H:%M:%SZ}" if known else None,
        "startedAtUtc": f"{kickoff + timedelta(seconds=30):%Y-%m-%dT%H:%M:%SZ}" if begun else None,
        "firstHalfEndedAtUtc": f"{kickoff + timedelta(seconds=half):%Y-%m-%dT%H:%M:%SZ}" if broken else None,
        "secondHalfStartedAtUtc": f"{second:%Y-%m-%dT%H:%M:%SZ}" if broken else None,
    }


def _incidents(game: Game, standing: Standing) -> list[dict[str, Any]]:
    return [_incident(game, goal) for goal in game.goals if goal.moment < (standing.until or 0)]


def _incident(game: Game, goal: Goal) -> dict[str, Any]:
    half, squad = game.half(goal.moment), game.squads[goal.side]
    helper = squad[goal.assist] if goal.assist >= 0 else None
    return {
        "minute": str(half.minute(goal.moment)),
        "type": 1,
        "subType": {"goal": 1, "penalty": 2, "own": 4}[goal.kind],
        "playerName": squad[goal.scorer].name,
        "playerId": squad[goal.scorer].number,
        "participatingPlayerName": helper.name if helper else None,
        "participatingPlayerId": helper.number if helper else 0,
        "runningScore": None,
        "field": goal.counts_for,
        "period": half.period,
    }


def prices(fixture: Fixture) -> dict[str, float]:
    """Decimal odds of home, draw and away."""
    drawn = np.random.default_rng(fixture.number).dirichlet((4.5, 2.8, 3.2))
    return {name: round(0.95 / max(float(part), 0.04), 2) for name, part in zip(_OUTCOMES, drawn, strict=True)}


_OUTCOMES: Final = ("home", "draw", "away")


def _bets(fixture: Fixture) -> dict[str, Any]:
    return {name: _bet(fixture, name, price) for name, price in prices(fixture).items()}


def _bet(fixture: Fixture, name: str, price: float) -> dict[str, Any]:
    offers = [
        {
            "providerId": number,
            "bettingProvider": provider,
            "oddsDecimal": f"{price:.2f}",
            "oddsFractional": f"{round((price - 1) * 100)}/100",
            "oddsUS": f"{round((price - 1) * 100):+d}" if price >= 2 else f"{round(-100 / (price - 1))}",
            "clickOutUrl": f"https://book.example/{provider}/{fixture.number}",
        }
        for number, provider in _BOOKMAKERS
    ]
    return {"betId": f"b{fixture.number}{name[0]}", "betName": name.title(), "offers": offers}


def line_ups(site: Site, fixture: Fixture) -> list[dict[str, Any]]:
    """Answer of `/livescores/{match}/lineups`."""
    squads = site.game(fixture).squads if site.standing(fixture).begun else ()
    return [
        {
            "name": player.name,
            "position": player.position if place < STARTERS else "Sub",
            "field": {"displayName": name},
        }
        for name, squad in zip(("Home", "Away"), squads, strict=False)
        for place, player in enumerate(squad)
    ]
