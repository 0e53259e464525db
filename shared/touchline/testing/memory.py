"""Answers of pure functions, kept from schedule to schedule: nothing is computed twice.

Only for speed, and only for functions without effects; what a schedule puts to the test (claims, conditional writes,
publications) runs each time. Some schedules are run without it, to see that it changes nothing.
"""

import pickle
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any, Final
from unittest.mock import patch

from touchline import tables
from touchline.domain import drift, gates
from touchline.manifest import sha256
from touchline.sources import files
from touchline.stages import feature, scrape_intake

PURE: Final[tuple[tuple[ModuleType, str], ...]] = (
    (files, "parse"),
    (scrape_intake, "withhold"),
    (scrape_intake, "identify"),
    (tables, "to_parquet"),
    (gates, "check"),
    (feature, "make"),
    (drift, "compare"),
)


class Memory:
    """What pure functions answered."""

    def __init__(self) -> None:
        self._answers: dict[str, bytes] = {}

    @contextmanager
    def used(self) -> Iterator[None]:
        """Let the pure functions answer from memory; errors are not remembered."""
        with ExitStack() as stack:
            for module, name in PURE:
                stack.enter_context(patch.object(module, name, self._remembering(name, getattr(module, name))))
            yield

    def _remembering(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def answer(*given: Any, **named: Any) -> Any:
            asked = sha256(pickle.dumps((name, given, named), protocol=5))
            if asked not in self._answers:
                self._answers[asked] = pickle.dumps(function(*given, **named), protocol=5)
            return pickle.loads(self._answers[asked])  # noqa: S301 - written above

        return answer
