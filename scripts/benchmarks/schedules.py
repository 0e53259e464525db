"""Run the small league under many seeded schedules of mishaps: all of them must end in one state.

`scripts/bench schedules --n 1000 --seed 0`; with `--without fencing` or `--without conditional-create` a safeguard is
taken away, and the states must fall apart. A seed that ends otherwise is told with all differences; run it alone with
`--n 1 --seed <it>`.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import msgspec

from touchline.errors import TouchlineError
from touchline.testing import CALM, Chances, Digest, difference
from touchline.testing.deliveries import SLEEPY
from touchline.testing.league import play
from touchline.testing.sabotage import SAFEGUARDS, without


class Ended(msgspec.Struct, frozen=True):
    """What a schedule came to."""

    seed: int
    seconds: float
    """Of the processor."""
    counted: dict[str, int]
    digests: tuple[Digest, ...]
    """States at rest; none if one of them was broken."""
    error: str = ""


@cache
def expected() -> tuple[Digest, ...]:
    """The states of a day on which nothing went wrong, of which everything was computed."""
    with tempfile.TemporaryDirectory(prefix="touchline-schedules-") as folder:
        return play(Path(folder), 0, chances=CALM, afresh=True)[1]


def run(seed: int, safeguards: tuple[str, ...], chances: Chances) -> Ended:
    """One schedule in a folder of its own."""
    start = time.process_time()
    with tempfile.TemporaryDirectory(prefix="touchline-schedules-") as folder:
        try:
            world, digests = play(Path(folder), seed, chances=chances, around=without(*safeguards))
        except TouchlineError as error:
            return Ended(seed, time.process_time() - start, {}, (), str(error))
    return Ended(seed, time.process_time() - start, dict(world.counted), digests)


def task(job: tuple[int, tuple[str, ...], Chances]) -> tuple[Ended, list[str]]:
    """A schedule, and how its states differ from those that are expected."""
    seed, safeguards, chances = job
    right = expected()
    ended = run(seed, safeguards, chances)
    pairs = zip(right, ended.digests, strict=True) if ended.digests else ()
    lines = [f"state {place}: {line}" for place, pair in enumerate(pairs, 1) for line in difference(*pair)]
    return ended, [ended.error] if ended.error else lines


def table(ended: list[Ended]) -> dict[str, object]:
    """What is printed: sums over all schedules, and their times."""
    counted: Counter[str] = Counter()
    for one in ended:
        counted.update(one.counted)
    seconds = [one.seconds for one in ended]
    digests = {tuple(digest.sha256 for digest in one.digests) for one in ended if not one.error}
    return {
        "schedules": len(ended),
        **{name: counted[name] for name in ("deliveries", "doubled", "lost", "crashes", "zombies", "takeovers")},
        **{name: counted[name] for name in ("busy", "unheard", "failed attempts", "switches")},
        "distinct digests": len(digests),
        "broken states": sum(bool(one.error) for one in ended),
        "CPU s median": round(statistics.median(seconds), 2),
        "CPU s max": round(max(seconds), 2),
    }


def main() -> int:
    """Run, tell each schedule that ended otherwise, then the sums; 1 if one did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=100, help="how many schedules")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--without", action="append", default=[], choices=SAFEGUARDS, help="a safeguard to take away")
    parser.add_argument("--sleepy", action="store_true", help="many zombies and no other mishap")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.n)
    jobs = [(seed, tuple(options.without), SLEEPY if options.sleepy else Chances()) for seed in seeds]
    ended: list[Ended] = []
    wrong = 0
    with ProcessPoolExecutor(options.jobs) as pool:
        for one, lines in pool.map(task, jobs):
            ended.append(one)
            wrong += bool(lines)
            for line in lines:
                print(f"seed {one.seed}: {line}", file=sys.stderr, flush=True)
    for name, value in table(ended).items():
        print(f"{name:18} {value}")
    print(json.dumps(table(ended)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
