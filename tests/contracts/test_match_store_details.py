"""Details of matches: what comes is all there is, older pages change nothing, and every state can be had again."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scraped import NOW, finished, match, payload, run
from touchline.adapters import database, schema_collected
from touchline.adapters.clock import VirtualClock
from touchline.adapters.match_store import SqlMatchStore
from touchline.errors import DataError
from touchline.ports import Changes

TEAMS = {("England", name): name for name in ("Leeds", "Hull", "Bath", "York")}
HERE, THERE = "e0-2025-26-leeds-hull", "e0-2025-26-bath-york"
TABLES = {
    "match_details": schema_collected.match_details,
    "team_details": schema_collected.team_details,
    "line_ups": schema_collected.line_ups,
    "player_stats": schema_collected.player_match_stats,
    "shots": schema_collected.shots,
}
Tables = dict[str, pd.DataFrame]


@pytest.fixture
def store(engine: sa.Engine) -> SqlMatchStore:
    """With two matches, seen at minute 1."""
    made = SqlMatchStore(engine, VirtualClock(NOW))
    made.record(run(), pd.concat([match(HERE), match(THERE)]).assign(payload=payload(1)), TEAMS)
    return made


def shots(*minutes: float, match_id: str = HERE, **values: Any) -> pd.DataFrame:
    """Shots of a match at these minutes, numbered from 1 on."""
    rows = [
        {"match_id": match_id, "shot": number, "side": "home", "player": 70, "minute": minute, "period": "first half",
         "result": "saved", "penalty": False, "own_goal": False, "x": 90.5, **values}
        for number, minute in enumerate(minutes, start=1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def page(number: int, *minutes: float, **values: Any) -> Tables:
    """All tables of a match's page."""
    of = {"match_id": HERE} | values
    sides = [{"side": "home", "formation": "433", "rating": 6.5}, {"side": "away", "manager": "M. Öz"}]
    players = [
        {"player": 70, "side": "home", "name": "A. O'Example", "starter": True, "captain": True, "shirt_number": 9.0},
        {"player": 71, "side": "away", "name": "B", "starter": False, "captain": False, "minute_on": 60.0},
    ]
    tables = {
        "match_details": [{"completeness": "available", "venue": "Test, Park", "attendance": 31_000.0}],
        "team_details": sides,
        "line_ups": players,
        "player_stats": [{"player": 70, "side": "home", "goals": 1.0, "passes": float(number)}],
    }
    made = {name: pd.DataFrame([of | row for row in rows]) for name, rows in tables.items()}
    return made | {"shots": shots(*minutes, **values)} if minutes else made


def feed(store: SqlMatchStore, number: int, tables: Mapping[str, pd.DataFrame], **rows: Any) -> Changes:
    """Record details that were retrieved after those with lower numbers, and perhaps a row of the match."""
    sent = {name: table.assign(payload=payload(number)) for name, table in tables.items()}
    table = match(HERE, **rows).assign(payload=payload(number))
    return store.record(run(number), table if rows else table.iloc[:0], {}, sent)


def as_of(engine: sa.Engine, seq: int, name: str = "shots") -> list[dict[str, Any]]:
    """What was known at `seq`, in the order of its key, without what says how it came."""
    table = TABLES[name]
    valid = sa.and_(table.c.seq <= seq, sa.or_(table.c.until_seq.is_(None), table.c.until_seq > seq))
    columns = [column for column in table.columns if column.name not in ("payload", "seq", "until_seq")]
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(*columns).where(valid).order_by(*columns)).mappings()]


def minutes(engine: sa.Engine, seq: int) -> list[float]:
    return [row["minute"] for row in as_of(engine, seq)]


# What comes back


def test_details_come_back_as_they_were(store: SqlMatchStore, engine: sa.Engine) -> None:
    tables = page(2, 3.0, 50.0)
    changes = feed(store, 2, tables)
    assert (changes.seq, changes.changed, changes.details_changed, changes.matches_changed) == (2, True, 8, 0)
    for name, rows in tables.items():
        key = [column.name for column in TABLES[name].primary_key if column.name not in ("match", "source", "seq")]
        found = as_of(engine, 2, name)
        assert [row["source"] for row in found] == ["test"] * len(rows)
        for came, row in zip(rows.sort_values(key or ["match_id"]).to_dict("records"), found, strict=True):
            del came["match_id"]
            assert {name: row[name] for name in came} == {
                name: None if pd.isna(value) else value for name, value in came.items()
            }


def test_a_shot_may_have_no_player(store: SqlMatchStore, engine: sa.Engine) -> None:
    feed(store, 2, {"shots": shots(3.0, 4.0).assign(player=[None, 2**40])})
    assert [row["player"] for row in as_of(engine, 2)] == [None, 2**40]


def test_details_come_with_the_row_of_their_match(engine: sa.Engine) -> None:
    store = SqlMatchStore(engine, VirtualClock(NOW))
    rows = match(HERE, **finished(1, 0), source_id="17", raw_status="6/FT").assign(payload=payload(1))
    changes = store.record(run(), rows, TEAMS, {"shots": shots(3.0).assign(payload=payload(2))})
    assert (changes.seq, changes.matches_new, changes.details_changed) == (1, 1, 1)
    assert len(as_of(engine, 1)) == 1


# What counts as a change


def test_the_same_details_again_change_nothing(store: SqlMatchStore) -> None:
    feed(store, 2, page(2, 3.0, 50.0))
    for number in (2, 3):
        changes = feed(store, number, page(2, 3.0, 50.0))
        assert (changes.seq, changes.changed, changes.details_changed) == (2, False, 0)


def test_what_comes_is_all_there_is_of_that_match_in_that_table(store: SqlMatchStore, engine: sa.Engine) -> None:
    feed(store, 2, {**page(2), "shots": pd.concat([shots(3.0, 50.0), shots(9.0, match_id=THERE)])})
    changes = feed(store, 3, {"shots": shots(4.0)})
    assert (changes.seq, changes.details_changed) == (3, 2)
    assert minutes(engine, 2) == [3.0, 50.0, 9.0]
    assert minutes(engine, 3) == [4.0, 9.0]
    assert as_of(engine, 3, "line_ups") == as_of(engine, 2, "line_ups") != []
    assert not feed(store, 4, {"shots": shots(4.0).iloc[:0]}).changed  # nothing came
    assert feed(store, 5, {"shots": shots(4.0, 5.0)}).details_changed == 1
    assert minutes(engine, 5) == [4.0, 5.0, 9.0]


def test_a_value_that_is_gone_is_gone(store: SqlMatchStore, engine: sa.Engine) -> None:
    feed(store, 2, {"shots": shots(3.0)})
    assert feed(store, 3, {"shots": shots(3.0).drop(columns="x")}).details_changed == 1
    assert as_of(engine, 3)[0]["x"] is None


def test_sources_do_not_touch_each_others_details(store: SqlMatchStore, engine: sa.Engine) -> None:
    both = pd.concat([shots(3.0, source="a"), shots(7.0, 8.0, source="b")])
    assert feed(store, 2, {"shots": both}).details_changed == 3
    assert feed(store, 3, {"shots": shots(4.0, source="a")}).details_changed == 1
    assert minutes(engine, 3) == [4.0, 7.0, 8.0]


def test_older_pages_change_nothing(store: SqlMatchStore, engine: sa.Engine) -> None:
    feed(store, 5, {"shots": shots(3.0)})
    assert not feed(store, 4, {"shots": shots(9.0)}).changed
    assert feed(store, 4, page(4)).details_changed == 6  # of these tables nothing was known
    feed(store, 6, {"shots": shots(3.0)})
    assert not feed(store, 5, {"shots": shots(9.0)}).changed
    assert minutes(engine, store.head()) == [3.0]


def test_a_page_is_not_older_because_the_schedule_was_read_later(store: SqlMatchStore, engine: sa.Engine) -> None:
    feed(store, 5, {}, status="postponed")
    changes = feed(store, 3, {"shots": shots(3.0)}, **finished(1, 0))
    assert (changes.matches_changed, changes.details_changed) == (0, 1)
    assert not feed(store, 4, {}, **finished(1, 0)).changed


# Numbers and words of the sources


def test_numbers_of_a_source_are_known(store: SqlMatchStore) -> None:
    assert not feed(store, 2, {}, source_id="17").changed
    feed(store, 3, {}, source_id="x-1", source="other")
    feed(store, 1, {}, source_id="18", status="postponed")  # an old list; but its numbers hold
    assert store.linked("test", ["17", "18", "19"]) == {"17": HERE, "18": HERE}
    assert store.linked("other", ["x-1", "17"]) == {"x-1": HERE}
    assert store.linked("test", []) == {}
    many = [str(number) for number in range(12_000)]
    assert store.linked("test", many) == {"17": HERE, "18": HERE}


def test_a_number_never_moves_to_another_match(store: SqlMatchStore) -> None:
    feed(store, 2, {}, source_id="17")
    other = match(THERE, source_id="17").assign(payload=payload(3))
    with pytest.raises(DataError, match=f"{THERE}: number 17 of test is that of {HERE}"):
        store.record(run(3), other, {})
    both = pd.concat([match(HERE), match(THERE)]).assign(payload=payload(3), source_id="20")
    with pytest.raises(DataError, match="20: a source's number stands beside two matches"):
        store.record(run(3), both, {})
    assert store.linked("test", ["17", "20"]) == {"17": HERE}


def test_the_status_as_written_stays_like_a_score(store: SqlMatchStore, engine: sa.Engine) -> None:
    def raw() -> Any:
        with engine.connect() as connection:
            query = 'SELECT raw_status FROM match_versions WHERE until_seq IS NULL AND "match" = 1'
            return connection.exec_driver_sql(query).scalar()

    assert feed(store, 2, {}, raw_status="1/").matches_changed == 1
    assert not feed(store, 3, {}, status="scheduled").changed
    assert raw() == "1/"
    feed(store, 4, {}, **finished(1, 0), raw_status="6/FT")
    assert raw() == "6/FT"
    feed(store, 5, {}, status="abandoned")
    assert raw() is None


def test_it_is_known_who_named_a_team(store: SqlMatchStore, engine: sa.Engine) -> None:
    files = match("e0-2025-26-acle-diss").assign(payload=payload(2))
    named = {("England", "Acle"): "Acle", ("England", "Diss"): "Diss"}
    store.record(msgspec.structs.replace(run(2), source="files"), files, named)
    store.add_alias("England", "Ely", "Ely")
    with engine.connect() as connection:
        found = {team: source for team, source in connection.exec_driver_sql("SELECT team, source FROM teams")}  # noqa: C416
    assert found == dict.fromkeys(("Leeds", "Hull", "Bath", "York"), "test") | dict.fromkeys(
        ("Acle", "Diss", "Ely"), ""
    )


# What is refused


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"goals": shots(3.0)}, "no table of details 'goals'"),
        ({"shots": shots(3.0, colour="red")}, "shots: unknown column 'colour'"),
        ({"shots": shots(3.0).drop(columns="minute")}, "shots: column 'minute' is missing"),
        ({"shots": shots(3.0).drop(columns="match_id")}, "shots: column 'match_id' is missing"),
        ({"shots": shots(3.0, minute=None)}, "shots: a value of 'minute' is missing"),
        ({"shots": shots(3.0, x="far")}, "shots: a value has the wrong type"),
        ({"shots": pd.concat([shots(3.0), shots(4.0)])}, "shots: a row is there twice"),
        ({"shots": shots(3.0, match_id="e0-2025-26-x-y")}, "e0-2025-26-x-y: details of a match that is not stored"),
    ],
)
def test_details_that_do_not_fit_are_refused_with_all_that_came(
    store: SqlMatchStore, engine: sa.Engine, tables: Tables, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        feed(store, 2, tables, **finished(1, 0))
    assert store.head() == 1
    assert store.snapshot(1)["status"].tolist() == ["scheduled"] * 2
    assert feed(store, 2, {"shots": shots(3.0)}).details_changed == 1


# Every sequence

_SHOTS = st.lists(st.sampled_from([1.0, 2.0]), min_size=1, max_size=3)
_PAGES = st.lists(st.dictionaries(st.sampled_from([HERE, THERE]), _SHOTS, min_size=1), min_size=1, max_size=5)


@pytest.fixture
def emptied(store: SqlMatchStore, engine: sa.Engine) -> Callable[[], None]:
    """Removes the details for each example."""

    def empty() -> None:
        with database.writing(engine, "test") as connection:
            for statement in ("DELETE FROM shots", "DELETE FROM details_seen", "DELETE FROM scrape_runs WHERE seq > 1"):
                connection.exec_driver_sql(statement)

    return empty


@pytest.mark.slow
@given(pages=_PAGES)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_recorded_twice_is_recorded_once_and_every_state_stays(
    store: SqlMatchStore, engine: sa.Engine, emptied: Callable[[], None], pages: list[dict[str, list[float]]]
) -> None:
    emptied()
    known: dict[str, list[float]] = {}
    states = {store.head(): sorted(known.items())}
    tables = [{"shots": pd.concat([shots(*each, match_id=of) for of, each in one.items()])} for one in pages]
    for number, (table, one) in enumerate(zip(tables, pages, strict=True), start=2):
        before = dict(known)
        known |= one
        changes = feed(store, number, table)
        assert changes.changed == (known != before)
        assert not feed(store, number, table).changed
        states[changes.seq] = sorted(known.items())
    for number, table in enumerate(tables[:-1], start=2):  # all again: of each match the newest page stands
        feed(store, number, table)
    states[store.head()] = sorted(known.items())
    numbers = {HERE: 1, THERE: 2}
    for seq, state in states.items():
        expected = sorted((numbers[of], minute) for of, each in state for minute in each)
        assert sorted((row["match"], row["minute"]) for row in as_of(engine, seq)) == expected
