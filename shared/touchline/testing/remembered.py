"""Pure functions that remember: what was computed of the same values before in this process is not computed again.

Schedules try what deliveries do to a wiring. What a gate says of a table, or what features it has, is the same however
the table came, and takes most of the time of a schedule. So those functions compute everything once, and then hand out
copies. What they remember is found by the content of what they are given: one bit moved is another question. A league
asks few different ones, so nothing is forgotten.
"""

import hashlib
import pickle
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any, Final
from unittest import mock

from touchline.domain import drift, drift_chance, gates
from touchline.learning import plots
from touchline.stages import feature, scrape_intake

PURE: Final[tuple[tuple[ModuleType, str], ...]] = (
    (gates, "check"),
    (scrape_intake, "parse"),
    (scrape_intake, "withhold"),
    (feature, "make"),
    (plots, "reliability"),
    (plots, "fold_scores"),
    (drift, "compare"),
    (drift_chance, "inflation"),
)
"""Module where it is looked up, and its name: functions of nothing but their arguments."""
_kept: dict[bytes, bytes] = {}


class Remembered:
    """A pure function that computes nothing twice; values and results must be such that can be pickled.

    >>> asked = []
    >>> double = Remembered("double", lambda numbers: asked.append(numbers) or [2 * one for one in numbers])
    >>> double([1, 2]).append(6), double([1, 2]), double([3]), asked
    (None, [2, 4], [6], [[1, 2], [3]])
    """

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self._name, self._function = name, function

    def __call__(self, *given: Any, **named: Any) -> Any:
        """What the function gives, as a value of the caller's own."""
        asked = hashlib.sha256(pickle.dumps((self._name, given, sorted(named.items())))).digest()
        if asked not in _kept:
            _kept[asked] = pickle.dumps(self._function(*given, **named))
        return pickle.loads(_kept[asked])  # noqa: S301 - made by the line above


@contextmanager
def remembering() -> Iterator[None]:
    """Let the functions in PURE remember what they gave, for all threads of this process."""
    with ExitStack() as stack:
        for module, name in PURE:
            known = Remembered(f"{module.__name__}.{name}", getattr(module, name))
            stack.enter_context(mock.patch.object(module, name, known))
        yield
