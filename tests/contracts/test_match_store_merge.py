"""Two clubs that turn out to be one: nothing is lost, matches keep their identity, and the table is a new one."""

from datetime import timedelta

import pandas as pd
import pytest
import sqlalchemy as sa

from scraped import NOW, finished, match, payload, prices, run
from touchline.adapters.clock import VirtualClock
from touchline.adapters.match_store import SqlMatchStore
from touchline.errors import DataError, NotFound

TEAMS = {("England", name): name for name in ("Leeds", "Ledes", "Hull", "York")} | {
    ("England", "Leeds Untied"): "Ledes",
    ("Wales", "Ledes"): "Ledes",
}
DAY = timedelta(days=1)


@pytest.fixture
def store(engine: sa.Engine) -> SqlMatchStore:
    """With three matches on three days, one of them of Leeds, two of who should be Leeds."""
    made = SqlMatchStore(engine, VirtualClock(NOW))
    first = match(**finished(2, 1))
    home = match("e0-2025-26-ledes-york", kickoff=NOW + 8 * DAY, **prices("b365", 2.0, 3.0, 4.0))
    away = match("e0-2025-26-hull-ledes", kickoff=NOW + 15 * DAY, source_id="7")
    made.record(run(), pd.concat([first, home, away]).assign(payload=payload(1)), TEAMS)
    return made


def test_matches_and_names_become_the_others(store: SqlMatchStore, engine: sa.Engine) -> None:
    before = store.snapshot(1).set_index("match_id")
    assert store.merge_teams("England", "Ledes", "Leeds") == 2
    assert store.head() == 2
    after = store.snapshot(2).set_index("match_id")
    assert after.loc["e0-2025-26-ledes-york", "home_team"] == "Leeds"
    assert after.loc["e0-2025-26-hull-ledes", "away_team"] == "Leeds"
    names = ["home_team", "away_team"]
    pd.testing.assert_frame_equal(after.drop(columns=names), before.drop(columns=names))
    known = store.teams()
    assert known["England"] == dict.fromkeys(("Leeds", "Ledes", "Leeds Untied"), "Leeds") | {
        "Hull": "Hull",
        "York": "York",
    }
    assert known["Wales"] == {"Ledes": "Ledes"}
    with engine.connect() as connection:
        query = "SELECT count(*) FROM match_versions WHERE seq = 2 AND until_seq IS NULL"
        assert connection.exec_driver_sql(query).scalar() == 2
    assert store.linked("test", ["7"]) == {"7": "e0-2025-26-hull-ledes"}


def test_a_match_goes_on_under_its_identity(store: SqlMatchStore) -> None:
    store.merge_teams("England", "Ledes", "Leeds")
    later = match("e0-2025-26-ledes-york", kickoff=NOW + 8 * DAY, **finished(0, 0)).assign(
        home_team="Leeds", payload=payload(2)
    )
    assert store.record(run(2), later, {}).matches_changed == 1
    assert store.head() == 3


def test_a_team_without_matches_only_gives_its_names(store: SqlMatchStore) -> None:
    store.add_alias("England", "LUFC", "LUFC")
    assert store.merge_teams("England", "LUFC", "Leeds") == 0
    assert store.head() == 1
    assert store.teams()["England"]["LUFC"] == "Leeds"


@pytest.mark.parametrize(
    ("wrong", "right", "error", "message"),
    [
        ("Leeds", "Leeds", DataError, "are one team already"),
        ("Leeds", "Bath", NotFound, "no team 'Bath' in England"),
        ("Leeds Untied", "Leeds", NotFound, "no team 'Leeds Untied' in England"),
        ("Hull", "Ledes", DataError, "played each other"),
        ("Leeds", "York", DataError, "both played on 2026-03-03"),
    ],
)
def test_what_are_two_teams_stay_two(
    store: SqlMatchStore, wrong: str, right: str, error: type[Exception], message: str
) -> None:
    store.record(run(2), match("e0-2025-26-york-bath", payload=payload(2), away_team="Ledes"), {})
    before = (store.teams(), store.snapshot(2))
    with pytest.raises(error, match=message):
        store.merge_teams("England", wrong, right)
    assert (store.teams(), store.head()) == (before[0], 2)
    pd.testing.assert_frame_equal(store.snapshot(2), before[1])


def test_a_postponed_match_is_no_match_of_that_day(store: SqlMatchStore) -> None:
    store.record(run(2), match("e0-2025-26-ledes-hull", status="postponed", payload=payload(2)), {})
    assert store.merge_teams("England", "Ledes", "Leeds") == 3
