"""Shapes of what is asked of tasks, and of how they are told."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from touchline.domain.callbacks import LONGEST
from touchline.domain.tasks import Question, Reason, Status

LONGEST_DEADLINE: Final = 86_400
_Seconds = Annotated[int, Meta(ge=1, le=LONGEST_DEADLINE)]
Wait = Annotated[_Seconds | None, Meta(description="No answer is wanted after so many seconds; empty: an hour")]
Address = Annotated[
    str, Meta(max_length=LONGEST, description="A public https address that is told the outcome; empty: none")
]


class AskLater(msgspec.Struct, frozen=True, kw_only=True):
    """A question for later."""

    question: Annotated[Question, Meta(description="What is asked; `kind` says which question it is")]
    deadline_seconds: Wait = None
    callback: Address = ""


class CountedRows(msgspec.Struct, frozen=True):
    """What became of the rows of a file."""

    answered: Annotated[int, Meta(description="Rows with an answer")]
    rejected: Annotated[int, Meta(description="Rows without one; each has its reason in the result")]


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a task stands; members that say nothing are left out."""

    task_id: Annotated[str, Meta(description="Id of the task")]
    status: Annotated[Status, Meta(description="How it stands")]
    kind: Annotated[str, Meta(description="Which kind of question it asks")]
    created: Annotated[datetime, Meta(description="When it was handed in (UTC)")]
    deadline: Annotated[datetime, Meta(description="After this moment it is not answered (UTC)")]
    kept_until: Annotated[datetime, Meta(description="After this moment the answer is told no more (UTC)")]
    result: Annotated[dict[str, Any] | None, Meta(description="The answer, as the online service gives it")] = None
    rows: Annotated[CountedRows | None, Meta(description="Of a file: how many rows were answered")] = None
    result_href: Annotated[str | None, Meta(description="Of a file: where the answers are")] = None
    model_version: Annotated[str | None, Meta(description="Version of the model that answered")] = None
    reason: Annotated[Reason | None, Meta(description="Why there is no answer")] = None
    callback: Annotated[
        str | None, Meta(description="What became of the callback: open, delivered, refused or given up")
    ] = None


class AnsweredRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of a file: its answer as the online service gives it (members beside these), or why there is none."""

    line: Annotated[int, Meta(description="Line of the file, from 1 on")]
    ref: Annotated[str, Meta(description="The client's own reference")] = ""
    home_team: str = ""
    away_team: str = ""
    model_version: str = ""
    reason: Annotated[str, Meta(description="Why there is no answer")] = ""
    field: Annotated[str, Meta(description="Which value is wrong")] = ""
    suggestions: Annotated[tuple[str, ...], Meta(description="Known names that look like the given one")] = ()
