"""Whole files of questions: taken in piece by piece, answered later, and given back as JSON or CSV."""

import csv
import hashlib
import io
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final, Literal, cast

import msgspec
from anyio import to_thread
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from touchline.domain.tasks import AskFile, Rows
from touchline.errors import NotFound
from touchline.manifest import Ref, read_object
from touchline.stages.answer_desk import FILES
from touchline.web import questions
from touchline.web.answering import CSV, JSON, chosen
from touchline.web.describe import Operation, route
from touchline.web.listing import cell
from touchline.web.refusals import Refused, fault, refusal
from touchline.web.site import Site
from touchline.web.task_shapes import Address, AnsweredRow, Told, Wait
from touchline.web.tasks import IN_TIME, SENDS, check_callback, find, handed_in, made_task

LARGEST_FILE: Final = 5 * 2**20
IN_MEMORY: Final = 2**18
"""Bytes of a file that are kept in memory; a larger one waits on the disk."""
FORMS: Final[dict[str, Literal["csv", "jsonl"]]] = {
    "text/csv": "csv", "application/x-ndjson": "jsonl", "application/jsonl": "jsonl",
}  # fmt: skip
COLUMNS: Final = (
    "line", "ref", "match_id", "home_team", "away_team", "competition", "season", "date", "kickoff", "neutral", "home",
    "draw", "away", "model_version", "promotion", "reason", "field", "suggestions",
)  # fmt: skip


class BatchWish(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is to be answered."""

    deadline_seconds: Wait = None
    callback: Address = ""


BATCH: Final = Operation(
    path="/predict/batch", method="POST", status=202, tag="tasks", query=BatchWish, gives={JSON: Told},
    brings=tuple(FORMS), sends=SENDS, refuses=(409, 413, 415, 422, 504), sometimes=IN_TIME,
    headers={"Location": "Where to ask for the task"},
    about="Hand in a file of coming matches and pairings, as CSV with a header or as JSON lines, 5 MiB and 20,000 rows "
    "at most. Columns: ref (your own, comes back), and match_id or home_team, away_team, competition, date, neutral. "
    "Rows without an answer are told with their line and the reason.",
)  # fmt: skip
RESULT: Final = Operation(
    path="/monitoring/task_status/{task_id}/result", tag="tasks", refuses=(404, 406),
    gives={JSON: list[AnsweredRow], CSV: None},
    about="Answers to the rows of a file, in its order; refused rows with the reason. JSON, or CSV by Accept.",
)  # fmt: skip


def add_task_files(app: FastAPI, site: Site) -> None:
    """Let an application take files."""

    @route(app, BATCH)
    async def batch(request: Request) -> Response:
        wish = questions.query(request, BatchWish)
        check_callback(wish.callback)
        form = _form(request)
        with SpooledTemporaryFile(IN_MEMORY) as spool:
            digest, size = await _taken(request, cast("BinaryIO", spool))
            question = AskFile(key=f"{FILES}{digest}.{form}", sha256=digest, size=size, format=form)
            task = made_task(request, site, question, wish.deadline_seconds, wish.callback)
            await to_thread.run_sync(site.ports.store.create, question.key, cast("BinaryIO", spool))
        return await handed_in(request, site, task)

    @route(app, RESULT)
    async def result(request: Request, task_id: str) -> Response:
        questions.only_path(request)
        media = chosen(request, JSON, CSV)
        found = await to_thread.run_sync(find, request, site, task_id)
        rows = found.outcome.rows if found.outcome and found.status == "success" else None
        if rows is None:
            raise NotFound("the task has no rows to give", where="task_id", hint=f"it is {found.status}")
        body = await to_thread.run_sync(_result, site, rows, media)
        name = f'attachment; filename="{task_id}.{media.partition("/")[2]}"'
        return Response(body, 200, {"content-disposition": name, "cache-control": "no-store", "vary": "accept"}, media)


def _form(request: Request) -> Literal["csv", "jsonl"]:
    told = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if told not in FORMS:
        hint = "curl --data-binary @rows.csv -H 'content-type: text/csv'"
        raise Refused(refusal(415, f"a file comes as {' or '.join(FORMS)}", hint=hint))
    return FORMS[told]


async def _taken(request: Request, spool: BinaryIO) -> tuple[str, int]:
    """Put a body aside, piece by piece; its hash and size."""
    digest, size = hashlib.sha256(), 0
    async for piece in request.stream():
        size += len(piece)
        if size > LARGEST_FILE:
            raise Refused(refusal(413, f"the file is larger than {LARGEST_FILE} bytes", hint="send it in parts"))
        digest.update(piece)
        spool.write(piece)
    if not size:
        questions.refuse([fault("body", "the file is empty")])
    spool.seek(0)
    return digest.hexdigest(), size


def _result(site: Site, rows: Rows, media: str) -> bytes:
    data = read_object(site.ports.store, Ref(rows.key, rows.sha256))
    return data if media == JSON else _sheet(msgspec.json.decode(data))


def _sheet(rows: list[dict[str, Any]]) -> bytes:
    sheet = io.StringIO()
    writer = csv.DictWriter(sheet, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_flat(row) for row in rows)
    return sheet.getvalue().encode()


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    flat = row | row.get("probabilities", {}) | {"suggestions": " | ".join(row.get("suggestions", ()))}
    return {name: cell(value) for name, value in flat.items()}
