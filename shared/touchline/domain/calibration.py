"""Mending probabilities that promise too much or too little. Plain numpy, so that serving can afford it.

A calibration is a small frozen value that is fitted elsewhere, kept as JSON and applied anywhere.
"""

from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
FLOOR = 1e-4
"""No calibration says never or always: a probability stays at least this before the row is brought back to 1."""
TEMPERATURES = (0.2, 5.0)
"""Beyond these a temperature is no correction but another model."""


class Unchanged(msgspec.Struct, frozen=True, tag="none"):
    """Leaves probabilities as they are.

    >>> Unchanged().apply([[0.5, 0.3, 0.2]]).tolist()
    [[0.5, 0.3, 0.2]]
    """

    def apply(self, p: ArrayLike) -> Floats:
        """(n, 3) probabilities, as they came."""
        return np.asarray(p, dtype=np.float64)


class Temperature(msgspec.Struct, frozen=True, tag="temperature"):
    """Raises probabilities to the power 1 / temperature (Guo et al. 2017): above 1 they become more cautious.

    >>> Temperature(2.0).apply([[0.64, 0.32, 0.04]]).round(3).tolist()
    [[0.511, 0.361, 0.128]]
    """

    temperature: float

    def __post_init__(self) -> None:
        if not TEMPERATURES[0] <= self.temperature <= TEMPERATURES[1]:
            raise ValueError(f"a temperature is within {TEMPERATURES}, not {self.temperature}")

    def apply(self, p: ArrayLike) -> Floats:
        """(n, 3) probabilities -> (n, 3); the order of the three classes stays."""
        return _normalised(_floored(p) ** (1.0 / self.temperature))


class Isotonic(msgspec.Struct, frozen=True, tag="isotonic", dict=True):
    """A rising curve for each class, straight between its knots and flat beyond them, then rows brought back to 1.

    Zadrozny and Elkan (2002). `promised` and `came` hold the knots of each class, in the order of OUTCOMES.

    >>> curve = Isotonic(promised=((0.2, 0.8),) * 3, came=((0.3, 0.7),) * 3)
    >>> curve.apply([[0.5, 0.3, 0.2]]).round(3).tolist()
    [[0.429, 0.314, 0.257]]
    """

    promised: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]
    came: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]

    def __post_init__(self) -> None:
        for x, y in zip(self.promised, self.came, strict=True):
            if len(x) != len(y) or not x or np.any(np.diff(x) <= 0) or np.any(np.diff(y) < 0):
                raise ValueError("each class needs as many knots as values, the knots rising, the values not falling")

    def curve(self, p: ArrayLike, column: int) -> Floats:
        """One class before the rows are brought back to 1: never falls as the probability rises."""
        promised, came = self._knots[column]
        return np.interp(np.asarray(p, dtype=np.float64), promised, came)

    @cached_property
    def _knots(self) -> list[tuple[Floats, Floats]]:
        """As arrays, made once: this is asked for each forecast."""
        return [(np.array(x), np.array(y)) for x, y in zip(self.promised, self.came, strict=True)]

    def apply(self, p: ArrayLike) -> Floats:
        """(n, 3) probabilities -> (n, 3)."""
        given = np.asarray(p, dtype=np.float64)
        made = np.empty_like(given)
        for column in range(3):
            made[:, column] = self.curve(given[:, column], column)
        return _normalised(_floored(made))


class Dirichlet(msgspec.Struct, frozen=True, tag="dirichlet"):
    """A linear map of the logarithms of all three (Kull et al. 2019): mends what classes take from each other.

    `matrix` has a row for each class that comes out, in the order of OUTCOMES; `bias` is added to it.

    >>> same = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    >>> Dirichlet(same, (0.0, 0.7, 0.0)).apply([[0.5, 0.2, 0.3]]).round(3).tolist()
    [[0.416, 0.335, 0.249]]
    """

    matrix: tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
    bias: tuple[float, float, float]

    def __post_init__(self) -> None:
        if not np.all(np.isfinite([*self.bias, *(value for row in self.matrix for value in row)])):
            raise ValueError("the numbers of a Dirichlet calibration must be finite")

    def apply(self, p: ArrayLike) -> Floats:
        """(n, 3) probabilities -> (n, 3)."""
        scores = np.log(_floored(p)) @ np.array(self.matrix).T + np.array(self.bias)
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        return _normalised(_floored(_normalised(raised)))


Calibration = Unchanged | Temperature | Dirichlet | Isotonic


def encode(calibration: Calibration) -> bytes:
    """JSON, the same bytes for the same calibration.

    >>> encode(Temperature(1.5))
    b'{"temperature":1.5,"type":"temperature"}'
    """
    return msgspec.json.encode(calibration, order="sorted")


def decode(data: bytes) -> Calibration:
    """Calibration from its JSON.

    Raises:
        ValueError: the bytes are no calibration.

    >>> decode(b'{"type":"none"}')
    Unchanged()
    """
    made: Calibration = msgspec.json.decode(data, type=Calibration)
    return made


def _floored(p: ArrayLike) -> Floats:
    return np.minimum(np.maximum(np.asarray(p, dtype=np.float64), FLOOR), 1 - FLOOR)


def _normalised(p: Floats) -> Floats:
    return np.asarray(p / p.sum(axis=1, keepdims=True))
