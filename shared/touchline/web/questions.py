"""Reads questions: the query of a request or its JSON body, exactly as declared; every fault is named by its path.

Imports no framework, since live scores are asked for without one.
"""

import re
from collections import Counter
from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn, TypeVar, Union, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec

from touchline.web.refusals import EXAMPLES, MOST_VALUES, Fault, Refused, fault, refusal, too_many

if TYPE_CHECKING:
    from starlette.requests import Request

_Q = TypeVar("_Q", bound=msgspec.Struct)

_WORDS: Final = {
    "str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false", "array": "a list",
    "object": "an object", "null": "nothing", "date": "a date", "bytes": "bytes",
}  # fmt: skip
_JSON: Final = re.compile(r"application/([a-z0-9.+-]+\+)?json", re.IGNORECASE)
_PATH: Final = re.compile(r"^(.*?)(?: - at `\$(.*)`)?$", re.DOTALL)


def query(request: "Request", kind: type[_Q]) -> _Q:
    """The parameters of a request.

    Raises:
        Refused: 422, naming each parameter that is unknown, given twice, missing or wrong.
    """
    return of_query(request.scope["query_string"], kind)


def of_query(sent: bytes, kind: type[_Q]) -> _Q:
    """The parameters of a query string; see `query`."""
    given = parse_qsl(sent.decode("latin-1"), keep_blank_values=True)
    _require_few("query", len(given))
    times = Counter(name for name, _ in given)
    twice = [Fault(name[:100], "is given more than once") for name in sorted(times) if times[name] > 1]
    return _made(kind, dict(given), twice, strict=False)


def only_path(request: "Request") -> None:
    """Refuse any parameter.

    Raises:
        Refused: 422, naming each.
    """
    no_query(request.scope["query_string"])


def no_query(sent: bytes) -> None:
    """Refuse any parameter of a query string; see `only_path`."""
    of_query(sent, _Nothing)


async def body(request: "Request", kind: type[_Q]) -> _Q:
    """The JSON object that a request brings.

    Raises:
        Refused: 415 if it is not called JSON, 400 if it is none, 422 naming each field that is unknown, missing or
            wrong.
    """
    only_path(request)
    return parsed(await request.body(), request.headers.get("content-type", ""), kind)


def parsed(data: bytes, content_type: str, kind: type[_Q]) -> _Q:
    """A JSON object as a question; see `body`."""
    if not _JSON.fullmatch(content_type.partition(";")[0].strip()):
        told = f"content type {content_type[:100]!r}" if content_type else "a body without a content type"
        hint = "send the header `content-type: application/json`"
        raise Refused(refusal(415, f"{told}, application/json is expected", hint=hint))
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "too deep" if isinstance(error, RecursionError) else str(error)
        errors = [fault("body", f"no JSON: {reason}")]
        raise Refused(refusal(400, f"the body is no JSON: {reason}", errors=errors, hint="see /docs")) from None
    if not isinstance(found, dict):
        refuse([fault("body", "a JSON object is expected")])
    _require_few("body", len(found))
    return _made(kind, found, [], strict=True)


def refuse(faults: list[Fault]) -> NoReturn:
    """Refuse a request for its values.

    Raises:
        Refused: 422, always.
    """
    names = ", ".join(dict.fromkeys(one.field for one in faults))
    raise Refused(refusal(422, f"the request has a wrong value: {names}", errors=faults, hint="see /docs"))


def _require_few(where: str, given: int) -> None:
    if given > MOST_VALUES:
        refuse([too_many(where)])


class _Nothing(msgspec.Struct):
    """No parameters."""


def _made(kind: type[_Q], given: Mapping[str, Any], faults: list[Fault], *, strict: bool) -> _Q:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    faults += [_unknown(name, list(fields)) for name in given if name not in fields]
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name not in given:
            if field.required:
                faults.append(fault(name, "is missing"))
            continue
        try:
            kind_of = field.type if strict else _told(field.type)
            values[field.name] = msgspec.convert(given[name], kind_of, strict=strict)
        except msgspec.ValidationError as error:
            faults.append(_wrong(name, str(error)))
    if faults:
        refuse(faults)
    return kind(**values)


def _told(kind: Any) -> Any:
    """What a parameter may be that is there: null is a word like another in a query."""
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        return Annotated[(_told(inner), *more)]
    parts = get_args(kind)
    return Union[tuple(part for part in parts if part is not NoneType)] if NoneType in parts else kind  # noqa: UP007


def _unknown(name: str, known: list[str]) -> Fault:
    from difflib import get_close_matches  # a cold start has no time for it

    near = get_close_matches(name[:50], known, n=1)
    told = f"did you mean {near[0]}?" if near else f"known are: {', '.join(known)}" if known else "there is none here"
    return Fault(name[:100], f"is not known; {told}")


def _wrong(name: str, message: str) -> Fault:
    found = _PATH.match(message)
    assert found is not None
    path = f"{name}{found[2] or ''}".replace("[...]", "")
    return fault(path, _plain(found[1]))


def _plain(reason: str) -> str:
    """What msgspec says of a value, in plain words.

    >>> _plain("Expected `str`, got `int`"), _plain("Expected `int` >= 1")
    ('a text is expected, not a whole number', 'a whole number >= 1 is expected')
    """
    if "matching regex" in reason:
        return "holds what a name does not: control characters, or a blank at an end"
    if reason.startswith("Invalid RFC3339"):
        return f"no valid date; write it as {EXAMPLES['date']}"
    told = re.sub(r"`([^`]*)`", lambda found: " or ".join(_word(part) for part in found[1].split(" | ")), reason)
    expected = re.fullmatch(r"Expected (.*?)(?:, got (.*))?", told, re.DOTALL)
    if expected is None:
        return told[:1].lower() + told[1:]
    return f"{expected[1]} is expected" + (f", not {expected[2]}" if expected[2] else "")


def _word(kind: str) -> str:
    return _WORDS.get(kind, kind)
