"""Folds made ready once for all trials of a family: what does not depend on the parameters is not done again."""

from collections.abc import Callable

from touchline.domain.splits import Split
from touchline.learning.examples import Examples, Floats
from touchline.learning.families import Family, Params, probabilities
from touchline.learning.prepared import Prepared

Forecaster = Callable[[Params], Floats]
"""Parameters -> (n, 3) probabilities of a fold's matches, learnt from what came before them."""


def ready(family: Family, examples: Examples, prepared: Prepared, split: Split, seed: int) -> Forecaster:
    """One fold, ready for any number of trials; the caller limits the libraries to one thread.

    The forecasts are those of `fit_estimator` and `probabilities`, to the last bit.
    """
    judged = examples.x[split.test]
    return lambda params: probabilities(family.build(params, seed).fit(prepared), judged)
