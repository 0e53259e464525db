"""The service as platforms call it: an ASGI callable, a plain function for GET requests, an AWS Lambda handler.

This is the composition root of the HTTP function: ports and settings come from the environment when the first request
asks for them, never at import.
"""

import asyncio
import ctypes
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from string import punctuation
from typing import Any
from urllib.parse import quote

from touchline import bootstrap, settings, telemetry, wiring
from touchline.error_reports import ErrorReports
from touchline.web.core import Core, create_app
from touchline.web.replies import Receive, Scope, Send

_ARENAS, _OWN_BLOCK_FROM = -8, -3
"""M_ARENA_MAX and M_MMAP_THRESHOLD of malloc.h."""
NEEDS = frozenset({"object_store", "cache"})
TEXT = ["text/", "application/json", "application/problem+json", "image/svg+xml"]
"""Answers that travel as text; others, and what is compressed, are encoded in base64."""


@cache
def service() -> Core:
    """The application over the ports that the environment names, built once a process."""
    _spare_memory()
    environ = bootstrap.revealed(os.environ)
    ports = bootstrap.ports(environ, needs=NEEDS)
    telemetry.log_to(level=ports.common.log_level)
    options = settings.load(settings.Predict, environ, "predict")
    return create_app(ports, options, wiring.root() / "predict", reports=ErrorReports(ports.common, environ))


def _spare_memory() -> None:
    """Let the C library take memory from one heap, and give large blocks back when they are freed.

    By default each thread that reads a new model leaves a heap behind: 24 MB after 40 models of 400 trees, 8 MB so.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)  # of glibc; others have no heaps for each thread
    if set_option is not None:
        set_option(_ARENAS, 1)
        set_option(_OWN_BLOCK_FROM, 131_072)


async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
    """For uvicorn: `uvicorn main:app`."""
    await service()(scope, receive, send)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """For AWS Lambda behind an HTTP API or a function URL."""
    with _event_loop():
        return dict(_mangum()(event, context))


def handle(request: Any) -> tuple[str | bytes, int, dict[str, str]]:
    """For the functions framework: a Flask request in, body, status and headers out.

    The request goes the way of an HTTP API event, so that all platforms run the same code.
    """
    answer = lambda_handler(_http_api_event(request), None)
    body = b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"]
    return body, answer["statusCode"], answer["headers"]


@contextmanager
def _event_loop() -> Iterator[None]:
    """Give this thread a loop: Mangum asks for one, and the threads of the functions framework have none."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@cache
def _mangum() -> Any:
    from mangum import Mangum

    return Mangum(service(), lifespan="off", text_mime_types=TEXT)


def _http_api_event(request: Any) -> dict[str, Any]:
    """A Flask request as an AWS HTTP API event, payload format 2.0."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": quote(request.query_string, safe=punctuation),  # clients may send bytes beyond ASCII
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "requestContext": {
            "http": {
                "method": request.method,
                "path": request.path,
                "sourceIp": request.remote_addr or "",
                "protocol": "HTTP/1.1",
            },
        },
        "body": b64encode(request.get_data()).decode("ascii"),
        "isBase64Encoded": True,
    }
