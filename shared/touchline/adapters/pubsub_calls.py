"""Calls of Google's Pub/Sub over its REST interface, and their errors in our words.

The client library of Pub/Sub brings gRPC, 19 MB; what the client of buckets brings suffices for four calls.
Credentials are the application's default ones; with PUBSUB_EMULATOR_HOST set, that address is used, without any.
"""

import os
import weakref
from base64 import b64encode
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from touchline.errors import ConfigurationError, NotFound, Unavailable

if TYPE_CHECKING:
    import requests

ADDRESS: Final = "https://pubsub.googleapis.com"
ATTEMPTS: Final = 4
LONGEST_PAUSE: Final = 8.0
_SCOPE: Final = "https://www.googleapis.com/auth/pubsub"
_TIMEOUTS: Final = (5.0, 30.0)
"""Seconds to connect, and to wait for an answer."""
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})


class Pubsub:
    """Topics and subscriptions of one project.

    Args:
        project: id of the project.
        backoff_seconds: pause before the second attempt; it doubles.
    """

    def __init__(self, project: str, *, backoff_seconds: float = 0.5) -> None:
        self._project, self._backoff = project, backoff_seconds
        host = os.environ.get("PUBSUB_EMULATOR_HOST", "")
        self._emulated, self._base = bool(host), f"http://{host}" if host else ADDRESS

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str]) -> None:
        """Publish one message; when this returns, it will be delivered."""
        message = {"data": b64encode(data).decode(), "attributes": dict(attributes)}
        self.call("topics", topic, "publish", {"messages": [message]})

    def call(self, kind: str, name: str, verb: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """One call of a topic or subscription, tried again while nobody answers.

        Raises:
            Unavailable: Pub/Sub does not answer, or is busy, after all attempts.
            NotFound: there is no such topic or subscription.
            ConfigurationError: there are no credentials, or they may not do this.
        """
        import tenacity

        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Unavailable),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=tenacity.wait_exponential(self._backoff, LONGEST_PAUSE) + tenacity.wait_random(0, self._backoff),
            reraise=True,
        )
        path = f"projects/{self._project}/{kind}/{name}"
        answer: dict[str, Any] = again(self._once, path, verb, asked)
        return answer

    def _once(self, path: str, verb: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        import requests
        from google.auth import exceptions as auth

        try:
            answer = self._session.post(f"{self._base}/v1/{path}:{verb}", json=asked, timeout=_TIMEOUTS)
        except (requests.RequestException, auth.TransportError) as error:
            raise Unavailable(f"Pub/Sub does not answer: {type(error).__name__}", where=path) from error
        except auth.GoogleAuthError as error:
            raise ConfigurationError(f"no credentials: {error}", where=path, hint="gcloud auth login") from error
        if answer.status_code in _AGAIN:
            raise Unavailable(f"Pub/Sub answers {answer.status_code}", where=path)
        if answer.status_code == 404:
            raise NotFound("Pub/Sub has no such topic or subscription", where=path)
        if not answer.ok:
            hint = "check the credentials and their roles on this topic or subscription"
            raise ConfigurationError(f"Pub/Sub answers {answer.status_code}", where=path, hint=hint)
        told: dict[str, Any] = answer.json()
        return told

    @cached_property
    def _session(self) -> "requests.Session":
        session = _anonymous() if self._emulated else _authorized()
        weakref.finalize(self, session.close)  # who lets go of this leaves no connection open
        return session


def _anonymous() -> "requests.Session":
    import requests

    return requests.Session()


def _authorized() -> "requests.Session":
    import google.auth
    from google.auth.transport.requests import AuthorizedSession

    credentials, _ = google.auth.default(scopes=[_SCOPE])
    session: requests.Session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    return session


def parts_of(address: str, setting: str) -> tuple[str, str]:
    """Project and name in an address `pubsub://<project>/<name>`.

    Raises:
        ConfigurationError: it holds anything else.

    >>> parts_of("pubsub://example-project/touchline-again", "TOUCHLINE_SINK")
    ('example-project', 'touchline-again')
    """
    parts = urlsplit(address)
    name = parts.path.strip("/")
    if not parts.netloc or not name or address != f"pubsub://{parts.netloc}/{name}" or "/" in name:
        raise ConfigurationError("no such address", where=setting, hint="known is pubsub://<project>/<name>")
    return parts.netloc, name
