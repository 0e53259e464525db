"""Asks an HTTP server over kept connections as fast as it answers, or at a steady rate; needs nothing but Python.

`python predict_ask.py < plan.json > told.json`, in a process of its own so that it shares no interpreter with anybody.
One selector and plain sockets ask about five times faster than the servers answer that are measured with it.
"""

import json
import re
import selectors
import socket
import sys
import time
from collections import Counter, defaultdict, deque
from typing import Any

VERSION = re.compile(rb'"model_version":"([^"]*)"')
_END = b"\r\n\r\n"


class Connection:
    """One request at a time."""

    def __init__(self, port: int, requests: list[bytes], first: int, step: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests, self._next, self._step = requests, first % len(requests), step
        self.asked_at, self._buffer = 0.0, b""

    def ask(self, due: float) -> None:
        """Send the next request; time counts from the moment at which it was due."""
        self.asked_at = due
        self.socket.sendall(self._requests[self._next])
        self._next = (self._next + self._step) % len(self._requests)

    def read(self) -> bytes:
        """What has come: a whole answer, or nothing yet."""
        data = self.socket.recv(262_144)
        if not data:
            raise ConnectionError("the server hung up")
        self._buffer += data
        head, end, body = self._buffer.partition(_END)
        if not end or len(body) < _length(head):
            return b""
        answer, self._buffer = self._buffer, b""
        return answer


def _length(head: bytes) -> int:
    found = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    if not found:
        raise ValueError(f"an answer without a length: {head[:200]!r}")
    return int(found[1])


def ask(
    port: int, requests: list[str], connections: int = 16, seconds: float = 3.0, count: int = 0, rate: float = 0.0
) -> dict[str, Any]:
    """Ask for so many seconds, or `count` requests; `rate` a second, 0 = each connection as soon as it has an answer.

    Returns:
        Requests a second, latencies in ms, answers by status, refused connections, and which model versions answered
        in each tenth of a second since 1970.
    """
    raw = [request.encode() for request in requests]
    latencies: list[float] = []
    statuses: Counter[str] = Counter()
    versions: defaultdict[int, set[str]] = defaultdict(set)
    chooser, gap = selectors.DefaultSelector(), 1.0 / rate if rate else 0.0
    begun = time.perf_counter()
    idle: deque[Connection] = deque()  # the one that waited longest asks next, before a server takes it for idle
    for number in range(connections):
        made = Connection(port, raw, number, connections)
        chooser.register(made.socket, selectors.EVENT_READ, made)
        idle.append(made)
    asked, due = 0, begun
    wall = time.time() - begun
    while (now := time.perf_counter()) - begun < seconds and (not count or len(latencies) < count):
        while idle and (not gap or due <= now) and (not count or asked < count):
            idle.popleft().ask(due if gap else time.perf_counter())
            asked, due = asked + 1, due + gap
        for key, _ in chooser.select(max(0.0, min(0.05, due - now)) if gap and idle else 0.05):
            answer = key.data.read()
            if answer:
                at = time.perf_counter()
                latencies.append(at - key.data.asked_at)
                statuses[answer[9:12].decode()] += 1
                if found := VERSION.search(answer):
                    versions[int((wall + at) * 10)].add(found[1].decode())
                idle.append(key.data)
    took = time.perf_counter() - begun
    latencies.sort()
    return {
        "per_second": round(len(latencies) / took, 1), "n": len(latencies), "statuses": dict(statuses),
        **{f"p{share}": round(1000 * latencies[int(len(latencies) * share / 100)], 3) for share in (50, 99)},
        "longest": round(1000 * latencies[-1], 1),
        "versions": {str(tenth): sorted(names) for tenth, names in versions.items()},
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(ask(**json.load(sys.stdin))))
