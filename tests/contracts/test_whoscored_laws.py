"""Whatever a page lacks, and in whatever order it says what it says: nothing is invented and nothing breaks."""

import json
import random
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.errors import DataError, ShapeChanged
from touchline.sources.registry import parse
from touchline.sources.table import Parsed
from touchline.sources.whoscored import shapes
from whoscored_pages import MONTH_NAME, centre, event, feed, match_page, matches, payload, row

GOAL = {"isShot": True, "isGoal": True}
EVENTS = (
    event(1, "Goal", relatedPlayerId=70003, relatedEventId=9, goalMouthY=50.1, goalMouthZ=3.0, **GOAL),
    event(2, "SavedShot", teamId=902, playerId=80003, isShot=True, qualifiers=["Blocked"], blockedX=3.0),
    event(3, "Card", cardType={"value": 31, "displayName": "Yellow"}, minute=30),
    event(4, "SubstitutionOff", playerId=70003, minute=60),
    event(5, "SubstitutionOn", playerId=70012, minute=60),
    event(6, "Goal", isOwnGoal=True, playerId=80004, teamId=902, **GOAL),
)
OPTIONAL_ROW = sorted(set(row()) - set(shapes.ROW) - {"homeScore", "awayScore"})
OPTIONAL_EVENT = sorted({key for one in EVENTS for key in one} - set(shapes.EVENT))
OPTIONAL_PAGE = sorted(set(centre(fill=0)) - set(shapes.CENTRE))
OPTIONAL_SIDE = sorted(set(centre(fill=0)["home"]) - set(shapes.SIDE))
OPTIONAL_STATS = sorted(set(centre(fill=0)["home"]["stats"]) - set(shapes.STATS))
OPTIONAL_PLAYER = sorted(set(centre(fill=0)["home"]["players"][0]) - {"playerId"})
COUNTS = ("shots", "corners", "fouls", "yellow_cards", "red_cards", "shots_on_target")


def without(found: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in keys}


def read(data: dict[str, Any]) -> Parsed:
    return parse(matches(match_page(data)))


def lacking(gone: dict[str, set[str]]) -> dict[str, Any]:
    """The data of a match without some keys, wherever they stand."""
    data = without(centre(*(without(one, gone["event"]) for one in EVENTS), fill=1000), gone["page"])
    for name in ("home", "away"):
        team = without(data[name], gone["side"])
        team["stats"] = without(team["stats"], gone["stats"])
        team["players"] = [without(one, gone["player"]) for one in team["players"]]
        data[name] = team
    return data


WHOLE = read(lacking({"event": set(), "page": set(), "side": set(), "stats": set(), "player": set()}))


@settings(max_examples=15, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "event": st.sets(st.sampled_from(OPTIONAL_EVENT)),
            "page": st.sets(st.sampled_from(OPTIONAL_PAGE)),
            "side": st.sets(st.sampled_from(OPTIONAL_SIDE)),
            "stats": st.sets(st.sampled_from(OPTIONAL_STATS)),
            "player": st.sets(st.sampled_from(OPTIONAL_PLAYER)),
        }
    )
)
def test_a_match_page_without_some_optional_keys_gives_less_and_nothing_else(gone: dict[str, set[str]]):
    found = read(lacking(gone))
    assert {name: list(table.columns) for name, table in found.details.items()} == {
        name: list(table.columns) for name, table in WHOLE.details.items()
    }
    for name, table in found.details.items():
        assert len(table) <= len(WHOLE.details[name])
    statistics, whole = found.details["statistics"].iloc[0], WHOLE.details["statistics"].iloc[0]
    for column in (f"{side}_{name}" for side in ("home", "away") for name in COUNTS):
        assert statistics[column] <= whole[column]
    shots = found.details["shots"].merge(WHOLE.details["shots"], on="shot", suffixes=("", "_whole"))
    for column in ("player", "second", "x", "goal_y", "side"):
        there = shots[shots[column].notna()]
        assert (there[column] == there[f"{column}_whole"]).all()


@settings(max_examples=20, deadline=None)
@given(st.sets(st.sampled_from(OPTIONAL_ROW)), st.sampled_from([None, "homeScore", "awayScore"]))
def test_a_row_without_some_optional_keys_gives_less_and_nothing_else(gone: set[str], score: str | None):
    keys = gone | ({score} if score else set())
    found = parse(payload(MONTH_NAME, feed(without(row(), keys), row(2, homeTeamName="Other")))).rows
    one = found[found["source_id"] == "1900001"].iloc[0]
    assert one["kickoff"] == pd.Timestamp("2025-08-16 14:00Z")
    assert one["status"] == ("postponed" if score else "finished")
    assert pd.isna(one["home_goals"]) == bool(score)
    assert one["raw_status"] == ("6" if "elapsed" in gone else "6/FT")


def shuffled(found: Any, order: random.Random) -> Any:
    if isinstance(found, dict):
        keys = list(found)
        order.shuffle(keys)
        return {key: shuffled(found[key], order) for key in keys}
    return [shuffled(item, order) for item in found] if isinstance(found, list) else found


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32))
def test_the_order_of_keys_says_nothing(seed: int):
    order = random.Random(seed)
    data = centre(*EVENTS, fill=1000)
    assert shapes.fingerprint(data) == shapes.fingerprint(shuffled(data, order))
    for name, table in read(shuffled(data, order)).details.items():
        pd.testing.assert_frame_equal(table, WHOLE.details[name])


def numbers(found: Any, as_float: bool) -> Any:
    """The same with every whole number as a float, or as an integer."""
    if isinstance(found, dict):
        return {key: numbers(value, as_float) for key, value in found.items()}
    if isinstance(found, list):
        return [numbers(value, as_float) for value in found]
    if isinstance(found, bool) or not isinstance(found, int | float) or found != int(found):
        return found
    return float(found) if as_float else int(found)


@pytest.mark.parametrize("as_float", [True, False])
def test_how_a_whole_number_is_written_says_nothing(as_float: bool):
    for name, table in read(numbers(centre(*EVENTS, fill=1000), as_float)).details.items():
        pd.testing.assert_frame_equal(table, WHOLE.details[name])
    body = json.dumps(numbers(json.loads(feed(row())), as_float))
    rows = parse(payload(MONTH_NAME, body)).rows.drop(columns="payload")
    pd.testing.assert_frame_equal(rows, parse(payload(MONTH_NAME, feed(row()))).rows.drop(columns="payload"))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(sorted(row())), JUNK)
def test_a_value_of_another_kind_is_left_out_or_refused(key: str, junk: Any):
    body = json.dumps(
        {"tournaments": [json.loads(feed(row() | {key: junk}, row(2, homeTeamName="O")))["tournaments"][0]]}
    )
    parsed = parse(payload(MONTH_NAME, body))
    finished = parsed.rows[parsed.rows["status"] == "finished"]
    assert finished[["home_goals", "away_goals"]].notna().all(axis=None)
    assert len(parsed.rows) + len(parsed.rejected) <= 2


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([("page", key) for key in centre(fill=0)] + [("side", key) for key in centre(fill=0)["home"]]
    + [("event", key) for key in EVENTS[0]] + [("stats", key) for key in OPTIONAL_STATS]),
    JUNK,
)  # fmt: skip
def test_a_page_with_a_value_of_another_kind_is_read_or_refused(where: tuple[str, str], junk: Any):
    part, key = where
    data = centre(*EVENTS, fill=1000)
    target = {"page": data, "side": data["home"], "stats": data["home"]["stats"], "event": data["events"][0]}[part]
    target[key] = junk
    try:
        details = read(data).details
    except (ShapeChanged, DataError):
        return
    for name in ("line_ups", "player_stats"):
        assert not details[name].duplicated(["side", "player"]).any()
    assert details["match_details"]["completeness"].isin(["available", "partial"]).all()
