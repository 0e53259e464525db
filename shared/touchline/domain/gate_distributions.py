"""What many matches together must look like: rates, goals, season sizes, missing shares, features without a leak."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from touchline.domain.gate_report import EXAMPLES, GateFailure, Kind
from touchline.domain.vocabulary import (
    FEATURE_MISSING,
    LEAK_ACCURACY,
    MEAN_GOALS_BOUNDS,
    MISSING_JUMP,
    OUTCOME_SHARE_BOUNDS,
    OUTCOMES,
    SEASON_SHRINKAGE,
    STATISTIC_COLUMNS,
    STATUSES,
)

ENOUGH: Final = 100
"""Matches from which on a season's rates say something."""
_LEAK_ROWS: Final = 20_000
_LEAK_BINS: Final = 32

Found = tuple[list[GateFailure], dict[str, Any]]


def examine(kind: Kind, table: pd.DataFrame, min_finished: int = ENOUGH, columns: tuple[str, ...] = ()) -> Found:
    """Failures and figures of a table whose structure holds.

    Args:
        kind: which gate.
        table: what `gates.check` was given.
        min_finished: fewer finished matches than this are a failure.
        columns: feature columns (`features` only).
    """
    if kind == "raw":
        return [*_seasons(table)], _raw_figures(table)
    if kind == "finished":
        return _finished(table, min_finished)
    if kind == "upcoming":
        return [], _span(table)
    return _features(table, columns)


def _raw_figures(table: pd.DataFrame) -> dict[str, Any]:
    statuses = table["status"].value_counts()
    return {
        "competitions": int(table["competition"].nunique()),
        "seasons": int(table["season"].nunique()),
        "statuses": {status: int(statuses[status]) for status in STATUSES if status in statuses},
        **_span(table),
    }


def _span(table: pd.DataFrame) -> dict[str, Any]:
    if table.empty:
        return {}
    return {"first": table["kickoff"].min().isoformat(), "last": table["kickoff"].max().isoformat()}


def _seasons(table: pd.DataFrame) -> Iterator[GateFailure]:
    """Seasons that shrank; the newest one of a league may still be going on."""
    size = table.groupby(["competition", "season"], observed=True).size().rename("matches").reset_index()
    by_league = size.groupby("competition")
    size["year"] = pd.to_numeric(size["season"].str[:4], errors="coerce")
    follows = size["year"] - by_league["year"].shift() == 1
    newest = size["season"] == by_league["season"].transform("max")
    size["before"] = by_league["matches"].shift()
    size["lost"] = (1 - size["matches"] / size["before"]).where(follows & ~newest)
    warn, refuse = SEASON_SHRINKAGE
    yield from _season_failure("season collapsed", size[size["lost"] > refuse])
    yield from _season_failure("season shrank", size[(size["lost"] > warn) & (size["lost"] <= refuse)])


def _season_failure(name: str, bad: pd.DataFrame) -> Iterator[GateFailure]:
    told = tuple(
        f"{row.competition} {row.season}: {row.matches} matches after {row.before:.0f}"
        for row in bad.sort_values("lost", ascending=False).head(EXAMPLES).itertuples()
    )
    if told:
        yield GateFailure(name, "season", len(bad), told)


def _finished(table: pd.DataFrame, min_finished: int) -> Found:
    failures: list[GateFailure] = []
    if len(table) < min_finished:
        failures.append(
            GateFailure("too few matches", "match_id", len(table), (f"{len(table)} of at least {min_finished}",))
        )
    if table.empty:
        return failures, {}
    rates = _rates(table)
    overall = rates.mean()
    if len(table) >= ENOUGH:
        failures += _strange("outcome rate", "mean goals", overall.to_frame("all matches").T)
        by_season = rates.groupby([table["competition"], table["season"]], observed=True)
        large = by_season.mean()[by_season.size() >= ENOUGH]
        large.index = [" ".join(label) for label in large.index]
        failures += _strange("odd outcome rate", "odd mean goals", large)
    failures += _jumps(table)
    missing = table[list(STATISTIC_COLUMNS)].isna().mean()
    return failures, {
        **{name: round(float(value), 4) for name, value in overall.items()},
        "missing": {name: round(float(value), 4) for name, value in missing.items() if value},
        **_span(table),
    }


def _rates(table: pd.DataFrame) -> pd.DataFrame:
    home, away = table["home_goals"], table["away_goals"]
    columns = {"home": home > away, "draw": home == away, "away": home < away, "goals": home + away}
    return pd.DataFrame(columns).astype(float)


def _strange(rate: str, goals: str, means: pd.DataFrame) -> Iterator[GateFailure]:
    for name, label, (low, high) in (
        *((rate, outcome, OUTCOME_SHARE_BOUNDS[outcome]) for outcome in OUTCOMES),
        (goals, "goals", MEAN_GOALS_BOUNDS),
    ):
        bad = means[label][~means[label].between(low, high)]
        if len(bad):
            told = tuple(f"{index}: {value:.3f} outside {low} to {high}" for index, value in bad.head(EXAMPLES).items())
            yield GateFailure(name, label, len(bad), told)


def _jumps(table: pd.DataFrame) -> Iterator[GateFailure]:
    """Statistics that the newest season of a league misses much more often than the season before."""
    columns = list(STATISTIC_COLUMNS)
    missing = table[columns].isna().groupby([table["competition"], table["season"]], observed=True).mean()
    last_two = missing.groupby(level=0).tail(2)
    jump = last_two.groupby(level=0).diff()
    for column in columns:
        bad = jump[column][jump[column] > MISSING_JUMP]
        if len(bad):
            told = tuple(
                f"{' '.join(label)}: missing in {value:.0%} more" for label, value in bad.head(EXAMPLES).items()
            )
            yield GateFailure("statistic went missing", column, len(bad), told)


def _features(table: pd.DataFrame, columns: tuple[str, ...]) -> Found:
    numbers = table[list(columns)]
    missing = numbers.isna().mean()
    most, overall = FEATURE_MISSING
    failures = [
        GateFailure("mostly missing", name, int(numbers[name].isna().sum()), (f"{share:.2%} missing",))
        for name, share in missing.items()
        if share > most
    ]
    if missing.mean() > overall:
        failures.append(GateFailure("all mostly missing", "features", len(table), (f"{missing.mean():.2%} missing",)))
    if "outcome" in table:
        failures += _outcomes(table["outcome"])
        failures += _leaks(numbers.tail(_LEAK_ROWS), table["outcome"].tail(_LEAK_ROWS).to_numpy())
    worst = missing[missing > 0].sort_values(ascending=False, kind="stable").head(10)
    return failures, {
        "columns": len(columns),
        "missing": round(float(missing.mean()), 4) if len(table) else 0.0,
        "most missing": {str(name): round(float(share), 4) for name, share in worst.items()},
    }


def _outcomes(outcome: "pd.Series[int]") -> Iterator[GateFailure]:
    bad = outcome[~outcome.isin(range(len(OUTCOMES)))]
    if len(bad):
        yield GateFailure("bad outcome", "outcome", len(bad), tuple(str(value) for value in bad.unique()[:EXAMPLES]))


def _leaks(numbers: pd.DataFrame, outcome: np.ndarray) -> Iterator[GateFailure]:
    if len(numbers) < ENOUGH:
        return
    for name in numbers:
        accuracy = single_accuracy(numbers[name].to_numpy(), outcome)
        if accuracy > LEAK_ACCURACY:
            yield GateFailure("leak", str(name), len(numbers), (f"alone it names {accuracy:.1%} of the outcomes",))


def single_accuracy(feature: np.ndarray, outcome: np.ndarray) -> float:
    """Share of outcomes that one feature names, by the most frequent outcome in each of at most 32 quantile bins.

    Args:
        feature: (n,) numbers, NaN is a bin of its own.
        outcome: (n,) of 0, 1, 2; other values count as never named.

    >>> outcome = np.tile([0, 1, 2, 2], 10)
    >>> single_accuracy(outcome / 2, outcome), single_accuracy(np.full(40, np.nan), outcome)
    (1.0, 0.5)
    """
    known = feature[np.isfinite(feature)]
    steps = np.linspace(0, 1, min(_LEAK_BINS, max(2, len(feature) // 10)))
    edges = np.unique(np.quantile(known, steps, method="nearest")) if len(known) else np.empty(0)
    bins = np.where(np.isnan(feature), len(edges) + 1, np.searchsorted(edges, feature))
    counts = np.stack([np.bincount(bins[outcome == value], minlength=len(edges) + 2) for value in range(len(OUTCOMES))])
    return float(counts.max(axis=0).sum() / max(1, len(feature)))
