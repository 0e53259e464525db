"""The bridge alone: how many notifications it takes in a second, and how many events it posts."""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

import bridge
import postgres
import real_parts
from broker import Broker, Reply
from cluster import RENDERED
from waiting import wait_until

SENDERS = 4


def figures(folder: Path, options: argparse.Namespace) -> list[dict[str, object]]:
    """Many notifications at once, on PostgreSQL, to a broker whose subscribers are done at once."""
    answered: list[float] = []
    with postgres.running() as server:
        broker = Broker([], lambda _: _done)
        broker.start()
        environ = {
            "TOUCHLINE_HOME": str(folder / "home"), "TOUCHLINE_BROKER": broker.ingress,
            "TOUCHLINE_DATABASE": real_parts.made_database(server.address, "touchline"),
            "TOUCHLINE_FUNCTIONS": str(RENDERED.parents[1] / "functions"),
        }  # fmt: skip
        with bridge.running(environ, folder / "bridge.log") as made, ThreadPoolExecutor(SENDERS) as pool:
            url, headers = f"{made.url}/notify", {"authorization": f"Bearer {bridge.BUCKET_TOKEN}"}

            def send(numbers: range) -> None:
                with httpx.Client(headers=headers, trust_env=False, timeout=60) as client:
                    for number in numbers:
                        began = time.perf_counter()
                        client.post(url, content=bridge.notification(f"raw/published/{number:012}.json", "e"))
                        answered.append(time.perf_counter() - began)

            began = time.perf_counter()
            list(pool.map(send, [range(start, options.events, SENDERS) for start in range(SENDERS)]))
            taken = time.perf_counter() - began
            done = 'touchline_inbox_events{state="done"}'
            wait_until(lambda: made.metrics().get(done) == options.events, "all are posted", 600, pause=0.2)
            posted = time.perf_counter() - began
        broker.stop()
    row: dict[str, object] = {
        "events": options.events, "taken in a second": round(options.events / taken),
        "answer ms, 99 of 100": round(sorted(answered)[int(len(answered) * 0.99)] * 1000, 1),
        "taken in and posted a second": round(options.events / posted),
    }  # fmt: skip
    print("bridge  ", ", ".join(f"{name}: {value}" for name, value in row.items()), flush=True)
    return [row]


def _done(message: object, seconds: float) -> Reply:
    return Reply(204)
