"""Whether a service that complains of what it serves is to have the model before back. It asks; promote decides."""

from collections.abc import Mapping
from typing import Final

import msgspec

REQUESTS: Final = "requests/promotion/predict/"
"""Where the service asks: one object for each promotion at most, whichever instance was first."""


class RollbackPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a rollback that a machine asks for is followed."""

    min_requests: int
    """Answers behind its figures."""
    cool_down_hours: float
    """Since the last such rollback: a fault of the platform must not lead back through all champions."""


class Plea(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, and what is so."""

    promotion: int
    """Number of what served while the trouble was seen."""
    serving: int
    """Number of what serves now."""
    figures: Mapping[str, float]
    """What was measured; `requests` is how many answers that rests on."""
    previous: str
    """Model that would serve again, empty if there is none."""
    hours_since: float | None
    """Since the last rollback that a machine asked for, None if there was none."""


def request_key(promotion: int) -> str:
    """Where the service asks that a promotion be taken back.

    >>> request_key(7)
    'requests/promotion/predict/000000000007.json'
    """
    return f"{REQUESTS}{promotion:012d}.json"


def refusal(plea: Plea, policy: RollbackPolicy) -> str:
    """Why a rollback that a machine asks for is not followed, empty if it is.

    >>> policy = RollbackPolicy(min_requests=100, cool_down_hours=24)
    >>> plea = Plea(promotion=2, serving=2, figures={"requests": 240}, previous="m1", hours_since=None)
    >>> refusal(plea, policy)
    ''
    >>> refusal(msgspec.structs.replace(plea, serving=3), policy)
    'promotion 2 serves no more, 3 does'
    """
    requests = plea.figures.get("requests", 0.0)
    if plea.promotion != plea.serving:
        return f"promotion {plea.promotion} serves no more, {plea.serving} does"
    if requests < policy.min_requests:
        return f"it rests on {requests:.0f} answers, at least {policy.min_requests} needed"
    if not plea.previous:
        return "there is no champion before this one"
    if plea.hours_since is not None and plea.hours_since < policy.cool_down_hours:
        waited = f"the last such rollback was {plea.hours_since:.1f} hours ago"
        return f"{waited}, {policy.cool_down_hours:g} must pass: this trouble may not be the model's"
    return ""
