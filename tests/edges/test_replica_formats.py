"""The replica speaks as the site does: the keys of its payloads, its odd rows, all states of a match page.

The lists of keys were written down from what is known of the site, not from the code of the replica.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from asgi_client import Client
from replica_app import Replica
from replica_reading import args, month_rows
from replica_site import Site

AFTER = datetime(2026, 6, 30, tzinfo=UTC)
TOURNAMENT = {
    "tournamentId": int, "tournamentName": str, "regionId": int, "regionCode": str, "regionName": str, "seasonId": int,
    "seasonName": str, "stageId": int, "sex": int, "matches": list,
}  # fmt: skip
_SCORE = int | None
_TEXT = str | None
ROW = {
    "stageId": int, "id": int, "status": int, "startTime": str, "startTimeUtc": str,
    "homeTeamId": int, "homeTeamName": str, "homeTeamCountryCode": str, "homeTeamCountryName": str,
    "awayTeamId": int, "awayTeamName": str, "awayTeamCountryCode": str, "awayTeamCountryName": str,
    "homeScore": _SCORE, "awayScore": _SCORE, "homeExtratimeScore": _SCORE, "awayExtratimeScore": _SCORE,
    "homePenaltyScore": _SCORE, "awayPenaltyScore": _SCORE,
    "homeYellowCards": int, "homeRedCards": int, "awayYellowCards": int, "awayRedCards": int,
    "period": int, "elapsed": _TEXT, "lastScorer": _SCORE, "winnerField": _SCORE, "aggregateWinnerField": _SCORE,
    "extraResultField": _SCORE, "hasIncidentsSummary": bool, "hasPreview": bool, "isTopMatch": bool,
    "isLineupConfirmed": bool, "isStreamAvailable": bool, "matchIsOpta": bool | str, "scoreChangedAt": _TEXT,
    "startedAtUtc": _TEXT, "firstHalfEndedAtUtc": _TEXT, "secondHalfStartedAtUtc": _TEXT, "commentCount": int,
    "incidents": list | None, "bets": dict | None,
}  # fmt: skip
INCIDENT = {
    "minute": str, "type": int, "subType": int, "playerName": str, "playerId": int, "participatingPlayerName": _TEXT,
    "participatingPlayerId": int, "runningScore": _SCORE, "field": int, "period": int,
}  # fmt: skip
CENTRE = {
    "playerIdNameDictionary": dict, "periodMinuteLimits": dict, "timeStamp": str, "attendance": int, "venueName": str,
    "referee": dict, "weatherCode": str, "elapsed": str, "startTime": str, "startDate": str, "score": str,
    "htScore": str, "ftScore": str, "etScore": str, "pkScore": str, "statusCode": int, "periodCode": int, "home": dict,
    "away": dict, "maxMinute": int, "minuteExpanded": int, "maxPeriod": int, "expandedMinutes": dict,
    "expandedMaxMinute": int, "periodEndMinutes": dict, "commonEvents": list, "events": list, "timeoutInSeconds": int,
}  # fmt: skip
SIDE = {
    "teamId": int, "name": str, "countryName": str, "managerName": str, "averageAge": float, "field": str,
    "scores": dict, "formations": list, "stats": dict, "incidentEvents": list, "shotZones": dict, "players": list,
}  # fmt: skip
TEAM_STATISTICS = {
    "minutesWithStats", "ratings", "shotsTotal", "shotsOnTarget", "shotsOffTarget", "shotsBlocked", "shotsOnPost",
    "clearances", "interceptions", "possession", "touches", "passesTotal", "passesAccurate", "passesKey", "passSuccess",
    "aerialsTotal", "aerialsWon", "aerialSuccess", "offensiveAerials", "defensiveAerials", "cornersTotal",
    "cornersAccurate", "throwInsTotal", "throwInsAccurate", "throwInAccuracy", "offsidesCaught", "foulsCommited",
    "tacklesTotal", "tackleSuccessful", "tackleUnsuccesful", "tackleSuccess", "dribbledPast", "dribblesWon",
    "dribblesAttempted", "dribblesLost", "dribbleSuccess", "dispossessed",
}  # fmt: skip
FORMATION = {
    "formationId": int, "formationName": str, "captainPlayerId": int, "period": int, "startMinuteExpanded": int,
    "endMinuteExpanded": int, "jerseyNumbers": list, "formationSlots": list, "playerIds": list,
    "formationPositions": list,
}  # fmt: skip
PLAYER = {
    "playerId": int, "shirtNo": int, "name": str, "position": str, "height": int, "weight": int, "age": int,
    "isManOfTheMatch": bool, "field": str, "stats": dict,
}  # fmt: skip
PLAYER_MORE = {
    "isFirstEleven", "subbedInPlayerId", "subbedOutPeriod", "subbedOutExpandedMinute", "subbedOutPlayerId",
    "subbedInPeriod", "subbedInExpandedMinute",
}  # fmt: skip
EVENT = {
    "id": float, "eventId": int, "minute": int, "expandedMinute": int, "teamId": int, "x": float, "y": float,
    "period": dict, "type": dict, "outcomeType": dict, "qualifiers": list, "satisfiedEventsTypes": list,
    "isTouch": bool,
}  # fmt: skip
EVENT_MORE = {
    "second", "playerId", "endX", "endY", "isShot", "isGoal", "isOwnGoal", "cardType", "relatedEventId",
    "relatedPlayerId", "blockedX", "blockedY", "goalMouthY", "goalMouthZ",
}  # fmt: skip


def fits(value: dict[str, Any], keys: dict[str, Any], more: set[str] | frozenset[str] = frozenset()) -> None:
    """Every key is there and of its type, and no other key."""
    assert keys.keys() <= value.keys() <= keys.keys() | more
    assert {name: value[name] for name, kind in keys.items() if not isinstance(value[name], kind)} == {}


@pytest.fixture(scope="module")
def replica() -> Replica:
    return Replica(Site(now=AFTER, events=600))


@pytest.fixture(scope="module")
def client(replica: Replica) -> Client:
    return Client(replica)


@pytest.fixture(scope="module")
def rows(client: Client) -> dict[int, dict[str, Any]]:
    """Every row of the league's feeds, by number."""
    months = [f"{2025 + month // 13}{(month - 1) % 12 + 1:02d}" for month in range(8, 19)]
    return {row["id"]: row for month in months for row in month_rows(client, 24533, month)}


def is_a(kind: str, outcome: str = "") -> Callable[[dict[str, Any]], bool]:
    """Whether an event is of a type (and ended so)."""
    return lambda event: (
        event["type"]["displayName"] == kind and event["outcomeType"]["displayName"].startswith(outcome)
    )


def on_target(event: dict[str, Any]) -> bool:
    """Whether a shot would have been in, or was."""
    marks = {one["type"]["displayName"] for one in event["qualifiers"]}
    return (is_a("SavedShot")(event) and "Blocked" not in marks) or (is_a("Goal")(event) and "OwnGoal" not in marks)


COUNTED = {
    "shotsOnTarget": on_target, "shotsOffTarget": is_a("MissedShots"), "shotsOnPost": is_a("ShotOnPost"),
    "passesTotal": is_a("Pass"), "passesAccurate": is_a("Pass", "Successful"),
    "cornersTotal": is_a("CornerAwarded", "Successful"), "foulsCommited": is_a("Foul", "Unsuccessful"),
    "tacklesTotal": is_a("Tackle"), "interceptions": is_a("Interception"), "dispossessed": is_a("Dispossessed"),
    "offsidesCaught": is_a("OffsidePass"), "dribblesWon": is_a("TakeOn", "Successful"),
    "aerialsWon": is_a("Aerial", "Successful"), "clearances": is_a("Clearance"),
}  # fmt: skip
"""Statistic -> the events that it counts."""


def void(event: dict[str, Any]) -> bool:
    """Whether a card was taken back."""
    return "VoidYellowCard" in [one["type"]["displayName"] for one in event["qualifiers"]]


def of_trait(replica: Replica, trait: str) -> int:
    return replica.site.fixture_of(trait).number


def test_a_month_is_an_envelope_of_tournaments(client: Client) -> None:
    (tournament,) = client.get("/tournaments/24533/data/?d=202508").json()["tournaments"]
    fits(tournament, TOURNAMENT)
    assert (tournament["tournamentId"], tournament["regionId"], tournament["stageId"]) == (2, 252, 24533)
    assert tournament["seasonName"] == "2025/2026"


def test_every_row_has_the_keys_of_the_site_though_some_lack_a_few(rows: dict[int, dict[str, Any]]) -> None:
    assert len(rows) == 380
    for row in rows.values():
        fits(row, {name: kind for name, kind in ROW.items() if name in row})
        for incident in row["incidents"] or []:
            fits(incident, INCIDENT)
    assert {name for row in rows.values() for name in ROW.keys() - row.keys()} > {"startTimeUtc", "bets", "matchIsOpta"}
    assert "false" in {row.get("matchIsOpta") for row in rows.values()}


def test_start_time_is_uk_time(rows: dict[int, dict[str, Any]], replica: Replica) -> None:
    shifts = set()
    for row in rows.values():
        local = datetime.fromisoformat(row["startTime"])
        if "startTimeUtc" in row:
            shift = local - datetime.fromisoformat(row["startTimeUtc"]).replace(tzinfo=None)
            shifts.add((shift, datetime(2025, 10, 26, 2) < local < datetime(2026, 3, 29, 1)))
    assert shifts == {(timedelta(hours=1), False), (timedelta(0), True)}
    assert rows[of_trait(replica, "autumn")]["startTime"] == "2025-10-26T14:00:00"
    assert rows[of_trait(replica, "spring")]["startTimeUtc"] == "2026-03-29T13:00:00Z"


def test_two_kick_offs_have_the_same_uk_time_an_hour_apart(client: Client) -> None:
    night = [row for row in month_rows(client, 24121, "202510") if row["startTime"] == "2025-10-26T01:30:00"]
    assert {row["startTimeUtc"] for row in night} == {"2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z"}


def test_names_are_as_awkward_as_real_ones(rows: dict[int, dict[str, Any]]) -> None:
    names = "".join(row["homeTeamName"] for row in rows.values())
    assert set("&<'öØŁé") <= set(names)


def test_a_month_without_matches_has_no_tournaments(client: Client) -> None:
    for month in ("202601", "202606", "209901", ""):
        assert client.get(f"/tournaments/24533/data/?d={month}").json() == {"tournaments": []}
    assert client.get("/tournaments/24611/data/?d=202510").json() == {"tournaments": []}


def test_odd_rows(rows: dict[int, dict[str, Any]], replica: Replica) -> None:
    found = {
        trait: (rows[of_trait(replica, trait)]["status"], rows[of_trait(replica, trait)]["homeScore"])
        for trait in ("stuck", "postponed", "unknown", "never_served")
    }
    assert found["stuck"] == (1, None)
    assert found["postponed"] == (8, None)
    assert found["unknown"] == (14, None)
    assert found["never_served"][0] == 6
    plain = rows[of_trait(replica, "goalless")]
    assert (plain["homeScore"], plain["awayScore"], plain["winnerField"], plain["incidents"]) == (0, 0, None, [])


def test_winners_and_last_scorers_are_0_for_home_and_1_for_away(rows: dict[int, dict[str, Any]]) -> None:
    played = [row for row in rows.values() if row["status"] == 6]
    for row in played:
        gap = row["homeScore"] - row["awayScore"]
        assert row["winnerField"] == (None if gap == 0 else int(gap < 0))
    assert {row["lastScorer"] for row in played} == {0, 1, None}
    goals = [incident["field"] for row in played for incident in row["incidents"]]
    assert len(goals) == sum(row["homeScore"] + row["awayScore"] for row in played)


def test_upcoming_matches_have_prices(client: Client, replica: Replica) -> None:
    replica.site.now = datetime(2025, 8, 1, tzinfo=UTC)
    bets = [row["bets"] for row in month_rows(client, 24533, "202508") if row.get("bets")]
    replica.site.now = AFTER
    assert bets
    for bet in bets:
        fits(bet, {"home": dict, "draw": dict, "away": dict})
        for outcome in bet.values():
            fits(outcome, {"betId": str, "betName": str, "offers": list})
            for offer in outcome["offers"]:
                fits(offer, {
                    "providerId": int, "bettingProvider": str, "oddsDecimal": str, "oddsFractional": str,
                    "oddsUS": str, "clickOutUrl": str,
                })  # fmt: skip
        inverse = sum(1 / float(outcome["offers"][0]["oddsDecimal"]) for outcome in bet.values())
        assert 1.0 < inverse < 1.2


def test_a_day_has_all_competitions(client: Client) -> None:
    found = client.get("/livescores/data?d=20250930&isSummary=false").json()["tournaments"]
    assert {(one["tournamentId"], one["stageId"]) for one in found} == {(12, 24601), (12, 24602)}
    assert client.get("/livescores/data?d=20260715").json() == {"tournaments": []}


@pytest.fixture(scope="module")
def centres(client: Client, replica: Replica) -> dict[int, dict[str, Any]]:
    """Match centres of the first matches with nothing odd about them."""
    plain = [fixture.number for fixture in replica.site.league.fixtures.values() if not fixture.trait][:20]
    return {number: args(client, number)["matchCentreData"] for number in plain}


@pytest.fixture(scope="module")
def centre(centres: dict[int, dict[str, Any]]) -> dict[str, Any]:
    return list(centres.values())[3]


def test_a_match_centre_has_the_keys_of_the_site(centre: dict[str, Any]) -> None:
    fits(centre, CENTRE)
    fits(centre["referee"], {
        "officialId": int, "firstName": str, "lastName": str, "hasParticipatedMatches": bool, "name": str,
    })  # fmt: skip
    for side in ("home", "away"):
        fits(centre[side], SIDE)
        fits(centre[side]["scores"], {"halftime": int, "fulltime": int, "running": int})
        assert centre[side]["stats"].keys() <= TEAM_STATISTICS
        for formation in centre[side]["formations"]:
            fits(formation, FORMATION, {"subOnPlayerId", "subOffPlayerId"})
        for player in centre[side]["players"]:
            fits(player, PLAYER, PLAYER_MORE)
        assert len(centre[side]["shotZones"]) == 14
    assert re.fullmatch(r"\d+ : \d+", centre["score"])
    assert centre["etScore"] == centre["pkScore"] == ""
    assert (centre["statusCode"], centre["periodCode"], centre["elapsed"]) == (6, 7, "FT")


def test_substitutes_lack_the_mark_of_the_first_eleven(centre: dict[str, Any]) -> None:
    players = centre["home"]["players"]
    assert len([one for one in players if one.get("isFirstEleven")]) == 11
    bench = [one for one in players if "isFirstEleven" not in one]
    assert [one["position"] for one in bench] == ["Sub"] * 12
    assert {} in [one["stats"] for one in bench]


def test_events_have_the_keys_of_the_site(centres: dict[int, dict[str, Any]]) -> None:
    events = [event for centre in centres.values() for event in centre["events"]]
    for event in events:
        fits(event, EVENT, EVENT_MORE)
        fits(event["type"], {"value": int, "displayName": str})
        assert event["minute"] <= event["expandedMinute"]
        for qualifier in event["qualifiers"]:
            fits(qualifier, {"type": dict}, {"value"})
    assert any("second" not in event for event in events)
    assert any("playerId" not in event for event in events)
    assert {name for event in events for name in event} >= EVENT_MORE - {"relatedEventId"}
    assert len({event["id"] for event in events}) == len(events)


def test_sums_of_a_match_agree(centres: dict[int, dict[str, Any]], rows: dict[int, dict[str, Any]]) -> None:
    for number, centre in centres.items():
        row = rows[number]
        assert centre["score"] == f"{row['homeScore']} : {row['awayScore']}"
        clubs = [centre["home"]["teamId"], centre["away"]["teamId"]]
        goals = [event for event in centre["events"] if event.get("isGoal")]
        sides = [clubs.index(event["teamId"]) ^ bool(event.get("isOwnGoal")) for event in goals]
        assert [sides.count(0), sides.count(1)] == [row["homeScore"], row["awayScore"]]
        for place, side in enumerate(("home", "away")):
            mine = [event for event in centre["events"] if event["teamId"] == clubs[place]]
            total = {
                name: sum(minutes.values())
                for name, minutes in centre[side]["stats"].items()
                if name != "minutesWithStats"
            }
            shots = [event for event in mine if event.get("isShot")]
            assert total.get("shotsTotal", 0) == len(shots)
            assert {name: total.get(name, 0) for name in COUNTED} == {
                name: len([event for event in mine if is_one(event)]) for name, is_one in COUNTED.items()
            }
            players = [player["stats"].get("touches", {}) for player in centre[side]["players"]]
            assert total["touches"] == sum(sum(part.values()) for part in players)
            shown = [event["cardType"]["displayName"] for event in mine if "cardType" in event and not void(event)]
            assert row[f"{side}YellowCards"] == shown.count("Yellow")
            assert row[f"{side}RedCards"] == len(shown) - shown.count("Yellow")
            there = {player["playerId"] for player in centre[side]["players"]}
            assert {event["playerId"] for event in mine if "playerId" in event} <= there


def test_nobody_plays_before_he_comes_or_after_he_has_gone(centre: dict[str, Any]) -> None:
    for side in ("home", "away"):
        for player in centre[side]["players"]:
            minutes = [
                event["expandedMinute"] for event in centre["events"] if event.get("playerId") == player["playerId"]
            ]
            first = player.get("subbedInExpandedMinute", 0 if player.get("isFirstEleven") else 999)
            last = player.get("subbedOutExpandedMinute", 999)
            assert all(first <= minute <= last for minute in minutes)


def test_what_did_not_happen_has_no_key(client: Client, replica: Replica, centres: dict[int, dict[str, Any]]) -> None:
    events = args(client, of_trait(replica, "goalless"))["matchCentreData"]["events"]
    assert not any("isGoal" in event for event in events)
    sides = [centre[side]["stats"] for centre in centres.values() for side in ("home", "away")]
    assert any("offsidesCaught" not in side for side in sides)
    assert all(sum(minutes.values()) for side in sides for name, minutes in side.items() if name == "offsidesCaught")


def test_match_pages_differ(client: Client, replica: Replica) -> None:
    assert args(client, of_trait(replica, "null"))["matchCentreData"] is None
    shell = args(client, of_trait(replica, "never_served"))
    assert shell.keys() == {"matchId", "matchCentreEventTypeJson", "formationIdNameMappings"}
    assert len(shell["matchCentreEventTypeJson"]) == 219
    initial = args(client, of_trait(replica, "initial"))
    assert initial.keys() == {"matchId", "initialMatchDataForScrappers"}
    ((header, _, line_ups),) = initial["initialMatchDataForScrappers"]
    assert header[6:8] == [6, "FT"]
    assert [len(squad) for squad in line_ups] == [23, 23]
    cut = args(client, of_trait(replica, "truncated"))["matchCentreData"]
    assert (cut["elapsed"], cut["statusCode"]) == ("FT", 6)
    assert max(event["minute"] for event in cut["events"]) < 45
    assert args(client, of_trait(replica, "postponed")).keys() == shell.keys()


def test_the_header_has_holes_where_nothing_is_known(client: Client, replica: Replica) -> None:
    number = of_trait(replica, "goalless")
    text = client.get(f"/matches/{number}/LIVE/some-slug").text
    found = re.search(r"require\.config\.params\['matchheader'\] = \{\s*input: \[(.*)\],\s*matchId: (\d+) \};", text)
    assert found
    assert int(found[2]) == number
    assert ",6,'FT','0 : 0','0 : 0',,,'0 : 0','England','England'" in found[1]
    assert re.search(r"'\d\d/\d\d/\d{4} \d\d:\d\d:00','\d\d/\d\d/\d{4} 00:00:00'", found[1])


def test_extra_time_and_shootouts(client: Client, replica: Replica) -> None:
    cup = {row["id"]: row for month in ("202603", "202605") for row in month_rows(client, 24610, month)}
    longer, shootout = cup[of_trait(replica, "extra_time")], cup[of_trait(replica, "shootout")]
    assert [longer[f"{side}{name}"] for name in ("Score", "ExtratimeScore") for side in ("home", "away")] == [
        2,
        1,
        1,
        0,
    ]
    assert (shootout["homePenaltyScore"], shootout["awayPenaltyScore"], shootout["winnerField"]) == (4, 3, 0)
    centre = args(client, shootout["id"])["matchCentreData"]
    assert centre["pkScore"] == "4 : 3"
    kicks = [event for event in centre["events"] if event["period"]["displayName"] == "PenaltyShootout"]
    assert len(kicks) == 10
    assert centre["home"]["scores"]["penalty"] == 4
