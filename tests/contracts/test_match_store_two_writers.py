"""Several scrapers at once, each with connections of its own: no deadlock, nothing twice, nothing lost."""

import itertools
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from scraped import NOW, finished, matches, payload, prices, run
from touchline.adapters import database
from touchline.adapters.clock import VirtualClock
from touchline.adapters.match_store import SqlMatchStore
from touchline.adapters.quotes import SqlQuotes
from touchline.ports import ScrapeRun

TEAMS = {("England", name): name for name in ("Leeds", "Hull", "Bath", "York")}
NAMES = [f"e0-2025-26-{home.lower()}-{away.lower()}" for (_, home), (_, away) in itertools.permutations(TEAMS, 2)]
ROUNDS = 3
SOURCES = ("a", "a", "b", "c")
"""Of each writer."""
CURRENT = {
    "match_versions": '"match"', "team_match_stats": '"match"', "odds_quotes": '"match", bookmaker, closing',
    "shots": '"match", source, shot', "match_details": '"match", source',
}  # fmt: skip


def collected(writer: int, number: int) -> tuple[ScrapeRun, pd.DataFrame, dict[str, pd.DataFrame]]:
    """What a writer brings in a round: all matches but one, backwards or forwards, with details."""
    moment = number * len(SOURCES) + writer
    source, own = SOURCES[writer], payload(moment)
    names = [name for place, name in enumerate(NAMES) if place != writer][:: -1 if writer % 2 else 1]
    values = finished(float(moment), 0, home_shots=float(moment), **prices("b365", 1.5 + moment, 3.0, 4.0))
    rows = matches(dict.fromkeys(names, values)).assign(payload=own)
    rows["source_id"] = [str(NAMES.index(name)) for name in names]
    common = {"payload": own, "side": "home", "minute": float(moment), "period": "first half", "result": "goal"}
    shots = [
        common | {"match_id": name, "shot": shot, "penalty": False, "own_goal": False}
        for name in names for shot in range(1 + moment % 3)
    ]  # fmt: skip
    of = pd.DataFrame({"match_id": names, "payload": own, "completeness": "available", "events": float(moment)})
    brought = run(moment)
    return (
        ScrapeRun(brought.run_id, source, brought.payloads, brought.retrieved),
        rows,
        {"shots": pd.DataFrame(shots), "match_details": of},
    )


def write(address: str, writer: int) -> list[int]:
    """Bring all rounds of a writer, on an engine of its own; the numbers of the changes."""
    engine = database.connect(address)
    store = SqlMatchStore(engine, VirtualClock(NOW))
    try:
        found = [
            store.record(*collected(writer, number)[:2], TEAMS, collected(writer, number)[2])
            for number in range(ROUNDS)
        ]
        return [changes.seq for changes in found if changes.changed]
    finally:
        engine.dispose()


def values(engine: sa.Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


@pytest.mark.slow
@pytest.mark.parametrize("pool", [ThreadPoolExecutor, partial(ProcessPoolExecutor, mp_context=get_context("spawn"))])
def test_writers_at_the_same_time_end_as_one_after_the_other(address: str, engine: sa.Engine, pool: Any) -> None:
    with pool(len(SOURCES)) as workers:
        seqs = list(workers.map(partial(write, address), range(len(SOURCES))))
    every = sorted(itertools.chain.from_iterable(seqs))
    assert every == list(range(1, len(every) + 1))
    store = SqlMatchStore(engine, VirtualClock(NOW))
    assert store.head() == len(every)
    for table, key in CURRENT.items():
        twice = f"SELECT {key} FROM {table} WHERE until_seq IS NULL GROUP BY {key} HAVING count(*) > 1"
        assert values(engine, twice) == [], table
        assert values(engine, f"SELECT count(*) FROM {table} WHERE until_seq IS NULL")[0][0] > 0
    _check_newest(store, engine)


def _check_newest(store: SqlMatchStore, engine: sa.Engine) -> None:
    """Of each match what was retrieved last stands, whoever wrote last; of each source's details the same."""
    last = (ROUNDS - 1) * len(SOURCES)
    table = store.snapshot(store.head()).set_index("match_id")
    assert set(table.index) == set(NAMES)
    for place, name in enumerate(NAMES):
        newest = last + max(writer for writer in range(len(SOURCES)) if writer != place)
        assert table.loc[name, ["home_goals", "home_shots", "odds_b365_home"]].tolist() == [
            newest,
            newest,
            1.5 + newest,
        ]
        assert table.loc[name, "payload"] == payload(newest)
    query = (
        "SELECT match_id, source, max(minute), min(minute), count(*)"
        " FROM shots JOIN matches ON matches.number = shots.match WHERE until_seq IS NULL GROUP BY match_id, source"
    )
    found = {(name, source): rest for name, source, *rest in values(engine, query)}
    for (place, name), source in itertools.product(enumerate(NAMES), sorted(set(SOURCES))):
        writers = [writer for writer, of in enumerate(SOURCES) if of == source and writer != place]
        expected = [last + max(writers), last + max(writers), 1 + (last + max(writers)) % 3] if writers else None
        assert found.get((name, source)) == expected
    for source in set(SOURCES):
        places = {
            place for writer, of in enumerate(SOURCES) if of == source for place in range(len(NAMES)) if place != writer
        }
        assert store.linked(source, map(str, range(len(NAMES)))) == {str(place): NAMES[place] for place in places}


def test_prices_and_matches_of_the_same_payloads_do_not_wait_for_each_other_in_a_ring(
    address: str, connect: Callable[[], sa.Engine]
) -> None:
    write(address, 0)
    sent = [payload(number) for number in range(100, 160)]
    store, quotes = SqlMatchStore(connect(), VirtualClock(NOW)), SqlQuotes(connect())

    def record_matches() -> None:
        for number in range(6):
            brought = run(100 + number)
            every = ScrapeRun(brought.run_id, "a", tuple(sent[number * 10 :]), brought.retrieved)
            store.record(every, matches({NAMES[1]: {"home_shots": float(number)}}).assign(payload=sent[-1]), {})

    def record_quotes() -> None:
        for number in range(6):
            frame = pd.DataFrame({"match_id": NAMES[1], "payload": sent[number * 10 :][::-1]})
            frame["quoted_at"] = [NOW + timedelta(seconds=number * 100 + place) for place in range(len(frame))]
            more = {"bookmaker": "b", "market": "h2h", "outcome": "home", "line": 0.0, "price": 2.0, "source": "b"}
            assert quotes.record(frame.assign(**more)) == len(frame)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(record_matches), threads.submit(record_quotes)]:
            done.result()
    assert store.snapshot(store.head()).set_index("match_id").loc[NAMES[1], "home_shots"] == 5.0
    assert len(quotes.of([NAMES[1]])) == 60 + 50 + 40 + 30 + 20 + 10
