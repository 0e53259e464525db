"""A real HTTP server on a free port, whose answers a test sets path by path."""

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Page(NamedTuple):
    """One answer."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = {}
    seconds: float = 0.0
    """It comes so much later."""
    drip: float = 0.0
    """Each byte of the body comes so much after the one before."""
    broken: bool = False
    """The connection is reset in its place."""


class Site:
    """Answers of each path, in turn; the last one stays. `asked` holds every request: path and headers."""

    def __init__(self) -> None:
        self.pages: dict[str, list[Page]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.url = ""
        self.closing = threading.Event()

    def put(self, path: str, *pages: Page | str) -> None:
        """Set the answers of a path."""
        self.pages[path] = [Page(page.encode()) if isinstance(page, str) else page for page in pages]

    @property
    def paths(self) -> list[str]:
        """Paths that were asked for, in order."""
        return [path for path, _ in self.asked]

    def answer(self, path: str) -> Page:
        """The next answer of a path."""
        pages = self.pages.get(path, [Page(b"<html>no such page</html>", 404)])
        return pages.pop(0) if len(pages) > 1 else pages[0]


@contextmanager
def serve() -> Iterator[Site]:
    """A site on 127.0.0.1, taken down at the end."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            page = site.answer(self.path)
            if page.seconds:
                site.closing.wait(page.seconds)
            if page.broken:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            self.send_response(page.status)
            for name, value in {"Content-Length": str(len(page.body)), **page.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):  # whoever asked may have lost patience
                for piece in [page.body] if not page.drip else [page.body[n : n + 1] for n in range(len(page.body))]:
                    self.wfile.write(piece)
                    if page.drip:
                        site.closing.wait(page.drip)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            site.closing.set()
            server.shutdown()
            thread.join()
