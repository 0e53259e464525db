"""What a match page gives beside the result: sums, cards, line-ups, players, shots."""

from typing import Any

import pandas as pd
import pytest

from touchline.adapters import schema_collected as collected
from touchline.collecting import DETAILS
from touchline.sources.registry import parse
from whoscored_pages import AWAY, HOME, centre, event, header, match_page, matches, player, side

Rows = list[dict[str, Any]]
GOAL = {"isShot": True, "isGoal": True}
SECOND = (2, "SecondHalf")


def tables(*events: dict[str, Any], **changed: Any) -> dict[str, pd.DataFrame]:
    return dict(parse(matches(match_page(centre(*events, **changed)))).details)


def rows(table: pd.DataFrame) -> Rows:
    return table.astype(object).where(table.notna(), None).to_dict("records")


def statistics(*events: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return rows(tables(*events, **changed)["statistics"])[0]


def of_player(number: int, *events: dict[str, Any], **changed: Any) -> dict[str, Any]:
    found = [row for row in rows(tables(*events, **changed)["player_stats"]) if row["player"] == number]
    return found[0] if found else {}


class TestTables:
    def test_they_are_those_of_the_contract_with_the_columns_of_the_database(self):
        found = tables()
        assert tuple(found) == DETAILS
        for name, table in collected.match_details.metadata.tables.items():
            ours = {"player_match_stats": "player_stats"}.get(name, name)
            if ours in found:
                own = {column.name for column in table.columns} - {"match", "source", "payload", "seq", "until_seq"}
                assert set(found[ours].columns) == own | {"source_id"}

    def test_all_rows_carry_the_number_of_the_match(self):
        found = tables(event(1, "Goal", **GOAL))
        assert all(set(table["source_id"]) == {"1900001"} for table in found.values())
        assert parse(matches(match_page())).rows.empty

    @pytest.mark.parametrize(
        ("body", "state", "filled"),
        [
            (match_page(), "available", {"statistics", "match_details", "team_details", "line_ups", "player_stats"}),
            (match_page(centre(fill=400)), "partial", {"match_details", "line_ups"}),
            (match_page(args="matchCentreData: null"), "empty", set()),
            (match_page(args="initialMatchDataForScrappers: [[1,,2]]"), "not_available", set()),
            (match_page(None, head=header(status=1)), "expected", set()),
        ],
    )
    def test_a_page_that_lacks_something_gives_no_sums(self, body: str, state: str, filled: set[str]):
        found = parse(matches(body)).details
        assert {name for name, table in found.items() if len(table)} == filled
        assert found["match_details"]["completeness"].tolist() == [state] * ("match_details" in filled)


class TestStatistics:
    def test_sums_over_the_minutes_and_absent_means_none(self):
        away = side("away")
        del away["stats"]["cornersTotal"]
        found = statistics(away=away)
        assert (found["home_shots"], found["home_shots_on_target"], found["home_corners"]) == (3, 1, 3)
        assert (found["away_corners"], found["home_fouls"]) == (0, 2)
        assert (found["home_goals_half_time"], found["away_goals_half_time"]) == (1, 0)

    def test_a_side_without_statistics_has_none(self):
        found = statistics(away=side("away", stats={}))
        assert found["home_shots"] == 3
        assert found["away_shots"] is None

    def test_cards(self):
        found = statistics(
            event(1, "Card", cardType={"value": 31, "displayName": "Yellow"}),
            event(2, "Card", cardType={"value": 32, "displayName": "SecondYellow"}),
            event(3, "Card", cardType={"value": 33, "displayName": "Red"}, teamId=AWAY, playerId=80003),
            event(4, "Card", qualifiers=["Yellow"], teamId=AWAY, playerId=80004.0),
            event(5, "Card", cardType={"value": 31, "displayName": "Yellow"}, qualifiers=["VoidYellowCard"]),
            event(6, "Card", cardType={"value": 31, "displayName": "Yellow"}, playerId=...),
            event(7, "Foul", qualifiers=["Yellow"]),
        )
        assert (found["home_yellow_cards"], found["home_red_cards"]) == (1, 1)
        assert (found["away_yellow_cards"], found["away_red_cards"]) == (1, 1)

    @pytest.mark.parametrize("score", ["0 : 2", "5 : 0"])
    def test_half_time_without_the_scores_of_the_sides(self, score: str):
        sides = {"home": side("home", scores={}), "away": side("away", scores={})}
        assert statistics(htScore="0 : 1", **sides)["away_goals_half_time"] == 1
        assert statistics(htScore=score, **sides)["home_goals_half_time"] is None

    def test_what_cannot_be_is_left_out_and_told(self):
        home = side("home")
        home["stats"]["cornersTotal"] = {"1": 99.0}
        home["stats"]["foulsCommited"] = {"1": 1.5}
        parsed = parse(matches(match_page(centre(home=home))))
        found = rows(parsed.details["statistics"])[0]
        assert found["home_corners"] is found["away_corners"] is found["home_fouls"] is None
        assert parsed.notes == ("impossible corners, left out", "impossible fouls, left out")


class TestTeams:
    def test_ratings_are_cumulative_possession_is_a_share_and_the_first_formation_counts(self):
        home, away = rows(tables()["team_details"])
        assert (home["side"], away["side"]) == ("home", "away")
        assert (home["formation"], home["manager"], home["rating"]) == ("433", "M. One", 6.9)
        assert home["possession"] == pytest.approx(19 / 20)
        assert away["possession"] == pytest.approx(1 / 20)
        assert (home["passes"], home["passes_accurate"], home["clearances"]) == (15, 11, 0)

    def test_possession_of_one_side_alone_is_no_share(self):
        found = rows(tables(away=side("away", stats={}))["team_details"])
        assert [one["possession"] for one in found] == [None, None]
        assert found[1]["passes"] is None


class TestMatch:
    def test_where_and_how_much(self):
        found = rows(tables()["match_details"])[0]
        assert found == {
            "source_id": "1900001", "completeness": "available", "venue": "Test Park", "attendance": 31000,
            "referee": "T Ref", "events": 1400, "last_minute": 93, "home_goals_extra_time": None,
            "away_goals_extra_time": None, "home_penalties": None, "away_penalties": None,
        }  # fmt: skip

    def test_an_empty_ground_is_a_number(self):
        assert rows(tables(attendance=0)["match_details"])[0]["attendance"] == 0
        assert rows(tables(attendance=None, referee=None)["match_details"])[0]["attendance"] is None

    def test_extra_time_and_penalties(self):
        late, kick = (3, "FirstPeriodOfExtraTime"), (5, "PenaltyShootout")
        found = rows(
            tables(
                event(1, "Goal", period=late, minute=95, **GOAL),
                event(2, "Goal", period=(4, "SecondPeriodOfExtraTime"), minute=110, isOwnGoal=True, **GOAL),
                event(3, "Goal", minute=40, **GOAL),
                event(4, "Goal", period=kick, minute=121, qualifiers=["Penalty"], **GOAL),
                etScore="0 : 2",
                pkScore="5 : 4",
            )["match_details"]
        )[0]
        assert (found["home_goals_extra_time"], found["away_goals_extra_time"]) == (1, 1)
        assert (found["home_penalties"], found["away_penalties"]) == (5, 4)

    def test_extra_time_without_goals_is_told_apart_from_none(self):
        found = rows(tables(event(1, period=(3, "x"), minute=100))["match_details"])[0]
        assert (found["home_goals_extra_time"], found["away_goals_extra_time"]) == (0, 0)


class TestLineUps:
    def found(self, *events: dict[str, Any], **changed: Any) -> dict[int, dict[str, Any]]:
        return {row["player"]: row for row in rows(tables(*events, **changed)["line_ups"])}

    def test_who_began_and_who_sat_on_the_bench(self):
        found = self.found()
        assert len(found) == 28
        assert sum(row["starter"] for row in found.values()) == 22
        assert found[70001]["captain"]
        assert not found[70002]["captain"]
        assert found[70012] == {
            "source_id": "1900001", "player": 70012, "side": "home", "name": "P. Layer12", "shirt_number": 12,
            "position": "Sub", "starter": False, "captain": False, "minute_on": None, "minute_off": None,
        }  # fmt: skip
        assert (found[80001]["side"], found[80001]["minute_on"], found[80001]["minute_off"]) == ("away", 0, None)

    def test_who_came_on_and_went_off(self):
        found = self.found(
            event(1, "SubstitutionOff", playerId=70003, minute=60, period=SECOND),
            event(2, "SubstitutionOn", playerId=70012, minute=60, period=SECOND),
            event(3, "SubstitutionOff", playerId=70012, minute=88, period=SECOND),
        )
        assert found[70003]["minute_off"] == 60
        assert (found[70012]["minute_on"], found[70012]["minute_off"]) == (60, 88)

    def test_without_the_events_the_entries_of_the_players_say_it(self):
        home = side("home")
        second = {"value": 2, "displayName": "SecondHalf"}
        home["players"][2] |= {"subbedInPlayerId": 70012, "subbedOutPeriod": second, "subbedOutExpandedMinute": 62}
        home["players"][11] |= {"subbedOutPlayerId": 70003, "subbedInPeriod": second, "subbedInExpandedMinute": 62}
        found = self.found(home=home, fill=300)
        assert (found[70003]["minute_off"], found[70012]["minute_on"]) == (60, 60)

    def test_who_was_sent_off_was_off(self):
        card = event(1, "Card", cardType={"value": 33, "displayName": "Red"}, playerId=70004, minute=30)
        bench = event(2, "Card", cardType={"value": 33, "displayName": "Red"}, playerId=70013, minute=31)
        found = self.found(card, bench)
        assert found[70004]["minute_off"] == 30
        assert found[70013]["minute_off"] is None

    def test_a_player_that_is_listed_twice_counts_once(self):
        home = side("home")
        home["players"].append(player(70001, name="Again"))
        assert self.found(home=home)[70001]["name"] == "P. Layer1"


class TestPlayers:
    def test_sums_and_the_last_rating(self):
        found = of_player(70002)
        assert (found["rating"], found["passes"], found["touches"], found["side"]) == (7.1, 6, 0, "home")

    def test_whoever_did_not_play_has_none(self):
        assert of_player(70012) == {}
        assert of_player(70012, event(1, "SubstitutionOn", playerId=70012, minute=80, period=SECOND))["passes"] is None

    def test_goals_assists_and_own_goals(self):
        events = [
            event(1, "Goal", relatedPlayerId=70003.0, relatedEventId=9, **GOAL),
            event(2, "Goal", qualifiers=["Penalty"], relatedPlayerId=70003, **GOAL),
            event(3, "Goal", qualifiers=["OwnGoal"], relatedPlayerId=70003, **GOAL),
            event(4, "Goal", outcomeType={"value": 0, "displayName": "Unsuccessful"}, relatedPlayerId=70003),
            event(5, "Goal", qualifiers=["GoalDisallowed"], relatedPlayerId=70003, **GOAL),
            event(6, "Goal", period=(5, "PenaltyShootout"), relatedPlayerId=70003, **GOAL),
            event(7, "Goal", teamId=12345, **GOAL),
        ]
        scorer = of_player(70002, *events)
        assert (scorer["goals"], scorer["own_goals"], scorer["assists"]) == (2, 1, 0)
        assert of_player(70003, *events)["assists"] == 1

    def test_cards(self):
        events = [
            event(1, "Card", cardType={"displayName": "Yellow"}),
            event(2, "Card", cardType={"displayName": "SecondYellow"}, minute=70, period=SECOND),
            event(3, "Card", cardType={"displayName": "Yellow"}, playerId=70013),
        ]
        assert (of_player(70002, *events)["yellow_cards"], of_player(70002, *events)["red_cards"]) == (1, 1)
        bench = of_player(70013, *events)
        assert (bench["yellow_cards"], bench["passes"], bench["rating"]) == (1, None, None)


class TestShots:
    def test_kinds(self):
        kinds = ["Goal", "SavedShot", "MissedShots", "ShotOnPost", "SavedShot", "Pass"]
        events = [event(at, kind, isShot=True) for at, kind in enumerate(kinds[:4])]
        events.append(event(4, "SavedShot", isShot=True, qualifiers=["Blocked", "Head"]))
        found = rows(tables(*events, event(5))["shots"])
        assert [row["result"] for row in found] == ["goal", "saved", "missed", "post", "blocked"]

    def test_all_of_one(self):
        shot = event(7, "Goal", teamId=AWAY, playerId=80009.0, minute=77, second=3, period=SECOND, goalMouthY=46.2)
        assert rows(tables(shot)["shots"]) == [
            {
                "source_id": "1900001", "shot": 2445000007, "side": "away", "player": 80009, "minute": 77, "second": 3,
                "period": "second_half", "result": "goal", "x": 90.6, "y": 29.5, "goal_y": 46.2, "goal_z": None,
                "penalty": False, "own_goal": False,
            }
        ]  # fmt: skip

    def test_without_a_second_or_a_player(self):
        found = rows(tables(event(1, "MissedShots", second=..., playerId=..., x=..., qualifiers=["Penalty"]))["shots"])
        assert (found[0]["second"], found[0]["player"], found[0]["x"], found[0]["penalty"]) == (None, None, None, True)

    def test_an_own_goal_stays_with_the_team_of_its_scorer(self):
        found = rows(tables(event(1, "Goal", teamId=HOME, isOwnGoal=True, **GOAL))["shots"])
        assert (found[0]["side"], found[0]["own_goal"]) == ("home", True)

    def test_a_goalless_match_has_no_such_key_at_all(self):
        found = tables(
            score="0 : 0", home=side("home", scores={"halftime": 0}), away=side("away", scores={"halftime": 0})
        )
        assert len(found["shots"]) == 0
        assert found["player_stats"]["goals"].sum() == 0
        assert found["player_stats"]["player"].nunique() == 22
