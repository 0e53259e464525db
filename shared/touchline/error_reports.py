"""Tells a tracker of errors (Sentry, or what speaks its protocol) of what nobody foresaw: off unless a DSN is set.

The SDK is loaded when there is something to tell. It catches nothing by itself: no hooks, no integrations, no
breadcrumbs, no requests, no local variables, no name of the machine. What is sent is the error with its frames, where
it happened (function, trace, run) and which version ran; every text passes through `telemetry.redact` first. Our own
errors (`touchline.errors`) are foreseen: they are parked or tried again, and never told.
"""

import re
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from importlib.util import find_spec
from typing import Any, Final
from urllib.parse import urlsplit

from touchline import telemetry, tracing
from touchline.errors import ConfigurationError, TouchlineError
from touchline.settings import Common

VARIABLE: Final = "TOUCHLINE_SENTRY_DSN"
FLUSH_SECONDS: Final = 2.0
"""Patience for the tracker: a process may be frozen or ended once it has answered."""
AGAIN_SECONDS: Final = 60.0
"""The same error at the same place is told once in so many seconds: attempts and requests come fast."""
_SECRET: Final = re.compile(r"SECRET|TOKEN|PASSWORD|_KEY|_DSN")
"""Names of variables whose values must not be told."""
_SENT: Final = frozenset(
    {"event_id", "timestamp", "level", "platform", "exception", "tags", "release", "environment", "sdk"}
)
"""Parts of a report that are sent; whatever else the SDK thinks of is left out."""
_FRAME: Final = frozenset(
    {"filename", "function", "module", "lineno", "in_app", "pre_context", "context_line", "post_context"}
)
_LONGEST: Final = 4000


def secrets(environ: Mapping[str, str]) -> Iterator[str]:
    """Values that must not be told: those that are secret by the name of their variable, and passwords in addresses.

    >>> sorted(secrets({"MY_TOKEN": "abc", "TOUCHLINE_DATABASE": "postgresql://me:hunter2@db/x", "HOME": "/root"}))
    ['abc', 'hunter2']
    """
    for name, value in environ.items():
        if _SECRET.search(name):
            yield value
        elif "://" in value and "@" in value:
            with suppress(ValueError):
                yield urlsplit(value).password or ""


class ErrorReports:
    """Reports errors to the tracker that the settings name.

    Args:
        common: the DSN, and which installation it is.
        environ: the environment, some of whose values must not be told.
    """

    def __init__(self, common: Common, environ: Mapping[str, str]) -> None:
        self._dsn, self._environment = common.sentry_dsn, common.sentry_environment
        self._hidden = tuple(secrets(environ))
        self._told: dict[str, float] = {}

    def tell(self, error: BaseException, **tags: str) -> None:
        """Report an error that nobody foresaw, with the trace that we are in; never raises.

        Args:
            error: as it was caught; one of ours is not told.
            tags: where it happened, such as the function.
        """
        if not self._dsn or isinstance(error, TouchlineError) or not self._is_new(error):
            return
        named = {"trace_id": tracing.trace_id(tracing.current()), **tags}
        try:
            self._send(error, {name: value for name, value in named.items() if value})
        except Exception as failure:  # the record of the run has the error anyway
            what = telemetry.describe(failure, self._hidden).what
            telemetry.LOGGER.warning("error not reported", extra={"error": what})

    @cached_property
    def client(self) -> Any:
        """The SDK's client, made when it is first needed.

        Raises:
            ConfigurationError: the SDK is not installed, or the DSN is none.
        """
        if find_spec("sentry_sdk") is None:
            raise ConfigurationError("the SDK is not installed", where=VARIABLE, hint="pip install 'touchline[errors]'")
        from importlib.metadata import version

        import sentry_sdk
        from sentry_sdk.utils import BadDsn

        try:
            made: Any = sentry_sdk.Client(
                dsn=self._dsn, environment=self._environment, release=f"touchline@{version('touchline')}",
                default_integrations=False, auto_enabling_integrations=False,
                include_local_variables=False, max_request_body_size="never", max_breadcrumbs=0, server_name="",
                before_send=self._scrubbed, shutdown_timeout=FLUSH_SECONDS,
            )  # fmt: skip
        except BadDsn:
            hint = "https://<key>@<host>/<project>"
            raise ConfigurationError("no address of a tracker", where=VARIABLE, hint=hint) from None
        return made

    def _send(self, error: BaseException, tags: Mapping[str, str]) -> None:
        client = self.client
        import sentry_sdk
        from sentry_sdk.utils import event_from_exception

        event, hint = event_from_exception(error, client_options=client.options)
        client.capture_event({**event, "tags": tags}, hint=hint, scope=sentry_sdk.Scope())
        client.flush(timeout=FLUSH_SECONDS)

    def _is_new(self, error: BaseException) -> bool:
        """Whether it was not told just now; forgets what was told longer ago, so that memory stays small."""
        now, frames = time.monotonic(), traceback.extract_tb(error.__traceback__, limit=-1)
        place = ":".join([type(error).__name__, *(f"{frame.filename}:{frame.lineno}" for frame in frames)])
        self._told = {name: at for name, at in self._told.items() if now - at < AGAIN_SECONDS}
        new = place not in self._told
        self._told.setdefault(place, now)
        return new

    def _scrubbed(self, event: Any, hint: Any) -> Any:
        """As the SDK asks before it sends."""
        return self._clean({name: value for name, value in event.items() if name in _SENT})

    def _clean(self, value: Any) -> Any:
        """The same without secrets, and without what is not known of frames."""
        if isinstance(value, str):
            return telemetry.redact(value, self._hidden)[:_LONGEST]
        if isinstance(value, Mapping):
            known = _FRAME if "lineno" in value else value
            return {name: self._clean(each) for name, each in value.items() if name in known}
        if isinstance(value, list | tuple):
            return [self._clean(each) for each in value]
        return value


SILENT: Final = ErrorReports(Common(), {})
"""Tells nobody."""
