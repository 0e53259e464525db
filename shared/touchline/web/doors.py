"""What a request needs a key for, by its path: the scope of every route, or that it is public."""

from typing import Final

from touchline.domain.keys import Scope

_PUBLIC: Final = frozenset(
    {
        "/", "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/models", "/leaderboard", "/drift", "/chain",
        "/what-if", "/track-record", "/track-record.csv", "/track-record.json",
    }
)  # fmt: skip
"""Whole paths that everybody may ask for: pages, and what operates the service. The form of /chain asks for a key."""
_FREE: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Public paths that what operates the service asks for, as often as it must."""
_FREE_BELOW: Final = "/static/"
_PUBLIC_BELOW: Final = ("/static/", "/match/")
_READ: Final = frozenset(
    {
        "/predict/predictions", "/predict/predictions.parquet", "/predict/cards", "/predict/region-roi",
        "/predict/matches", "/predict/stream", "/livescores", "/teams", "/monitoring/deadletters", "/monitoring/runs",
        "/monitoring/drift", "/monitoring/health", "/monitoring/trials",
    }
)  # fmt: skip
"""Whole paths of what was published, or happened."""
_READ_BELOW: Final = ("/predict/precomputed/", "/models/", "/teams/")
_PREDICT_BELOW: Final = ("/predict/", "/monitoring/task_status/")
"""What is computed for who asks, and tasks: who may hand one in may ask for it."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def scope_of(method: str, path: str) -> Scope | None:
    """Scope that a request needs, None if it is public.

    A path that nobody declared needs `read`, and `admin` to change something: a route that was forgotten is closed.

    Args:
        method: of HTTP, in capitals.
        path: decoded, without a slash at the end, as the routes are matched against.

    >>> scope_of("GET", "/"), scope_of("GET", "/predict/e0-2025-26-arsenal-chelsea"), scope_of("GET", "/livescores")
    (None, 'predict', 'read')
    """
    if path in _READ or path.startswith(_READ_BELOW):
        return "read"
    if path.startswith(_PREDICT_BELOW):
        return "predict"
    if path in _PUBLIC or path.startswith(_PUBLIC_BELOW):
        return None
    return "read" if method in _SAFE else "admin"


def metered(path: str) -> bool:
    """Whether an address may ask for a public path so often only: what costs work does.

    >>> metered("/"), metered("/chain"), metered("/healthz"), metered("/static/page.js")
    (True, True, False, False)
    """
    return path not in _FREE and not path.startswith(_FREE_BELOW)
