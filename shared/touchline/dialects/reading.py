"""A message while it is read: its limits, its JSON decoded once, and the checks that every dialect makes."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any, Final, NamedTuple, TypeVar
from urllib.parse import unquote, unquote_plus

import msgspec

from touchline.domain.vocabulary import KEY_ALPHABET
from touchline.errors import EventError
from touchline.work import Event, EventKind

MAX_BODY: Final = 1024 * 1024
"""Bytes; an event points at data, it does not carry them."""
MAX_DEPTH: Final = 64
"""Levels of JSON; what is nested deeper could be read here and yet break whoever writes it down."""
MAX_EVENTS: Final = 100
"""Events in one message; the platforms send one, rarely a few."""
MAX_TEXT: Final = 4096
"""Letters of an id, a source or a subject."""
MAX_KEY: Final = 1024
"""Letters of a key, as in S3 and Google Cloud Storage."""

JSON: Final = "application/json"

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Digest = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")]
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
_BROKEN_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_T = TypeVar("_T")


class Message(msgspec.Struct, frozen=True):
    """What came over HTTP, whoever carried it; the names of headers in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


class Reading:
    """A message while it is read.

    Args:
        message: as received.
        now: time of events that bring none.
        prefix: where our store begins in its bucket, "" or ending in a slash.
        wanted: prefixes of the objects that ask something, in our store; without any, all do.
    """

    def __init__(self, message: Message, now: datetime, prefix: str = "", wanted: tuple[str, ...] = ()) -> None:
        self.message, self.now, self.prefix, self.wanted = message, now, prefix, wanted

    def header(self, name: str) -> str:
        """Value of a header, "" if there is none."""
        return self.message.headers.get(name, "")

    @property
    def media_type(self) -> str:
        """Content type without its parameters, "" if there is none."""
        return media_type(self.header("content-type"))

    @property
    def claims_json(self) -> bool:
        """Whether the body is said to be JSON; no type says so too, in CloudEvents and for people who type curl."""
        kind = self.media_type
        return kind in ("", JSON, "text/json") or kind.endswith("+json")

    @cached_property
    def content(self) -> Any:
        """The body as JSON, None without a body.

        Raises:
            EventError: it is no JSON, or nested too deeply.
        """
        return decoded(self.message.body, self.message.path) if self.message.body else None

    @property
    def fields(self) -> dict[str, Any]:
        """Fields of the body where it is a JSON object, by which dialects without marks of their own are told apart."""
        return self._object or {}

    @property
    def is_object(self) -> bool:
        """Whether the body is a JSON object, or there is none."""
        return self._object is not None

    @cached_property
    def _object(self) -> dict[str, Any] | None:
        if not self.message.body:
            return {}
        if not self.claims_json or len(self.message.body) > MAX_BODY:
            return None
        try:
            return self.content if isinstance(self.content, dict) else None
        except EventError:
            return None


class Dialect(NamedTuple):
    """A way in which somebody says that something happened."""

    name: str
    recognises: Callable[[Reading], bool]
    """By marks that only this dialect has; never raises."""
    read: Callable[[Reading], tuple[Event, ...]]
    """Events of a message that was recognised, none where nothing is asked; EventError if it breaks its dialect."""


def media_type(value: str) -> str:
    """Content type without its parameters.

    >>> media_type("Application/JSON; charset=utf-8")
    'application/json'
    """
    return value.partition(";")[0].strip().lower()


def decoded(data: bytes, where: str) -> Any:
    """JSON of some bytes.

    Raises:
        EventError: no JSON, or nested deeper than `MAX_DEPTH`.
    """
    try:
        value = msgspec.json.decode(data)
    except RecursionError as error:
        raise _too_deep(where) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EventError(f"not JSON: {error}", where=where) from error
    if not _shallow(value):
        raise _too_deep(where)
    return value


def converted(values: Any, kind: type[_T], where: str) -> _T:
    """Values in the shape of a declared type; what the type does not name is ignored.

    Raises:
        EventError: a field is missing or of another kind; says which one.
    """
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise EventError(f"not a valid {kind.__name__.strip('_')}: {error}", where=where) from error


def utc(moment: datetime, where: str) -> datetime:
    """The moment in UTC.

    Raises:
        EventError: in UTC it would lie outside the calendar.
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise EventError(f"the time {moment} has no equal in UTC", where=where) from error


def checked(name: Any, kind: EventKind, where: str) -> str:
    """Key or schedule: both have the alphabet of keys; a request needs none.

    Raises:
        EventError: missing, too long, or with letters outside the alphabet.
    """
    if kind == "http" and name == "":
        return ""
    what = "schedule" if kind == "cron" else "key"
    if not isinstance(name, str) or not KEY_ALPHABET.fullmatch(name):
        raise EventError(f"no usable {what}: {name!r:.200}", where=where, hint=f"a {what} has only [a-z0-9/_.-]")
    if len(name) > MAX_KEY:
        raise EventError(f"a {what} of {len(name)} letters; at most {MAX_KEY} are read", where=where)
    return name


def object_events(reading: Reading, *, name: str, bucket: str, key: str, time: datetime | None) -> tuple[Event, ...]:
    """Event of an object that a platform names from the root of its bucket; none if nobody wants to know of it.

    Which buckets may wake a function is for the platform's subscription to say, so the bucket is kept as the source and
    not compared with anything. Objects that are not wanted ask nothing, since a subscription may be wider than that; if
    they were refused, then the reason that is kept for it would be the next object that is not wanted.

    Args:
        reading: the message that tells of it.
        name: identity of the event.
        bucket: where the object lies.
        key: decoded, from the bucket's root.
        time: when it was written, if the platform says so.

    Raises:
        EventError: the object lies outside our store, or its key has letters outside the alphabet.
    """
    if not key.startswith(reading.prefix):
        hint = "the platform's subscription and TOUCHLINE_STORE name different prefixes"
        raise EventError(f"{key!r:.200} lies outside {reading.prefix!r}", where=name, hint=hint)
    ours = key.removeprefix(reading.prefix)
    if reading.wanted and not ours.startswith(reading.wanted):
        return ()
    event = Event(
        id=name,
        kind="object",
        source=bucket,
        time=utc(time, name) if time else reading.now,
        key=checked(ours, "object", name),
        traceparent=reading.header("traceparent"),
    )
    return (event,)


def unquoted(value: str, where: str, *, form: bool = False) -> str:
    """Percent-coded text, decoded once; in a form a + stands for a blank.

    Raises:
        EventError: a % that starts no code, or codes that are no UTF-8.

    >>> unquoted("a%2520b+c", "here"), unquoted("a%2520b+c", "here", form=True)
    ('a%20b+c', 'a%20b c')
    """
    if _BROKEN_PERCENT.search(value):
        raise EventError(f"{value!r:.200} has a % that starts no percent-code", where=where)
    try:
        return (unquote_plus if form else unquote)(value, errors="strict")
    except UnicodeDecodeError as error:
        raise EventError(f"{value!r:.200} is no percent-coded UTF-8", where=where) from error


def _shallow(value: Any) -> bool:
    """Whether the containers of a JSON value end within `MAX_DEPTH` levels."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _inside(outer)]
        if not level:
            return True
    return False


def _inside(outer: dict[str, Any] | list[Any]) -> Any:
    return outer.values() if isinstance(outer, dict) else outer


def _too_deep(where: str) -> EventError:
    return EventError(f"JSON of more than {MAX_DEPTH} levels", where=where)
