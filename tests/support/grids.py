"""Browsers that are reached over the network: a driver that stands for a grid, and a grid that passes little on."""

import re
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from waiting import wait_until

OWN = ("/goog/", "/se/")
"""Paths of commands that are not in the standard."""
UNKNOWN = b'{"value": {"error": "unknown command", "message": "not passed on", "stacktrace": ""}}'


@contextmanager
def driver(folder: Path) -> Iterator[str]:
    """Address of a chromedriver, under the path that grids have."""
    log = folder / "driver.log"
    with log.open("wb") as told:
        process = subprocess.Popen(["chromedriver", "--port=0", "--url-base=/wd/hub"], stdout=told, stderr=told)
    try:
        port = re.compile(r"successfully on port (\d+)")
        wait_until(lambda: port.search(log.read_text()), "a chromedriver that listens")
        found = port.search(log.read_text())
        yield f"http://127.0.0.1:{found[1]}/wd/hub"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def narrow_grid(url: str) -> Iterator[str]:
    """Address of a grid before a driver that knows the standard only; it wants `me:secret`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
            if self.headers.get("Authorization") != "Basic bWU6c2VjcmV0":
                self.answer(401, b"who?")
            elif any(own in self.path for own in OWN):
                self.answer(
                    404, b'{"value": {"error": "unknown command", "message": "not passed on", "stacktrace": ""}}'
                )
            else:
                self.answer(*forwarded(url + self.path, self.command, body))

        do_POST = do_DELETE = do_GET

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://me:secret@127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def forwarded(url: str, method: str, body: bytes | None) -> tuple[int, bytes]:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def session_of(folder: Path) -> set[int]:
    """Processes that run in the same session as one that was told of a folder; dead ones that nobody waited for too."""
    running = {int(path.name): path for path in Path("/proc").iterdir() if path.name.isdecimal()}
    sessions = {}
    told = set()
    for pid, path in running.items():
        try:
            sessions[pid] = int((path / "stat").read_text().rpartition(") ")[2].split()[3])
            if str(folder).encode() in (path / "cmdline").read_bytes():
                told.add(sessions[pid])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
    return {pid for pid, session in sessions.items() if session in told}
