"""Asks web servers for pages, one request at a time, over one connection that is kept."""

import logging
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from touchline.adapters.http_emitter import DIRECT
from touchline.collecting import Answer, Page
from touchline.errors import ConfigurationError, DataError, NoConnection, PermanentError, Unavailable

if TYPE_CHECKING:
    import httpx

REDIRECTS: Final = 5
"""More of them in a row are a loop."""
PATIENCE: Final = 4
"""A body that keeps trickling in may take so many time-outs in all."""
_SECRET: Final = re.compile(r"\{([A-Z][A-Z0-9_]*)\}")


class HttpFetcher:
    """A `Fetcher` of plain requests.

    Args:
        user_agent: who asks, with a way to reach them.
        environ: where the values of `{NAME}` in addresses and headers come from; none of them is ever told.
        timeout_seconds: patience for a connection, and for each piece of an answer.
        max_bytes: largest body that is read, unpacked.
    """

    def __init__(
        self,
        user_agent: str,
        environ: Mapping[str, str],
        timeout_seconds: float = 30.0,
        max_bytes: int = 20_000_000,
    ) -> None:
        self._user_agent, self._environ = user_agent, environ
        self._timeout, self._max_bytes = timeout_seconds, max_bytes
        self._client: httpx.Client | None = None

    def get(self, page: Page) -> Answer:
        """What comes back, redirects followed within the host; headers with secrets go to where they were meant to.

        Raises:
            Unavailable: nothing came back in time, or the connection broke (NoConnection: there never was one).
            DataError: the body is larger than `max_bytes`.
            PermanentError: the address, or one that it leads to, cannot be asked for.
            ConfigurationError: a variable that the page needs is not set, or cannot be sent.
        """
        import httpx

        secrets = _Secrets(page, self._environ)
        try:
            return self._ask(page, secrets)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
            what = f"cannot be asked for: {secrets.hide(str(error))}"
            raise PermanentError(what, where=page.url, hint="check the address") from None
        except httpx.RequestError as error:
            said = secrets.hide(str(error)) or type(error).__name__
            if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                host = re.split("[/:?#]", page.url.partition("://")[2])[0]  # it need not be a valid one
                raise NoConnection(f"no connection to {host}, so no answer: {said}", where=page.url) from None
            raise Unavailable(f"no answer: {said}", where=page.url) from None

    def evidence(self) -> Mapping[str, bytes]:
        """Nothing beside the answer itself."""
        return {}

    def close(self) -> None:
        """Close the connection."""
        client, self._client = self._client, None
        if client:
            client.close()

    def _ask(self, page: Page, secrets: "_Secrets") -> Answer:
        import httpx

        client = self._connected()
        request = client.build_request("GET", secrets.url, headers=secrets.headers)
        home = _origin(request.url)
        for _ in range(REDIRECTS + 1):
            response = client.send(request, stream=True)
            try:
                following = response.next_request
                if following is None:
                    return self._answer(response, page, secrets)
                if _leaves(following.url, home):
                    address = secrets.hide(str(following.url))
                    return Answer(url=page.url, status=response.status_code, body=b"", sends_to=address)
                request = following
            finally:
                response.close()
            if _origin(request.url) != home:
                for name in secrets.names:
                    request.headers.pop(name, None)
        raise httpx.TooManyRedirects(f"more than {REDIRECTS} redirects")

    def _connected(self) -> "httpx.Client":
        import httpx

        if self._client is None:
            for name in ("httpx", "httpcore"):  # they tell whole addresses, keys and all
                logging.getLogger(name).setLevel(logging.WARNING)
            headers = {"User-Agent": self._user_agent, "Accept": "*/*"}
            self._client = httpx.Client(timeout=self._timeout, headers=headers, mounts=DIRECT)
        return self._client

    def _answer(self, response: "httpx.Response", page: Page, secrets: "_Secrets") -> Answer:
        headers = {name.lower(): secrets.hide(value) for name, value in response.headers.items()}
        url = secrets.hide(str(response.url))
        body = secrets.hide_in(self._read(response, page))  # some servers repeat the key that they refuse
        return Answer(url=url, status=response.status_code, body=body, headers=headers)

    def _read(self, response: "httpx.Response", page: Page) -> bytes:
        body, until = bytearray(), time.monotonic() + PATIENCE * self._timeout
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > self._max_bytes:
                what = f"more than {self._max_bytes:,} bytes"
                raise DataError(what, where=page.url, hint="no page of a source is so large")
            if time.monotonic() > until:
                raise Unavailable(f"not all of it came within {PATIENCE * self._timeout:,.0f} s", where=page.url)
        return bytes(body)


class _Secrets:
    """The address and the headers of a page, their variables filled in, and how to take these out of any text."""

    def __init__(self, page: Page, environ: Mapping[str, str]) -> None:
        self._environ, self._page = environ, page
        self._values: dict[str, str] = {}
        self.url = _SECRET.sub(lambda found: quote(self._value(found[1]), safe=""), page.url)
        self.headers = {name: _SECRET.sub(lambda found: self._value(found[1]), text) for name, text in page.headers}
        self.names = [name for name, text in page.headers if _SECRET.search(text)]

    def _value(self, name: str) -> str:
        value = self._environ.get(name, "").strip()
        if not value:
            raise ConfigurationError(
                f"{name} is not set",
                where=self._page.url,
                hint=f"set {name} to the key that {self._page.source} gave you",
            )
        if not (value.isascii() and value.isprintable()):
            raise ConfigurationError(f"{name} holds characters that no key has", where=self._page.url)
        self._values[name] = value
        return value

    def hide(self, text: str) -> str:
        """The text with names in place of values."""
        for name, value in self._values.items():
            for written in (value, quote(value, safe=""), quote(value)):
                text = text.replace(written, f"{{{name}}}")
        return text

    def hide_in(self, body: bytes) -> bytes:
        """The same with bytes."""
        for name, value in self._values.items():
            body = body.replace(value.encode(), f"{{{name}}}".encode())
        return body


def _leaves(url: "httpx.URL", home: tuple[str, str, int | None]) -> bool:
    """Whether an address of the web is at another host, or another port, than home."""
    return url.scheme in ("http", "https") and bool(url.host) and _origin(url)[1:] != home[1:]


def _origin(url: "httpx.URL") -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
