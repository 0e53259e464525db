"""Single values of a page, read without guessing: what is not clearly a text, a number or an id is missing."""

import json
import math
from typing import Any, Final

_LARGEST: Final = 2**63


def text(value: Any) -> str:
    r"""Text in one line, empty if it is none; characters that no table can keep are left out.

    >>> text("  Köln\n Athletic "), text(None), text(7), text("a\ud83db\x00c")
    ('Köln Athletic', '', '', 'abc')
    """
    if not isinstance(value, str):
        return ""
    if value.isalnum() and value.isascii():  # most are a plain word
        return value
    kept = value.replace("\x00", "").encode("utf-8", "ignore").decode()
    return " ".join(kept.split())


def number(value: Any) -> float | None:
    """A finite number; text counts if it is one, true and false do not.

    >>> number(2), number("2.5"), number(True), number("n/a"), number(float("nan"))
    (2.0, 2.5, None, None, None)
    """
    if type(value) is float:  # most are
        return value if math.isfinite(value) else None
    if type(value) is int and abs(value) < _LARGEST:
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(value: Any) -> int | None:
    """A whole number that a database can hold, also where it is written as a float or as text, as the site does.

    >>> whole(2445568895.0), whole("1900001"), whole(1.5), whole(None)
    (2445568895, 1900001, None, None)
    """
    if type(value) is int:  # most are
        return value if abs(value) < _LARGEST else None
    found = number(value)
    return int(found) if found is not None and abs(found) < _LARGEST and found == int(found) else None


def flag(value: Any) -> bool:
    """Whether something is said to be true; `false` has been seen as text.

    >>> flag(True), flag("true"), flag("false"), flag(None)
    (True, True, False, False)
    """
    return value is True or (isinstance(value, str) and value.lower() == "true")


def mapping(value: Any) -> dict[str, Any]:
    """An object, an empty one where there is none."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[dict[str, Any]]:
    """The objects in a list, an empty list where there is none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def word(value: Any) -> str:
    """The name in one of the site's pairs of number and name.

    >>> word({"value": 16, "displayName": "Goal"}), word(None)
    ('Goal', '')
    """
    return text(mapping(value).get("displayName"))


def shown(value: Any) -> str:
    """A value as it stood there, for reports."""
    return json.dumps(value, ensure_ascii=False)
