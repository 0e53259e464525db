"""What trials of models keep of their promises: real seasons put together anew, looked at after every day.

A run is two seasons of 22 divisions. Each division's season is drawn from twelve real ones and laid on one calendar, so
results of a day, and a whole season of a division, stay together. Two kinds of forecasters of equal skill play it:

- closing prices, each disturbed in its own way: by match, by team for a season, and by day. Who is called the
  challenger is drawn for each run and season, so the true mean difference is 0 while what hangs together stays so;
- a bookmaker's prices before the match against closing prices, the mean difference taken off: two real ones.

A gain, or a loss, is added to every match; so the spread is that of forecasters who differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import yaml
from figures import DATA, Figure
from numpy.typing import NDArray

from touchline.domain import sequential

Floats = NDArray[np.float64]
RUNS: Final = 5_000
DRAWS: Final = 20
"""Disturbances of all matches that runs draw from."""
SEASONS: Final = 2
NOISE: Final = 0.1
"""Standard deviation of the disturbance of log-odds: it costs either forecaster 0.0024 nats against the truth."""
POLICY: Final = Path(__file__).parents[3] / "functions" / "promote" / "policy.yaml"
_PROMISED: Final = 0.05
_PRICES: Final = [f"{book}_{side}" for book in ("psc", "b365") for side in "hda"]


@dataclass(frozen=True)
class Played:
    """Real matches on one calendar, by division and season (a block)."""

    table: pd.DataFrame
    base: Floats
    """(n, 3) log-probabilities of closing prices."""
    outcome: NDArray[np.int64]
    block: NDArray[np.int64]
    slot: NDArray[np.int64]
    """Day of the season, Mondays together."""

    def by_day(self, values: Floats) -> Floats:
        """Sums of values of each match, (blocks, days)."""
        days = int(self.slot.max()) + 1
        blocks = int(self.block.max()) + 1
        sums = np.bincount(self.block * days + self.slot, values, minlength=blocks * days)
        return np.asarray(sums.reshape(blocks, days), np.float64)

    def losses(self, log_odds: Floats) -> Floats:
        """Log-loss of each match, of forecasts that need not sum to 1."""
        total = np.log(np.exp(log_odds).sum(axis=1))
        return np.asarray(total - log_odds[np.arange(len(log_odds)), self.outcome])


def figures(runs: int) -> Iterator[Figure]:
    """False promotions, power and matches needed; rollbacks of champions that got worse, and false alarms."""
    runs, rng, played = runs or RUNS, np.random.default_rng(20), read()
    trial = yaml.safe_load(POLICY.read_text("utf-8"))["trial"]
    horizon, gain = int(trial["horizon"]), float(trial["gain"])
    for name, sums in (("disturbed closing prices", disturbed(played, rng)), ("two real bookmakers", real(played))):
        counts, total = seasons(played, sums, runs, rng)
        for shift in (0.0, 0.002, 0.005):
            kind = "equal" if not shift else f"worse by {shift}"
            yield _false(f"{name}, challenger {kind}", counts, total + shift * counts, horizon, gain)
        for better in (0.003, 0.005, 0.01, 0.02):
            yield _power(
                f"{name}, challenger better by {better}", counts, total - better * counts, horizon, gain, better
            )
        yield _alarm(f"{name}, champion as good as the one before", counts, total, horizon)
        yield _alarm(f"{name}, champion better by 0.005", counts, total - 0.005 * counts, horizon)
        for worse in (0.005, 0.01, 0.02):
            yield _rollback(f"{name}, champion worse by {worse}", counts, total + worse * counts, horizon)


def read() -> Played:
    """Real matches that have closing prices."""
    columns = ["league", "season", "date", "home", "away", "result", *_PRICES]
    table = pd.read_parquet(DATA / "football_data_uk.parquet", columns=columns).dropna().reset_index(drop=True)
    price = 1 / table[["psc_h", "psc_d", "psc_a"]].to_numpy(np.float64)
    begun = pd.to_datetime(table["season"].str[:4] + "-07-01")
    monday = begun - pd.to_timedelta(begun.dt.weekday, unit="D")
    return Played(
        table=table,
        base=np.log(price / price.sum(axis=1, keepdims=True)),
        outcome=table["result"].map({"H": 0, "D": 1, "A": 2}).to_numpy(np.int64),
        block=pd.factorize(table["season"] + table["league"])[0].astype(np.int64),
        slot=(pd.to_datetime(table["date"]) - monday).dt.days.to_numpy(np.int64),
    )


def disturbed(played: Played, rng: np.random.Generator) -> Floats:
    """Day sums of the difference of two forecasters that are equally far from the truth, (draws, blocks, days)."""
    season = played.table["season"] + played.table["league"]
    both = pd.concat([season + played.table["home"], season + played.table["away"]])
    home, away = np.split(pd.factorize(both)[0], 2)
    day = pd.factorize(played.table["date"])[0]

    def forecast() -> Floats:
        team, of_day = rng.normal(0, 0.33, int(max(home.max(), away.max())) + 1), rng.normal(0, 0.25, day.max() + 1)
        side = rng.normal(0, 0.62, len(day)) + team[home] - team[away] + of_day[day]
        draw = rng.normal(0, 0.5, len(day)) + rng.normal(0, 0.2, day.max() + 1)[day]
        return np.asarray(played.losses(played.base + NOISE * np.stack([side, draw, -side], axis=1)))

    return np.stack([played.by_day(forecast() - forecast()) for _ in range(DRAWS)])


def real(played: Played) -> Floats:
    """The same of a bookmaker's prices before the match against closing prices, their mean difference taken off."""
    before = np.log(1 / played.table[["b365_h", "b365_d", "b365_a"]].to_numpy(np.float64))
    gap = played.losses(before) - played.losses(played.base)
    return played.by_day(gap - gap.mean())[None]


def seasons(played: Played, sums: Floats, runs: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Matches of each day of the runs and sums of their differences, (runs, days)."""
    ones = played.by_day(np.ones(len(played.outcome)))
    league = played.table.groupby(played.block)["league"].first().to_numpy()
    choices = [np.flatnonzero(league == name) for name in sorted(set(league))]
    counts, totals = [], []
    for _ in range(SEASONS):
        n, total, draw = 0.0, 0.0, rng.integers(0, len(sums), runs)
        for blocks in choices:
            chosen = rng.choice(blocks, runs)
            n, total = n + ones[chosen], total + sums[draw, chosen]
        counts.append(n)
        totals.append(total * rng.choice([-1.0, 1.0], runs)[:, None])
    return np.concatenate(counts, axis=1), np.concatenate(totals, axis=1)


def _decided(counts: Floats, total: Floats, horizon: int, gain: float) -> tuple[Floats, Floats]:
    """Matches until promotion and until rejection, infinite where it does not come first, within the horizon."""
    made = sequential.path(counts, total, horizon)
    within = made.n - counts < horizon
    up, down = sequential.first((made.high < 0) & within), sequential.first((made.low > -gain) & within)
    return _matches(made, np.where(up < down, up, counts.shape[1])), _matches(made, np.where(down < up, down, 10**6))


def _matches(made: sequential.Path, day: NDArray[np.int64]) -> Floats:
    last = made.n.shape[1]
    return np.where(day < last, made.n[np.arange(len(day)), np.minimum(day, last - 1)], np.inf)


def _false(name: str, counts: Floats, total: Floats, horizon: int, gain: float) -> Figure:
    promoted, rejected = _decided(counts, total, horizon, gain)
    share = float(np.isfinite(promoted).mean())
    return Figure(
        figure=f"false promotions, a look after each day of {horizon} matches: {name}", n=len(counts),
        measured={"promoted": share, "rejected early": round(float(np.isfinite(rejected).mean()), 3)},
        goal=f"< {_PROMISED}", reached=share < _PROMISED,
    )  # fmt: skip


def _power(name: str, counts: Floats, total: Floats, horizon: int, gain: float, better: float) -> Figure:
    promoted, _ = _decided(counts, total, horizon, gain)
    share, asked = float(np.isfinite(promoted).mean()), better >= 0.005
    return Figure(
        figure=f"promoted within {horizon} matches: {name}", n=len(counts),
        measured={"promoted": share, **_quantiles(promoted)},
        goal=">= 0.8" if asked else "", reached=share >= 0.8 if asked else None,
    )  # fmt: skip


def _back(counts: Floats, total: Floats, horizon: int) -> Floats:
    made = sequential.path(counts, total, horizon)
    return _matches(made, sequential.first(made.low > 0))


def _alarm(name: str, counts: Floats, total: Floats, horizon: int) -> Figure:
    share = float(np.isfinite(_back(counts, total, horizon)).mean())
    return Figure(
        figure=f"false rollbacks, a look after each day of {SEASONS} seasons: {name}", n=len(counts), measured=share,
        goal=f"< {_PROMISED}", reached=share < _PROMISED,
    )  # fmt: skip


def _rollback(name: str, counts: Floats, total: Floats, horizon: int) -> Figure:
    back = _back(counts, total, horizon)
    share = float(np.isfinite(back).mean())
    return Figure(
        figure=f"rolled back within {SEASONS} seasons: {name}", n=len(counts),
        measured={"rolled back": share, **_quantiles(back)}, goal=">= 0.8", reached=share >= 0.8,
    )  # fmt: skip


def _quantiles(matches: Floats) -> dict[str, int | None]:
    """Matches after which half, and nine of ten, of all runs are decided; None if they are not."""
    found = {
        "median": np.quantile(matches, 0.5, method="higher"),
        "nine of ten": np.quantile(matches, 0.9, method="higher"),
    }
    return {f"matches, {said}": int(n) if np.isfinite(n) else None for said, n in found.items()}
