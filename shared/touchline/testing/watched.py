"""Ports with a step before and after each call, at which a scheduler may let others go on, or end the caller."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

Step = Callable[[str, Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
"""Name of the call, as in `store.create`, the call itself and its arguments -> its result."""
_WITHIN: Final = frozenset({"check"})
"""Called within a transaction of the database, where nobody else may go on."""


class Watched:
    """Stands for a port: same methods, each of them a step; what is no method passes through.

    >>> said = Watched("store", {"a": 1}, lambda name, call, given, named: (name, call(*given, **named)))
    >>> said.get("a")
    ('store.get', 1)
    """

    def __init__(self, name: str, part: Any, step: Step) -> None:
        self._name, self._part, self._step = name, part, step

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if not callable(found) or name in _WITHIN:
            return found
        return partial(self._called, f"{self._name}.{name}", found)

    def _called(self, name: str, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        return self._step(name, partial(_whole, call), given, named)


def _whole(call: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """The result of a call; an iterator is read to its end, so that it holds nothing open between two steps."""
    result = call(*given, **named)
    return iter(tuple(result)) if isinstance(result, Iterator) else result
