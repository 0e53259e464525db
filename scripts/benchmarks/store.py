"""Time to store a history of matches with all their prices, to store it again, to add a match day, to read it back.

`scripts/bench store MATCHES.parquet --competition E0` reads any table that `touchline ingest` reads; `--database` takes
the address of an empty database other than a new SQLite file.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from touchline.adapters.clock import SystemClock
from touchline.adapters.database import connect
from touchline.adapters.match_store import SqlMatchStore
from touchline.domain.availability import available_time
from touchline.domain.competitions import competition
from touchline.domain.simulation import simulate
from touchline.domain.vocabulary import CLOSING_COLUMNS, ODDS_COLUMNS
from touchline.ports import Payload, ScrapeRun
from touchline.sources import tidy

RETRIEVED = datetime(2026, 6, 1, tzinfo=UTC)


def matches(path: Path | None, wanted: str) -> pd.DataFrame:
    """Rows of a file, or of a simulated league, as a scrape would store them."""
    if path is None:
        return simulate(1, RETRIEVED, seasons=20).assign(payload="0" * 64)
    table = tidy.parse(Payload("benchmark", path.name, path.read_bytes(), RETRIEVED)).rows
    if wanted:
        table = table[table["competition"] == wanted].reset_index(drop=True)
    table["match_id"] = [f"m{number}" for number in range(len(table))]
    return table.assign(available_time=available_time(table), payload="0" * 64)


def measure(what: str, work: Callable[[], Any], rows: int) -> Any:
    """Do it once, and print how long it took."""
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    seconds = time.perf_counter() - wall
    found = {
        "what": what,
        "matches": rows,
        "seconds": round(seconds, 2),
        "processor_seconds": round(time.process_time() - processor, 2),
        "matches_per_second": round(rows / seconds),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(found), flush=True)
    return result


def run(store: SqlMatchStore, table: pd.DataFrame) -> None:
    """Feed the table twice and a changed match day once, and read both states."""
    names = {
        (competition(code).country, team): team for code, team in zip(table.competition, table.home_team, strict=True)
    }
    names |= {
        (competition(code).country, team): team for code, team in zip(table.competition, table.away_team, strict=True)
    }

    def feed(number: int, rows: pd.DataFrame) -> Any:
        when = RETRIEVED + timedelta(days=number)
        return store.record(ScrapeRun(f"run-{number}", "benchmark", ("0" * 64,), when), rows, names)

    assert measure("first feeding", lambda: feed(1, table), len(table)).seq == 1
    assert not measure("second feeding", lambda: feed(2, table), len(table)).changed
    day = table.tail(10).assign(home_goals=9.0)
    assert measure("a match day", lambda: feed(3, day), len(day)).seq == 2
    head = measure("table as of now", lambda: store.snapshot(2), len(table))
    assert len(measure("table as of before", lambda: store.snapshot(1), len(table))) == len(head)


def main(argv: Sequence[str]) -> int:
    """Print one line of JSON for each step."""
    parser = argparse.ArgumentParser(prog="bench store", description=__doc__)
    parser.add_argument("matches", nargs="?", type=Path, help="table of matches; without one, a simulated league")
    parser.add_argument("--competition", default="", help="only this competition")
    parser.add_argument("--database", default="", help="address of an empty database")
    asked = parser.parse_args(argv)
    table = matches(asked.matches, asked.competition)
    prices = table[[*ODDS_COLUMNS, *CLOSING_COLUMNS]].notna().to_numpy().sum() // 3
    print(json.dumps({"matches": len(table), "triples_of_prices": int(prices)}), flush=True)
    with tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder:
        engine = connect(asked.database or f"sqlite:///{folder}/touchline.db")
        store = SqlMatchStore(engine, SystemClock())
        store.migrate()
        run(store, table)
        engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
