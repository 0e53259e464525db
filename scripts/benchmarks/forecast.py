"""How good the forecasts are on real matches, walked through in the order of time: every figure beside its goal.

`scripts/bench forecast [--data MATCHES.parquet] [--uses statistics past_prices] [--validate]`

Features are made once, the ratings refreshed every morning; then for each level of what may be used one walk through
the seasons, the models fitted anew every year, from parameters found before. Prints one line of JSON for each figure,
at the end those of `scripts/bench forecast-speed`. `--validate` walks through 2016-17 to 2020-21 instead: choices are
made there, and the seasons of the report are only looked at.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "parts"))

from figures import DATA, REPORT, TOP, VALIDATION, Figure, matches, tell
from forecast_speed import speed

from touchline.domain import scoring
from touchline.domain.noise_floor import noise_floor
from touchline.domain.uses import LEVELS
from touchline.learning import judging
from touchline.learning.fitting import FitOptions
from touchline.learning.timeline import Timeline
from touchline.learning.total_scores import over_under_scores, shares_over
from touchline.learning.walkforward import OURS, Walk, WalkOptions, lined_up, walk

YEAR = 365
GOALS: dict[tuple[str, str, str], tuple[float, float]] = {
    ("statistics", "all", "rps"): (0.2046, 0.2042),
    ("statistics", "all", "log_loss"): (1.0021, 1.0005),
    ("past_prices", "all", "rps"): (0.2034, 0.2030),
    ("past_prices", "all", "log_loss"): (0.9985, 0.9972),
    ("prices", "all", "rps"): (0.2025, 0.2024),
    ("prices", "all", "log_loss"): (0.9959, 0.9955),
    ("statistics", "top five", "rps"): (0.1976, 0.1971),
    ("past_prices", "top five", "rps"): (0.1964, 0.1960),
}
"""Reference and goal by level, leagues and score; lower is better."""


def scores(level: str, found: Walk) -> Iterator[Figure]:
    """RPS and log-loss of all divisions and of the top five leagues, and the calibration error."""
    p, y = found.forecasts[OURS], found.outcome
    leagues = {"all": np.ones(len(y), bool), "top five": found.rows["competition"].isin(TOP).to_numpy()}
    for name, rows in leagues.items():
        for score in (scoring.rps, scoring.log_loss):
            if rows.any():
                value = round(float(score(p[rows], y[rows]).mean()), 5)
                reference, goal = GOALS.get((level, name, score.__name__), (None, None))
                yield Figure(
                    figure=f"{level}, {name}: {score.__name__}", measured=value, reference=reference, goal=goal,
                    reached=None if goal is None else value <= goal, n=int(rows.sum()),
                )  # fmt: skip
    error, floor = scoring.ece(p, y), noise_floor(p).pooled
    yield Figure(
        figure=f"{level}, all: ece", measured={"ece": round(error, 5), "floor": round(floor.mean, 5),
        "floor_high": round(floor.high, 5)}, reference=0.0030, goal="<= 0.0045 and within the noise floor",
        reached=error <= min(0.0045, floor.high), n=len(y),
    )  # fmt: skip


def against(level: str, found: Walk) -> Iterator[Figure]:
    """Paired differences to the others, on the matches that both forecast."""
    for name in found.forecasts:
        if name == OURS:
            continue
        pair = {each: found.forecasts[each] for each in (OURS, name)}
        rows = judging.common(pair)
        verdict = judging.judge({each: p[rows] for each, p in pair.items()}, found.outcome[rows])
        gap = verdict.differences[name]
        told = {
            "rps": round(gap.rps.value, 5), "rps_low": round(gap.rps.low, 5), "rps_high": round(gap.rps.high, 5),
            "log_loss": round(gap.log_loss.value, 5), "their_rps": round(verdict.scores[name].rps.value, 5),
            "their_log_loss": round(verdict.scores[name].log_loss.value, 5),
        }  # fmt: skip
        if name == "elo" and level == "statistics":
            yield Figure(
                figure="elo alone, all: rps", measured=told["their_rps"], reference=0.2078, goal="0.2078 +- 0.0003",
                reached=abs(told["their_rps"] - 0.2078) <= 0.0003, n=gap.n,
            )  # fmt: skip
            yield Figure(
                figure="statistics, all: ours minus elo", measured=told, reference=-0.0032,
                goal="rps <= -0.0036, interval below 0", reached=gap.rps.value <= -0.0036 and gap.rps.high < 0, n=gap.n,
            )  # fmt: skip
        else:
            yield Figure(figure=f"{level}, all: ours minus {name}", measured=told, n=gap.n)


def totals(level: str, found: Walk, line: Timeline) -> Iterator[Figure]:
    """More than 2.5 goals: log-loss beside the share of each competition and what prices of results imply."""
    if np.isnan(found.rates).all() or "bookmaker" not in found.forecasts:
        return
    goals, past = found.rows[["home_goals", "away_goals"]].to_numpy(float), np.flatnonzero(line.finished)
    history = (line.goals[past], line.table["competition"].to_numpy(object)[past], line.available[past])
    base = shares_over(history, found.rows["competition"].to_numpy(object), found.kickoff)
    verdict = over_under_scores(goals, (found.forecasts[OURS], found.rates), found.forecasts["bookmaker"], base)
    gaps = {name: round(gap.value, 5) for name, gap in verdict.differences.items()}
    yield Figure(
        figure=f"{level}, all: log-loss of more than 2.5 goals", n=verdict.n,
        measured={name: round(one.value, 5) for name, one in verdict.log_loss.items()} | {"ours_minus": gaps},
        goal="ours <= base rate - 0.010, ours <= market + 0.004",
        reached=gaps["base_rate"] <= -0.010 and gaps["market"] <= 0.004,
    )  # fmt: skip


def say(message: str) -> None:
    """News on standard error."""
    print(message, file=sys.stderr, flush=True)


def main(argv: Sequence[str]) -> int:
    """Print every figure."""
    parser = argparse.ArgumentParser(prog="bench forecast", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA / "football_data_uk.parquet", help="table of matches")
    parser.add_argument("--uses", nargs="*", choices=LEVELS, default=LEVELS[1:])
    parser.add_argument("--from", dest="start", type=date.fromisoformat)
    parser.add_argument("--to", dest="end", type=date.fromisoformat, help="day after the last")
    parser.add_argument("--validate", action="store_true", help="the seasons in which choices are made")
    parser.add_argument("--trials", type=int, default=1, help="1 takes the parameters found before")
    parser.add_argument("--families", nargs="*", default=FitOptions().families)
    parser.add_argument("--scores-only", action="store_true", help="leave out how fast it is")
    parser.add_argument("--python", type=Path, help="one that has penaltyblog, see `scripts/bench rivals`")
    parser.add_argument("--out", type=Path, help="folder for the forecasts of each level, as Parquet")
    asked = parser.parse_args(argv)
    start, end = VALIDATION if asked.validate else REPORT
    start, end = asked.start or start, asked.end or end
    reporting = (start, end) == REPORT
    begun = time.perf_counter()
    table = matches(asked.data)
    say(f"{len(table):,} matches read in {time.perf_counter() - begun:.1f} s")
    begun = time.perf_counter()
    line = lined_up(table, start, WalkOptions())
    say(f"{len(line.features.names)} features in {time.perf_counter() - begun:.1f} s")
    for level in asked.uses:
        options = WalkOptions(
            refit_models_days=YEAR, uses=level, fit=FitOptions(trials=asked.trials, families=tuple(asked.families))
        )
        found = walk(line, start, end, options, say)
        for figure in (*scores(level, found), *against(level, found), *totals(level, found, line)):
            tell(figure, with_goals=reporting)
        tell(Figure(figure=f"{level}: seconds of the walk", measured=found.seconds))
        if asked.out:
            found.table().to_parquet(asked.out / f"{level}.parquet")
    if reporting and not asked.scores_only:
        for figure in speed(asked.data, asked.python):
            tell(figure)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
