"""Weights of a pool, learnt from forecasts that its members made of matches that they had not seen."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize

from touchline.domain import scoring
from touchline.domain.pooling import blend
from touchline.learning.examples import Floats, Outcomes

SILENT = 0.02
"""A member of less weight than this is left out."""
_EVEN = 0.1
"""Pull towards equal weights, which are hard to beat: it falls as the noise does by which members are told apart."""


def weights(forecasts: Mapping[str, Floats], outcome: Outcomes) -> dict[str, float]:
    """Weights with the least log-loss of the pool, none below zero, 1 in all; 0 for members that are left out.

    Args:
        forecasts: (n, 3) by member.
        outcome: (n,).
    """
    heard = list(forecasts)
    while True:
        found = dict(zip(heard, _solved([forecasts[name] for name in heard], outcome), strict=True))
        quiet = min(heard, key=lambda name: found[name])
        if len(heard) == 1 or found[quiet] >= SILENT:
            return {name: found.get(name, 0.0) for name in forecasts}
        heard.remove(quiet)


def _solved(forecasts: list[Floats], outcome: Outcomes) -> list[float]:
    """The loss is convex in the weights, so that there is one answer."""
    members = len(forecasts)
    if members == 1:
        return [1.0]
    even = np.full(members, 1 / members)
    logarithms = np.log(np.maximum(np.stack(forecasts), 1e-9))
    came = logarithms[:, np.arange(len(outcome)), outcome]
    pull = _EVEN / np.sqrt(len(outcome))

    def loss(w: Floats) -> tuple[float, Floats]:
        p = blend(forecasts, w.tolist())
        slope = np.einsum("mnk,nk->m", logarithms, p) / len(outcome) - came.mean(axis=1)
        value = float(scoring.log_loss(p, outcome).mean()) + pull * float(np.sum((w - even) ** 2))
        return value, slope + 2 * pull * (w - even)

    found: Any = minimize(
        loss,
        even,
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * members,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0, "jac": np.ones_like},
        options={"ftol": 1e-9, "maxiter": 50},
    )
    clipped = np.clip(found.x, 0.0, 1.0)
    return [float(one) for one in clipped / clipped.sum()]
