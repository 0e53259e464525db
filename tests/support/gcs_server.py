"""gcp-storage-emulator, made strict: `gcs_server.py PORT PAGE`.

The emulator ignores conditions, lists everything at once and forgets finished uploads. Here `ifGenerationMatch` is
held to, lists come in pages, and whoever asks again for the end of an upload gets the same answer again, as from the
real one. Requests are served one after the other, so what is looked at is still so when it is written.

Of a bucket whose name begins with `hiding-` nobody may list everything, so that a question after an object that is not
there is refused; of one that begins with `closed-` nobody may list anything.
"""

import json
import sys
from functools import partial
from http.server import HTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from gcp_storage_emulator.server import RequestHandler, Router
from gcp_storage_emulator.storage import Storage


def _serve(port: int, page: int) -> None:
    _Server(("127.0.0.1", port), partial(_Handler, _Storage(page, use_memory_fs=True))).serve_forever()


class _Server(HTTPServer):
    request_queue_size = 128  # whoever finds no place in it comes again only after a second


class _Refused(Exception):
    """A condition does not hold."""


class _Storage(Storage):  # type: ignore[misc]
    """Looks at the condition of the request that is being served, and remembers how uploads ended."""

    wanted: str | None = None

    def __init__(self, page: int, **arguments: Any) -> None:
        self.page = page
        self.finished: dict[str, Any] = {}
        super().__init__(**arguments)

    def create_resumable_upload(self, bucket_name: str, file_name: str, file_obj: Any) -> str:
        self._check(bucket_name, file_name)
        return str(super().create_resumable_upload(bucket_name, file_name, file_obj))

    def create_file(
        self, bucket_name: str, file_name: str, content: bytes, file_obj: Any, file_id: str | None = None
    ) -> None:
        self._check(bucket_name, file_name)
        super().create_file(bucket_name, file_name, content, file_obj, file_id)
        if file_id:
            self.finished[file_id] = file_obj

    def _check(self, bucket: str, name: str) -> None:
        if self.wanted not in (None, self.objects.get(bucket, {}).get(name, {}).get("generation", "0")):
            raise _Refused

    def _write_config_to_file(self) -> None:
        """Nothing outlives the server."""


class _Handler(RequestHandler):  # type: ignore[misc]
    def do_GET(self) -> None:
        path, asked = self._asked()
        bucket = path.partition("/b/")[2].partition("/")[0]
        if self._hidden(bucket, path, asked):
            self._answer(403, {"error": {"code": 403, "message": "permission denied (or it may not exist)"}})
        elif path.endswith("/o") and "/storage/v1/b/" in path:
            self._list(bucket, asked)
        else:
            Router(self).handle("GET")

    def do_POST(self) -> None:
        self._write("POST")

    def do_PUT(self) -> None:
        self._write("PUT")

    def _write(self, method: str) -> None:
        _, asked = self._asked()
        if asked.get("upload_id") in self.storage.finished:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(200, self.storage.finished[asked["upload_id"]])
            return
        self.storage.wanted = asked.get("ifGenerationMatch")
        try:
            Router(self).handle(method)
        except _Refused:
            self._answer(412, {"error": {"code": 412, "message": "the condition does not hold"}})

    def _hidden(self, bucket: str, path: str, asked: dict[str, str]) -> bool:
        name = unquote(path.partition("/o/")[2])
        if not bucket.startswith(("hiding-", "closed-")) or path.endswith(bucket):
            return False
        if not name:
            return bucket.startswith("closed-") or not asked.get("prefix")
        return name not in self.storage.objects.get(bucket, {})

    def _list(self, bucket: str, asked: dict[str, str]) -> None:
        if self.storage.get_bucket(bucket) is None:
            self._answer(404, {"error": {"code": 404, "message": "The specified bucket does not exist."}})
            return
        found, _ = self.storage.get_file_list(bucket, asked.get("prefix"))
        rest = [one for one in found if one["name"] > asked.get("pageToken", "")]
        page = self.storage.page
        answer = {"kind": "storage#objects", "items": rest[:page]}
        if len(rest) > page:
            answer["nextPageToken"] = rest[page - 1]["name"]
        self._answer(200, answer)

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}

    def _answer(self, status: int, content: Any) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    _serve(*map(int, sys.argv[1:]))
