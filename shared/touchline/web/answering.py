"""Sends an answer: with a tag by which a client asks again for nothing, in fewer bytes where it wants that."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from touchline.manifest import encode, sha256
from touchline.stages.predict_board import Board
from touchline.web import negotiation
from touchline.web.refusals import Refused, refusal
from touchline.web.site import Site

JSON: Final = "application/json"
CSV: Final = "text/csv"
_CHARSETS: Final = {CSV: "text/csv; charset=utf-8"}
_WORTH: Final = 1_024
"""Answers with fewer bytes travel as they are."""
_LEVEL: Final = 5
"""Of gzip: 200 kB of forecasts take 3 ms, and 9 would save another 2 % in twice that time."""
FRESH: Final = "private, no-cache"
"""Kept by the client alone, since it is behind a key, and asked for again each time, which the tag makes cheap."""


@dataclass(frozen=True)
class Asked:
    """One question about a board, and how to answer it."""

    request: Request
    site: Site
    board: Board
    question: list[Any]
    """All that the answer depends on besides the board."""


async def tell(
    asked: Asked, make: Callable[[], Any], media: str = JSON, extra: dict[str, str] | None = None
) -> Response:
    """The answer that `make` gives (a value for JSON, bytes otherwise), made once for a board and a question.

    Who holds it already gets 304. The tag follows from board and question, so that nothing is made to know that.
    """
    question = [*asked.question, media, asked.site.fault]
    tag = sha256(encode([asked.board.digest, question]))[:32]
    headers = {"cache-control": FRESH, "vary": "accept, accept-encoding", **(extra or {})}
    held = known(asked.request.headers.get("if-none-match", ""), (f'"{tag}"', f'"{tag}-gzip"'))
    if held:
        return Response(status_code=304, headers={**headers, "etag": held})
    body = await asked.site.memory.answer(asked.board, question, lambda: _bytes(make()))
    headers["etag"] = f'"{tag}"'
    if len(body) >= _WORTH and negotiation.gzip_wanted(asked.request.headers.get("accept-encoding", "")):
        body = gzip.compress(body, _LEVEL, mtime=0)
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


def known(sent: str, tags: tuple[str, ...]) -> str:
    """The tag among ours that a client names (If-None-Match: weak ones are as good), empty if it names none.

    >>> known('W/"a", "b"', ('"b"', '"b-gzip"')), known("*", ('"a"',)), known('"c"', ('"a"',))
    ('"b"', '"a"', '')
    """
    if sent.strip() == "*":
        return tags[0]
    named = {one.strip().removeprefix("W/") for one in sent.split(",")}
    return next((tag for tag in tags if tag in named), "")


def _bytes(made: Any) -> bytes:
    return made if isinstance(made, bytes) else msgspec.json.encode(made)


def told_now(request: Request, value: Any) -> Response:
    """A JSON answer that rests on more than the board: its tag is the hash of what it says."""
    body = msgspec.json.encode(value)
    tag = f'"{sha256(body)[:32]}"'
    headers = {"cache-control": FRESH, "etag": tag}
    if known(request.headers.get("if-none-match", ""), (tag,)):
        return Response(status_code=304, headers=headers)
    return Response(body, headers={**headers, "content-type": JSON})
