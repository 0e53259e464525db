"""A bad line to any HTTP server: answers that never came from it, answers that are lost, bodies that break off.

    with flaky.proxy(endpoint, seed=1, share=0.1) as line:
        use(line.endpoint)      # every tenth call fails
        line.plan("PUT", "lost")
        use(line.endpoint)      # the next PUT is done, and nobody hears of it
        line.down()             # connections are dropped until line.up()

`refused` answers without asking the server, `lost` does what was asked and answers as if it had not, `cut` sends half
of the answer. Errors have the status 500 or 503; a number answers with that status, without asking.
"""

import contextlib
import http.client
import random
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Literal
from urllib.parse import urlsplit

Fault = Literal["", "refused", "lost", "cut"] | int
_PER_HOP: Final = {"connection", "transfer-encoding", "keep-alive", "date", "server", "content-length"}


class Line:
    """What goes wrong on the way to a server; may be changed at any time, from any thread."""

    def __init__(self, upstream: str, seed: int, share: float, faults: Sequence[Fault]) -> None:
        self.upstream, self.share, self.faults = urlsplit(upstream).netloc, share, faults
        self.endpoint = ""
        self.calls: Counter[str] = Counter()
        """How many calls there were by method, and how many of each fault."""
        self.is_down = False
        self.meanwhile: Callable[[], object] | None = None
        """Called once, before the next fault is answered: what others do while the caller waits."""
        self._chance = random.Random(seed)
        self._planned: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._lock = threading.Lock()

    def plan(self, method: str, *faults: Fault) -> None:
        """Let the next calls of a method end so ("" = well), before chance decides again."""
        with self._lock:
            self._planned[method].extend(faults)

    def down(self) -> None:
        """Drop every connection from now on, without an answer."""
        self.is_down = True

    def up(self) -> None:
        """Answer again."""
        self.is_down = False

    def draw(self, method: str) -> tuple[Fault, int]:
        """What happens to the next call, and the status of the error."""
        with self._lock:
            unlucky, fault = self._chance.random() < self.share, self._chance.choice(self.faults)
            status = self._chance.choice((500, 503))
            if self._planned[method]:
                fault = self._planned[method].popleft()
            elif not unlucky:
                fault = ""
            self.calls.update([method, str(fault)])
            return fault, status

    def wait(self) -> None:
        """Let happen what is to happen meanwhile."""
        with self._lock:
            meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()


@contextlib.contextmanager
def proxy(
    upstream: str, *, seed: int = 0, share: float = 0.0, faults: Sequence[Fault] = ("refused", "lost")
) -> Iterator[Line]:
    """Stand before the server at `upstream`; of all calls, `share` end with one of the `faults`."""
    line = Line(upstream, seed, share, faults)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"line": line}))
    server.daemon_threads = True
    line.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield line
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    line: Line
    protocol_version = "HTTP/1.1"
    timeout = 60
    wbufsize = -1  # an answer leaves in one piece

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.line.is_down:
            self.close_connection = True
            return
        fault, status = self.line.draw(self.command)
        if fault in ("", "cut", "lost"):
            answer, content = self._ask(body)
        if fault:
            self.line.wait()
        if fault in ("", "cut"):
            self._answer(answer.status, answer.getheaders(), content, cut=fault == "cut")
        else:
            self._answer(fault if isinstance(fault, int) else status, [], b"")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _pass

    def _ask(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        """What the server says; it is told the host that the caller sees, so that it sends nobody around the line."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "expect")}
        connection = http.client.HTTPConnection(self.line.upstream, timeout=60)
        with contextlib.closing(connection):
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            return answer, answer.read()

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes, cut: bool = False) -> None:
        told = dict(headers).get("Content-Length", "0") if self.command == "HEAD" else str(len(content))
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in _PER_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", told)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.close_connection = self.close_connection or cut

    def handle_expect_100(self) -> bool:
        """Whoever waits for leave to send a body gets it at once."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def log_message(self, *_: Any) -> None:
        """No line for each request."""
