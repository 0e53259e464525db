"""Who played, how long, and what he did, from line-ups and statistics as they were at any time."""

from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from scraped import NOW, finished, match, payload, run
from touchline.adapters.clock import VirtualClock
from touchline.adapters.match_store import SqlMatchStore

PLAYED, COMING = "e0-2025-26-leeds-hull", "e0-2025-26-bath-york"
TEAMS = {("England", name): name for name in ("Leeds", "Hull", "Bath", "York")}


@pytest.fixture
def store(engine: sa.Engine) -> SqlMatchStore:
    made = SqlMatchStore(engine, VirtualClock(NOW))
    rows = pd.concat([match(PLAYED, **finished(2, 0)), match(COMING)])
    made.record(run(), rows.assign(payload=payload(1)), TEAMS)
    return made


def player(number: int, side: str = "home", match_id: str = PLAYED, **values: Any) -> dict[str, Any]:
    return {
        "match_id": match_id, "player": number, "side": side, "name": f"Player {number}", "position": "MC",
        "starter": True, "captain": False, "minute_on": None, "minute_off": None, **values,
    }  # fmt: skip


def take(store: SqlMatchStore, number: int, ups: list[dict[str, Any]], *goals: tuple[int, str, float]) -> None:
    statistics = [
        {"match_id": PLAYED, "player": who, "side": side, "goals": scored, "assists": 1.0}
        for who, side, scored in goals
    ]
    details = {
        "line_ups": pd.DataFrame(ups).astype({"minute_on": float, "minute_off": float}),
        "player_stats": pd.DataFrame(statistics, columns=["match_id", "player", "side", "goals", "assists"]),
        "match_details": pd.DataFrame([{"match_id": PLAYED, "completeness": "available", "last_minute": 95.0}]),
    }
    sent = {name: table.assign(payload=payload(number)) for name, table in details.items() if len(table)}
    store.record(run(number), match(PLAYED).iloc[:0].assign(payload=payload(number)), {}, sent)


def test_minutes_come_from_line_ups_and_the_end_of_the_match(store: SqlMatchStore) -> None:
    bench = {"starter": False, "position": "Sub"}
    take(
        store, 2,
        [
            player(1), player(2, minute_off=60.0), player(3, minute_on=60.0, **bench), player(4, **bench),
            player(5, side="away", minute_off=30.0),
        ],
        (1, "home", 2.0),
    )  # fmt: skip
    found = store.appearances(store.head()).set_index("player")
    assert found["minutes"].to_dict() == {1: 95.0, 2: 60.0, 3: 35.0, 5: 30.0}
    assert found.loc[[1, 2], ["goals", "assists"]].to_numpy().tolist() == [[2.0, 1.0], [0.0, 0.0]]
    assert found["team"].to_dict() == {1: "Leeds", 2: "Leeds", 3: "Leeds", 5: "Hull"}
    assert found["starter"].to_dict() == {1: True, 2: True, 3: False, 5: True}
    assert found["kickoff"].iloc[0] == match(PLAYED)["kickoff"].iloc[0]


def test_matches_that_were_not_played_have_nobody(store: SqlMatchStore) -> None:
    take(store, 2, [player(1), player(9, match_id=COMING)])
    assert store.appearances(store.head())["match_id"].tolist() == [PLAYED]


def test_every_state_can_be_had_again(store: SqlMatchStore) -> None:
    take(store, 2, [player(1), player(2)], (1, "home", 1.0))
    before = store.head()
    take(store, 3, [player(1)], (1, "home", 2.0))
    assert store.appearances(before)["goals"].tolist() == [1.0, 0.0]
    assert store.appearances(store.head())["goals"].tolist() == [2.0]
    assert store.appearances(1).empty
