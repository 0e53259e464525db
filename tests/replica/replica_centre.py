"""The match centre: the JSON of a match page, with every event of the match."""

from datetime import timedelta
from typing import Any

from replica_event_list import event_list
from replica_game import Game, Half
from replica_sheet import Sheet
from replica_sides import side_of, statistics
from replica_site import Site, Standing


def centre(sheet: Sheet, site: Site, standing: Standing) -> dict[str, Any]:
    """`matchCentreData`."""
    game, fixture = sheet.game, sheet.game.fixture
    played = sheet.last
    halves = [half for half in game.halves if half.start < max(sheet.until, 1)]
    last = game.half(played)
    final, local = standing.finished, site.local(fixture)
    scores, found = _scores(game, standing), statistics(sheet)
    stamp = site.now if not final else site.kickoff(fixture) + timedelta(hours=3)
    ends = {str(half.period): half.last for half in halves if half.end <= sheet.until}
    return {
        "playerIdNameDictionary": {str(one.number): one.name for squad in game.squads for one in squad},
        "periodMinuteLimits": {"1": 45, "2": 90, "3": 105, "4": 120},
        "timeStamp": f"{stamp:%Y-%m-%d %H:%M:%S}",
        "attendance": game.attendance,
        "venueName": f"{fixture.home.centre_name} Park",
        "referee": _referee(game),
        "weatherCode": "",
        "elapsed": standing.elapsed,
        "startTime": f"{local:%Y-%m-%dT%H:%M:%S}",
        "startDate": f"{local:%Y-%m-%dT00:00:00}",
        **scores,
        "statusCode": standing.status,
        "periodCode": 7 if final else last.period,
        "home": side_of(sheet, 0, standing, found),
        "away": side_of(sheet, 1, standing, found),
        "maxMinute": last.minute(played),
        "minuteExpanded": played // 60,
        "maxPeriod": last.period,
        "expandedMinutes": {str(half.period): _expanded(half) for half in halves},
        "expandedMaxMinute": played // 60,
        "periodEndMinutes": ends,
        "commonEvents": [],
        "events": event_list(sheet, sheet.places),
        "timeoutInSeconds": 0 if final else 300,
    }


def _expanded(half: Half) -> dict[str, int]:
    """Minute on the clock -> minute of playing time."""
    return {str(minute): half.start // 60 + minute - half.first for minute in range(half.first, half.last + 1)}


def _scores(game: Game, standing: Standing) -> dict[str, str]:
    """Scores as texts; that after extra time is odd on the site: the winner's goals against none."""
    until = standing.until or 0

    def text(pair: tuple[int, int]) -> str:
        return f"{pair[0]} : {pair[1]}"

    home, away = game.score()
    odd = (home, 0) if home > away else (0, away) if away > home else (home, away)
    return {
        "score": text(game.score(until)),
        "htScore": text(game.half_time) if until >= game.halves[0].end else "",
        "ftScore": text(game.full_time) if until >= game.halves[1].end else "",
        "etScore": text(odd) if game.extra and standing.finished else "",
        "pkScore": text(game.penalties) if game.shootout and standing.finished else "",
    }


def _referee(game: Game) -> dict[str, Any]:
    first, last = game.referee
    return {
        "officialId": 300 + len(first) * 31 + len(last),
        "firstName": first,
        "lastName": last,
        "hasParticipatedMatches": False,
        "name": f"{first} {last}",
    }
