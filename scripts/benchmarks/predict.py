"""The online service beside MLflow, BentoML and FastAPI: the same model, machine and run.

    scripts/bench predict                                  ours alone
    scripts/bench predict --python /tmp/rivals/bin/python  beside the rivals
    scripts/bench predict --only cold,cached,uncached      some of the figures
    scripts/bench predict --only load --load 10            ten minutes of load, champions changing, Redis going away

The rivals live in an environment of their own, which is no part of this project:

    uv venv /tmp/rivals && uv pip install --python /tmp/rivals/bin/python \\
        mlflow==3.17.2 "bentoml>=1.4" fastapi uvicorn httptools onnxruntime xgboost-cpu "pandas<3.1"

All serve 402 trees on 60 features with isotonic calibration, one process and one thread each, code compiled, on
127.0.0.1; ours checks keys, counts, and serves 500 fixtures from a store. Servers run one at a time, in rounds, so that
a machine that is busy for a while is unfair to nobody; what is told is the median. `wrk` asks where it is on the
machine. Prints one line of JSON for each figure.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "parts"))

from figures import Figure, tell
from predict_engine import __file__ as engine
from predict_lambda import first_call
from predict_page import visited
from predict_place import Place, place
from predict_servers import Kind, asked, clean, measured, ours, post, rivals, running, saved
from predict_swaps import under_load
from predict_world import World, foretell, made, many

Told = dict[str, Any]
MLFLOW, ONNX = "mlflow models serve", "FastAPI + onnxruntime"
UNCACHED = "ours, uncached"
LEAST_ROUNDS = 3
"""Of disturbances, to say whether memory is flat."""
COMPARED = frozenset({"cold", "cached", "uncached", "memory"})


class Bench:
    """A world, an environment, and what is asked for."""

    def __init__(self, options: argparse.Namespace, folder: Path, where: Place) -> None:
        self.options, self.place = options, where
        self.wanted = frozenset(options.only.split(","))
        self.world: World = made(folder)
        if options.python:
            saved(self.world, options.python)

    def servers(self) -> list[Kind]:
        """All that are compared."""
        own = ours(self.world, self.place.python)
        anew = ours(self.world, self.place.python, TOUCHLINE_PREDICT_CACHE_SECONDS="0")._replace(name=UNCACHED)
        others = rivals(self.world, self.options.python) if self.options.python else []
        return [own, *([anew] if "uncached" in self.wanted else []), *others]

    def served(self, kind: Kind) -> Any:
        """A server that runs."""
        return running(kind, self.world.expected)


def compared(bench: Bench) -> Iterator[Figure]:
    """Start, speed and memory of all servers, in rounds."""
    rounds: dict[str, list[Told]] = {}
    kinds = bench.servers()
    for kind in kinds:  # once for nothing: Python keeps its compiled code, and the disk its pages
        with bench.served(kind):
            pass
    for _ in range(bench.options.rounds):
        for kind in kinds:
            rounds.setdefault(kind.name, []).append(_looked_at(bench, kind))
    found = {name: _median(rows) for name, rows in rounds.items()}
    for name, figures in (("cold", _cold), ("cached", _cached), ("uncached", _uncached), ("memory", _memory)):
        if name in bench.wanted:
            yield figures(found)


def _looked_at(bench: Bench, kind: Kind) -> Told:
    with bench.served(kind) as served:
        told: Told = {"cold_s": round(served.started, 3), "cold_processor_s": round(served.busy(), 3)}
        if bench.wanted & COMPARED - {"cold"}:
            asked(served.port, kind.requests, count=1000, seconds=60)
            told |= {"memory_mb": round(served.memory(), 1)}
        if bench.wanted & {"cached", "uncached"}:
            told |= measured(served, kind.requests, bench.options.seconds)
    return told


def _median(rows: Sequence[Told]) -> Told:
    return {name: round(statistics.median(row[name] for row in rows), 3) for name in rows[0]}


def _cold(found: dict[str, Told]) -> Figure:
    own = found["ours"]["cold_s"]
    least = {MLFLOW: 10.0, "BentoML": 4.0, "FastAPI + pyfunc": 4.0}
    faster = {name: round(found[name]["cold_s"] / own, 1) for name in found if not name.startswith("ours")}
    shown = {name: {key: row[key] for key in ("cold_s", "cold_processor_s")} for name, row in found.items()}
    return Figure(
        figure="process start to the first right answer over HTTP", measured=shown | {"times_faster": faster},
        goal="<= 0.45 s, 10 times faster than mlflow, 4 times faster than BentoML and pyfunc",
        reached=own <= 0.45 and all(faster.get(name, at_least) >= at_least for name, at_least in least.items()),
        reference="4.6 s mlflow, 2.8 s pyfunc, 2.0 s BentoML, 0.48 s FastAPI + onnxruntime",
    )  # fmt: skip


def _cached(found: dict[str, Told]) -> Figure:
    return _speed(found, "ours", {MLFLOW: 80.0, ONNX: 1.5}, 10.0)


def _uncached(found: dict[str, Told]) -> Figure:
    return _speed(found, UNCACHED, {MLFLOW: 40.0}, 15.0)


def _speed(found: dict[str, Told], name: str, ratios: dict[str, float], slowest: float) -> Figure:
    shown = {
        one: {key: row[key] for key in row if not key.startswith(("cold", "memory"))} for one, row in found.items()
    }
    own = found[name]
    times, by_processor = (
        {rival: round(own[how] / found[rival][how], 2) for rival in ratios if rival in found}
        for how in ("per_second", "per_processor_second")
    )
    wanted = ", ".join(f"{least:g} times {rival}" for rival, least in ratios.items())
    return Figure(
        figure=f"GET /predict/{{id}}, {'computed anew' if name == UNCACHED else 'cached'}, 16 connections, one process",
        measured=shown | {"times_as_many": times, "by_processor_time": by_processor},
        goal=f"{wanted}; p99 <= {slowest:g} ms",
        reached=own["p99"] <= slowest and all(times.get(rival, least) >= least for rival, least in ratios.items()),
    )  # fmt: skip


def _memory(found: dict[str, Told]) -> Figure:
    memory = {name: row["memory_mb"] for name, row in found.items()}
    return Figure(
        figure="resident memory after 1,000 requests, MB", measured=memory, goal="<= 100",
        reached=memory["ours"] <= 100,
        reference="518 mlflow, 271 pyfunc, 227 BentoML, 105 FastAPI + onnxruntime",
    )  # fmt: skip


def lambda_(bench: Bench) -> Iterator[Figure]:
    """A handler under AWS's own runtime client."""
    call = partial(first_call, bench.world, bench.place.python, bench.place.lambda_client, clean(bench.world.environ))
    seconds = _several(call, bench.options.starts)
    yield Figure(
        figure="Lambda handler, first call in a new process, s", measured=seconds, goal="<= 0.40",
        reached=seconds["median"] <= 0.4,
    )  # fmt: skip


def engine_(bench: Bench) -> Iterator[Figure]:
    """The model without HTTP."""
    store = Path(bench.world.environ["TOUCHLINE_HOME"]) / "objects"
    command = [str(bench.place.python), engine, str(store)]

    def started(*more: str) -> tuple[float, str]:
        begun = time.perf_counter()
        with subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True, env=clean({})) as process:
            assert process.stdout is not None
            assert process.stdout.readline(), "the engine gave no forecast"
            return time.perf_counter() - begun, process.stdout.read()

    seconds = _several(lambda: started()[0], bench.options.starts)
    yield Figure(
        figure="engine: cold process to the first forecast, s", measured=seconds, goal="<= 0.18", reference="0.163",
        reached=seconds["median"] <= 0.18,
    )  # fmt: skip
    told = [tuple(map(int, started("100000")[1].split())) for _ in range(bench.options.rounds)]
    rows, by_processor = (statistics.median(column) for column in zip(*told, strict=True))
    yield Figure(
        figure="engine: rows a second, a thousand at a time", goal=">= 80,000", reference=84_000,
        measured={"per_second": rows, "per_processor_second": by_processor}, reached=rows >= 80_000, n=100_000,
    )  # fmt: skip


def _several(work: Callable[[], float], times: int) -> Told:
    work()
    found = sorted(work() for _ in range(times))
    return {"median": round(statistics.median(found), 3), "all": [round(one, 3) for one in found]}


def size(bench: Bench) -> Iterator[Figure]:
    """What predict needs on disk."""
    found = round(bench.place.megabytes, 1)
    yield Figure(
        figure="installed size of functions/predict/requirements.txt, MB", measured=found, goal="<= 185",
        reached=found <= 185,
    )  # fmt: skip


def whatif(bench: Bench) -> Iterator[Figure]:
    """Each question a new pairing."""
    with bench.served(ours(bench.world, bench.place.python, TOUCHLINE_PREDICT_CACHE_SECONDS="0")) as served:
        questions = [_question(bench.world, number) for number in range(2000)]
        asked(served.port, questions[:50], count=50, seconds=60)
        found = {
            f"{connections} connections": asked(
                served.port, questions[50:], count=1000, seconds=60, connections=connections
            )
            for connections in (1, 4, 16)
        }
    for row in found.values():
        row.pop("versions")
    one = found["1 connections"]
    yield Figure(
        figure="POST /predict/match, each a new pairing", measured=found, goal="p99 <= 25 ms, one after the other",
        reached=one["p99"] <= 25 and set(one["statuses"]) == {"200"},
    )  # fmt: skip


def _question(world: World, number: int) -> str:
    """Home team of one fixture of a league against the away team of another."""
    home, _, code, day = world.pairs[number % len(world.pairs)]
    others = [away for _, away, league, _ in world.pairs if league == code and away != home]
    body = {
        "home_team": home,
        "away_team": others[number // len(world.pairs) % len(others)],
        "competition": code,
        "date": day,
    }
    return post("/predict/match", json.dumps(body), world.key)


def batch(bench: Bench) -> Iterator[Figure]:
    """The stage forecast, from its first look at the store to the publication."""
    with tempfile.TemporaryDirectory(prefix="touchline-bench-") as name:
        ports = many(Path(name), bench.world, 10_000)
        ports.ledger  # noqa: B018  # the schema of the database is not part of it
        begun = time.perf_counter()
        foretell(ports)
        seconds = round(time.perf_counter() - begun, 2)
        written = sum(1 for info in ports.store.list("predictions/") if info.key.endswith(".parquet"))
    yield Figure(
        figure="10,000 fixtures: features read, forecast, sealed in the ledger, written and published, s",
        measured=seconds, goal="<= 3", reached=seconds <= 3 and written > 0, n=10_000,
    )  # fmt: skip


def page(bench: Bench) -> Iterator[Figure]:
    """The list of all fixtures."""
    with bench.served(ours(bench.world, bench.place.python)) as served:
        found = visited(served.port, bench.options.starts)
    if found:
        yield Figure(
            figure="page / with 500 fixtures in headless Chromium", measured=found,
            goal="first byte <= 50 ms, complete <= 300 ms, <= 200 kB",
            reached=found["first_byte_ms"] <= 50 and found["complete_ms"] <= 300 and found["kilobytes"] <= 200,
        )  # fmt: skip


def load(bench: Bench) -> Iterator[Figure]:
    """Disturbances under load."""
    found = under_load(bench.world, bench.place.python, bench.options.load)
    memory = found["memory_mb"]  # one for each round: it has both models in it, and Redis
    told = len(memory) >= LEAST_ROUNDS
    fine = not found["wrong_versions"] and set(found["statuses"]) == {"200"}
    if told:
        fine = fine and memory[-1] <= 1.1 * found["memory_mb_of_a_new_process"]
    else:
        found["memory"] = f"too short to tell: {len(memory)} rounds, {LEAST_ROUNDS} are needed"
    yield Figure(
        figure=f"{bench.options.load:g} minutes at 70 % of the peak, champions swapped, Redis restarted",
        measured=found, goal="no 5xx, no wrong model version, memory as that of a new process",
        reached=fine if told or not fine else None,
    )  # fmt: skip


PARTS: dict[str, Callable[[Bench], Iterator[Figure]]] = {
    "size": size, "engine": engine_, "lambda": lambda_, "cold": compared, "cached": compared, "uncached": compared,
    "memory": compared, "whatif": whatif, "batch": batch, "page": page, "load": load,
}  # fmt: skip


def main(argv: Sequence[str]) -> int:
    """Print every figure that was asked for."""
    parser = argparse.ArgumentParser(
        prog="bench predict", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--python", type=Path, help="one that has the rivals; ours alone without it")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "touchline-bench-predict")
    parser.add_argument("--rounds", type=int, default=3, help="of all servers, one after the other")
    parser.add_argument(
        "--starts", type=int, default=7, help="of processes that are only started, and visits of the page"
    )
    parser.add_argument("--seconds", type=float, default=4, help="for which each server is asked in each round")
    parser.add_argument("--load", type=float, default=1.0, help="minutes of load")
    options = parser.parse_args(argv)
    wanted = options.only.split(",")
    if unknown := sorted(set(wanted) - set(PARTS)):
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    os.environ["OMP_NUM_THREADS"] = "1"
    options.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder:
        bench = Bench(options, Path(folder), place(options.work))
        for part in dict.fromkeys(PARTS[name] for name in wanted):
            for figure in part(bench):
                tell(figure)
    tell(Figure(figure="load of the machine over 1, 5 and 15 minutes", measured=os.getloadavg()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
