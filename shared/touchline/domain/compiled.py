"""Functions compiled by numba, kept on disk between processes where that is possible.

Only modules that replay the past import this one, and only when they do: predict runs without numba.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

_F = TypeVar("_F", bound=Callable[..., Any])


def compiled(function: _F) -> _F:
    """The function as machine code, made at its first call for each set of argument types.

    The code is kept beside the source, else under the user's cache, or where NUMBA_CACHE_DIR says. Where none of them
    can be written, as in a read-only image, numba refuses to keep it: then every process compiles for itself.

    >>> compiled(lambda x: x + 1)(2)
    3
    """
    try:
        return cast("_F", numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast("_F", numba.njit(nogil=True)(function))


def part(function: _F) -> _F:
    """A function that compiled ones call: kept with them, never by itself.

    What is kept for a function names the types that it was called with. Were a part kept for types of a program that
    is gone, nobody could read what else was kept for it.
    """
    return cast("_F", numba.njit(nogil=True)(function))
