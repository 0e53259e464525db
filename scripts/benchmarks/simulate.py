"""Live through real seasons by a virtual clock, and let others judge what came of it.

`scripts/bench simulate` plays E0 from 2022-08-01 to 2023-06-30, recomputes its record without any of our code
(tests/support/ledger_judge.py), and plays it again with files and deliveries doubled and shuffled: the same record.
`--fault NAME` (may be repeated; `all`) plays a shorter span with a fault from `--fault-from` on, and says who noticed
it after how many matches. Homes are kept below --out, where `touchline --home ... serve` shows them.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

from parts.figures import DATA
from parts.simulate_faults import Fault, Successor, Watch, distorted, faults

import ledger_judge
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.cli import simulate_plan
from touchline.cli.simulate_facts import Facts
from touchline.platform.season import Told
from touchline.testing.digests import difference, digest

SETTINGS = {"TOUCHLINE_LOG_LEVEL": "ERROR", "TOUCHLINE_SCRAPE_SOURCES": "simulated"}
"""A source that needs no server lets the canary look for missing results."""


def tell(**what: Any) -> None:
    """One line of the answer."""
    print(msgspec.json.encode(what).decode(), flush=True)


def day(text: str) -> datetime:
    """A day as a moment."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def plan_of(options: argparse.Namespace, name: str, shuffle: int | None = None, fault: Fault | None = None) -> Any:
    """A simulation in a folder of its own."""
    wish = simulate_plan.Wish(
        options.since, options.until + timedelta(days=1), (options.data,), tuple(options.competition),
        (options.seasons,), str(options.out / name), timedelta(days=options.step), shuffle,
    )  # fmt: skip
    made = simulate_plan.plan(wish, os.environ)
    environ = made.environ | SETTINGS | {"TOUCHLINE_SCRAPE_COMPETITIONS": ",".join(options.competition)}
    return simulate_plan.Plan(
        wish, made.matches, environ | (fault.environ if fault else {}), fault.change if fault else None
    )


def play(plan: Any, *, around: Callable[[Any], Any] | None = None) -> dict[str, Any]:
    """Go through it; its facts, and what it took of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    with plan.opened() as season:
        facts = Facts(season.ports)
        looks = around(season.ports) if around else []
        for told in season.play(plan.until):
            facts.add(told)
            for look in looks:
                look(told)
        found = facts.told(plan, season.asked, time.perf_counter() - wall)
    return found | {"processor_seconds": round(time.process_time() - processor, 1)}


def judged(plan: Any, told: dict[str, Any], options: argparse.Namespace) -> bool:
    """Let the judge recompute the record; whether it is right."""
    found = ledger_judge.judge(Path(plan.home) / "objects", ledger_judge.read(options.data), told["asked"])
    tell(part="judge", **(vars(found) | {"faults": found.faults[:10], "all_faults": len(found.faults)}))
    return not found.faults


def state(plan: Any) -> Any:
    """The digest of a home at the end."""
    return digest(bootstrap.ports(plan.environ, clock=VirtualClock(plan.until)))


def whole(options: argparse.Namespace) -> bool:
    """The season, its judge, and its shuffled twin."""
    plain = plan_of(options, "plain")
    told = play(plain)
    tell(part="season", **told)
    right = judged(plain, told, options)
    if options.shuffle is None:
        return right
    twin = plan_of(options, "shuffled", options.shuffle)
    again = play(twin)
    lines = difference(state(plain), state(twin))
    tell(
        part="twin", seed=options.shuffle, deliveries=[sum(one["runs"].values()) for one in (told, again)],
        seconds=again["seconds"], processor_seconds=again["processor_seconds"], differences=lines[:10],
        same_settled=told["settled"] == again["settled"],
    )  # fmt: skip
    return judged(twin, again, options) and right and not lines


def planted(options: argparse.Namespace, fault: Fault) -> bool:
    """A span with a fault in it; whether somebody noticed whose task that is."""
    plan = plan_of(options, fault.name.replace(" ", "-").replace("%", ""), fault=fault)
    watch = Watch(options.fault_from, plan.matches["kickoff"])
    with ExitStack() as stack:

        def around(ports: bootstrap.Container) -> list[Callable[[Told], None]]:
            second = Successor(ports, options.fault_from)
            whom = (lambda model: model == second.serves) if fault.successor else (lambda _: True)
            stack.enter_context(distorted(fault, options.fault_from, ports, whom))
            watch.follow(ports)
            return [watch.look, *([second.look] if fault.successor else [])]

        told = play(plan, around=around)
    noticed = watch.first
    caught = not fault.expected or any(name in noticed for name in fault.expected)
    tell(
        part="fault", fault=fault.name, since=options.fault_from, caught=caught, noticed=noticed,
        matches=told["sealed"]["matches"], timeline=told["timeline"], processor_seconds=told["processor_seconds"],
    )  # fmt: skip
    return caught


def main() -> int:
    """Play and judge; 1 if something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA / "football_data_uk.parquet", help="file with matches")
    parser.add_argument("--from", dest="since", type=day, default=day("2022-08-01"), help="first day")
    parser.add_argument("--to", dest="until", type=day, default=day("2023-06-30"), help="last day")
    parser.add_argument("--competition", action="append", default=[], help="code, E0 by default; may be repeated")
    parser.add_argument("--seasons", default="2017-", help="seasons that are taken in")
    parser.add_argument("--step", type=float, default=0.0, help="ask the source once in so many days")
    parser.add_argument("--shuffle", type=int, default=None, help="seed of the twin; without it there is none")
    parser.add_argument("--fault", action="append", default=[], choices=["all", *faults(day("2022-08-01"))])
    parser.add_argument("--fault-from", type=day, default=day("2022-10-01"), help="when faults begin")
    parser.add_argument("--out", type=Path, required=True, help="an empty folder for the homes")
    options = parser.parse_args()
    options.competition = options.competition or ["E0"]
    known = faults(options.fault_from)
    names = list(known) if "all" in options.fault else options.fault
    right = [planted(options, known[name]) for name in names] if names else [whole(options)]
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
