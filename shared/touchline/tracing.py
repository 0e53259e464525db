"""W3C trace context (https://www.w3.org/TR/trace-context/): which run came of which.

A `traceparent` names a trace and a span in it. Each run opens a span of its own in the trace of the event that woke it,
and writes it into what it publishes, so that a chain of events is one trace, whoever carries them.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_SHAPE: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")
_current: ContextVar[str] = ContextVar("traceparent", default="")


def current() -> str:
    """Traceparent of the span that we are in, empty outside of one."""
    return _current.get()


def child(parent: str = "") -> str:
    """Traceparent of a new span: in the trace of `parent`, or in a new trace if that is none.

    >>> child("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")[:36]
    '00-0af7651916cd43dd8448eb211c80319c-'
    >>> len(child("nonsense"))
    55
    """
    return f"00-{trace_id(parent) or secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def trace_id(traceparent: str) -> str:
    """32 hexadecimal digits that all spans of a trace share; empty if it is no traceparent.

    >>> trace_id("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    '0af7651916cd43dd8448eb211c80319c'
    """
    read = _SHAPE.fullmatch(traceparent)
    return read[1] if read else ""


def span_id(traceparent: str) -> str:
    """16 hexadecimal digits of the span itself; empty if it is no traceparent.

    >>> span_id("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), span_id("")
    ('b7ad6b7169203331', '')
    """
    read = _SHAPE.fullmatch(traceparent)
    return read[2] if read else ""


@contextmanager
def within(traceparent: str) -> Iterator[None]:
    """Let what is called within be part of this span."""
    token = _current.set(traceparent)
    try:
        yield
    finally:
        _current.reset(token)
