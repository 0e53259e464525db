"""Time of one tick of live scores (no source, no match, no news, a goal, a final whistle) over seasons of a league.

`scripts/bench live` asks a server on this machine, so what a source needs for its answer is not in the figures.
"""

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd

from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.simulation import simulate
from touchline.domain.vocabulary import Mode
from touchline.ports import ScrapeRun
from touchline.settings import Scrape
from touchline.sources.football_data_org import KEY, NAME
from touchline.stages import scrape_live
from touchline.work import Event

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
LEAGUE, CODE = "E0", "PL"


class Clock(VirtualClock):
    """Time that is moved by hand, and counts as real, so that no result is withheld."""

    mode: Mode = "live"


class Board:
    """What the server tells of the next round."""

    def __init__(self, matches: pd.DataFrame) -> None:
        self.matches, self.status, self.goals = matches, "IN_PLAY", 0
        self.finished = 0

    def body(self) -> bytes:
        """The page of the day."""
        told = [self._told(number, row) for number, row in enumerate(self.matches.to_dict("records"))]
        return json.dumps({"matches": told}).encode()

    def _told(self, number: int, row: dict[Any, Any]) -> dict[str, Any]:
        return {
            "id": number, "utcDate": row["kickoff"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "status": "FINISHED" if number < self.finished else self.status, "competition": {"code": CODE},
            "season": {"startDate": "2025-08-15"}, "homeTeam": {"name": row["home_team"]},
            "awayTeam": {"name": row["away_team"]}, "minute": self.goals,
            "score": {"duration": "REGULAR", "fullTime": {"home": self.goals, "away": 0}},
        }  # fmt: skip


@contextmanager
def serve(board: Board) -> Iterator[str]:
    """The board on a free port of this machine; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = board.body() if "/v4/" in self.path else b""
            self.send_response(200 if body else 404)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def stored(ports: Container, table: pd.DataFrame) -> None:
    """Store the league under the code of a real one."""
    names = {("England", team): team for team in sorted({*table["home_team"], *table["away_team"]})}
    ports.matches.record(ScrapeRun("bench", "files", ("0" * 64,), BEGIN), table, names)


def measure(what: str, times: int, tick: Callable[[int], Any]) -> None:
    """Let it tick so often, and print the time of one."""
    took, worked = [], time.process_time()
    for number in range(times):
        start = time.perf_counter()
        result = tick(number)
        took.append(1000 * (time.perf_counter() - start))
    found = {
        "tick": what,
        "outcome": result.outcome,
        "median_ms": round(statistics.median(took), 1),
        "most_ms": round(max(took), 1),
        "processor_ms": round(1000 * (time.process_time() - worked) / times, 1),
        "times": times,
    }
    print(json.dumps(found), flush=True)


def run(folder: str, seasons: int, times: int) -> None:
    """Make the league and measure each kind of tick."""
    table = simulate(7, BEGIN, seasons=seasons).assign(competition=LEAGUE, payload="0" * 64)
    table["match_id"] = table["match_id"].str.replace("sim1-", "e0-", regex=False)
    coming = table[table["status"] == "scheduled"]
    days = coming["kickoff"].dt.date
    board = Board(coming[days == days.mode()[0]].reset_index(drop=True))
    kickoff = board.matches["kickoff"].max()
    with serve(board) as url:
        clock = Clock(BEGIN)
        environ = {
            "TOUCHLINE_HOME": str(Path(folder)), "TOUCHLINE_SCRAPE_FOOTBALL_DATA_ORG_URL": url, KEY: "none",
            "TOUCHLINE_SCRAPE_PACE_SECONDS": "0",
        }  # fmt: skip
        ports = bootstrap.ports(environ, clock=clock)
        stored(ports, table)
        print(json.dumps({"matches": len(table), "of_the_day": len(board.matches)}), flush=True)

        def tick(_: int, source: str = NAME) -> Any:
            clock.move(clock.now() + timedelta(seconds=1))
            event = Event(id=f"{clock.now()}", kind="cron", source="bench", time=clock.now(), key="live")
            wanted = Scrape(live_source=source, pace_seconds=0, competitions=(LEAGUE,), pages_per_day=10**6)
            return scrape_live.run(event, ports, wanted)

        def goal(number: int) -> Any:
            board.goals = number % 9 + 1
            return tick(number)

        def whistle(number: int) -> Any:
            board.finished = number + 1
            return tick(number)

        measure("no source is set", times, lambda number: tick(number, ""))
        measure("no match may be in play", times, tick)
        clock.move(kickoff.to_pydatetime() + timedelta(minutes=20))
        measure("kick-off: stored and published", 1, tick)
        measure("nothing new", times, tick)
        measure("a goal", times, goal)
        measure("a final whistle: stored and published", min(times, len(board.matches)), whistle)


def main(argv: Sequence[str]) -> int:
    """Print one line of JSON for each kind of tick."""
    parser = argparse.ArgumentParser(prog="bench live", description=__doc__)
    parser.add_argument("--seasons", type=int, default=20, help="of 380 matches each")
    parser.add_argument("--times", type=int, default=20, help="ticks of each kind")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder:
        run(folder, asked.seasons, asked.times)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
