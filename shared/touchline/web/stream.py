"""`GET /predict/stream`: server-sent events for who wants to hear of new forecasts and champions."""

import asyncio
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import msgspec

from touchline.errors import TouchlineError
from touchline.stages.predict_board import Board
from touchline.web import callers
from touchline.web.refusals import refusal, refused
from touchline.web.replies import Receive, Reply, Scope, Told, header, of_refusal
from touchline.web.site import Site

WHOLE: Final = "aws.event"
"""In the scope of a platform that sends answers as a whole only."""
RETRY_SECONDS: Final = 10
"""After which a client asks again where nothing can be streamed."""
HEARTBEAT: Final = 15.0
"""Seconds between signs of life, without which proxies close a connection."""
PAUSE: Final = 0.5
"""Seconds between looks at the board at hand."""
_HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)


class Stream:
    """Tells listeners the state at once, unless they know it, and then each news."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._ending = False
        self._listening: Counter[str] = Counter()
        self._watches_signals = False

    async def answer(self, scope: Scope, receive: Receive, told: Told, who: str) -> None:
        """One listener, until it goes, its key is no longer in force, or the process ends.

        Args:
            scope: of the request.
            receive: tells when the listener is gone.
            told: takes the answer.
            who: id of the key, the address without one; nobody has more than half of all listeners.
        """
        try:
            board = await self._site.watcher.board()
        except TouchlineError as error:
            await told.reply(of_refusal(refused(error)))
            return
        known = header(scope, b"last-event-id")
        if scope.get(WHOLE) or scope["method"] == "HEAD":
            await told.reply(Reply(200, _retry() + event(board, known), _HEADERS))
        elif full := self._full(who):
            await told.reply(of_refusal(refusal(503, full, hint="ask again later", headers={"retry-after": "30"})))
        else:
            self._listening[who] += 1
            try:
                await self._stream(scope, receive, told, board, known)
            finally:
                self._listening[who] -= 1
                self._listening += Counter()  # forgets who has none left

    def _full(self, who: str) -> str:
        """Why there is no room for one more, empty if there is."""
        most = self._site.settings.streams
        if self._site.measured.listeners >= most:
            return f"{most} listeners already"
        own = self._listening.get(who, 0)
        return f"{own} listeners of this caller already" if own >= (most + 1) // 2 else ""

    async def _may_listen(self, presented: str) -> bool:
        access = self._site.access
        if access.known.due:
            await access.known.fresh()
        return access.holds(presented, "read")

    async def _stream(self, scope: Scope, receive: Receive, told: Told, board: Board, known: str) -> None:
        self._watch_signals()
        self._site.measured.listeners += 1
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await told({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
            await self._tell(told, event(board, known) or b": known\n\n")
            known, silent, presented = identity(board), 0.0, callers.presented(scope["headers"])
            while not (gone.done() or self._ending) and await self._may_listen(presented):
                await asyncio.wait([gone], timeout=PAUSE)
                board, silent = await self._site.watcher.peek() or board, silent + PAUSE
                if news := event(board, known):
                    known = identity(board)
                elif silent >= HEARTBEAT:
                    news = b": still here\n\n"
                if news and not gone.done():
                    silent = 0.0
                    await self._tell(told, news)
            await told({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            self._site.measured.listeners -= 1

    async def _tell(self, told: Told, text: bytes) -> None:
        await told({"type": "http.response.body", "body": text, "more_body": True})

    def _watch_signals(self) -> None:
        """Let streams end when the process is asked to: servers wait for answers that have begun."""
        if self._watches_signals or threading.current_thread() is not threading.main_thread():
            return
        self._watches_signals = True
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handler(signal.getsignal(number)))

    def _handler(self, before: Any) -> Callable[[int, FrameType | None], None]:
        def ending(number: int, frame: FrameType | None) -> None:
            self._ending = True
            if callable(before):
                before(number, frame)
            elif before != signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
                os.kill(os.getpid(), number)

        return ending


def identity(board: Board) -> str:
    """Publications that a board was read from: what serves, and the forecasts."""
    published = board.published
    return f"{board.serving.publication} {published.publication}" if published else board.serving.publication


def event(board: Board, known: str) -> bytes:
    """The state as an event, empty if the listener knows it."""
    told = identity(board)
    if told == known:
        return b""
    serving, published = board.serving, board.published
    data = {
        "model_id": serving.model_id, "model_version": serving.version, "promotion": serving.promotion,
        "seq": published.seq if published else 0,
        "forecasts": len(published.forecasts.matches) if published else 0,
        "published": published.written if published else None,
        "outdated": board.outdated,
    }  # fmt: skip
    return b"event: news\nid: %b\ndata: %b\n\n" % (told.encode(), msgspec.json.encode(data))


def _retry() -> bytes:
    return b"retry: %d\n\n" % (RETRY_SECONDS * 1000)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
