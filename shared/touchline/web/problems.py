"""Every refusal as `application/problem+json` (RFC 9457): what is wrong, in which field, and what would be right."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from touchline.errors import TouchlineError, http_status

MEDIA_TYPE = "application/problem+json"
EXAMPLES: dict[str, Any] = {
    "home_team": "Arsenal",
    "away_team": "Chelsea",
    "team": "Arsenal",
    "competition": "E0",
    "date": "2026-03-14",
    "date_from": "2026-03-14",
    "date_to": "2026-03-21",
    "limit": 100,
    "offset": 0,
    "match_id": "e0-2025-26-arsenal-chelsea",
}
"""A right value of each field, for the message that refuses a wrong one."""


def problem(
    status: int,
    detail: str,
    *,
    errors: list[dict[str, Any]] | None = None,
    suggestions: tuple[str, ...] = (),
    hint: str = "",
) -> Response:
    """A refusal; empty members are left out."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": errors,
        "suggestions": list(suggestions),
        "hint": hint,
    }
    headers = {"retry-after": "30"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return JSONResponse({name: value for name, value in body.items() if value}, status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let the application answer all its errors this way."""
    app.add_exception_handler(TouchlineError, _touchline)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _touchline(_: Request, error: Exception) -> Response:
    assert isinstance(error, TouchlineError)
    field = error.where if error.where in EXAMPLES else ""
    errors = [_fault(field, error.what)] if field else None
    return problem(http_status(error), error.what, errors=errors, suggestions=error.details, hint=error.hint)


def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [_fault(".".join(str(part) for part in each["loc"][1:]), each["msg"]) for each in error.errors()]
    names = ", ".join(fault["field"] for fault in faults if fault["field"])
    return problem(422, f"the request has a wrong value: {names or 'body'}", errors=faults, hint="see /docs")


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    hint = "see /docs" if error.status_code in (404, 405) else ""
    answer = problem(error.status_code, f"{request.method} {request.url.path}: {error.detail}", hint=hint)
    answer.headers.update(error.headers or {})
    return answer


def _unexpected(_: Request, error: Exception) -> Response:
    return problem(500, f"an error of the service ({type(error).__name__}), not of the request")


def _fault(field: str, reason: str) -> dict[str, Any]:
    example = EXAMPLES.get(field)
    return {"field": field, "reason": reason} | ({} if example is None else {"example": example})
