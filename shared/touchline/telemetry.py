"""What a run leaves behind for people and machines: a run record, and the same as one JSON line in the log.

Every line that is written within a span (of a run, of a request) names its trace, so that the lines of a chain are
found by one identity, whichever functions wrote them.
"""

import json
import logging
import re
import resource
import sys
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, TextIO

import msgspec

from touchline import tracing
from touchline.errors import TouchlineError

LOGGER: Final = logging.getLogger("touchline")
_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@/\s]+@")
_API_KEY: Final = re.compile(r"tl_[A-Za-z0-9_-]{43}")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """An error as data, its secrets blotted out."""

    kind: str
    what: str
    where: str = ""
    hint: str = ""
    details: tuple[str, ...] = ()
    trace: str = ""
    """Innermost frames, of errors that nobody foresaw."""


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one function. Objects under `runs/` are the only ones with clocks, memory and run ids in them."""

    run_id: str
    function: str
    work: str
    event_id: str
    event_kind: str
    key: str
    generation: int
    traceparent: str
    """Its own span."""
    started: datetime
    ended: datetime
    duration_s: float
    peak_memory_mib: float
    cold: bool
    """True for the first run of a process, which builds the ports."""
    status: int
    outcome: Literal["done", "unchanged", "skipped", "parked", "failed"]
    parent: str = ""
    """Span of the run that published what woke it; empty for the first of a trace."""
    reason: str = ""
    publications: tuple[str, ...] = ()
    summary: dict[str, Any] = {}
    metrics: dict[str, float] = {}
    error: Fault | None = None

    @property
    def object_key(self) -> str:
        """Where the record is kept."""
        return f"runs/{self.function}/{self.started:%Y%m%d}/{self.run_id}.json"


def describe(error: BaseException, secrets: Iterable[str] = ()) -> Fault:
    """An error as data; `secrets` are values that must not appear."""
    hidden = tuple(secrets)
    kind = type(error).__name__
    if isinstance(error, TouchlineError):
        details = tuple(redact(detail, hidden) for detail in error.details)
        what, where, hint = (redact(text, hidden) for text in (error.what, error.where, error.hint))
        return Fault(kind=kind, what=what, where=where, hint=hint, details=details)
    frames = "".join(traceback.format_tb(error.__traceback__, limit=-4))
    return Fault(kind=kind, what=redact(str(error), hidden), trace=redact(frames, hidden))


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Text without passwords in addresses, API keys, and the given values.

    >>> redact("no answer from postgresql://me:hunter2@db/touchline, token abcdef", ["abcdef"])
    'no answer from postgresql://me:***@db/touchline, token ***'
    >>> redact("X-API-Key: tl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    'X-API-Key: tl_***'
    """
    for secret in secrets:
        text = text.replace(secret, "***") if len(secret) >= 6 else text
    return _API_KEY.sub("tl_***", _PASSWORD.sub(r"\1***@", text))


def peak_memory_mib() -> float:
    """Highest resident memory of the process since `forget_peak` (since its start, where that is impossible)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def forget_peak() -> None:
    """Let the peak of memory begin anew, so that a warm process tells its runs apart (Linux only)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


class JsonFormatter(logging.Formatter):
    """One JSON object a line; whatever is passed as `extra` becomes a field."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, in ASCII, so that no log collector trips over it."""
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "severity": record.levelname,
            "message": record.getMessage(),
        }
        line = {**said, **_span(str(extra.get("traceparent", "")), str(extra.get("parent", ""))), **extra}
        if record.exc_info:
            line["trace"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, default=str, sort_keys=True)


def _span(traceparent: str, parent: str) -> dict[str, str]:
    """Trace and span that a line belongs to, and the span that this one came of: logs are searched by them."""
    own = traceparent or tracing.current()
    told = {
        "trace_id": tracing.trace_id(own),
        "span_id": tracing.span_id(own),
        "parent_span_id": tracing.span_id(parent),
    }
    return {name: value for name, value in told.items() if value}


def log_to(target: TextIO | Path | None = None, level: str = "INFO") -> None:
    """Send the log to a stream (standard error) or file, unless it goes somewhere already."""
    if LOGGER.handlers:
        return
    handler = logging.FileHandler(target, delay=True) if isinstance(target, Path) else logging.StreamHandler(target)
    handler.setFormatter(JsonFormatter())
    LOGGER.addHandler(handler)
    LOGGER.setLevel(level)
    LOGGER.propagate = False


def log_run(record: RunRecord) -> None:
    """The line of a run: a warning when something was refused, an error when it failed."""
    level = {"failed": logging.ERROR, "parked": logging.WARNING}.get(record.outcome, logging.INFO)
    LOGGER.log(level, "%s %s", record.function, record.outcome, extra=_fields(record))


def _fields(record: RunRecord) -> Mapping[str, Any]:
    plain = msgspec.to_builtins(record)
    return {key: value for key, value in plain.items() if value not in ("", (), [], {}, None)}
