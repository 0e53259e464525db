"""What functions do to the objects of a store, written down with the function that did it."""

from typing import Any

from touchline.deploy.rights import Rights
from touchline.platform.runner import Step

READS, LISTS, WRITES = frozenset({"get", "open", "stat"}), frozenset({"list"}), frozenset({"create", "swap"})


class Seen:
    """Watches a platform: hand `watch` and `around` to it."""

    def __init__(self) -> None:
        self.done: set[tuple[str, str, str]] = set()
        """(function, method of the store, key or prefix)."""
        self._now = ""

    def watch(self, step: Step) -> None:
        """Remember which function begins: its ports are made next, if they are not made yet."""
        self._now = step.function

    def around(self, name: str, part: Any) -> Any:
        """Stand before the store of the function that begins."""
        return _Noted(self._now, part, self.done) if name == "store" else part

    def beyond(self, rights: dict[str, Rights]) -> list[tuple[str, str, str]]:
        """What was done that the functions have no right to."""
        return sorted(one for one in self.done if not _allowed(rights[one[0]], one[1], one[2]))


class _Noted:
    def __init__(self, function: str, part: Any, done: set[tuple[str, str, str]]) -> None:
        self._function, self._part, self._done = function, part, done

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._part, name)

        def noted(key: str, *given: Any, **named: Any) -> Any:
            self._done.add((self._function, name, key))
            return call(key, *given, **named)

        return noted if name in READS | LISTS | WRITES else call


def _allowed(may: Rights, did: str, key: str) -> bool:
    granted = may.object_writes if did in WRITES else may.object_lists if did in LISTS else may.object_reads
    return key.startswith(granted)
