"""Questions that are answered later: what is asked, by whom, until when, and what came of it.

A task is asked for by one object, begun by a second one and answered by a third one, each created once; its standing
follows from which of them are there and from the time.
"""

import hashlib
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

import msgspec

from touchline.domain.vocabulary import PRINTED, Name, Word

ID_DIGITS: Final = 32
Status = Literal["pending", "running", "success", "failure", "expired"]
MatchId = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PRINTED)]


class AskMatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="match"):
    """Probabilities of any pairing on a day."""

    home_team: Name
    away_team: Name
    competition: Name
    date: date
    neutral: bool = False
    """On neither's ground."""


class AskAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="answer"):
    """The forecast of a coming match, computed anew."""

    match_id: MatchId


class AskExplain(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="explain"
):
    """What makes the forecast of a match what it is."""

    match_id: MatchId


class AskGoals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="goals"):
    """How probable each score of a match is."""

    match_id: MatchId


class AskPlayer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="player"):
    """Goals expected of a player in a coming match, the next one of the team by default."""

    player: Name
    team: Word = ""
    match_id: Annotated[str, msgspec.Meta(max_length=200, pattern=PRINTED)] = ""
    minutes: Annotated[float, msgspec.Meta(ge=1, le=90)] = 90.0
    """That the player is on the field."""


class AskFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="batch"):
    """A file of pairings and matches, one a line."""

    key: str
    sha256: str
    size: int
    """Bytes."""
    format: Literal["csv", "jsonl"]


Question = AskMatch | AskAnswer | AskExplain | AskGoals | AskPlayer
"""What a client may ask in a request; files come by a way of their own."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A question that is to be answered, as it stands in its request object."""

    id: str
    owner: str
    """Id of the key that asked; empty where nobody needs one."""
    question: Question | AskFile
    asked: str
    """Hash of the question and all that goes with it: the same key must not ask for something else."""
    created: datetime
    deadline: datetime
    """No answer is given after this moment."""
    kept_until: datetime
    """The answer is told until this moment."""
    callback: str = ""
    """Where to tell the answer; empty = nowhere."""
    traceparent: str = ""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no answer."""

    what: str
    where: str = ""
    """Field of the question."""
    hint: str = ""
    details: tuple[str, ...] = ()
    """Suggestions."""


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Answers to the rows of a file, in an object of their own."""

    key: str
    sha256: str
    answered: int
    rejected: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a task, once and for all."""

    task: str
    status: Literal["success", "failure", "expired"]
    answer: dict[str, Any] | None = None
    rows: Rows | None = None
    reason: Reason | None = None
    model_version: str = ""
    promotion: int = 0


def task_id(owner: str, key: str) -> str:
    """Id of the task that an owner asks for under a key of its own, so that the request may be repeated.

    >>> task_id("k1", "daily") == task_id("k1", "daily") != task_id("k2", "daily")
    True
    """
    return hashlib.sha256(f"{len(owner)}:{owner}:{key}".encode()).hexdigest()[:ID_DIGITS]


def kind_of(task: Task) -> str:
    """Which kind of question a task asks.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    >>> kind_of(Task(id="t", owner="", question=AskAnswer(match_id="m"), asked="", created=noon, deadline=noon,
    ...     kept_until=noon))
    'answer'
    """
    return str(type(task.question).__struct_config__.tag)


def status(task: Task, begun: bool, outcome: Outcome | None, now: datetime) -> Status:
    """How a task stands: what came of it decides, as long as that is kept; then the time.

    >>> from datetime import UTC, timedelta
    >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    >>> hour = timedelta(hours=1)
    >>> task = Task(id="t", owner="", question=AskAnswer(match_id="m"), asked="", created=noon, deadline=noon + hour,
    ...     kept_until=noon + 24 * hour)
    >>> status(task, False, None, noon), status(task, True, None, noon), status(task, True, None, noon + 2 * hour)
    ('pending', 'running', 'expired')
    >>> done = Outcome(task="t", status="success")
    >>> status(task, True, done, noon + 2 * hour), status(task, True, done, noon + 25 * hour)
    ('success', 'expired')
    """
    if now >= task.kept_until:
        return "expired"
    if outcome is not None:
        return outcome.status
    if now >= task.deadline:
        return "expired"
    return "running" if begun else "pending"
