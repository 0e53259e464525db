"""Posts events to whoever takes CloudEvents: a Knative broker, `touchline up`, or a gateway before the functions."""

import weakref
from functools import cached_property
from typing import TYPE_CHECKING, Final

from touchline.dialects.cloudevents import to_http
from touchline.errors import ConfigurationError, Unavailable
from touchline.work import Event

if TYPE_CHECKING:
    import httpx

TIMEOUT: Final = 10.0
"""Seconds that a connection, or an answer, may take."""
ATTEMPTS: Final = 4
LONGEST_PAUSE: Final = 8.0
DIRECT: Final = dict.fromkeys(("all://localhost", "all://127.0.0.1", "all://[::1]"))
"""Mounts of httpx: no proxy stands between us and a sink on this machine."""
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class HttpEmitter:
    """An `Emitter`: each event is the POST of a binary CloudEvent; `ce-function` says for whom it is.

    Args:
        sink: address.
        token: sent as bearer token, and never told; empty = none.
        backoff_seconds: pause before the second attempt; it doubles.
    """

    def __init__(self, sink: str, *, token: str = "", backoff_seconds: float = 0.5) -> None:
        self._sink, self._token, self._backoff = sink, token, backoff_seconds

    def emit(self, function: str, event: Event) -> None:
        """Hand an event over.

        Raises:
            Unavailable: the sink does not answer, or is busy, after all attempts.
            ConfigurationError: it is no sink, or refuses us.
        """
        import tenacity

        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Unavailable),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=tenacity.wait_exponential(self._backoff, LONGEST_PAUSE) + tenacity.wait_random(0, self._backoff),
            reraise=True,
        )
        again(self._post, function, event)

    @cached_property
    def _client(self) -> "httpx.Client":
        import httpx

        headers = {"authorization": f"Bearer {self._token}"} if self._token else {}
        client = httpx.Client(timeout=TIMEOUT, headers=headers, mounts=DIRECT)
        weakref.finalize(self, client.close)  # who lets go of the emitter leaves no connection open
        return client

    def _post(self, function: str, event: Event) -> None:
        import httpx

        message = to_http(event)
        headers = {**message.headers, "ce-function": function}
        try:
            status = self._client.post(self._sink, headers=headers, content=message.body).status_code
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise self._refused(str(error)) from error
        except httpx.RequestError as error:
            what = f"the sink does not answer: {str(error) or type(error).__name__}"
            raise Unavailable(what, where=self._sink) from error
        if status in _AGAIN:
            raise Unavailable(f"the sink answers {status}", where=self._sink)
        if not 200 <= status < 300:
            raise self._refused(f"it answers {status}")

    def _refused(self, what: str) -> ConfigurationError:
        hint = "check TOUCHLINE_SINK and TOUCHLINE_SINK_TOKEN"
        return ConfigurationError(f"no sink that takes our events: {what}", where=self._sink, hint=hint)
