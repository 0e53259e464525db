"""Pages of WhoScored as a test needs them: real in their form, invented in what they say."""

import json
from datetime import UTC, datetime
from typing import Any

from touchline.ports import Payload
from touchline.sources import captured

NOW = datetime(2025, 9, 1, 12, tzinfo=UTC)
MATCH, HOME, AWAY = 1900001, 901, 902
STAGE = 24533
MONTH_NAME = f"E0/2025-26/months/{STAGE}-202508.json"
MATCH_NAME = f"E0/2025-26/matches/{MATCH}.html"
REGIONS = """
<script>
  var allRegions = [{type:1, id:248, flg:'flg-caf', name: 'Africa', tournaments: [
     {id:290, url:'/regions/248/tournaments/290/africa-cup', name:'Cup d\\'Or', sortOrder:12}]},
   {type:0, id:252, flg:'flg-gb-eng', name: 'England', tournaments: [
     {id:2, url:'/regions/252/tournaments/2/england-premier-league', name:'Premier League', sortOrder:1},
     {id:7, url:'/regions/252/tournaments/7/england-championship', name:'', sortOrder:2}]},
   {type:0, id:108, flg:'flg-it', name: 'Italia \\u00e8', tournaments: [{id:5, url:'/x', name:'Serie A'},]}];
</script>
"""


def payload(name: str, body: str | bytes, *, url: str = "", values: dict[str, Any] | None = None) -> Payload:
    """A payload of the source, as a browser brings it where there are values."""
    raw = body.encode() if isinstance(body, str) else body
    kept = captured.with_values(raw, {key: json.dumps(value) for key, value in (values or {}).items()})
    return Payload("whoscored", name, kept, NOW, url)


def tournament_page(*labels: str) -> str:
    """A tournament with these seasons; their numbers count down from 10743."""
    options = "".join(
        f'<option value="/Regions/252/Tournaments/2/Seasons/{10743 - at}/England-Premier-League">{label}</option>'
        for at, label in enumerate(labels)
    )
    return (
        f'<html><body>{REGIONS}<select id="tournaments"></select><select id="seasons">{options}</select></body></html>'
    )


def season_page(*stages: tuple[int, str], fixtures: int | None = STAGE) -> str:
    """A season with a list of stages, and a link to the fixtures of one."""
    base = "/Regions/252/Tournaments/2/Seasons/10743/Stages"
    options = "".join(f'<option value="{base}/{number}/Show/x">{name}</option>' for number, name in stages)
    chosen = f'<select id="stages" name="stages">{options}</select>' if stages else ""
    link = f'<a class="tab" href="{base}/{fixtures}/Fixtures/England-2025-2026"> Fixtures </a>' if fixtures else ""
    return f"<html><body>{REGIONS}{chosen}<a href='/x'>News</a>{link}</body></html>"


def stage_page(mask: str = "{2025: {7: {15:1, 16:1}}, 2026: {0: {3:1}}}") -> str:
    """A stage with its calendar, whose months count from zero."""
    ends = "min: (new Date(2025, 7, 15)).toString(), max: (new Date(2026, 4, 24)).toString()"
    return f"<html><body>{REGIONS}<script>\nvar wsCalendar = {{ {ends},\n  mask: {mask} }};</script></body></html>"


def row(number: int = MATCH, **changed: Any) -> dict[str, Any]:
    """A match of the feed: finished 2-1."""
    return {
        "stageId": STAGE, "id": number, "status": 6, "startTime": "2025-08-16T15:00:00",
        "startTimeUtc": "2025-08-16T14:00:00Z", "homeTeamId": HOME, "homeTeamName": "Northbridge",
        "awayTeamId": AWAY, "awayTeamName": "Köln Athletic & Co", "homeScore": 2, "awayScore": 1,
        "homeExtratimeScore": None, "awayExtratimeScore": None, "homePenaltyScore": None, "awayPenaltyScore": None,
        "period": 7, "elapsed": "FT", "matchIsOpta": "false", "incidents": None, "bets": None,
    } | changed  # fmt: skip


def feed(*rows: dict[str, Any], **changed: Any) -> str:
    """The feed of a month."""
    tournament = {
        "tournamentId": 2, "tournamentName": "Premier League", "regionId": 252, "regionCode": "gb-eng",
        "regionName": "England", "seasonId": 10743, "seasonName": "2025/2026", "stageId": STAGE, "sex": 1,
        "matches": list(rows),
    }  # fmt: skip
    return json.dumps({"tournaments": [tournament | changed]}, ensure_ascii=False)


def event(number: int, kind: str = "Pass", **changed: Any) -> dict[str, Any]:
    """Something that happened; `qualifiers` are given by name."""
    qualifiers = [{"type": {"value": 0, "displayName": name}} for name in changed.pop("qualifiers", ())]
    period = changed.pop("period", (1, "FirstHalf"))
    made = {
        "id": 2445000000.0 + number, "eventId": number, "minute": 11, "second": 8, "expandedMinute": 11, "teamId": HOME,
        "playerId": 70002, "x": 90.6, "y": 29.5, "period": {"value": period[0], "displayName": period[1]},
        "type": {"value": 0, "displayName": kind}, "outcomeType": {"value": 1, "displayName": "Successful"},
        "qualifiers": qualifiers, "satisfiedEventsTypes": [91, 10], "isTouch": True,
    }  # fmt: skip
    return {key: value for key, value in (made | changed).items() if value is not ...}


def passes(count: int, first: int = 5000) -> list[dict[str, Any]]:
    """Passes that fill a match up to minute 93."""
    second = (2, "SecondHalf")
    return [
        event(first + at, minute=at * 94 // count, period=(1, "FirstHalf") if at * 94 // count < 45 else second)
        for at in range(count)
    ]


def player(number: int, side: str = "home", **changed: Any) -> dict[str, Any]:
    """Somebody on the team sheet who began the match."""
    made = {
        "playerId": number, "shirtNo": number % 100, "name": f"P. Layer{number % 100}", "position": "DC", "height": 187,
        "weight": 88, "age": 30, "isFirstEleven": True, "isManOfTheMatch": False, "field": side,
        "stats": {"ratings": {"0": 6.0, "9": 6.4, "10": 7.1}, "passesTotal": {"0": 4.0, "3": 2.0}},
    }  # fmt: skip
    return {key: value for key, value in (made | changed).items() if value is not ...}


def side(field: str = "home", **changed: Any) -> dict[str, Any]:
    """One side of a match page."""
    first = 70001 if field == "home" else 80001
    stats = {
        "minutesWithStats": [0, 1], "ratings": {"0": 6.0, "2": 6.2, "10": 6.9},
        "possession": {"0": 12.0, "1": 7.0} if field == "home" else {"0": 1.0}, "shotsTotal": {"1": 1.0, "44": 2.0},
        "shotsOnTarget": {"1": 1.0}, "passesTotal": {"0": 12.0, "1": 3.0}, "passesAccurate": {"0": 11.0},
        "foulsCommited": {"5": 2.0}, "cornersTotal": {"7": 1.0, "8": 2.0}, "passSuccess": {"0": 91.7},
    }  # fmt: skip
    return {
        "teamId": HOME if field == "home" else AWAY, "name": "Northbridge" if field == "home" else "Köln Ath",
        "countryName": "England", "managerName": "M. One", "averageAge": 26.4, "field": field,
        "scores": {"halftime": 1, "fulltime": 2, "running": 2} if field == "home" else {"halftime": 0, "running": 1},
        "formations": [
            {"formationId": 5, "formationName": "442", "captainPlayerId": first + 1, "startMinuteExpanded": 61},
            {"formationId": 4, "formationName": "433", "captainPlayerId": first, "startMinuteExpanded": 0},
        ],
        "stats": stats, "incidentEvents": [], "shotZones": {},
        "players": [player(first + at, field) for at in range(11)]
        + [player(first + 11 + at, field, position="Sub", isFirstEleven=..., stats={}) for at in range(3)],
    } | changed  # fmt: skip


def centre(*events: dict[str, Any], fill: int = 1400, **changed: Any) -> dict[str, Any]:
    """`matchCentreData` of a match that is over: the given events and enough others."""
    return {
        "playerIdNameDictionary": {"70001": "P. Layer1"}, "periodMinuteLimits": {"1": 45, "2": 90},
        "timeStamp": "2025-08-16 17:02:11", "attendance": 31000, "venueName": "Test Park",
        "referee": {"officialId": 1, "name": "T Ref"}, "weatherCode": "", "elapsed": "FT",
        "startTime": "2025-08-16T15:00:00", "startDate": "2025-08-16T00:00:00", "score": "2 : 1", "htScore": "1 : 0",
        "ftScore": "2 : 1", "etScore": "", "pkScore": "", "statusCode": 6, "periodCode": 7,
        "home": side("home"), "away": side("away"), "maxMinute": 94, "minuteExpanded": 96, "maxPeriod": 2,
        "expandedMinutes": {"1": {"0": 0, "45": 45}, "2": {"45": 47, "60": 62}}, "expandedMaxMinute": 96,
        "periodEndMinutes": {"1": 46, "2": 94}, "commonEvents": [], "events": [*events, *passes(fill)],
        "timeoutInSeconds": 0,
    } | changed  # fmt: skip


def header(number: int = MATCH, status: int = 6, elapsed: str = "FT", start: str = "16/08/2025 15:00:00") -> str:
    """The header of a match page, holes and all."""
    return (
        "require.config.params['matchheader'] = {\n  input: [901,902,'Northbridge','Köln\\'s',"
        f"'{start}','16/08/2025 00:00:00',{status},'{elapsed}','1 : 0','2 : 1',,,'2 : 1','England','England'],\n"
        f"  matchId: {number} }};"
    )


def match_page(data: Any = ..., *, head: str = "", args: str = "") -> str:
    """A match page with `matchCentreData`, or with other arguments."""
    said = args or f"matchCentreData: {json.dumps(centre() if data is ... else data)}"
    return (
        f"<html><head><title>x</title></head><body>{REGIONS}<div id='match-header'></div>\n<script>{head or header()}\n"
        f'require.config.params["args"] = {{\n matchId:{MATCH},\n {said},\n matchCentreEventTypeJson: {{"pass":1}},\n'
        ' formationIdNameMappings: {"2":"442"}};</script></body></html>'
    )


def matches(body: str, values: dict[str, Any] | None = None) -> Payload:
    """The payload of a match page."""
    return payload(MATCH_NAME, body, values=values)
