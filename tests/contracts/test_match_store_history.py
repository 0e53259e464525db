"""Every state of the match table can be had again, whatever came after it and whoever wrote at the same time."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scraped import NOW, finished, match, matches, payload, prices, run
from touchline.adapters import database
from touchline.adapters.clock import VirtualClock
from touchline.adapters.match_store import SqlMatchStore
from touchline.domain.vocabulary import MATCH_COLUMNS
from touchline.errors import Conflict

TEAMS = {("England", name): name for name in ("Leeds", "Hull", "Bath", "York")}
NAMES = ("e0-2025-26-leeds-hull", "e0-2025-26-bath-york", "e0-2025-26-york-leeds")


def feed(store: SqlMatchStore, number: int, rows: pd.DataFrame) -> bool:
    return store.record(run(number), rows.assign(payload=payload(number)), TEAMS).changed


_VALUES = st.one_of(
    st.just({}),
    st.just({"status": "postponed"}),
    st.builds(finished, st.integers(0, 1), st.integers(0, 1)),
    st.builds(lambda shots: {"home_shots": shots}, st.sampled_from([1.0, 2.0])),
    st.builds(lambda price: prices("b365", price, 3.0, 4.0), st.sampled_from([2.0, 2.5])),
    st.builds(lambda price: prices("ps", 2.0, price, 4.0, closing=True), st.sampled_from([3.0, 3.5])),
)
_FEEDS = st.lists(st.dictionaries(st.sampled_from(NAMES), _VALUES, min_size=1), min_size=1, max_size=6)


@pytest.fixture
def emptied(engine: sa.Engine) -> Iterator[Callable[[], SqlMatchStore]]:
    """The store, emptied for each example."""

    def empty() -> SqlMatchStore:
        with database.writing(engine, "test") as connection:
            for table in ("odds_quotes", "team_match_stats", "match_versions", "matches", "scrape_runs"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
        return SqlMatchStore(engine, VirtualClock(NOW))

    return empty


@pytest.mark.slow
@given(feeds=_FEEDS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_snapshot_is_what_it_was_when_it_was_the_newest(
    emptied: Callable[[], SqlMatchStore], feeds: list[dict[str, dict[str, object]]]
) -> None:
    store = emptied()
    seen = {0: store.snapshot(0)}
    for number, values in enumerate(feeds, start=1):
        head = store.head()
        changed = feed(store, number, matches(values))
        assert store.head() == head + changed
        now = store.snapshot(store.head())
        if changed:
            seen[head + 1] = now
        assert now.equals(seen[store.head()])
    for seq, table in seen.items():
        assert store.snapshot(seq).equals(table)
    for earlier, later in zip(list(seen.values())[:-1], list(seen.values())[1:], strict=True):
        assert not earlier.equals(later)


@pytest.mark.slow
@given(feeds=_FEEDS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_feeding_everything_again_in_its_order_of_retrieval_changes_nothing(
    emptied: Callable[[], SqlMatchStore], feeds: list[dict[str, dict[str, object]]]
) -> None:
    store = emptied()
    rows = [matches(values) for values in feeds]
    for number, part in enumerate(rows, start=1):
        feed(store, number, part)
    before = store.snapshot(store.head())
    newest = {
        name: max(n for n, values in enumerate(feeds, 1) if name in values) for values in feeds for name in values
    }
    for number, part in enumerate(rows, start=1):  # all but the newest row of each match are older than what is stored
        assert feed(store, number, part) is False, newest
    pd.testing.assert_frame_equal(store.snapshot(store.head()), before)


def test_of_writers_at_the_same_time_none_is_lost(connect: Callable[[], sa.Engine]) -> None:
    stores = [SqlMatchStore(connect(), VirtualClock(NOW)) for _ in range(4)]
    feed(stores[0], 1, match())
    columns = ("home_shots", "away_shots", "home_corners", "away_corners")

    def write(number: int) -> None:
        for value in range(3):
            same_moment = run(1)
            stores[number].record(same_moment, match(**{columns[number]: float(value)}), {})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stores[0].head() == 1 + 4 * 3
    assert stores[0].snapshot(13).iloc[0][list(columns)].tolist() == [2.0] * 4
    with connect().connect() as connection:
        numbers = connection.exec_driver_sql("SELECT seq FROM scrape_runs WHERE seq IS NOT NULL ORDER BY seq")
        assert numbers.scalars().all() == list(range(1, 14))


def test_a_reader_sees_the_old_state_during_a_write(connect: Callable[[], sa.Engine]) -> None:
    writer, reader = connect(), SqlMatchStore(connect(), VirtualClock(NOW))
    feed(reader, 1, match())
    with database.writing(writer, "matches") as connection:
        connection.exec_driver_sql("UPDATE match_versions SET status = 'postponed'")
        connection.exec_driver_sql("UPDATE scrape_runs SET seq = 5")
        assert reader.head() == 1
        assert reader.snapshot(1).iloc[0]["status"] == "scheduled"
    assert reader.head() == 5
    assert reader.snapshot(5).iloc[0]["status"] == "postponed"


def test_a_reader_sees_one_state_from_its_first_query_on(connect: Callable[[], sa.Engine]) -> None:
    store = SqlMatchStore(connect(), VirtualClock(NOW))
    feed(store, 1, match())
    count = sa.text("SELECT count(*) FROM match_versions")
    with database.reading(connect()) as connection:
        assert connection.scalar(count) == 1
        feed(store, 2, match(status="postponed"))
        assert connection.scalar(count) == 1


def test_a_lock_that_is_not_let_go_is_a_conflict(connect: Callable[..., sa.Engine]) -> None:
    patient, impatient = connect(), SqlMatchStore(connect(lock_timeout=0.05), VirtualClock(NOW))
    with database.writing(patient, "matches"), pytest.raises(Conflict, match="another writer holds the lock"):
        feed(impatient, 1, match())
    assert feed(impatient, 1, match())


def test_a_failure_midway_leaves_nothing(connect: Callable[[], sa.Engine]) -> None:
    """Prices are written last: if that fails, versions that were written before it are gone too."""
    engine = connect()
    store = SqlMatchStore(engine, VirtualClock(NOW))
    feed(store, 1, match())
    before = store.snapshot(1)
    with database.writing(engine, "test") as connection:
        connection.exec_driver_sql("ALTER TABLE odds_quotes RENAME TO hidden")
    rows = pd.concat([match(**finished(1, 0), **prices("b365", 2.0, 3.0, 4.0)), match(NAMES[1])])
    with pytest.raises((sa.exc.DBAPIError, ConnectionError)):
        feed(store, 2, rows)
    with database.writing(engine, "test") as connection:
        connection.exec_driver_sql("ALTER TABLE hidden RENAME TO odds_quotes")
    assert store.head() == 1
    assert [ref.match_id for ref in store.known("E0", ["2025-26"])] == [NAMES[0]]
    pd.testing.assert_frame_equal(store.snapshot(1), before)
    assert feed(store, 2, rows)


def test_the_newest_state_outlives_the_process(address: str, tmp_path: Path) -> None:
    engine = database.connect(address)
    feed(SqlMatchStore(engine, VirtualClock(NOW)), 1, match())
    engine.dispose()
    again = database.connect(address)
    assert SqlMatchStore(again, VirtualClock(NOW)).snapshot(1)[list(MATCH_COLUMNS)].iloc[0]["home_team"] == "Leeds"
    again.dispose()
