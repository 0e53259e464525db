"""Every refusal as `application/problem+json` (RFC 9457): what is wrong, in which field, and what would be right.

Bytes only, so that the way of a request that needs no framework can be refused without one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec

from touchline.errors import RetryableError, TouchlineError, http_status

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER: Final = 30
"""Seconds after which it is worth asking again, where nobody knows better."""
MOST_VALUES: Final = 50
"""In a query, or in the object that a body is."""
EXAMPLES: Final[dict[str, Any]] = {
    "home_team": "Arsenal",
    "away_team": "Chelsea",
    "team": "Arsenal",
    "competition": "E0",
    "date": "2026-03-14",
    "date_from": "2026-03-14",
    "date_to": "2026-03-21",
    "min_probability": 0.6,
    "neutral": False,
    "limit": 100,
    "offset": 0,
    "task_id": "0123456789abcdef0123456789abcdef",
    "letter_id": "0123456789abcdef0123456789abcdef",
    "question": {
        "kind": "match",
        "home_team": "Arsenal",
        "away_team": "Chelsea",
        "competition": "E0",
        "date": "2026-03-14",
    },
    "deadline_seconds": 3600,
    "callback": "https://example.org/told",
    "Idempotency-Key": "daily-2026-03-14",
    "match_id": "e0-2025-26-arsenal-chelsea",
    "version": "0123456789abcdef0123",
    "player": "Bukayo Saka",
    "minutes": 90,
    "body": {"home_team": "Arsenal", "away_team": "Chelsea", "competition": "E0", "date": "2026-03-14"},
}
"""A right value of each field, for the message that refuses a wrong one."""


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """One wrong value."""

    field: Annotated[str, msgspec.Meta(description="Path of the value, `date` or `players[2].name` for example")]
    reason: Annotated[str, msgspec.Meta(description="Why it is refused")]
    example: Annotated[Any, msgspec.Meta(description="A value that would be taken")] = None


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refusal (RFC 9457); members that say nothing are left out."""

    type: Annotated[str, msgspec.Meta(description="Always about:blank: the status says which kind it is")]
    title: Annotated[str, msgspec.Meta(description="Phrase of the status")]
    status: Annotated[int, msgspec.Meta(description="The HTTP status again")]
    detail: Annotated[str, msgspec.Meta(description="What is wrong, in a sentence")]
    errors: Annotated[tuple[Fault, ...], msgspec.Meta(description="Each wrong value")] = ()
    suggestions: Annotated[tuple[str, ...], msgspec.Meta(description="Known names that look like the given one")] = ()
    hint: Annotated[str, msgspec.Meta(description="What to do")] = ""


@dataclass(frozen=True)
class Refusal:
    """An answer that refuses, ready to be sent; header names are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """Raised where a request is refused for what only HTTP knows: its content type, its syntax, its fields."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.status)


def refusal(
    status: int,
    detail: str,
    *,
    errors: Sequence[Fault] = (),
    suggestions: Sequence[str] = (),
    hint: str = "",
    headers: Mapping[str, str] | None = None,
) -> Refusal:
    """A refusal; empty members are left out."""
    problem = Problem(
        type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=detail, errors=tuple(errors),
        suggestions=tuple(suggestions), hint=hint,
    )  # fmt: skip
    usual = {"content-type": MEDIA_TYPE, "cache-control": "no-store"}
    return Refusal(status, msgspec.json.encode(problem), {**usual, **(headers or {})})


def refused(error: TouchlineError) -> Refusal:
    """What an error of ours is to the one who asked."""
    status = http_status(error)
    name = error.where if error.where in EXAMPLES else ""
    after = error.retry_after if isinstance(error, RetryableError) else 0
    headers = {"retry-after": str(int(after) or RETRY_AFTER)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return refusal(
        status,
        error.what,
        errors=[fault(name, error.what)] if name else [],
        suggestions=error.details,
        hint=error.hint,
        headers=headers,
    )


def too_many(where: str) -> Fault:
    """More values than any question has: to name each fault of thousands would keep others waiting."""
    return Fault(where, f"has more than {MOST_VALUES} values")


def fault(name: str, reason: str) -> Fault:
    """One wrong value, with an example of a right one where we have one."""
    return Fault(name, reason, EXAMPLES.get(name.rpartition(".")[2]))
