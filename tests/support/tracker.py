"""A tracker of errors on a free port: takes envelopes as Sentry does, and keeps the reports in them."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

KEY = "0123456789abcdef0123456789abcdef"


class Tracker:
    """What was reported, and the address to report to."""

    def __init__(self, port: int) -> None:
        self.dsn = f"http://{KEY}@127.0.0.1:{port}/7"
        self.reports: list[dict[str, Any]] = []
        self.status = 200


@contextmanager
def serve() -> Iterator[Tracker]:
    """A tracker, taken down at the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            parts = [json.loads(line) for line in body.splitlines() if line]
            pairs = pairwise(parts)
            tracker.reports += [told for head, told in pairs if head.get("type") == "event"]
            self.send_response(tracker.status)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tracker = Tracker(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield tracker
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
