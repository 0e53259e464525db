"""A regression that is told prices of the match itself trusts them, and the rest the less."""

import numpy as np

from touchline.domain import scoring
from touchline.domain.pooling import softmax
from touchline.learning.examples import Examples
from touchline.learning.linear import Linear, fit_goals, fit_results
from touchline.learning.prepared import Prepared

NOISE = tuple(f"noise_{number}" for number in range(30))
PRICES, PLAIN = ("price_supremacy", "price_draw", *NOISE), ("plain_supremacy", "plain_draw", *NOISE)


def matches(names: tuple[str, ...], n: int = 2000, seed: int = 0) -> Examples:
    """The outcome rests on the first two columns alone, which say all there is to know."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, len(names)))
    p = softmax(np.stack([x[:, 0] / 2 + 0.3, x[:, 1] * 0.2, -x[:, 0] / 2], axis=1))
    outcome = (rng.random((n, 1)) > np.cumsum(p, axis=1)).sum(axis=1)
    goals = np.stack([rng.poisson(np.exp(0.3 + x[:, 0] / 3)), rng.poisson(np.exp(0.1 - x[:, 0] / 3))], axis=1)
    kickoff = np.datetime64("2020-01-01T15:00", "us") + np.arange(n) * np.timedelta64(1, "h")
    competition = np.full(n, "A1", object)
    told = (outcome.astype(np.int8), kickoff, competition, goals.astype(float), np.full((n, 2), np.nan))
    return Examples(x.astype(np.float32), names, *told)


def learnt(names: tuple[str, ...]) -> Linear:
    examples = matches(names)
    return fit_results(Prepared(examples, np.ones(len(examples))), 0.005)


def test_prices_are_hardly_drawn_to_zero_and_the_rest_the_more() -> None:
    trusting, usual = (np.abs(learnt(names).coefficients) for names in (PRICES, PLAIN))
    assert trusting[0].max() > 1.02 * usual[0].max()
    assert trusting[2:].mean() < usual[2:].mean() / 2


def test_so_its_forecasts_of_later_matches_are_better() -> None:
    later = matches(PRICES, n=20_000, seed=1)
    losses = [scoring.log_loss(softmax(learnt(n).scores(later.x)), later.outcome).mean() for n in (PRICES, PLAIN)]
    assert losses[0] < losses[1] - 0.002


def test_of_goals_other_columns_may_say_as_much_as_ever() -> None:
    found = [
        np.abs(fit_goals(Prepared(examples, np.ones(len(examples))), 0.005).coefficients)
        for examples in (matches(PRICES), matches(PLAIN))
    ]
    assert found[0][0].max() > found[1][0].max()
    np.testing.assert_allclose(found[0][2:].mean(), found[1][2:].mean(), rtol=0.1)
