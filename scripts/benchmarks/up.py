"""Measure the local platform: `scripts/bench up`, or some of its parts, `scripts/bench up idle hops --events 1000`.

season  one league through processes and within one process: the same state?
hops    time from the creation of a publication to the start of the run that it wakes
idle    processor time of all processes together while nothing happens, and memory of each function
kills   `kill -9` of functions and of the platform at random moments: is anything lost, how soon does it go on?
burst   many objects at once through a tiny function: events a second, memory, each done exactly once?

Every row is one figure; at the end the same as JSON.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

import small_league
import up_functions
from touchline import bootstrap
from touchline.adapters.queue_file import QueueFile
from touchline.domain.simulation import simulate
from touchline.manifest import decode
from touchline.platform.runner import Platform
from touchline.sources.files import incoming_key
from touchline.telemetry import RunRecord
from touchline.testing.digests import difference, digest
from up_process import UpProcess, instance, owed, running

Row = dict[str, object]
PATIENCE = 600.0
LEAGUE = small_league.as_csv(simulate(7, small_league.NOW, seasons=3, teams=12))
ECHO = """
version: 1
bucket: test
defaults: {own: [runs/, quarantine/], needs: [object_store], retries: {attempts: 3, backoff_s: 1}}
functions:
  export:
    about: copies what comes in
    triggers: [{prefix: incoming/, external: true}]
    reads: [incoming/]
    writes: [raw/]
"""


def league(folder: Path, name: str) -> dict[str, str]:
    """Environment of a home with the file of a league in it, at the time of the league."""
    quiet = {"TOUCHLINE_NOW": small_league.NOW.isoformat(), "TOUCHLINE_LOG_LEVEL": "ERROR"}
    environ = small_league.environment(folder / name, **quiet)
    key = incoming_key("league.csv", LEAGUE, small_league.NOW)
    bootstrap.ports(environ).store.create(key, LEAGUE)
    return environ


def calm(folder: Path) -> dict[str, str]:
    """The league within one process."""
    environ = league(folder, "calm")
    with Platform(environ) as platform:
        platform.drain()
        platform.deliver("drift", platform.tick("drift"))
        platform.drain()
    return environ


def settled(up: UpProcess) -> None:
    """Wait until nothing is left, then ask for what the schedule asks daily: drift may have come before a champion."""
    up.rest(PATIENCE)
    tick(up, "drift", "daily")
    up.rest(PATIENCE)


def tick(up: UpProcess, function: str, schedule: str) -> None:
    """Ask a function for what its schedule asks; the clock stands still, so each time needs a name of its own."""
    body, name = json.dumps({"schedule": schedule}).encode(), str(time.time_ns())
    answer = up.post(body, content_type="application/json", ce_function=function, x_request_id=name)
    assert answer.status_code == 202, answer.text


def same(one: dict[str, str], other: dict[str, str]) -> Row:
    """Whether two homes hold the same state."""
    found = difference(digest(bootstrap.ports(one)), digest(bootstrap.ports(other)))
    return {"same state": not found, "differences": found[:5]}


def season(folder: Path, options: argparse.Namespace) -> list[Row]:
    """One league, either way."""
    began = time.perf_counter()
    inside = calm(folder)
    alone = time.perf_counter() - began
    environ = league(folder, "up")
    with running(environ) as up:
        began = time.perf_counter()
        ready = wait_ready(up)
        settled(up)
        took = time.perf_counter() - began
    figures: Row = {
        "in one process s": round(alone, 1),
        "up s": round(took, 1),
        "all functions ready s": round(ready, 1),
    }
    return [figures | same(inside, environ)]


def wait_ready(up: UpProcess) -> float:
    """Wait until every function answers; seconds."""
    began = time.perf_counter()
    for name in list(up.status()["functions"]):
        up.told("ready", name)
    return time.perf_counter() - began


def hops(folder: Path, options: argparse.Namespace) -> list[Row]:
    """Objects one after the other through two tiny functions; the second is woken by what the first one publishes."""
    environ = up_functions.environment(folder)
    with running(environ) as up:
        wait_ready(up)
        for number in range(options.hops + 1):
            up_functions.put(environ, **{f"{number:06d}": "fine"})
            up.told("done", "validate", key=f"raw/published/{number:06d}")
        store = bootstrap.ports(environ).store
        runs = [decode(store.get(info.key), RunRecord, info.key) for info in store.list("runs/validate/")]
        waited = sorted(
            (run.started - store.stat(run.key).modified).total_seconds() * 1000 for run in runs if not run.cold
        )
    return [
        {"hops": len(waited), "median ms": round(statistics.median(waited), 1), "p99 ms": round(centile(waited), 1)}
    ]


def centile(values: list[float], share: float = 0.99) -> float:
    """Value below which a share of the sorted values lies."""
    return values[min(int(len(values) * share), len(values) - 1)]


def idle(folder: Path, options: argparse.Namespace) -> list[Row]:
    """All functions of the wiring, after some work, with nothing to do."""
    environ = league(folder, "idle")
    with running(environ) as up:
        wait_ready(up)
        settled(up)
        everything = [psutil.Process(up.process.pid), *psutil.Process(up.process.pid).children(recursive=True)]
        before, began = spent(everything), time.perf_counter()
        time.sleep(options.seconds)
        used = {one: time_now - before[one] for one, time_now in spent(everything).items()}
        took = time.perf_counter() - began
        memory = {name: row["memory_mib"] for name, row in up.status()["functions"].items()}
        own = psutil.Process(up.process.pid).memory_full_info().pss / 2**20
        share = {"all": sum(used.values()), "platform": used[up.process.pid]}
    figures: Row = {f"{name} % of a core": round(100 * value / took, 2) for name, value in share.items()}
    return [figures, {"PSS MiB": {"platform": round(own, 1), **memory, "all": round(own + sum(memory.values()), 1)}}]


def spent(processes: list[psutil.Process]) -> dict[int, float]:
    """Seconds of processor time of each."""
    return {one.pid: sum(one.cpu_times()[:2]) for one in processes}


def kills(folder: Path, options: argparse.Namespace) -> list[Row]:
    """The league again and again, in homes of their own, each with some kills, until there were enough."""
    chance, inside = random.Random(options.seed), calm(folder)  # noqa: S311 - moments, not secrets
    recovered: list[float] = []
    victims: Counter[str] = Counter()
    wrong: list[object] = []
    while sum(victims.values()) < options.kills:
        environ = league(folder, f"wild{sum(victims.values())}")
        wanted = min(options.kills_each, options.kills - sum(victims.values()))
        killed, waits = torment(environ, chance, wanted)
        victims, recovered = victims + killed, recovered + waits
        compared = same(inside, environ)
        wrong += [] if compared["same state"] else [compared["differences"]]
        print(f"{sum(victims.values())} kills, wrong: {wrong}", file=sys.stderr, flush=True)
    dead = sum(bool(letter) for letter in wrong)
    return [{
        "kills": dict(victims), "homes that differ": dead, "differences": wrong,
        "recovery median s": round(statistics.median(recovered), 2), "recovery longest s": round(max(recovered), 2),
    }]  # fmt: skip


def torment(environ: dict[str, str], chance: random.Random, kills: int) -> tuple[Counter[str], list[float]]:
    """Kill so often while the league runs through; who was killed, and the seconds to the next delivery done."""
    victims: Counter[str] = Counter()
    waits: list[float] = []
    up = UpProcess(environ)
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(0, 6))
            heard, began = len(up.news), time.perf_counter()
            if chance.random() < 0.3:
                victims["platform"] += 1
                up.kill()
                assert up.gone() == [], "processes survived"
                up.close()
                up, heard = UpProcess(environ), 0
            else:
                victims[kill_one(up, chance)] += 1
            if not owed(environ):  # all was done: how soon does a new event get through?
                tick(up, "forecast", "twice-daily")
            up.told("done", since=heard)
            waits.append(time.perf_counter() - began)
        settled(up)
    finally:
        if up.process.poll() is None:
            up.interrupt()
        up.close()
    return victims, waits


def kill_one(up: UpProcess, chance: random.Random) -> str:
    """Kill a process that works for the platform, as soon as there is one; the function that it belonged to."""
    while not (found := up.processes()):
        time.sleep(0.1)
    victim = chance.choice(found)
    name = instance(victim).split("/")[1:2]
    with suppress(psutil.NoSuchProcess):
        victim.kill()
    return name[0] if name else "one that had just ended"


def burst(folder: Path, options: argparse.Namespace) -> list[Row]:
    """Objects that appear all at once."""
    environ = up_functions.environment(folder, ECHO)
    incoming = bootstrap.ports(environ).home / "objects" / "incoming"
    with running(environ) as up:
        wait_ready(up)
        staged = folder / "staged"
        staged.mkdir()
        names = [f"{number:06d}" for number in range(options.events)]
        for name in names:
            (staged / name).write_text("fine")
        began, most = time.perf_counter(), 0.0
        for name in names:
            (staged / name).rename(incoming / name)
        done = 0
        while done < options.events:
            time.sleep(1)
            most = max(most, psutil.Process(up.process.pid).memory_info().rss / 2**20)
            with closing(QueueFile(up.home / "platform.db")) as queue:
                done = queue.counts().get("export", {}).get("done", 0)
            assert time.perf_counter() - began < PATIENCE, f"{done} done"
        took = time.perf_counter() - began
        effects = up_functions.effects(environ, "export")
    once = sum(times == 1 for times in effects.values())
    return [{
        "events": options.events, "seconds": round(took, 1), "events a second": round(options.events / took, 1),
        "done once": once, "done more often": len(effects) - once, "platform RSS MiB at most": round(most, 1),
    }]  # fmt: skip


PARTS: dict[str, Callable[[Path, argparse.Namespace], list[Row]]] = {
    "season": season, "hops": hops, "idle": idle, "kills": kills, "burst": burst,
}  # fmt: skip


def main() -> None:
    """Measure, print each figure as it is known, then all of them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; everything by default")
    parser.add_argument("--hops", type=int, default=200, help="objects for the hops")
    parser.add_argument("--seconds", type=float, default=60, help="of idleness")
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--kills-each", type=int, default=5, help="kills in one home at most")
    parser.add_argument("--seed", type=int, default=7, help="of the moments and the victims")
    parser.add_argument("--events", type=int, default=10_000, help="in the burst")
    options = parser.parse_args()
    found: dict[str, list[Row]] = {}
    for name in options.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="touchline-up-") as folder:
            found[name] = PARTS[name](Path(folder), options)
        for row in found[name]:
            for figure, value in row.items():
                print(f"{name:<7} {figure:<26} {value}", flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
