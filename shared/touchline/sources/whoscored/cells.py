"""Single values of a page, read without guessing: what is not clearly a text, a number or an id is missing."""

import json
import math
from collections.abc import Collection
from typing import Any, Final

_LARGEST: Final = 2**63
_DIGITS: Final = 16
"""A text of fewer digits is read as it stands; one of more may lose some where it is taken for a float."""


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


def numbers(values: Collection[Any]) -> list[float]:
    """Those of some values that are numbers, as `number` says.

    >>> numbers([2, 2.5]), numbers([True, "3", None])
    ([2.0, 2.5], [3.0])
    """
    if values and set(map(type, values)) <= {int, float} and math.isfinite(sum(values)) and _small(values):
        return list(map(float, values))  # as a rule, and much faster than one by one
    return [found for value in values if (found := number(value)) is not None]


def _small(values: Collection[float]) -> bool:
    return min(values) > -_LARGEST and max(values) < _LARGEST


def whole(value: Any) -> int | None:
    """A whole number that a database can hold, also where it is written as a float or as text, as the site does.

    >>> whole(2445568895.0), whole("1900001"), whole(1.5), whole(None)
    (2445568895, 1900001, None, None)
    """
    if type(value) is int:
        return value if abs(value) < _LARGEST else None
    if type(value) is float:
        return int(value) if value.is_integer() and abs(value) < _LARGEST else None
    if type(value) is str and len(value) < _DIGITS and value.isascii() and value.isdigit():
        return int(value)
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
