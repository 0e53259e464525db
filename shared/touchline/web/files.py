"""Files of the page: styles, pictures, scripts. They are few and small, so they stay in memory once they were sent."""

from pathlib import Path
from typing import Final

from touchline.manifest import sha256
from touchline.web.refusals import refusal
from touchline.web.replies import Asked, Reply, of_refusal, tagged

TYPES: Final = {
    ".css": b"text/css; charset=utf-8",
    ".ico": b"image/x-icon",
    ".js": b"text/javascript; charset=utf-8",
    ".png": b"image/png",
    ".svg": b"image/svg+xml",
    ".webmanifest": b"application/manifest+json",
}


class Files:
    """Files of one folder, without those below it; what is not in it when first asked cannot be had."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: dict[str, Path] | None = None
        self._read: dict[str, tuple[Reply, str]] = {}

    async def answer(self, asked: Asked) -> Reply:
        """A file by its name; who holds it already is told so."""
        if self._paths is None:
            self._paths = {path.name: path for path in self._folder.iterdir() if path.suffix in TYPES}
        name = asked.parameter
        path = self._paths.get(name)
        if path is None:
            return of_refusal(refusal(404, f"no file {name[:100]!r}", hint="see /docs"))
        if name not in self._read:
            body = path.read_bytes()
            headers = ((b"content-type", TYPES[path.suffix]), (b"cache-control", b"no-cache"))
            self._read[name] = Reply(200, body, headers), sha256(body)[:32]
        return tagged(asked.scope, *self._read[name])
