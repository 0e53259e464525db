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


def here() -> str:
    """Traceparent of the span that we are in, of a new trace outside of one: for what begins a chain.

    >>> with within("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
    ...     here()
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    """
    return current() or child()


def child(parent: str = "") -> str:
    """Traceparent of a new span: in the trace of `parent`, or in a new trace if that is none.

    >>> child("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")[:36]
    '00-0af7651916cd43dd8448eb211c80319c-'
    >>> len(child("nonsense"))
    55
    """
    drawn = secrets.token_hex(24)
    return f"00-{trace_id(parent) or drawn[:32]}-{drawn[32:]}-01"


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


def sampled(traceparent: str) -> bool:
    """Whether who began the trace wishes that it is recorded: the lowest bit of the flags.

    >>> sampled("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), sampled("")
    (True, False)
    """
    return bool(_SHAPE.fullmatch(traceparent)) and int(traceparent[-2:], 16) & 1 == 1


@contextmanager
def within(traceparent: str) -> Iterator[None]:
    """Let what is called within be part of this span."""
    token = _current.set(traceparent)
    try:
        yield
    finally:
        _current.reset(token)
