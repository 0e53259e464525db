"""The match store: what comes back, what counts as a change, and what the table looked like before."""

from datetime import timedelta

import pandas as pd
import pytest
import sqlalchemy as sa

from scraped import NOW, finished, match, payload, prices, run, simulated, stored, teams_of
from touchline.adapters.clock import VirtualClock
from touchline.adapters.match_store import SqlMatchStore
from touchline.domain.vocabulary import MATCH_COLUMNS
from touchline.errors import Conflict, DataError, NotFound, UnknownName
from touchline.ports import Changes

TEAMS = {("England", name): name for name in ("Leeds", "Hull", "Bath", "York")}


@pytest.fixture
def store(engine: sa.Engine) -> SqlMatchStore:
    return SqlMatchStore(engine, VirtualClock(NOW))


def feed(store: SqlMatchStore, number: int, rows: pd.DataFrame) -> Changes:
    """Record rows that were retrieved after those with lower numbers."""
    return store.record(run(number), rows.assign(payload=payload(number)), TEAMS)


def only(store: SqlMatchStore, seq: int | None = None) -> pd.Series:
    """The only match of a snapshot."""
    table = store.snapshot(store.head() if seq is None else seq)
    assert len(table) == 1
    return table.iloc[0]


# What comes back


def test_a_season_comes_back_as_it_was(store: SqlMatchStore) -> None:
    rows = simulated()
    changes = store.record(run(), rows, teams_of(rows))
    assert (changes.seq, changes.changed, changes.matches_new) == (1, True, len(rows))
    pd.testing.assert_frame_equal(store.snapshot(1), stored(rows))


def test_every_column_comes_back(store: SqlMatchStore) -> None:
    values = {name: 9.5 - place / 64 for place, name in enumerate(MATCH_COLUMNS[8:])}
    rows = match(**values | {"status": "awarded", "kickoff_known": False})
    feed(store, 1, rows)
    pd.testing.assert_frame_equal(store.snapshot(1), stored(rows.assign(payload=payload(1))))


def test_an_empty_store_has_an_empty_table_with_the_same_types(store: SqlMatchStore) -> None:
    empty = store.snapshot(0)
    assert store.head() == 0
    assert len(empty) == 0
    feed(store, 1, match())
    assert empty.dtypes.to_dict() == store.snapshot(1).dtypes.to_dict()


def test_moments_in_other_zones_and_units_come_back_in_utc(store: SqlMatchStore) -> None:
    kickoff = pd.Timestamp("2026-03-07 16:30:00.000001+01:00")
    feed(store, 1, match(kickoff=kickoff).astype({"kickoff": "datetime64[ns, Europe/Berlin]"}))
    assert only(store)["kickoff"] == kickoff
    assert str(store.snapshot(1)["kickoff"].dtype) == "datetime64[us, UTC]"


def test_no_rows_are_no_change(store: SqlMatchStore) -> None:
    assert feed(store, 1, match().iloc[:0]).seq == 0


def test_names_in_any_script_come_back(store: SqlMatchStore) -> None:
    rows = match(home_team='Preußen, "Münster"', away_team="O'Higgins\n")
    store.record(run(), rows, teams_of(rows))
    assert only(store)["home_team"] == 'Preußen, "Münster"'
    assert only(store)["away_team"] == "O'Higgins\n"


def test_a_snapshot_above_the_head_does_not_exist(store: SqlMatchStore) -> None:
    feed(store, 1, match())
    with pytest.raises(NotFound, match="the newest is 1"):
        store.snapshot(2)


# What counts as a change


def test_the_same_rows_again_change_nothing(store: SqlMatchStore) -> None:
    rows = simulated()
    store.record(run(), rows, teams_of(rows))
    for again in (run(), run(2)):
        changes = store.record(again, rows, {})
        assert changes == Changes(
            seq=1, changed=False, matches_new=0, matches_changed=0, statistics_changed=0, odds_changed=0, teams_new=0
        )
    assert store.head() == 1


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        ({}, finished(2, 1), (1, 0, 0)),
        (finished(2, 1), finished(2, 2), (1, 0, 0)),
        ({}, {"status": "postponed"}, (1, 0, 0)),
        ({}, {"kickoff_known": False}, (1, 0, 0)),
        ({}, {"available_time": NOW + timedelta(days=3)}, (1, 0, 0)),
        ({}, {"home_shots": 9.0}, (0, 1, 0)),
        ({"home_shots": 9.0, "away_shots": 2.0}, {"home_shots": 8.0}, (0, 1, 0)),
        ({}, prices("b365", 2.0, 3.0, 4.0), (0, 0, 1)),
        (prices("b365", 2.0, 3.0, 4.0), prices("b365", 2.0, 3.0, 4.1), (0, 0, 1)),
        (prices("ps", 2.0, 3.0, 4.0), prices("ps", 2.0, 3.0, 4.0, closing=True), (0, 0, 1)),
        ({}, {"kickoff": NOW + timedelta(days=2)}, (1, 0, 0)),
        (prices("ps", 2.0, 3.0, 4.0), {"kickoff": NOW + timedelta(days=2)} | prices("ps", 2.0, 3.0, 4.0), (1, 0, 1)),
    ],
)
def test_a_difference_is_a_change(
    store: SqlMatchStore, before: dict[str, object], after: dict[str, object], counts: tuple[int, int, int]
) -> None:
    feed(store, 1, match(**before))
    changes = feed(store, 2, match(**after))
    assert (changes.seq, changes.changed, changes.matches_new, changes.teams_new) == (2, True, 0, 0)
    assert (changes.matches_changed, changes.statistics_changed, changes.odds_changed) == counts
    now = only(store)
    for name, value in after.items():
        assert now[name] == value, name


def test_what_is_missing_leaves_what_is_stored(store: SqlMatchStore) -> None:
    full = finished(2, 1, home_goals_half_time=1.0, home_shots=9.0, **prices("b365", 2.0, 3.0, 4.0))
    feed(store, 1, match(**full))
    assert not feed(store, 2, match(status="finished")).changed
    assert feed(store, 3, match(**finished(2, 1), away_shots=4.0)).statistics_changed == 1
    now = only(store)
    assert [now[name] for name in full] == list(full.values())
    assert now["away_shots"] == 4.0


def test_another_status_comes_with_its_own_score_or_with_none(store: SqlMatchStore) -> None:
    feed(store, 1, match(**finished(2, 1), home_goals_half_time=1.0))
    feed(store, 2, match(status="abandoned"))
    assert only(store)[["home_goals", "away_goals", "home_goals_half_time"]].isna().all()
    feed(store, 3, match(**finished(0, 3) | {"status": "awarded"}))
    assert only(store)["away_goals"] == 3.0


def test_older_payloads_take_the_place_of_nothing(store: SqlMatchStore) -> None:
    feed(store, 5, match(**finished(2, 1), home_shots=4.0, **prices("b365", 2.0, 3.0, 4.0)))
    assert not feed(store, 4, match(home_shots=3.0, **prices("b365", 2.0, 3.0, 4.5))).changed
    assert only(store)["status"] == "finished"
    both = pd.concat([match(**finished(0, 0)), match("e0-2025-26-bath-york")])
    changes = feed(store, 3, both)
    assert (changes.matches_new, changes.matches_changed) == (1, 0)


def test_a_payload_that_says_the_same_counts_as_seen(store: SqlMatchStore) -> None:
    feed(store, 1, match())
    feed(store, 5, match())
    assert not feed(store, 3, match(status="postponed")).changed
    assert store.known("E0", ["2025-26"])[0].seen == run(5).retrieved


def test_payload_is_the_one_that_last_changed_the_match(store: SqlMatchStore) -> None:
    feed(store, 1, pd.concat([match(), match("e0-2025-26-bath-york")]))
    feed(store, 2, match(**prices("b365", 2.0, 3.0, 4.0)))
    feed(store, 3, match(home_shots=1.0))
    feed(store, 4, match(home_shots=1.0))
    feed(store, 5, match(status="postponed"))
    found = [store.snapshot(seq).set_index("match_id")["payload"]["e0-2025-26-leeds-hull"] for seq in range(1, 5)]
    assert found == [payload(number) for number in (1, 2, 3, 5)]
    assert store.snapshot(4).set_index("match_id")["payload"]["e0-2025-26-bath-york"] == payload(1)


def test_a_correction_that_is_taken_back_is_the_old_table_under_a_new_number(store: SqlMatchStore) -> None:
    for number, score in enumerate(((2, 1), (2, 2), (2, 1)), start=1):
        assert feed(store, number, match(**finished(*score))).seq == number
    first, third = store.snapshot(1).drop(columns="payload"), store.snapshot(3).drop(columns="payload")
    pd.testing.assert_frame_equal(first, third)
    assert only(store, 2)["away_goals"] == 2.0


# Teams and seasons


def test_names_stand_for_teams_of_their_country(store: SqlMatchStore) -> None:
    given = {("England", "Leeds United"): "Leeds", ("England", "Hull"): "Hull", ("Chile", "Leeds"): "Leeds"}
    assert store.record(run(), match(), given).teams_new == 3
    assert store.teams() == {
        "England": {"Leeds": "Leeds", "Leeds United": "Leeds", "Hull": "Hull"}, "Chile": {"Leeds": "Leeds"},
    }  # fmt: skip


def test_a_team_that_nobody_declared_stores_nothing(store: SqlMatchStore) -> None:
    with pytest.raises(UnknownName, match=r"Hull \(England\)"):
        store.record(run(), match(), {("England", "Leeds"): "Leeds", ("Wales", "Hull"): "Hull"})
    assert store.teams() == {}
    assert store.head() == 0


def test_a_name_that_was_given_to_another_team_is_a_conflict(store: SqlMatchStore) -> None:
    feed(store, 1, match())
    with pytest.raises(Conflict, match="'Hull' in England was given to 'Hull'"):
        store.record(run(2), match(), {("England", "Hull"): "Hull City"})


def test_aliases_are_added_by_hand(store: SqlMatchStore) -> None:
    store.add_alias("England", "Leeds", "Leeds")
    store.add_alias("England", "LUFC", "Leeds")
    store.add_alias("England", "LUFC", "Leeds")
    assert store.teams() == {"England": {"Leeds": "Leeds", "LUFC": "Leeds"}}
    with pytest.raises(NotFound, match="no team 'Ledes' in England"):
        store.add_alias("England", "LU", "Ledes")
    with pytest.raises(NotFound, match="no team 'LUFC'"):
        store.add_alias("England", "L", "LUFC")
    store.add_alias("England", "Hull", "Hull")
    with pytest.raises(DataError, match="'LUFC' stands for 'Leeds'"):
        store.add_alias("England", "LUFC", "Hull")


def test_known_matches_are_those_of_the_seasons_in_their_current_state(store: SqlMatchStore) -> None:
    rows = pd.concat(
        [match(), match("e0-2024-25-bath-york", season="2024-25"), match("e1-2025-26-bath-york", competition="E1")]
    )
    feed(store, 1, rows)
    feed(store, 2, match(status="postponed", kickoff=NOW + timedelta(days=9)))
    (found,) = store.known("E0", ["2025-26"])
    assert (found.match_id, found.status, found.kickoff) == (
        "e0-2025-26-leeds-hull",
        "postponed",
        NOW + timedelta(days=9),
    )
    assert (found.home_team, found.away_team, found.seen) == ("Leeds", "Hull", run(2).retrieved)
    assert [ref.season for ref in store.known("E0", ["2025-26", "2024-25"])] == ["2024-25", "2025-26"]
    assert store.known("E0", []) == []


# What is refused


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (match().drop(columns="payload"), DataError, "payload: columns are missing"),
        (pd.concat([match(), match()]), DataError, "e0-2025-26-leeds-hull: a match is there twice"),
        (match(status="delayed"), UnknownName, "unknown status 'delayed'"),
        (match().assign(kickoff=pd.Timestamp("2026-01-01")), DataError, "kickoff: moments have no offset"),
    ],
)
def test_rows_that_break_the_contract_are_refused(
    store: SqlMatchStore, rows: pd.DataFrame, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        store.record(run(), rows, TEAMS)
    assert store.head() == 0


@pytest.mark.parametrize("other", [{"competition": "E1"}, {"home_team": "Bath"}, {"away_team": "York"}])
def test_an_identity_belongs_to_one_match(store: SqlMatchStore, other: dict[str, str]) -> None:
    rows = match()
    feed(store, 1, rows)
    with pytest.raises(DataError, match="is that of another match, Leeds against Hull in E0"):
        feed(store, 2, rows.assign(**other))
    assert store.head() == 1
    assert feed(store, 3, match(status="postponed")).seq == 2


def test_a_failure_midway_leaves_nothing(store: SqlMatchStore, engine: sa.Engine) -> None:
    broken = match().astype({"season": object})
    broken.loc[0, "season"] = None
    with pytest.raises((sa.exc.DBAPIError, ValueError)):
        store.record(run(), broken, TEAMS)
    assert (store.head(), store.teams()) == (0, {})
    assert feed(store, 1, match()).seq == 1


# Runs


def test_each_run_is_noted_with_what_it_changed(store: SqlMatchStore, engine: sa.Engine) -> None:
    feed(store, 1, match())
    feed(store, 1, match())
    feed(store, 2, match())
    feed(store, 3, match(status="postponed"))
    with engine.connect() as connection:
        noted = connection.exec_driver_sql("SELECT run_id, seq FROM scrape_runs ORDER BY number").all()
    assert [tuple(row) for row in noted] == [("run-1", 1), ("run-2", None), ("run-3", 2)]


def test_recorded_time_never_goes_back(engine: sa.Engine) -> None:
    for number, now in enumerate((NOW, NOW - timedelta(hours=1), NOW + timedelta(hours=1)), start=1):
        feed(SqlMatchStore(engine, VirtualClock(now)), number, match(home_shots=float(number)))
    with engine.connect() as connection:
        query = sa.text("SELECT recorded_time FROM scrape_runs ORDER BY seq")
        found = [row[0] for row in connection.execute(query)]
    assert found == sorted(found)
    assert found[0] == found[1] != found[2]


def test_migrating_again_changes_nothing(store: SqlMatchStore) -> None:
    feed(store, 1, match())
    store.migrate()
    assert store.head() == 1
