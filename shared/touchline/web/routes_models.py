"""What serves, what was decided about models and why, and the card of each model."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from anyio import to_thread
from fastapi import FastAPI, Request
from msgspec import Meta
from starlette.responses import Response

from touchline.learning.card import ModelCard
from touchline.ports import Promotion
from touchline.stages.predict_board import Board
from touchline.stages.predict_record import Record
from touchline.web.answering import JSON, told_now
from touchline.web.answers import Limit, Offset, following
from touchline.web.describe import Operation, route
from touchline.web.questions import only_path, query
from touchline.web.site import Site


class Pages(msgspec.Struct, frozen=True, kw_only=True):
    """Which page of a list."""

    limit: Limit = 100
    offset: Offset = 0


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One decision about a model."""

    number: Annotated[int, Meta(description="1, 2, 3 ... in the order of decisions")]
    model_version: str
    stage: Annotated[str, Meta(description="Reached: rejected, smoke, candidate, champion or route; or refused")]
    previous: Annotated[str, Meta(description="Champion before the decision, empty if there was none")]
    champion: Annotated[str, Meta(description="Champion after the decision, empty if there is none")]
    reason: Annotated[str, Meta(description="Why it was decided so")]
    decided_at: Annotated[datetime, Meta(description="When it was decided (UTC)")]


class Decisions(msgspec.Struct, frozen=True, kw_only=True):
    """Decisions about models, newest first."""

    total: int
    limit: int
    offset: int
    next: str
    decisions: list[Decision]


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model, and what is known of it."""

    model_version: str
    serves: Annotated[bool, Meta(description="Whether it is the champion")]
    card: Annotated[
        ModelCard, Meta(description="What it learnt from, how it did on later matches, where its limits are")
    ]


CHAMPION: Final = Operation(
    path="/models/champion",
    tag="models",
    about="The model that serves, with its card.",
    gives={JSON: Model},
    tagged=True,
)
ONE: Final = Operation(
    path="/models/{version}",
    tag="models",
    about="A model, serving or not, with its card.",
    gives={JSON: Model},
    refuses=(404,),
    tagged=True,
)
LIST: Final = Operation(
    path="/models/decisions",
    tag="models",
    about="Decisions about models, newest first: what became champion, when and why.",
    gives={JSON: Decisions},
    query=Pages,
    tagged=True,
)


def add_models(app: FastAPI, site: Site) -> None:
    """Let an application tell of models."""
    record = Record(site.ports.store)

    async def told(request: Request, board: Board | None, version: str) -> Response:
        card = await to_thread.run_sync(record.card, version)
        serves = board is not None and board.serving.version == version
        return told_now(request, Model(model_version=version, serves=serves, card=card))

    @route(app, LIST)
    async def decisions(request: Request) -> Response:
        page = query(request, Pages)
        return told_now(request, await to_thread.run_sync(_decisions, record, page))

    @route(app, CHAMPION)
    async def champion(request: Request) -> Response:
        only_path(request)
        board = await site.watcher.board()
        return await told(request, board, board.serving.version)

    @route(app, ONE)
    async def one(request: Request, version: str) -> Response:
        only_path(request)
        return await told(request, await site.watcher.peek(), version)


def _decisions(record: Record, page: Pages) -> Decisions:
    keys = record.numbers()
    shown = record.decisions(keys[page.offset : page.offset + page.limit])
    return Decisions(
        total=len(keys),
        limit=page.limit,
        offset=page.offset,
        next=following(LIST.path, page, len(keys)),
        decisions=[_decision(row) for row in shown],
    )


def _decision(row: Promotion) -> Decision:
    return Decision(
        number=row.number,
        model_version=row.model_version,
        stage=row.stage,
        previous=row.previous,
        champion=row.champion,
        reason=row.reason,
        decided_at=row.decided_at,
    )
