"""What a browser evaluated in a page, kept with the page in one payload.

The page stays as it was read, byte for byte; what belongs to it follows in one script element that no site writes.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from touchline.errors import DataError

_OPEN: Final = b'\n<script type="application/json" id="touchline-values">'
_CLOSE: Final = b"</script>\n"


def with_values(body: bytes, values: Mapping[str, str]) -> bytes:
    """A page with its values: JavaScript expression -> its JSON. Without values it stays as it is.

    Raises:
        ValueError: a value is no JSON.
    """
    if not values:
        return body
    for value in values.values():
        json.loads(value)
    members = ",".join(f"{json.dumps(name)}:{value}" for name, value in sorted(values.items()))
    # outside its strings JSON has no "<", and within them an escape means the same: no value can end the element
    return body + _OPEN + f"{{{members}}}".replace("<", "\\u003c").encode("utf-8", "replace") + _CLOSE


def values_of(body: bytes) -> dict[str, Any]:
    """Values by expression, decoded; empty where a page came without a browser.

    Raises:
        DataError: the values are damaged.
    """
    at = _start(body)
    if at == len(body):
        return {}
    try:
        values = json.loads(body[at + len(_OPEN) : -len(_CLOSE)])
    except (ValueError, RecursionError) as error:
        raise DataError(f"the values kept with a page cannot be read: {error}", hint="fetch the page again") from error
    if not isinstance(values, dict):
        raise DataError("what is kept as the values of a page are none", hint="fetch the page again")
    return values


def page_of(body: bytes) -> bytes:
    """The page as it was read, without the values."""
    return body[: _start(body)]


def _start(body: bytes) -> int:
    """Where the values begin, the end of the body if there are none; what a page itself has of the kind is no value."""
    return body.rfind(_OPEN) if body.endswith(_CLOSE) and _OPEN in body else len(body)
