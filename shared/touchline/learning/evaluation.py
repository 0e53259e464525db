"""Forecasters side by side, on the same matches, with how sure one can be."""

from collections.abc import Mapping

import numpy as np
from sklearn.linear_model import LogisticRegression

from touchline.domain import scoring
from touchline.learning.card import Difference, Estimate, ModelScore, Slice
from touchline.learning.examples import Competitions, Examples, Floats, Outcomes

ELO_FEATURE = "elo_difference"
RECENT = 1500
"""Matches behind the shares of a competition, about four seasons: home advantage changes over the decades."""
PRIOR_WEIGHT = 20.0
"""A competition's shares of the outcomes are drawn towards those of all competitions by this many matches."""
FEW = 150
"""Under so many matches the interval of a log-loss is wider than what models differ by."""
_BINS = 10


def prior(train: Examples, competition: Competitions) -> Floats:
    """Shares of home, draw, away in the newest RECENT known matches of each match's competition, (n, 3)."""
    newest = np.argsort(train.kickoff, kind="stable")[::-1]
    counts = _counts(train.outcome[newest[:RECENT]])
    overall = (counts + 1) / (counts + 1).sum()
    drawn = {}
    for name in np.unique(competition):
        own = _counts(train.outcome[newest[train.competition[newest] == name][:RECENT]])
        drawn[name] = (own + PRIOR_WEIGHT * overall) / (own.sum() + PRIOR_WEIGHT)
    return np.array([drawn[name] for name in competition]).reshape(-1, 3)


def elo(train: Examples, test: Examples) -> Floats:
    """Multinomial logistic regression on the Elo difference alone, (n, 3).

    Raises:
        DataError: the features have no Elo difference.
    """
    learnt, asked = (
        np.nan_to_num(part.column(ELO_FEATURE).astype(np.float64))[:, None] / 100 for part in (train, test)
    )
    return np.asarray(LogisticRegression().fit(learnt, train.outcome.astype(np.int64)).predict_proba(asked))


def scores(forecasts: Mapping[str, Floats], outcome: Outcomes) -> dict[str, ModelScore]:
    """Scores of each forecaster on the matches that all of them forecast.

    Args:
        forecasts: (n, 3) by name, rows of NaN where a forecaster says nothing. One that covers less than half of the
            matches is left out, so that it does not take the matches from the others.
        outcome: (n,).
    """
    known = {name: ~np.isnan(p).any(axis=1) for name, p in forecasts.items()}
    wide = [name for name, rows in known.items() if 2 * rows.sum() >= max(len(outcome), 1)]
    common = np.logical_and.reduce([known[name] for name in wide]) if wide else np.zeros(len(outcome), bool)
    if not common.any():
        return {}
    return {name: _score(forecasts[name][common], outcome[common]) for name in wide}


def difference(ours: Floats, other: Floats, outcome: Outcomes) -> Difference | None:
    """Ours minus the other on the matches that both forecast, None if there is none."""
    both = ~np.isnan(ours).any(axis=1) & ~np.isnan(other).any(axis=1)
    if not both.any():
        return None
    y = outcome[both]
    gaps = [score(ours[both], y) - score(other[both], y) for score in (scoring.rps, scoring.log_loss)]
    return Difference(int(both.sum()), *estimates(np.stack(gaps, axis=1)))


def slices(p: Floats, outcome: Outcomes, competition: Competitions) -> tuple[Slice, ...]:
    """Scores by competition, in the order of their names."""
    found = []
    for name in np.unique(competition):
        rows = competition == name
        values = np.stack([scoring.rps(p[rows], outcome[rows]), scoring.log_loss(p[rows], outcome[rows])], axis=1)
        found.append(Slice(str(name), int(rows.sum()), bool(rows.sum() < FEW), *estimates(values)))
    return tuple(found)


def estimates(values: Floats) -> list[Estimate]:
    """Mean and interval of each column of (n, k) scores."""
    drawn = scoring.bootstrap_means(values)
    return [_estimate(float(mean), column) for mean, column in zip(values.mean(axis=0), drawn.T, strict=True)]


def _score(p: Floats, outcome: Outcomes) -> ModelScore:
    singles = [score(p, outcome) for score in (scoring.rps, scoring.log_loss, scoring.brier, scoring.accuracy)]
    gaps = scoring.calibration_gaps(p, outcome, _BINS)
    drawn = scoring.bootstrap_means(np.column_stack([*singles, gaps]))
    means = [_estimate(float(one.mean()), drawn[:, column]) for column, one in enumerate(singles)]
    ece = _estimate(scoring.ece(p, outcome, _BINS), np.abs(drawn[:, len(singles) :]).sum(axis=1))
    return ModelScore(len(outcome), means[0], means[1], means[2], ece, means[3])


def _estimate(value: float, drawn: Floats) -> Estimate:
    return Estimate(round(value, 12), *scoring.interval(drawn))


def _counts(outcome: Outcomes) -> Floats:
    return np.bincount(outcome, minlength=3).astype(np.float64)
