"""Asking web servers politely: one request at a time, at a pace, saying who asks, and giving up in time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from touchline.errors import DataError, NotFound, PermanentError, Unavailable

if TYPE_CHECKING:
    import httpx
    import tenacity

MAX_BYTES: Final = 20_000_000
"""No file of a source is that large."""
LONGEST_WAIT: Final = 60.0
"""Seconds; a server that wants more patience is not asked again before the next schedule."""
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class _Busy(Unavailable):
    """No answer now; `after` is how many seconds the server asks us to wait, 0 if it does not say."""

    after: float = 0.0


@dataclass
class Web:
    """Polite GET.

    Args:
        user_agent: who asks, with a way to reach them.
        pace_seconds: rest between two requests.
        attempts: how often a request is tried in all.
        backoff_seconds: rest before the second attempt; it doubles, and gives way to the server's Retry-After.
        timeout_seconds: patience for each answer.
        max_bytes: largest body that is read.
        rest: waits that many seconds.
    """

    user_agent: str
    pace_seconds: float = 2.0
    attempts: int = 4
    backoff_seconds: float = 2.0
    timeout_seconds: float = 30.0
    max_bytes: int = MAX_BYTES
    rest: Callable[[float], None] = time.sleep
    _asked: bool = False

    def get(self, url: str) -> bytes:
        """Body of an answer, redirects followed.

        Raises:
            NotFound: 404 or 410.
            DataError: larger than `max_bytes`.
            PermanentError: the server refuses (401, 403 and the like): asking again would be rude.
            Unavailable: no answer, or not now, after all attempts; at once if the server asks for a longer wait.
        """
        import tenacity

        if self._asked:
            self.rest(self.pace_seconds)
        self._asked = True
        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Busy),
            stop=tenacity.stop_after_attempt(self.attempts),
            wait=self._wait,
            sleep=self.rest,
            reraise=True,
        )
        return again(self._once, url)

    def _wait(self, state: "tenacity.RetryCallState") -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.after if isinstance(error, _Busy) else 0.0
        return asked or min(self.backoff_seconds * 2 ** (state.attempt_number - 1), LONGEST_WAIT)

    def _once(self, url: str) -> bytes:
        import httpx

        headers = {"User-Agent": self.user_agent, "Accept": "text/csv, text/plain;q=0.9, */*;q=0.1"}
        try:
            with (
                httpx.Client(follow_redirects=True, timeout=self.timeout_seconds, headers=headers) as client,
                client.stream("GET", url) as response,
            ):
                _check_status(response, url)
                return self._read(response, url)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
            raise PermanentError(f"cannot be asked for: {error}", where=url, hint="check the address") from error
        except httpx.RequestError as error:
            raise _Busy(f"no answer: {str(error) or type(error).__name__}", where=url) from error

    def _read(self, response: "httpx.Response", url: str) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > self.max_bytes:
                raise DataError(
                    f"more than {self.max_bytes:,} bytes", where=url, hint="no file of this source is so large"
                )
        return bytes(body)


def _check_status(response: "httpx.Response", url: str) -> None:
    status = response.status_code
    if status in (404, 410):
        raise NotFound(f"no such file (status {status})", where=url, hint="check competition and season")
    if status in _AGAIN:
        busy = _Busy(f"the server answers {status}", where=url, hint="it is tried again by the next schedule")
        after = response.headers.get("Retry-After", "")
        busy.after = float(after) if after.isdecimal() else 0.0
        if busy.after > LONGEST_WAIT:
            what = f"the server answers {status} and asks not to come back within {busy.after:,.0f} seconds"
            raise Unavailable(what, where=url, hint="set the next schedule later than that")
        raise busy
    if not response.is_success:
        raise PermanentError(
            f"the server refuses with status {status}", where=url, hint="open the address in a browser"
        )
