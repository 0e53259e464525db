"""Answers the rows of a file, each by the code that answers it online; a row without an answer says why."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from touchline.domain.batch_rows import Numbered, Rejected, Row, read_rows
from touchline.domain.tasks import AskFile, Outcome, Rows, Task
from touchline.errors import DataError, PermanentError
from touchline.manifest import Ref, encode, read_object, sha256
from touchline.ports import ObjectStore
from touchline.stages.answer_desk import RESULTS
from touchline.stages.predict_arm import arm_for
from touchline.stages.predict_board import Board
from touchline.stages.predict_match import MatchAnswer, answers
from touchline.stages.predict_names import find_match
from touchline.stages.predict_whatif import Pairing, WhatIf, pairing, what_ifs

if TYPE_CHECKING:
    from touchline.domain.routing import Arm

MOST_ROWS: Final = 20_000
Answered = tuple[int, Row | Rejected, WhatIf | MatchAnswer | Rejected]
"""Line, row, and its answer."""


def answer_file(store: ObjectStore, board: Board, task: Task, asked: AskFile) -> Outcome:
    """Answer a file: the rows in an object that is named by its content, and how many there are.

    Raises:
        DataError: it is no such file, or has too many rows.
        CorruptObject, NotFound: the bytes are not those that were handed in.
    """
    data = read_object(store, Ref(asked.key, asked.sha256))
    made = [_told(*one) for one in _answers(board, _rows(data, asked), task.owner)]
    body = b"[\n" + b",\n".join(map(encode, made)) + b"\n]\n"
    digest = sha256(body)
    key = f"{RESULTS}{task.id}/rows-{digest[:12]}.json"
    store.create(key, body)
    rejected = sum("reason" in one for one in made)
    rows = Rows(key=key, sha256=digest, answered=len(made) - rejected, rejected=rejected)
    serving = board.serving
    return Outcome(
        task=task.id, status="success", rows=rows, model_version=serving.version, promotion=serving.promotion
    )  # fmt: skip


def _rows(data: bytes, asked: AskFile) -> list[Numbered]:
    found = []
    try:
        for numbered in read_rows(data, asked.format):
            found.append(numbered)
            if len(found) > MOST_ROWS:
                raise DataError(f"more than {MOST_ROWS:,} rows", where="file", hint="send it in parts")
    except ValueError as error:
        raise error if isinstance(error, DataError) else DataError(str(error), where="file") from error
    return found


def _answers(board: Board, rows: Sequence[Numbered], client: str) -> Iterator[Answered]:
    """Every row with its answer, in the order of the file."""
    checked = [(line, _checked(board, row)) for line, row in rows]
    pairings = [row for _, row in checked if isinstance(row, Pairing)]
    met = iter(what_ifs(board, pairings) if pairings else ())
    matches = _matches(board, [row for _, row in checked if isinstance(row, str)], client)
    for (line, row), (_, asked) in zip(checked, rows, strict=True):
        if isinstance(row, Rejected):
            yield line, row, row
        else:
            yield line, asked, next(met) if isinstance(row, Pairing) else matches[row]


def _checked(board: Board, row: Row | Rejected) -> Pairing | str | Rejected:
    """What a row asks, if it can be answered: a pairing, or the id of a match."""
    if isinstance(row, Rejected):
        return row
    try:
        if row.match_id:
            return find_match(board, row.match_id).match_id
        assert row.date is not None, "rows are checked when they are read"
        return pairing(board, row.home_team, row.away_team, row.competition, row.date, neutral=row.neutral)
    except PermanentError as error:
        return Rejected(reason=error.what, field=error.where, ref=row.ref, suggestions=error.details)


def _matches(board: Board, asked: Sequence[str], client: str) -> dict[str, MatchAnswer]:
    """Answers to matches, by one call of each model that the client is routed to."""
    arms: dict[Arm, list[str]] = {}
    for match_id in dict.fromkeys(asked):
        arms.setdefault(arm_for(board, client, match_id), []).append(match_id)
    return {made.match_id: made for arm, known in arms.items() for made in answers(board, known, arm)}


def _told(line: int, row: Row | Rejected, answer: WhatIf | MatchAnswer | Rejected) -> dict[str, Any]:
    made = msgspec.to_builtins(answer)
    head = {"line": line} | ({"ref": row.ref} if row.ref else {})
    return head | {name: value for name, value in made.items() if value not in ("", [], ())}
