"""The routes that are answered without a framework: forecasts of matches, how the service is, live scores, files."""

import asyncio
from typing import Final

import msgspec

from touchline.web.files import Files
from touchline.web.livescores import Livescores
from touchline.web.matches import MATCH, PRECOMPUTED, Matches
from touchline.web.model_figures import ModelFigures
from touchline.web.replies import Asked, Handler, Reply, no_parameters
from touchline.web.site import Site

_ALIVE: Final = b'{"status":"ok"}'
OTHERS: Final = frozenset(
    {
        "predictions", "predictions.parquet", "cards", "region-roi", "matches", "stream",
        "match", "player", "async", "batch",
    }
)  # fmt: skip
"""What stands below /predict/ in place of a match."""
Found = tuple[str, Handler, str]
"""Pattern of a route, what answers it, and what stands in place of its parameter."""


class Hot:
    """Finds the handler of a path, if it is one of these."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._figures = ModelFigures(site.ports.store, site.elapsed)
        matches, files = Matches(site), Files(site.assets / "static")
        self._whole: dict[str, Handler] = {
            "/healthz": _alive,
            "/readyz": self._ready,
            "/metrics": self._metrics,
            "/livescores": Livescores(site).answer,
        }
        self._below: tuple[tuple[str, str, Handler, frozenset[str]], ...] = (
            ("/predict/", MATCH, matches.computed, OTHERS),
            ("/predict/precomputed/", PRECOMPUTED, matches.precomputed, frozenset()),
            ("/static/", "/static/{name}", files.answer, frozenset()),
        )

    def route(self, path: str) -> Found | None:
        """Who answers GET of a path."""
        whole = self._whole.get(path)
        if whole is not None:
            return path, whole, ""
        for prefix, pattern, handler, others in self._below:
            if path.startswith(prefix):
                rest = path[len(prefix) :]
                if rest and "/" not in rest and rest not in others:
                    return pattern, handler, rest
        return None

    async def _ready(self, asked: Asked) -> Reply:
        """Ready with a model that the promotions know, its bytes checked."""
        no_parameters(asked.scope)
        board = await self._site.watcher.board()
        published, serving = board.published, board.serving
        told = {
            "status": "ready", "model_id": serving.model_id, "model_version": serving.version,
            "promotion": serving.promotion, "seq": published.seq if published else 0,
            "forecasts": len(published.forecasts.matches) if published else 0,
            "outdated": board.outdated, "degraded": self._site.fault,
        }  # fmt: skip
        return Reply(200, msgspec.json.encode(told))

    async def _metrics(self, asked: Asked) -> Reply:
        """Counters and gauges for Prometheus."""
        no_parameters(asked.scope)
        from touchline.web import exposition

        board = await self._site.watcher.peek()
        await asyncio.to_thread(self._figures.look, board)
        faults = self._site.faults | {"figures": self._figures.fault}
        body = exposition.render(self._site.measured, board, faults, self._figures)
        return Reply(200, body, ((b"content-type", exposition.MEDIA_TYPE.encode()), (b"cache-control", b"no-store")))


async def _alive(asked: Asked) -> Reply:
    """The process answers; says nothing of what it knows."""
    no_parameters(asked.scope)
    return Reply(200, _ALIVE)
