"""What each feature adds to a forecast: Shapley values of a game in which features of a match join one after the other.

A walk leads from the features of another match (the background) to those of this one, feature by feature; what the
forecast moves by when a feature joins is its part. The mean over walks in random order is the Shapley value (Shapley
1953; sampled as by Strumbelj and Kononenko 2010, "An Efficient Explanation of Individual Classifications using Game
Theory"). Features of a group join together, one after the other within it, so that the parts of a group add up to the
part of the group as a whole (the value of Owen 1977 for games with unions). Each walk is also gone in the opposite
order, which takes out much of the variance (Mitchell et al. 2022, "Sampling Permutations for Shapley Value
Estimation").
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Parts:
    """What k features add to a forecast of c outcomes."""

    base: Floats
    """(c,) mean forecast of the background."""
    forecast: Floats
    """(c,) forecast of the match."""
    parts: Floats
    """(k, c); they sum to forecast - base."""
    pairs: Floats
    """(rounds, b, k, c) of each pair of walks from each match of the background, of which `parts` is the mean."""

    def together(self, members: Sequence[int]) -> tuple[Floats, float]:
        """(c,) part of a group of features, and its largest standard error over the outcomes; NaN after one round.

        The background stays as it is, so that what differs between its matches is no error.
        """
        summed = self.pairs[:, :, list(members)].sum(axis=2)
        rounds, begun, _ = summed.shape
        if rounds < 2:
            return summed.mean(axis=(0, 1)), float("nan")
        error = np.sqrt(summed.var(axis=0, ddof=1).mean(axis=0) / (rounds * begun))
        return summed.mean(axis=(0, 1)), float(error.max())


def attribute(
    forecast: Callable[[Floats], Floats],
    match: Floats,
    background: Floats,
    groups: Sequence[Sequence[int]],
    *,
    rounds: int,
    seed: int,
) -> Parts:
    """Parts of all features in one call of the model.

    Args:
        forecast: (n, k) features -> (n, c) forecasts.
        match: (k,) features of the match.
        background: (b, k) features of other matches.
        groups: places of the features of each group; together all of them.
        rounds: pairs of walks that begin at each match of the background; two or more tell how sure the parts are.
        seed: the same one gives the same parts.

    >>> def linear(x):
    ...     return x @ np.array([[1.0], [2.0]])
    >>> found = attribute(linear, np.array([1.0, 1.0]), np.zeros((1, 2)), [[0], [1]], rounds=2, seed=1)
    >>> found.base.tolist(), found.parts.tolist(), found.together([0, 1])
    ([0.0], [[1.0], [2.0]], (array([3.]), 0.0))
    """
    k, b = len(match), len(background)
    ranks = _ranks(groups, k, rounds * b, seed)
    start = np.tile(background, (rounds, 1))
    joined = ranks[:, :, None, :] < np.arange(k + 1)[None, None, :, None]
    told = forecast(np.where(joined, match, start[:, None, None, :]).reshape(-1, k))
    told = told.reshape(rounds * b, 2, k + 1, told.shape[1])
    steps = np.take_along_axis(np.diff(told, axis=2), ranks[..., None], axis=2).mean(axis=1)
    pairs = steps.reshape(rounds, b, k, steps.shape[2])
    return Parts(told[:, 0, 0].mean(axis=0), told[0, 0, -1], steps.mean(axis=0), pairs)


def _ranks(groups: Sequence[Sequence[int]], k: int, pairs: int, seed: int) -> Ints:
    """(pairs, 2, k) when each feature joins, in both orders of each pair."""
    random = np.random.default_rng(seed)
    ranks = np.empty((pairs, 2, k), np.int64)
    for pair in range(pairs):
        order = np.concatenate([random.permutation(groups[group]) for group in random.permutation(len(groups))])
        ranks[pair, 0, order.astype(np.int64)] = np.arange(k)
    ranks[:, 1] = k - 1 - ranks[:, 0]
    return ranks
