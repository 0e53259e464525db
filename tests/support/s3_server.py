"""moto's S3, made strict: `s3_server.py PORT PAGE`.

moto looks at a condition and writes in two steps, so conditional requests for one object are let in one at a time.
Lists come in short pages, as the real one is free to give them.
"""

import contextlib
import sys
import threading
from collections import defaultdict
from collections.abc import MutableMapping
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, run_simple


def one_at_a_time(application: Any, page: int) -> Any:
    """The application, with one conditional request for an object at a time, and lists in pages of that length."""
    locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def guarded(environ: MutableMapping[str, Any], start_response: Any) -> Any:
        if "list-type=2" in environ["QUERY_STRING"]:
            environ["QUERY_STRING"] += f"&max-keys={page}"
        conditional = "HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MATCH" in environ
        with locks[environ["PATH_INFO"]] if conditional else contextlib.nullcontext():
            return application(environ, start_response)

    return guarded


class Quiet(WSGIRequestHandler):
    """Tells nothing of requests."""

    def log(self, *_: Any) -> None:
        """No line for each request."""


def _serve(port: int, page: int) -> None:
    application = one_at_a_time(DomainDispatcherApplication(create_backend_app), page)
    run_simple("127.0.0.1", port, application, threaded=True, request_handler=Quiet)


if __name__ == "__main__":
    _serve(*map(int, sys.argv[1:]))
