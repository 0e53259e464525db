"""Every error that Touchline raises on purpose, named by cause.

    TouchlineError
    |-- PermanentError            the same input fails again: park it, acknowledge it
    |   |-- EventError            the event itself cannot be understood
    |   |-- DataError             a payload, table or request breaks its contract
    |   |   |-- UnknownName       a team, competition, column or status that nobody declared
    |   |   |-- ShapeChanged      a page of a source is not shaped as its kind was
    |   |   `-- GateRejected      a validation gate said no
    |   |-- NotFound              an object, match or model that should be there is not
    |   `-- CorruptObject         an object whose bytes do not have the hash that was promised
    |-- RetryableError            the same input may work later: answer 503, keep it
    |   |-- Unavailable           a store, database, registry or source does not answer
    |   |   |-- NoConnection      its host is not reached at all
    |   |   `-- BlockedError      a source refuses us: not asked again before its cool-down has passed
    |   `-- Conflict              somebody else holds the lock or won the conditional write
    `-- ConfigurationError        a setting is missing or wrong: nothing is lost, mend it and try again

The class alone decides whether something is worth another attempt: everything but a `PermanentError` is, also an error
that is not listed here. `http_status` says the same to those who ask directly.
"""


class TouchlineError(Exception):
    """Base of all errors: what was wrong, where, and what to do about it.

    Args:
        what: one sentence that names the fault.
        where: file, key, column or field in which it was found.
        hint: what the user can do.
        details: further lines (each offending row, each suggestion), kept whole for reports.
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "", details: tuple[str, ...] = ()) -> None:
        self.what, self.where, self.hint, self.details = what, where, hint, details
        super().__init__(what)

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return "\n  ".join(part for part in (head, *self.details, self.hint) if part)


class PermanentError(TouchlineError):
    """The same input will fail again."""


class EventError(PermanentError, ValueError):
    """An event of no known dialect, or without what its dialect needs."""


class DataError(PermanentError, ValueError):
    """Data that breaks its contract."""


class UnknownName(DataError, LookupError):
    """A name that nobody declared; carries suggestions in `details`, never a guess."""


class ShapeChanged(DataError):
    """A page whose shape is not the one that its parser knows; the page is kept."""


class GateRejected(DataError):
    """A validation gate refused a table."""


class NotFound(PermanentError, LookupError):
    """Something that should exist does not."""


class CorruptObject(PermanentError):
    """Bytes that do not have the promised hash."""


class RetryableError(TouchlineError):
    """The same input may work later; `retry_after` says in how many seconds, 0 if nobody knows."""

    def __init__(
        self, what: str, *, where: str = "", hint: str = "", details: tuple[str, ...] = (), retry_after: float = 0.0
    ) -> None:
        super().__init__(what, where=where, hint=hint, details=details)
        self.retry_after = retry_after


class Unavailable(RetryableError, ConnectionError):
    """A part that we depend on does not answer."""


class NoConnection(Unavailable):
    """The host of an address is not reached: there is no network, no such name, or nobody listens."""


class BlockedError(Unavailable):
    """A source shows us a wall in place of its page. `kind` says which; nothing of the answer is data."""

    def __init__(
        self,
        what: str,
        *,
        kind: str,
        where: str = "",
        hint: str = "",
        details: tuple[str, ...] = (),
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(what, where=where, hint=hint, details=details, retry_after=retry_after)
        self.kind = kind


class Conflict(RetryableError):
    """Another worker holds the lock or won the conditional write."""


class ConfigurationError(TouchlineError, ValueError):
    """A setting is missing or wrong."""


def http_status(error: BaseException) -> int:
    """Status for a direct HTTP caller: 400 no request that we know, 404 not found, 422 bad input, 503 try again later.

    >>> errors = (EventError("not JSON"), NotFound("no match"), DataError("odds below 1"), Unavailable("store"))
    >>> [http_status(error) for error in errors]
    [400, 404, 422, 503]
    """
    if isinstance(error, EventError):
        return 400
    if isinstance(error, NotFound | UnknownName):
        return 404
    return 422 if isinstance(error, PermanentError) else 503
