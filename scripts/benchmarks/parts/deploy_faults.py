"""The fault table: one cluster of tiny functions for each fault, on PostgreSQL, with the pauses of the manifests."""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import msgspec

import faults
import flaky
import postgres
import real_parts
import s3
import seasons
from bridge import Chances
from cluster import Cluster
from touchline.testing.digests import difference

Fault = Callable[[Cluster, postgres.Server], None]
BAD_LINE = Chances(lost=0.2, doubled=0.3, late=0.5)
BREAK = 5.0
"""Seconds for which broker or bridge are gone."""


def table(folder: Path, options: argparse.Namespace) -> list[dict[str, object]]:
    """A row for each fault."""
    rows: dict[str, Callable[[Path], faults.Recovery]] = {
        "none": lambda place: run(place, options, None),
        f"broker gone for {BREAK:.0f} s": lambda place: run(place, options, _broker),
        "bridge killed, started in its place": lambda place: run(place, options, _bridge, place_of_old=True),
        "bridge killed, another one takes over": lambda place: run(place, options, _bridge),
        f"database gone for {options.outage:.0f} s": lambda place: run(
            place, options, lambda _, server: faults.database_gone(server, options.outage)
        ),
        "store answers 10 % of calls with 500": lambda place: run(place, options, None, share=0.1),
        "notifications lost, doubled, late": lambda place: run(place, options, None, chances=BAD_LINE),
    }
    found: list[dict[str, object]] = []
    for number, (name, survive) in enumerate(rows.items()):
        place = folder / str(number)
        place.mkdir()
        found.append({"fault": name, **msgspec.to_builtins(survive(place))})
        print("faults  ", json_line(found[-1]), flush=True)
    return found


def run(
    folder: Path, options: argparse.Namespace, fault: Fault | None, *, share: float = 0.0,
    chances: Chances | None = None, place_of_old: bool = False,
) -> faults.Recovery:  # fmt: skip
    """One cluster, one fault."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres.running())
        changes = {"TOUCHLINE_DATABASE": real_parts.made_database(server.address, "touchline")}
        if share:
            endpoint = stack.enter_context(s3.server())
            line = stack.enter_context(flaky.proxy(endpoint, seed=7, share=share, faults=("refused", "lost")))
            stack.enter_context(_aws(s3.environment(line.endpoint)))
            changes["TOUCHLINE_STORE"] = f"s3://{s3.bucket(endpoint)}"
        environ = faults.environment(folder, **changes)
        outside = {"TOUCHLINE_INSTANCE": "bridge-0"} if place_of_old else {}
        every = 0.5 if share else 0.1
        with Cluster(environ, folder, outside=outside, chances=chances, hurry=1.0, every=every) as cluster:
            happen = None if fault is None else partial(fault, cluster, server)
            return faults.survive(cluster, happen, options.objects, patience=600)


def season(folder: Path, options: argparse.Namespace) -> list[dict[str, object]]:
    """The small league behind bridge and broker, on a bad line, beside the local platform."""
    began = time.perf_counter()
    expected = seasons.local(seasons.settings_of(folder / "local"))
    middle = time.perf_counter()
    environ = seasons.settings_of(folder / "knative")
    with Cluster(environ, folder, chances=Chances(lost=0.1, doubled=0.2, late=0.3)) as cluster:
        found = seasons.deployed(cluster)
    row: dict[str, object] = {
        "same state": difference(expected, found) == [], "local s": round(middle - began, 1),
        "behind the broker s": round(time.perf_counter() - middle, 1),
    }  # fmt: skip
    print("digest  ", json_line(row), flush=True)
    return [row]


def json_line(row: dict[str, object]) -> str:
    """A row for people."""
    return ", ".join(f"{name}: {value}" for name, value in row.items())


def _broker(cluster: Cluster, _: postgres.Server) -> None:
    faults.broker_restart(cluster, BREAK)


def _bridge(cluster: Cluster, _: postgres.Server) -> None:
    faults.bridge_killed(cluster, BREAK)


@contextmanager
def _aws(named: dict[str, str]) -> Iterator[None]:
    """Settings of the tools of AWS, which they read from the process."""
    before = {name: os.environ.get(name) for name in named}
    os.environ.update(named)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({name: value} if value is not None else {})
