"""JavaScript as it stands in the pages: literals that are no JSON, and JSON behind a marker.

The site writes its data into script elements, some of it as JSON, some with unquoted keys, single quotes and holes in
arrays. Both are read here without running anything.
"""

import json
import re
from contextlib import suppress
from typing import Any, Final

import msgspec

from touchline.errors import DataError

MAX_DEPTH: Final = 100
_PIECE: Final = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
    |(?P<number>[-+]?(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?))
    |(?P<name>[A-Za-z_$][\w$]*)
    |(?P<mark>[{}\[\],:])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(
    r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))|([\"\x00-\x1f])", re.DOTALL
)
_PLAIN: Final = {"b": "\\b", "f": "\\f", "n": "\\n", "r": "\\r", "t": "\\t", "v": "\\u000b", "0": "\\u0000", "\n": ""}
_WORDS: Final = {"true": "true", "false": "false", "null": "null", "undefined": "null"}
_KEY: Final = re.compile(r"""\s*(?:"([^"\\]*)"|'([^'\\]*)'|([A-Za-z_$][\w$]*|\d+))\s*:\s*""")
_NEXT: Final = re.compile(r"}\s*,\s*[A-Za-z_$][\w$]*\s*:")
"""The end of an object before another member with a plain key, which JSON has none of."""
_BETWEEN: Final = re.compile(r"\s*([,}])")
_DECODER: Final = json.JSONDecoder(strict=False)


def literal(text: str, at: int = 0) -> Any:
    r"""The literal that begins at a position; what follows it does not matter. A hole in an array is None.

    Raises:
        DataError: it is no literal, or does not end.

    >>> literal("{2025: {7: {15:1}}, name: 'Cup \\'A\\'', input: [1,,'x',]};")
    {'2025': {'7': {'15': 1}}, 'name': "Cup 'A'", 'input': [1, None, 'x']}
    """
    try:
        return json.loads(_as_json(text, at), strict=False)
    except (ValueError, RecursionError) as error:
        raise DataError(f"no JavaScript literal: {error}", where=_shown(text, at)) from error


def _as_json(text: str, at: int) -> str:
    """The literal in JSON, piece by piece."""
    made: list[str] = []
    depth, before = 0, ""
    while True:
        found = _PIECE.match(text, at)
        if not found:
            raise ValueError(f"cut off or unreadable at position {at}")
        at, kind, piece = found.end(), str(found.lastgroup), found[0]
        if kind == "blank":
            continue
        if kind == "mark":
            _mark(made, piece, before)
            depth += (piece in "{[") - (piece in "}]")
        else:
            made.append(_value(kind, piece, is_key=_is_key(text, at)))
        before = piece
        if depth == 0:
            return " ".join(made)  # two values without a mark between them stay two
        if depth > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")


def _mark(made: list[str], piece: str, before: str) -> None:
    """Add a mark: JSON knows neither holes nor a comma before the end."""
    if piece == "," and before in ("[", ","):
        made.append("null")
    elif piece in ("]", "}") and before == ",":
        made.pop()
    made.append(piece)


def _is_key(text: str, at: int) -> bool:
    return bool(re.compile(r"\s*:").match(text, at))


def _value(kind: str, piece: str, *, is_key: bool) -> str:
    if kind == "string":
        return f'"{_ESCAPE.sub(_escape, piece[1:-1])}"'
    if is_key:
        return json.dumps(piece)
    if kind == "number":
        return json.dumps(int(piece, 16) if "x" in piece.lower() else _number(piece))
    if piece not in _WORDS:
        raise ValueError(f"{piece} is no value")
    return _WORDS[piece]


def _number(piece: str) -> int | float:
    return int(piece) if re.fullmatch(r"[-+]?\d{1,18}", piece) else float(piece)


def _escape(found: re.Match[str]) -> str:
    braced, four, two, other, bare = found.groups()
    if braced:
        point = int(braced, 16)
        return json.dumps(chr(point) if point < 0x110000 else "\ufffd")[1:-1]
    if four or two:
        return f"\\u{(four or two).zfill(4)}"
    if bare:
        return json.dumps(bare)[1:-1]
    return _PLAIN.get(other, json.dumps(other)[1:-1])


def members(text: str, at: int) -> dict[str, Any]:
    """Members of the object that begins at a position. Values are JSON as a rule, which is read at once; literals too.

    Raises:
        DataError: it is no object, or does not end.
    """
    if text[at : at + 1] != "{":
        raise DataError("no object", where=_shown(text, at))
    found: dict[str, Any] = {}
    at += 1
    while key := _KEY.match(text, at):
        name = next(group for group in key.groups() if group is not None)
        found[name], at = _member(text, key.end())
        between = _BETWEEN.match(text, at)
        if not between:
            raise DataError(f"cut off after {name}", where=_shown(text, at))
        at = between.end()
        if between[1] == "}":
            return found
    if not re.compile(r"\s*}").match(text, at):
        raise DataError("an object that does not end", where=_shown(text, at))
    return found


def _member(text: str, at: int) -> tuple[Any, int]:
    """A value and the position behind it; the faster reader tries JSON before another member, as most of a page is."""
    following = _NEXT.search(text, at) if text[at : at + 1] == "{" else None
    if following:
        with suppress(msgspec.DecodeError, UnicodeEncodeError):
            return msgspec.json.decode(text[at : following.start() + 1]), following.start() + 1
    try:
        return _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        end = _end(text, at)
        return literal(text, at), end


def _end(text: str, at: int) -> int:
    """Position behind the literal at a position."""
    depth = 0
    while found := _PIECE.match(text, at):
        at = found.end()
        depth += (found[0] in ("{", "[")) - (found[0] in ("}", "]"))
        if depth == 0 and found.lastgroup != "blank":
            return at
    raise DataError("a value that does not end", where=_shown(text, at))


def value(text: str, at: int) -> Any:
    """The value that begins at a position: JSON, or a literal.

    Raises:
        DataError: it is neither, or does not end.
    """
    return _member(text, at)[0]


def after(text: str, *markers: str) -> int | None:
    """Position behind the first of the markers (regular expressions) that the text has, None if it has none."""
    for marker in markers:
        if found := re.search(marker, text):
            return found.end()
    return None


def _shown(text: str, at: int) -> str:
    return f"position {at} ({text[at : at + 40]!r})"
