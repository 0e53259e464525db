"""Throughput and query plans of the match store on PostgreSQL, with a history as large as one likes.

`scripts/bench postgres --matches 1000000` starts a server of its own (`--database` takes the address of an empty one),
feeds it matches with five triples of prices each, in feeds of 100,000, and some with line-ups and shots; shows how the
server goes about each query of a match day; feeds all matches again, which changes nothing; and reads the table back.
"""

import argparse
import contextlib
import json
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import psutil
import sqlalchemy as sa

from touchline.adapters.clock import SystemClock
from touchline.adapters.database import connect
from touchline.adapters.match_store import SqlMatchStore, matches_as_of, quotes_as_of
from touchline.domain.competitions import COMPETITIONS
from touchline.domain.vocabulary import BOOKMAKERS, MATCH_COLUMNS, odds_columns
from touchline.ports import Changes, ScrapeRun

FEED: Final = 100_000
TRIPLES: Final = 5
TEAMS: Final = 20
DETAILED: Final = 10_000
DAY: Final = 100
BIG: Final = 100_000
PATIENCE: Final = 300.0  # for a machine with other work
RETRIEVED: Final = datetime(2026, 6, 1, tzinfo=UTC)


def feed(first: int, count: int) -> pd.DataFrame:
    """Rows of played matches with the numbers from `first` on; the same for the same numbers."""
    number = np.arange(first, first + count)
    random = np.random.default_rng(first)
    codes = np.array(sorted(COMPETITIONS))
    kickoff = pd.Timestamp("1960-01-01T15:00Z") + pd.to_timedelta(number % 24_000, unit="D")
    rows = {name: np.full(count, np.nan) for name in MATCH_COLUMNS}
    home = number % TEAMS
    sides = {
        "home_team": np.char.add("Team ", home.astype(str)),
        "away_team": np.char.add("Team ", ((home + 1 + number // TEAMS % (TEAMS - 1)) % TEAMS).astype(str)),
    }
    scores = {name: random.poisson(1.4, count).astype(float) for name in ("home_goals", "away_goals")}
    shots = {name: random.poisson(12, count).astype(float) for name in ("home_shots", "away_shots")}
    table = pd.DataFrame(
        rows
        | sides
        | scores
        | shots
        | {
            "match_id": np.char.add("match-", number.astype(str)),
            "competition": codes[number % len(codes)],
            "season": kickoff.year.astype(str),
            "kickoff": kickoff.as_unit("us"),
            "kickoff_known": True,
            "status": "finished",
            "available_time": (kickoff + timedelta(hours=5)).as_unit("us"),
            "payload": f"{first:064x}",
            "source_id": number.astype(str),
            "raw_status": "6/FT",
        }
    )
    for bookmaker in BOOKMAKERS[:TRIPLES]:
        table[list(odds_columns(bookmaker))] = 1.5 + random.random((count, 3)).round(2)  # nosec B311 - prices
    return table


def names() -> dict[tuple[str, str], str]:
    """Teams of all countries."""
    countries = {league.country for league in COMPETITIONS.values()}
    return {(country, f"Team {number}"): f"Team {number}" for country in countries for number in range(TEAMS)}


NAMES: Final = names()


def details(first: int, count: int, *, minute: float = 7.0) -> dict[str, pd.DataFrame]:
    """Line-ups of 22 players and as many shots of matches, the match of each row by its number."""
    number = np.repeat(np.arange(first, first + count), 22)
    own = np.tile(np.arange(22), count)
    common = pd.DataFrame(
        {
            "match_id": np.char.add("match-", number.astype(str)),
            "payload": f"{first:064x}",
            "side": np.where(own < 11, "home", "away"),
            "player": own + 1,
        }
    )
    line_ups = common.assign(name="A. Player", starter=True, captain=False, minute_on=0.0)
    shots = common.assign(
        shot=own, minute=minute, period="first half", result="saved", penalty=False, own_goal=False, x=90.0
    )
    return {"line_ups": line_ups, "shots": shots}


class Bench:
    """A store, and what its work costs."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine, self.store, self._runs = engine, SqlMatchStore(engine, SystemClock()), 0
        with engine.connect() as connection:
            number = connection.scalar(sa.select(sa.func.pg_backend_pid()))
        with contextlib.suppress(psutil.Error):  # a server elsewhere
            self._server = psutil.Process(number)

    def record(self, rows: pd.DataFrame, tables: dict[str, pd.DataFrame] | None = None) -> Changes:
        """Store rows as a run that retrieved them after all earlier ones."""
        self._runs += 1
        when = RETRIEVED + timedelta(minutes=self._runs)
        return self.store.record(ScrapeRun(f"run-{self._runs}", "benchmark", (), when), rows, NAMES, tables)

    def measure(self, what: str, work: Callable[[], Any], matches: int, rows: int) -> Any:
        """Do it once; print how long it took, the processor's time here and there, and our highest memory so far."""
        begun = self._clocks()
        result = work()
        wall, client, server = (now - before for now, before in zip(self._clocks(), begun, strict=True))
        say(
            what=what,
            matches=matches,
            rows=rows,
            seconds=round(wall, 2),
            client_processor_seconds=round(client, 2),
            server_processor_seconds=round(server, 2),
            rows_per_second=round(rows / wall),
            matches_per_second=round(matches / wall),
            rows_per_processor_second=round(rows / max(client + server, 0.01)),
            peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        )
        return result

    def _clocks(self) -> tuple[float, float, float]:
        times = self._server.cpu_times() if hasattr(self, "_server") else None
        return time.perf_counter(), time.process_time(), times.user + times.system if times else 0.0


def say(**figures: Any) -> None:
    """One line of JSON."""
    print(json.dumps(figures), flush=True)


def fed(bench: Bench, what: str, matches: int) -> None:
    """Feed everything, which changes the store the first time only."""

    def everything() -> None:
        for first in range(0, matches, FEED):
            count = min(FEED, matches - first)
            work = partial(bench.record, feed(first, count))
            changes = bench.measure(f"{what}, from match {first}", work, count, count * (1 + TRIPLES))
            assert changes.changed is (what == "first feed"), changes

    bench.measure(f"{what}, all", everything, matches, matches * (1 + TRIPLES))


def detailed(bench: Bench, matches: int) -> None:
    """Feed the details of some matches twice."""
    count = min(matches, DETAILED)
    for what, rows in (("first details", 44 * count), ("second details", 0)):
        work = partial(bench.record, feed(0, 1).iloc[:0], details(0, count))
        assert bench.measure(what, work, count, 44 * count).details_changed == rows


def plans(bench: Bench, matches: int) -> bool:
    """Show how the server goes about a match day, and whether it ever reads a big table whole for it."""
    with bench.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")  # as a server does by itself, some time after a feed
        query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relpersistence = 'p' AND reltuples >= "
        big = set(connection.exec_driver_sql(f"{query}{BIG}").scalars())
    before = feed(0, min(FEED, matches)).head(DAY)
    day = before.assign(home_goals=9.0)
    season = (str(day["competition"][0]), [str(day["season"][0])])
    kickoff = day["kickoff"][0].to_pydatetime()
    store, failures = bench.store, list[str]()
    for what, work in (
        ("record, a match day with changes", lambda: bench.record(day)),
        ("record, the same again", lambda: bench.record(day)),
        ("record, corrections taken back", lambda: bench.record(before)),
        ("record, details", lambda: bench.record(day.iloc[:0], details(0, DAY // 10, minute=8.0))),
        ("linked", lambda: store.linked("benchmark", day["source_id"])),
        ("known", lambda: store.known(*season)),
        ("between", lambda: store.between([season[0]], kickoff, kickoff + timedelta(days=1))),
        ("teams", store.teams),
    ):
        with explained(bench.engine) as found:
            bench.measure(what, work, DAY, DAY * (1 + TRIPLES))
        for statement, plan in found:
            nodes = list(walk(plan))
            whole = [relation for kind, relation in nodes if kind == "Seq Scan" and relation in big]
            failures += [f"{what}: {statement}"] * bool(whole)
            say(of=what, statement=statement[:160], nodes=[" ".join(node) for node in nodes], sequential=whole)
    with bench.engine.connect() as connection:
        for query in (matches_as_of(1), quotes_as_of(1)):
            text = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
            (plan,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {text}").scalar() or ()
            say(of="snapshot, which reads whole tables", nodes=[" ".join(node) for node in walk(plan["Plan"])])
    say(check="a match day reads no big table whole", big=sorted(big), failures=failures)
    return not failures


@contextlib.contextmanager
def explained(engine: sa.Engine) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Collects the plan of each statement before it runs, as the server has it at that moment."""
    found: list[tuple[str, dict[str, Any]]] = []

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE")) and not many:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            found.append((" ".join(statement.split()), cursor.fetchone()[0][0]["Plan"]))

    sa.event.listen(engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", explain)


def walk(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Kind of each node of a plan, and the table or index that it reads."""
    yield plan["Node Type"], plan.get("Index Name") or plan.get("Relation Name") or ""
    for part in plan.get("Plans", ()):
        yield from walk(part)


def main(argv: Sequence[str]) -> int:
    """Print one line of JSON for each step, and for each plan; exit code 1 if a plan reads a big table whole."""
    parser = argparse.ArgumentParser(prog="bench postgres", description=__doc__)
    parser.add_argument("--matches", type=int, default=100_000, help="how many matches; default 100,000")
    parser.add_argument("--database", default="", help="address of an empty PostgreSQL database")
    asked = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))  # so that no server is left behind
    with contextlib.ExitStack() as stack:
        engine = connect(asked.database or stack.enter_context(own_database()), lock_timeout=PATIENCE)
        stack.callback(engine.dispose)
        bench = Bench(engine)
        fed(bench, "first feed", asked.matches)
        detailed(bench, asked.matches)
        good = plans(bench, asked.matches)
        fed(bench, "second feed", asked.matches)
        every = asked.matches * (1 + TRIPLES)
        whole = bench.measure("snapshot", lambda: bench.store.snapshot(bench.store.head()), asked.matches, every)
        assert len(whole) == asked.matches
        return 0 if good else 1


@contextlib.contextmanager
def own_database() -> Iterator[str]:
    """Address of an empty database on a server of our own."""
    sys.path.insert(
        0, str(Path(__file__).parents[2] / "tests" / "support")
    )  # before this folder, which has a `postgres` too
    import postgres

    with postgres.server() as address:
        owner = sa.create_engine(address.format(database="postgres"), isolation_level="AUTOCOMMIT")
        with owner.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE touchline_bench")
        owner.dispose()
        yield address.format(database="touchline_bench")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
