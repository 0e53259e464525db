"""The OpenAPI description of all routes, those of the bare core too, made of the shapes that check and send."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from starlette.responses import Response

from touchline.web.doors import scope_of
from touchline.web.glossary import ABOUT, PATHS, SCOPES, TAGS
from touchline.web.refusals import EXAMPLES, MEDIA_TYPE, Problem

_REFUSALS: Final = {
    400: "The body is no JSON, or the request cannot be understood",
    401: "No key, or none that is valid",
    403: "The key does not have the scope that this needs",
    404: "There is no such match, team, competition, model or task",
    406: "None of the forms that the client accepts can be made",
    409: "The same Idempotency-Key stands for another question",
    413: "The body is too large",
    415: "The body is not called application/json",
    422: "A value is wrong, missing or not known; each is named",
    429: "Too many requests with this key; the header retry-after says when to come back",
    503: "Nothing can be answered yet, or a part does not answer; the header retry-after says when to come back",
    504: "Not finished in time; the answer says where to ask for it later",
}
_KEYS: Final = (401, 403, 429, 503)
"""What whoever guards a route may answer in its place."""
_BODIES: Final = (400, 413, 415, 422)
_LENIENT: Final = frozenset({"Prefer"})
"""Headers of which what is not understood is passed over (RFC 7240)."""
Examples = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One route and method: what it takes, and every answer that it can give."""

    path: str
    tag: str
    about: str
    gives: Mapping[str, Any]
    """Media type -> the type of the answer, None where it is not JSON."""
    method: str = "GET"
    status: int = 200
    query: type[msgspec.Struct] | None = None
    takes: type[msgspec.Struct] | None = None
    """The type of the JSON body."""
    sometimes: Mapping[int, str] = field(default_factory=dict)
    """Further statuses of the same answer, and when they are given."""
    sends: Mapping[str, str] = field(default_factory=dict)
    """Headers of the request that are read, and what they say."""
    brings: tuple[str, ...] = ()
    """Media types of a body that is a file."""
    refuses: tuple[int, ...] = ()
    """Statuses of refusals that do not follow from the rest."""
    tagged: bool = False
    """Whether the answer has a tag (ETag) by which 304 saves sending it again."""
    also: type[msgspec.Struct] | None = None
    """A shape within an answer that is not JSON as a whole."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers of the answer, and what they say."""

    @property
    def statuses(self) -> tuple[int, ...]:
        """Statuses of all refusals."""
        kept = _KEYS if scope_of(self.method, self.path) else ()
        told = _BODIES if self.takes else ()
        asked = (422,) if self.method == "GET" else ()
        return tuple(sorted({*kept, *told, *asked, *self.refuses}))


def route(app: FastAPI, operation: Operation) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a function answer an operation, and describe it."""

    def add(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        methods = [operation.method]
        app.add_api_route(
            operation.path, endpoint, methods=methods, include_in_schema=False, response_class=Response
        )  # fmt: skip
        tell(app, operation)
        return endpoint

    return add


def tell(app: FastAPI, operation: Operation) -> None:
    """Describe an operation that is answered elsewhere."""
    app.state.operations = (*told(app), operation)


def told(app: FastAPI) -> tuple[Operation, ...]:
    """All operations that are described."""
    return getattr(app.state, "operations", ())


def openapi(app: FastAPI, examples: Examples) -> dict[str, Any]:
    """The description, made without the models of the framework, which would take ten times as long.

    `examples` take the place of those in `refusals.EXAMPLES`, so that they can be asked here.
    """
    operations = told(app)
    shown = {**EXAMPLES, **examples}
    schemas, components = _shapes((*dict.fromkeys(_kinds(operations)), Problem))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        told_of = _described(operation, schemas, components, shown)
        paths.setdefault(operation.path, {})[operation.method.lower()] = told_of
    key = {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": SCOPES}
    made = {
        "openapi": app.openapi_version,
        "info": {"title": app.title, "version": app.version, "description": app.description},
        "paths": paths,
        "tags": [{"name": name, "description": about} for name, about in TAGS.items()],
        "components": {"schemas": _explained(components), "securitySchemes": {"X-API-Key": key}},
    }
    return dict(msgspec.to_builtins(made))


@cache
def _shapes(kinds: tuple[Any, ...]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Schema of each kind, and the shapes that they refer to by name."""
    found, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    return dict(zip(kinds, found, strict=True)), components


def _kinds(operations: Sequence[Operation]) -> Iterator[Any]:
    for operation in operations:
        yield from (
            kind
            for kind in (*operation.gives.values(), operation.takes, operation.query, operation.also)
            if kind is not None
        )


def _described(
    operation: Operation, schemas: dict[Any, Any], components: dict[str, Any], examples: Examples
) -> dict[str, Any]:
    scope = scope_of(operation.method, operation.path)
    made: dict[str, Any] = {
        "tags": [operation.tag],
        "summary": operation.about.partition(".")[0].partition(";")[0],
        "description": operation.about + (f" Needs a key with the scope {scope}." if scope else " Needs no key."),
        "operationId": _identity(operation),
        "parameters": [
            *_path_parameters(operation, examples),
            *_query_parameters(operation, components, examples),
            *_header_parameters(operation),
        ],
        "responses": _responses(operation, schemas),
        "security": [{"X-API-Key": [scope]}] if scope else [],
    }
    if operation.brings:
        schema = {"type": "string", "format": "binary"}
        made["requestBody"] = {"required": True, "content": {media: {"schema": schema} for media in operation.brings}}
    if operation.takes:
        content = {"schema": schemas[operation.takes], "example": _example(operation.takes, examples)}
        made["requestBody"] = {"required": True, "content": {"application/json": content}}
    return made


def _identity(operation: Operation) -> str:
    words = operation.path.replace("{", "").replace("}", "").replace("-", "_").replace(".", "_").strip("/")
    return f"{operation.method.lower()}_{words.replace('/', '_') or 'home'}"


def _path_parameters(operation: Operation, examples: Examples) -> Iterator[dict[str, Any]]:
    for part in operation.path.split("/"):
        if part.startswith("{"):
            name = part[1:-1]
            schema = {"type": "string", "minLength": 1, "maxLength": 200}
            yield {"name": name, "in": "path", "required": True, "description": PATHS[name], "schema": schema,
                   "example": examples[name]}  # fmt: skip


def _query_parameters(operation: Operation, components: dict[str, Any], examples: Examples) -> Iterator[dict[str, Any]]:
    if operation.query is None:
        return
    shape = components[operation.query.__name__]
    for name, schema in shape["properties"].items():
        schema = dict(schema)
        about = schema.pop("description", "") or ABOUT[name]
        if schema.get("default", ...) is None:  # what is left out is not sent as null
            given = next(each for each in schema.pop("anyOf") if each != {"type": "null"})
            schema = {**given, **{key: value for key, value in schema.items() if key != "default"}}
        told = {"name": name, "in": "query", "required": name in shape["required"], "description": about}
        yield {**told, "schema": schema} | ({"example": examples[name]} if name in examples else {})


def _header_parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for name, about in operation.sends.items():
        strict = {} if name in _LENIENT else {"maxLength": 200, "pattern": "^[!-~]+$"}
        schema = {"type": "string", **strict}
        yield {"name": name, "in": "header", "required": False, "description": about, "schema": schema}


def _responses(operation: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    headers = dict(operation.headers) | ({"ETag": "Tag of this answer, for If-None-Match"} if operation.tagged else {})
    content = {media: {"schema": schemas[kind]} if kind else {} for media, kind in operation.gives.items()}
    made: dict[str, Any] = {
        str(operation.status): {
            "description": HTTPStatus(operation.status).phrase,
            "content": content,
            "headers": {name: {"description": told, "schema": {"type": "string"}} for name, told in headers.items()},
        }
    }
    for status, about in operation.sometimes.items():
        made[str(status)] = {"description": about, "content": content}
    if operation.tagged:
        made["304"] = {"description": "The answer is the one that the client holds"}
    for status in operation.statuses:
        body = {MEDIA_TYPE: {"schema": schemas[Problem]}}
        made[str(status)] = {"description": _REFUSALS[status], "content": body}
    return made


def _example(kind: type[msgspec.Struct], examples: Examples) -> Any:
    """A question of this kind, of the examples of its fields."""
    fields = msgspec.structs.fields(kind)
    return {field.encode_name: examples[field.encode_name] for field in fields if field.encode_name in examples}


def _explained(components: dict[str, Any]) -> dict[str, Any]:
    """The shapes, every field with its meaning."""
    return {
        name: {
            **shape,
            "properties": {each: _meant(name, each, schema) for each, schema in shape["properties"].items()},
        }
        if "properties" in shape
        else shape
        for name, shape in components.items()
    }


def _meant(shape: str, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    about = ABOUT.get(f"{shape.rpartition('.')[2]}.{name}") or ABOUT.get(name)
    return schema if "description" in schema or about is None else {"description": about, **schema}
