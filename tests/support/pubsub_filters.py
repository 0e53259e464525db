"""Filters of Pub/Sub's subscriptions, as far as ours use them, strictly read.

https://cloud.google.com/pubsub/docs/subscription-message-filter: AND and OR are not mixed without parentheses, and a
filter holds 256 bytes.
"""

import re
from collections.abc import Callable, Mapping

Attributes = Mapping[str, str]
Filter = Callable[[Attributes], bool]
LONGEST = 256
_TOKEN = re.compile(
    r"\s*(?:(?P<sign>[(),]|!=|=|:)|(?P<word>[A-Za-z_][\w.-]*)|(?P<text>\"[^\"]*\"))"
)  # fmt: skip


class Broken(Exception):
    """A filter that Pub/Sub would refuse."""


def read(written: str) -> Filter:
    """A filter; the empty one takes everything.

    >>> wanted = read('hasPrefix(attributes.objectId, "raw/") OR attributes.function = "export"')
    >>> wanted({"objectId": "raw/1.json"}), wanted({"function": "export"}), wanted({"objectId": "rawer"})
    (True, True, False)
    """
    if len(written.encode()) > LONGEST:
        raise Broken(f"{len(written)} bytes")
    if not written:
        return lambda attributes: True
    tokens = _tokens(written)
    found = _any_of(tokens)
    if tokens:
        raise Broken(f"something is left over at {tokens[0]!r}: {written}")
    return found


def _tokens(written: str) -> list[str]:
    found, place = list[str](), 0
    while place < len(written.rstrip()):
        matched = _TOKEN.match(written, place)
        if not matched:
            raise Broken(f"cannot be read from {written[place:]!r}")
        found.append(matched.group().strip())
        place = matched.end()
    return found


def _any_of(tokens: list[str]) -> Filter:
    parts, joined = [_one(tokens)], set[str]()
    while tokens and tokens[0] in ("AND", "OR"):
        joined.add(tokens.pop(0))
        parts.append(_one(tokens))
    if len(joined) > 1:
        raise Broken("AND and OR are mixed without parentheses")
    every = all if joined == {"AND"} else any
    return lambda attributes: every(part(attributes) for part in parts)


def _one(tokens: list[str]) -> Filter:
    token = _next(tokens)
    if token == "NOT":
        inner = _one(tokens)
        return lambda attributes: not inner(attributes)
    if token == "(":
        inner = _any_of(tokens)
        _expect(tokens, ")")
        return inner
    return _prefixed(tokens) if token == "hasPrefix" else _compared(token, tokens)


def _prefixed(tokens: list[str]) -> Filter:
    _expect(tokens, "(")
    name = _name(_next(tokens))
    _expect(tokens, ",")
    prefix = _text(_next(tokens))
    _expect(tokens, ")")
    return lambda attributes: attributes.get(name, "").startswith(prefix) if name in attributes else False


def _compared(token: str, tokens: list[str]) -> Filter:
    if token == "attributes":
        _expect(tokens, ":")
        there = _next(tokens)
        return lambda attributes: there in attributes
    name, sign, text = _name(token), _next(tokens), _text(_next(tokens))
    if sign == "=":
        return lambda attributes: attributes.get(name) == text
    if sign == "!=":
        return lambda attributes: attributes.get(name) != text
    raise Broken(f"no comparison: {sign}")


def _name(token: str) -> str:
    if not token.startswith("attributes."):
        raise Broken(f"no attribute: {token}")
    return token.removeprefix("attributes.")


def _text(token: str) -> str:
    if not token.startswith('"'):
        raise Broken(f"no text: {token}")
    return token[1:-1]


def _next(tokens: list[str]) -> str:
    if not tokens:
        raise Broken("it ends too early")
    return tokens.pop(0)


def _expect(tokens: list[str], wanted: str) -> None:
    if (found := _next(tokens)) != wanted:
        raise Broken(f"{found!r} where {wanted!r} is wanted")
