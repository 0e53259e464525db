"""Sends an answer: with a tag by which a client asks again for nothing, in fewer bytes where it wants that."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from touchline.manifest import encode, sha256
from touchline.stages.predict_board import Board
from touchline.web import negotiation
from touchline.web.refusals import Refused, refusal
from touchline.web.replies import known
from touchline.web.site import Site

JSON: Final = "application/json"
CSV: Final = "text/csv"
_CHARSETS: Final = {CSV: "text/csv; charset=utf-8"}
_WORTH: Final = 1_024
"""Answers with fewer bytes travel as they are."""
_LEVEL: Final = 5
"""Of gzip: 200 kB of forecasts take 3 ms, and 9 would save another 2 % in twice that time."""
_PACKED: Final = b"\x1f\x8b"
"""Begins what gzip made, and no JSON or CSV."""
FRESH: Final = "private, no-cache"
"""Kept by the client alone, since it is behind a key, and asked for again each time, which the tag makes cheap."""


@dataclass(frozen=True)
class Asked:
    """One question about a board, and how to answer it."""

    request: Request
    site: Site
    board: Board
    question: list[Any]
    """All that the answer depends on besides the board, and what is wrong."""

    @cached_property
    def fault(self) -> str:
        """What is wrong, looked up once: an answer says what the name says that it is kept under."""
        return self.site.fault


async def tell(
    asked: Asked, make: Callable[[], Any], media: str = JSON, extra: dict[str, str] | None = None
) -> Response:
    """The answer that `make` gives (a value for JSON, bytes otherwise), made once for a board and a question.

    Who holds it already gets 304. The tag follows from board and question, so that nothing is made to know that.
    """
    question = [*asked.question, media, asked.fault]
    tag = sha256(encode([asked.board.digest, question]))[:32]
    headers = {"cache-control": FRESH, "vary": "accept, accept-encoding", **(extra or {})}
    held = known(asked.request.headers.get("if-none-match", ""), (f'"{tag}"', f'"{tag}-gzip"'))
    if held:
        return Response(status_code=304, headers={**headers, "etag": held})
    packs = negotiation.gzip_wanted(asked.request.headers.get("accept-encoding", ""))
    body = await asked.site.memory.answer(asked.board, [*question, packs], lambda: _bytes(make(), packs))
    headers["etag"] = f'"{tag}"'
    if body.startswith(_PACKED):
        headers |= {"etag": f'"{tag}-gzip"', "content-encoding": "gzip"}
    return Response(body, headers={**headers, "content-type": _CHARSETS.get(media, media)})


def plain(value: Any, status: int = 200) -> Response:
    """A JSON answer that nobody keeps."""
    return Response(msgspec.json.encode(value), status, {"cache-control": "no-store", "content-type": JSON})


def chosen(request: Request, *offers: str) -> str:
    """The form that a client prefers.

    Raises:
        Refused: 406, it takes none of them.
    """
    accept = ", ".join(request.headers.getlist("accept"))
    found = negotiation.media(accept, offers)
    if found is None:
        raise Refused(refusal(406, f"the answer comes as {' or '.join(offers)}", hint="change the header `accept`"))
    return found


def _bytes(made: Any, packs: bool) -> bytes:
    body = made if isinstance(made, bytes) else msgspec.json.encode(made)
    return gzip.compress(body, _LEVEL, mtime=0) if packs and len(body) >= _WORTH else body


def told_now(request: Request, value: Any) -> Response:
    """A JSON answer that rests on more than the board: its tag is the hash of what it says."""
    body = msgspec.json.encode(value)
    tag = f'"{sha256(body)[:32]}"'
    headers = {"cache-control": FRESH, "etag": tag}
    if known(request.headers.get("if-none-match", ""), (tag,)):
        return Response(status_code=304, headers=headers)
    return Response(body, headers={**headers, "content-type": JSON})
