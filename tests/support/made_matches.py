"""Matches with features of known worth, for learners: what they should find is put in here."""

from datetime import UTC, datetime
from functools import cache

import numpy as np

from touchline.domain.simulation import simulate
from touchline.learning.examples import Examples

NAMES = ("elo_difference", "form", "noise", "sparse")
START = np.datetime64("2015-08-01T15:00", "us")


def made(n=900, seed=0, strength=1.2):
    """Examples, three a day; the outcome depends on the first feature, `sparse` is missing in half of the rows."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, len(NAMES)))
    x[:, 1] = 0.7 * x[:, 0] + 0.5 * x[:, 1]
    p = true_probabilities(x, strength)
    outcome = (rng.random((n, 1)) > np.cumsum(p, axis=1)).sum(axis=1)
    x[:, 0] *= 100
    x[rng.random(n) < 0.5, 3] = np.nan
    kickoff = START + np.arange(n) // 3 * np.timedelta64(1, "D")
    competition = np.where(np.arange(n) % 3 == 0, "B1", "A1").astype(object)
    return Examples(
        x.astype(np.float32), NAMES, outcome.astype(np.int8), kickoff, competition, _goals(outcome, rng), _market(p)
    )


def _market(p):
    """Prices that know the truth, of all matches but every seventh."""
    known = np.where(np.arange(len(p))[:, np.newaxis] % 7 == 0, np.nan, p)
    return np.log(known[:, [0, 2]] / known[:, [1]])


def _goals(outcome, rng):
    """Scores that fit the outcomes."""
    lower = rng.poisson(0.7, len(outcome)).astype(np.float64)
    higher = lower + 1 + rng.poisson(0.6, len(outcome))
    return np.stack([np.where(outcome == 0, higher, lower), np.where(outcome == 2, higher, lower)], axis=1)


def true_probabilities(x, strength=1.2):
    """Ordered logit of the first feature: about 45 % home wins, 27 % draws."""
    home, not_away = (1 / (1 + np.exp(-(strength * x[:, 0] + shift))) for shift in (-0.2, 1.1))
    return np.stack([home, not_away - home, 1 - not_away], axis=1)


@cache
def league():
    """Finished matches of four simulated seasons, as a tidy table."""
    table = simulate(5, datetime(2026, 3, 2, tzinfo=UTC), seasons=4, teams=12)
    return table[table["status"] == "finished"].reset_index(drop=True)
