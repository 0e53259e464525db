"""What can go wrong between bucket and functions, and how long it takes until all that was put down is worked off.

The functions are tiny ones under the names of ours, by our wiring and manifests: each copies an object to where the
next one is woken by it, so that what is measured is the way and not the work. Objects are put down before, during and
after a fault; whatever did not come through by itself, sweep is asked to find.
"""

import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec

from cluster import RENDERED, Cluster
from postgres import Server
from waiting import wait_until

CHAIN = {"export": "raw/published/", "validate": "validated/published/", "feature": "features/published/"}
"""Function -> where it copies to; the last of them wakes train, forecast and drift."""
LAST = ("train", "forecast", "drift")
PACE = 0.05
"""Seconds between two objects."""
SWEEPS = 3
TINY = """
from touchline.entrypoint import expose
from touchline.work import Result

TO = {to!r}


def run(event, ports, settings):
    if event.kind != "object":
        return Result(outcome="skipped")
    new = not TO or ports.store.create(TO + event.key.rpartition("/")[2], ports.store.get(event.key))
    return Result(outcome="done" if new else "unchanged")


handle, lambda_handler = expose({name!r}, run)
"""


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """How a fault was survived."""

    objects: int
    lost: int
    """Objects that did not come to every function that they wake, or whose copies did not."""
    seconds: float
    """From the end of the fault (of the putting down, where there was no such moment) until everything was done."""
    sweeps: int
    """That it took; without one, events came through by themselves."""
    repeated: int
    """Runs beyond the first of the same work: harmless, but a cost."""
    dead: int
    """Dead letters that were written on the way; their work was done all the same, if nothing is lost."""


def tiny_functions(folder: Path) -> Path:
    """Our wiring with tiny functions, but for sweep; the folder for TOUCHLINE_FUNCTIONS."""
    ours, made = RENDERED.parents[1] / "functions", folder / "functions"
    for main in ours.glob("*/main.py"):
        name = main.parent.name
        (made / name).mkdir(parents=True)
        text = main.read_text() if name == "sweep" else TINY.format(to=CHAIN.get(name, ""), name=name)
        (made / name / "main.py").write_text(text)
    shutil.copy(ours / "wiring.yaml", made)
    return made


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """Of tiny functions below a folder."""
    named = {"TOUCHLINE_HOME": str(folder / "home"), "TOUCHLINE_FUNCTIONS": str(tiny_functions(folder))}
    return {**named, "TOUCHLINE_SWEEP_GRACE_SECONDS": "0", "TOUCHLINE_LOG_LEVEL": "CRITICAL", **changes}


def survive(cluster: Cluster, fault: Callable[[], object] | None, objects: int = 60, patience: float = 240) -> Recovery:
    """Put objects down, a third of them before a fault and a third after it began, and wait until all is done."""
    names = [f"{number:012}.json" for number in range(1, objects + 1)]
    third = objects // 3
    _put(cluster, names[:third])
    if fault is None:
        _put(cluster, names[third:])
    else:
        during = Putting(cluster, names[third : 2 * third])
        fault()
        during.join()
    over = time.monotonic()
    if fault is not None:
        _put(cluster, names[2 * third :])
    cluster.rest(patience)
    sweeps = 0
    while missing(cluster, names) and sweeps < SWEEPS:
        cluster.sweep()
        cluster.rest(patience)
        sweeps += 1
    seconds = time.monotonic() - over
    dead = len(list(cluster.ports.store.list("deadletter/")))
    return Recovery(
        objects=objects, lost=len(missing(cluster, names)), seconds=round(seconds, 1), sweeps=sweeps,
        repeated=sum(times - 1 for times in _runs(cluster).values()), dead=dead,
    )  # fmt: skip


def missing(cluster: Cluster, names: list[str]) -> list[str]:
    """What is not there, or was not worked on by somebody whom it wakes."""
    store = cluster.ports.store
    there = {info.key for to in CHAIN.values() for info in store.list(to)}
    absent = [to + name for to in CHAIN.values() for name in names if to + name not in there]
    works = Counter(function for function, _ in _runs(cluster))
    return absent + [f"{name}: {works[name]} of {len(names)}" for name in LAST if works[name] < len(names)]


def _runs(cluster: Cluster) -> Counter[tuple[str, str]]:
    """(function, work) -> how often it was done, by the names of the run records."""
    found: Counter[tuple[str, str]] = Counter()
    for name in (*CHAIN, *LAST):
        for info in cluster.ports.store.list(f"runs/{name}/"):
            parts = info.key.rpartition("/")[2].removesuffix(".json").split("-")
            if int(parts[3]) < 500:
                found[name, parts[1]] += 1
    return found


def _put(cluster: Cluster, names: list[str]) -> None:
    for name in names:
        cluster.ports.store.create(f"scrapes/published/{name}", name.encode())
        time.sleep(PACE)


class Putting:
    """Objects that are put down beside a fault."""

    def __init__(self, cluster: Cluster, names: list[str]) -> None:
        import threading

        self._thread = threading.Thread(target=_put, args=(cluster, names))
        self._thread.start()

    def join(self) -> None:
        """Until all of them are there."""
        self._thread.join()


# Faults


def broker_restart(cluster: Cluster, seconds: float) -> None:
    """The broker ends in the middle of its deliveries and comes back."""
    wait_until(lambda: not cluster.broker.idle, "something is on its way", 20)
    cluster.broker.stop()
    time.sleep(seconds)
    cluster.broker.start()


def bridge_killed(cluster: Cluster, seconds: float) -> None:
    """The bridge is killed while events are with the broker, and started again."""
    wait_until(lambda: not cluster.broker.idle, "something is on its way", 20)
    cluster.bridge.kill()
    time.sleep(seconds)
    cluster.bridge.start()


def database_gone(server: Server, seconds: float) -> None:
    """The database drops all connections, and comes back."""
    server.stop()
    time.sleep(seconds)
    server.start()
