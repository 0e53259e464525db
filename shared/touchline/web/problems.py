"""Lets the FastAPI application refuse as `refusals` says."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from touchline.errors import TouchlineError
from touchline.web import refusals
from touchline.web.refusals import MEDIA_TYPE, Refusal, Refused

__all__ = ["MEDIA_TYPE", "install", "problem", "response"]


def problem(status: int, detail: str, **members: Any) -> Response:
    """A refusal; `members` are those of `refusals.refusal`."""
    return response(refusals.refusal(status, detail, **members))


def response(refusal: Refusal) -> Response:
    """A refusal as the framework sends it."""
    return Response(refusal.body, refusal.status, dict(refusal.headers))


def install(app: FastAPI) -> None:
    """Let the application answer all its errors this way."""
    app.add_exception_handler(TouchlineError, _touchline)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _touchline(_: Request, error: Exception) -> Response:
    assert isinstance(error, TouchlineError)
    return response(refusals.refused(error))


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return response(error.refusal)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    hint = "see /docs" if error.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED) else ""
    detail = f"{request.method} {request.url.path}: {error.detail}"
    return problem(error.status_code, detail, hint=hint, headers=error.headers)


def _unexpected(_: Request, error: Exception) -> Response:
    return problem(500, f"an error of the service ({type(error).__name__}), not of the request")
