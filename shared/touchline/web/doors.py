"""What a request needs a key for, by its path: the scope of every route, or that it is public."""

from typing import Final

from touchline.domain.keys import Scope

_PUBLIC: Final = frozenset(
    {
        "", "healthz", "readyz", "metrics", "docs", "openapi.json", "favicon.ico", "robots.txt",
        "models", "leaderboard", "drift", "chain", "what-if",
    }
)  # fmt: skip
"""Whole paths that everybody may ask for: pages, and what operates the service."""
_PUBLIC_BELOW: Final = frozenset({"static", "match"})
"""First parts of paths; all that is below them is public."""
_READ: Final = frozenset(
    {"predictions", "predictions.parquet", "precomputed", "cards", "region-roi", "matches", "stream"}
)  # fmt: skip
"""Second parts of paths below `predict`: what was published is read. All others compute."""
_READ_BELOW: Final = frozenset({"livescores", "models", "teams"})
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def scope_of(method: str, path: str) -> Scope | None:
    """Scope that a request needs, None if it is public.

    A path that nobody declared needs `read`, and `admin` to change something: a route that was forgotten is closed.

    Args:
        method: of HTTP, in capitals.
        path: decoded, as the routes are matched against.

    >>> scope_of("GET", "/"), scope_of("GET", "/predict/e0-2025-26-arsenal-chelsea"), scope_of("GET", "/livescores/")
    (None, 'predict', 'read')
    """
    first, _, rest = path[1:].partition("/")
    if first == "predict" and rest:
        return "read" if rest.partition("/")[0] in _READ else "predict"
    if first == "monitoring" and rest.startswith("task_status/"):
        return "predict"  # who may hand a task in may ask for it
    if first in _PUBLIC_BELOW or (first in _PUBLIC and rest == ""):
        return None
    if first in _READ_BELOW or method in _SAFE:
        return "read"
    return "admin"
