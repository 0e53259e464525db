"""Answer: questions that were queued, by the code that answers online, once each.

What came of a task is created if there is nothing yet, so whoever repeats the work, or takes it over from one who
died, changes nothing. A question that cannot be answered is answered with the reason; only what may go well later
(no model yet, a store that does not answer) comes again.
"""

from datetime import datetime
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec

from touchline.domain.tasks import (
    AskAnswer,
    AskExplain,
    AskFile,
    AskGoals,
    AskMatch,
    AskPlayer,
    Outcome,
    Question,
    Reason,
    Task,
    kind_of,
)
from touchline.errors import PermanentError, Unavailable
from touchline.manifest import encode
from touchline.settings import Answer
from touchline.stages.answer_batch import answer_file
from touchline.stages.answer_desk import Begun, begun_key, outcome_key, outcome_of, read_task
from touchline.stages.answer_told import tell
from touchline.stages.predict_arm import arm_for
from touchline.stages.predict_board import Board, read_board
from touchline.stages.predict_explain import explain
from touchline.stages.predict_goals import grid_of
from touchline.stages.predict_match import answer
from touchline.stages.predict_players import player
from touchline.stages.predict_whatif import what_if
from touchline.work import Event, Ports, Result

STAGE: Final = "answer"
_LAST: Final[WeakKeyDictionary[Ports, Board]] = WeakKeyDictionary()
"""What a process saw last, so that it reads only what is new."""
LATE: Final = Reason(what="not answered before its deadline", hint="ask again, and wait longer")


def run(event: Event, ports: Ports, settings: Answer) -> Result:
    """Answer one task.

    Raises:
        DataError: the object is no task.
        Unavailable: nothing can be answered yet, or nobody takes the callback.
    """
    task = read_task(ports.store, event.key)
    outcome, new = _outcome(ports, task)
    callback = tell(ports, settings, task, outcome)
    return Result(
        outcome="done" if new or callback else "unchanged",
        publications=(outcome_key(task.id),),
        summary={"status": outcome.status, "kind": kind_of(task)} | ({"callback": callback} if callback else {}),
    )


def _outcome(ports: Ports, task: Task) -> tuple[Outcome, bool]:
    """What came of a task, and whether that is new."""
    known = outcome_of(ports.store, task.id)
    if known is not None:
        return known, False
    made = _late(task, ports.clock.now()) or _begun(ports, task)
    new = ports.store.create(outcome_key(task.id), encode(made))
    return (made, True) if new else (outcome_of(ports.store, task.id) or made, False)


def _begun(ports: Ports, task: Task) -> Outcome:
    now = ports.clock.now()
    ports.store.create(begun_key(task.id), encode(Begun(task.id, now)))
    board = _board(ports)
    try:
        made = _answered(ports, board, task)
    except PermanentError as error:
        reason = Reason(what=error.what, where=error.where, hint=error.hint, details=error.details)
        made = Outcome(task=task.id, status="failure", reason=reason)
    return _late(task, ports.clock.now()) or made


def _late(task: Task, now: datetime) -> Outcome | None:
    return Outcome(task=task.id, status="expired", reason=LATE) if now >= task.deadline else None


def _board(ports: Ports) -> Board:
    """What serves now.

    Raises:
        Unavailable: nothing does, or it cannot be read; it may be mended.
    """
    try:
        board = _LAST[ports] = read_board(ports, _LAST.get(ports))
        return board
    except PermanentError as error:
        raise Unavailable(f"no model answers: {error.what}", where=error.where, hint=error.hint) from error


def _answered(ports: Ports, board: Board, task: Task) -> Outcome:
    question, serving = task.question, board.serving
    if isinstance(question, AskFile):
        return answer_file(ports.store, board, task, question)
    plain: dict[str, Any] = msgspec.to_builtins(_asked(board, question, task.owner))
    version = plain.get("model_version", serving.version)  # of a challenger, where the route says so
    return Outcome(
        task=task.id, status="success", answer=plain, model_version=version, promotion=serving.promotion
    )  # fmt: skip


def _asked(board: Board, question: Question, client: str) -> Any:
    """What the online service answers a client."""
    match question:
        case AskMatch():
            return what_if(
                board, question.home_team, question.away_team, question.competition, question.date,
                neutral=question.neutral,
            )  # fmt: skip
        case AskAnswer():
            return answer(board, question.match_id, arm_for(board, client, question.match_id))
        case AskExplain():
            return explain(board, question.match_id, arm_for(board, client, question.match_id))
        case AskGoals():
            return grid_of(board, question.match_id, arm_for(board, client, question.match_id))
        case AskPlayer():
            return player(
                board, question.player, team=question.team, match_id=question.match_id, minutes=question.minutes,
                client=client,
            )  # fmt: skip
