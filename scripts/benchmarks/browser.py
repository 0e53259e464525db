"""Many sessions of a browser in one process: how long one takes, and whether anything of them is left behind.

`scripts/bench browser --runs 200` prints one line of JSON for each thing that it measures: sessions one after the
other, each of which reads a document and a JSON from a small site on this machine; processes, open files, memory and
temporary files before and after; and a table that is read by one script against one that is read cell by cell.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from touchline.adapters.browser import Browser
from touchline.adapters.browser_start import capabilities, start
from touchline.collecting import Page

ROWS, COLUMNS = 200, 3
FEED = json.dumps([{"id": number, "home": "Köln Athletic & Co", "score": None} for number in range(2000)]).encode()
CELLS = "".join(f"<tr>{''.join(f'<td>{row}.{column}</td>' for column in range(COLUMNS))}</tr>" for row in range(ROWS))
TABLE = f"<!doctype html><title>Table</title><script>var rows = {ROWS};</script><table>{CELLS}</table>".encode()
BY_SCRIPT = "return [...document.querySelectorAll('td')].map(cell => cell.textContent)"


class Site(BaseHTTPRequestHandler):
    """Two pages: `/` and `/feed`."""

    def do_GET(self) -> None:
        kind, body = ("application/json", FEED) if self.path == "/feed" else ("text/html; charset=utf-8", TABLE)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def site() -> Iterator[str]:
    """Address of the site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def told(what: str, **measured: object) -> None:
    """Print one line."""
    print(json.dumps({"what": what, **measured}), flush=True)


def left(temporary: str) -> dict[str, int]:
    """What a leak would let grow."""
    ours = [path for path in Path("/proc").iterdir() if path.name.isdecimal() and is_ours(path, temporary)]
    return {
        "processes": len(ours),
        "temporary_files": sum(1 for _ in Path(temporary).rglob("*")),
        "open_files": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - a Path would count itself
        "threads": threading.active_count(),
        "resident_kb": int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024,
    }


def is_ours(path: Path, temporary: str) -> bool:
    """Whether a process, dead or alive, comes of this one, or was told of our folder."""
    try:
        parent = int((path / "stat").read_text().rpartition(") ")[2].split()[1])
        return parent == os.getpid() or temporary.encode() in (path / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def session(url: str) -> tuple[float, float, float]:
    """Seconds until a document was read, for a JSON after it, and to close."""
    began = time.perf_counter()
    with closing(Browser("touchline-bench/1")) as browser:
        document = browser.get(Page(source="b", endpoint="b", name="b", url=url, wants="document", values=("rows",)))
        opened = time.perf_counter()
        feed = browser.get(Page(source="b", endpoint="b", name="b", url=f"{url}/feed", wants="json"))
        read = time.perf_counter()
        assert (document.body, document.values, feed.body) == (TABLE, {"rows": str(ROWS)}, FEED)
    return opened - began, read - opened, time.perf_counter() - read


def table(url: str) -> None:
    """Read a table both ways in one session."""
    with ExitStack() as ends:
        driver = start("", capabilities("", ""), ends)
        driver.get(url)
        seconds = []
        for read in (
            lambda: driver.execute_script(BY_SCRIPT),
            lambda: [cell.text for cell in driver.find_elements("tag name", "td")],
        ):
            began = time.perf_counter()
            assert len(read()) == ROWS * COLUMNS
            seconds.append(time.perf_counter() - began)
    ratio = round(seconds[1] / seconds[0])
    told(f"{ROWS} x {COLUMNS} cells", one_script=round(seconds[0], 4), each_cell=round(seconds[1], 4), ratio=ratio)


def run(runs: int, url: str, temporary: str) -> bool:
    """Sessions one after the other; whether nothing is left of them."""
    session(url)  # what is loaded once is no leak
    before = left(temporary)
    told("before", **before)
    taken = []
    for number in range(1, runs + 1):
        taken.append(session(url))
        if number % 50 == 0:
            told(f"after {number} sessions", **left(temporary))
    after = left(temporary)
    told("after", **after)
    for what, seconds in zip(
        ("until a document is read", "a JSON after it", "to close"), zip(*taken, strict=True), strict=True
    ):
        told(what, runs=runs, median=round(statistics.median(seconds), 3), longest=round(max(seconds), 3))
    table(url)
    return all(after[name] <= before[name] for name in ("processes", "temporary_files", "open_files", "threads"))


def main(argv: Sequence[str]) -> int:
    """Measure; 1 if anything is left."""
    parser = argparse.ArgumentParser(prog="bench browser", description=__doc__)
    parser.add_argument("--runs", type=int, default=50, help="sessions, one after the other")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="tl-") as temporary, site() as url:
        tempfile.tempdir = temporary
        clean = run(asked.runs, url, temporary)
        tempfile.tempdir = None
    told("nothing is left" if clean else "something is left")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
