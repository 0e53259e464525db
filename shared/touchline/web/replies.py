"""Questions and answers of the routes that need no framework: bytes, and how they are sent."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from touchline.web.refusals import Refusal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY: Final[Headers] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
"""In every answer: nothing foreign may enter it."""
JSON: Final[Headers] = ((b"content-type", b"application/json"), (b"cache-control", b"no-cache"))
_NO_CONTENT: Final = 204
_NOT_MODIFIED: Final = 304


@dataclass(frozen=True)
class Asked:
    """A question."""

    scope: Scope
    parameter: str
    """What stands in the path where the route has a parameter."""
    client: str
    """Who asks: the id of a key, or an address."""


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    body: bytes
    headers: Headers = JSON


Handler = Callable[[Asked], Awaitable[Reply]]


class Told:
    """Sends an answer on, with the headers that all have, and remembers its status for the meters.

    Args:
        send: of the server.
        bodiless: leave the body out: HEAD was asked for.
    """

    def __init__(self, send: Send, *, bodiless: bool) -> None:
        self._send, self._bodiless = send, bodiless
        self.status, self.route = 500, "unmatched"
        self.extra: Headers = ()

    async def __call__(self, message: Message) -> None:
        """One ASGI message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *SECURITY, *self.extra]
        elif self._bodiless:
            message["body"] = b""
        await self._send(message)

    async def reply(self, reply: Reply) -> None:
        """A whole answer."""
        headers = list(reply.headers)
        if reply.status not in (_NO_CONTENT, _NOT_MODIFIED):
            headers.append((b"content-length", b"%d" % len(reply.body)))
        await self({"type": "http.response.start", "status": reply.status, "headers": headers})
        await self({"type": "http.response.body", "body": reply.body})


def of_refusal(refusal: Refusal) -> Reply:
    """A refusal as an answer."""
    headers = tuple((name.encode("latin-1"), str(value).encode("latin-1")) for name, value in refusal.headers.items())
    return Reply(refusal.status, refusal.body, headers)


def header(scope: Scope, name: bytes) -> str:
    """A header of a request (its name in lower case), empty without it."""
    return next((value.decode("latin-1") for found, value in scope["headers"] if found == name), "")


def tagged(scope: Scope, reply: Reply, tag: str) -> Reply:
    """An answer with its tag (ETag); 304 without a body to who names the tag already."""
    etag = f'"{tag}"'
    headers = (*reply.headers, (b"etag", etag.encode()))
    return Reply(_NOT_MODIFIED, b"", headers) if known(header(scope, b"if-none-match"), (etag,)) else Reply(
        reply.status, reply.body, headers
    )  # fmt: skip


def known(sent: str, tags: tuple[str, ...]) -> str:
    """The tag among ours that a client names (If-None-Match: weak ones are as good), empty if it names none.

    >>> known('W/"a", "b"', ('"b"', '"b-gzip"')), known("*", ('"a"',)), known('"c"', ('"a"',))
    ('"b"', '"a"', '')
    """
    if sent.strip() == "*":
        return tags[0]
    named = {one.strip().removeprefix("W/") for one in sent.split(",")}
    return next((tag for tag in tags if tag in named), "")


def no_parameters(scope: Scope) -> None:
    """Refuse any parameter.

    Raises:
        Refused: 422, naming each.
    """
    if scope["query_string"]:
        from touchline.web.questions import no_query

        no_query(scope["query_string"])
