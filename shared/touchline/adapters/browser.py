"""Reads pages in Chromium, for sites whose pages scripts make. Nothing is clicked, nothing is disguised."""

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from touchline.adapters.browser_start import brief, capabilities, start
from touchline.adapters.browser_tab import Tab, no_answer
from touchline.collecting import Answer, Page
from touchline.errors import ConfigurationError, PermanentError, TouchlineError, Unavailable

EVIDENCE_BYTES: Final = 2_000_000
"""More of a page, or a larger screenshot, shows nothing new."""
PROBE: Final = "data:text/html,<script>var six = 6</script>"
EVIDENCE_SECONDS: Final = 5.0


class Browser:
    """A `Fetcher` that is a real browser; it starts when it is first asked, with a fresh profile.

    Args:
        user_agent: who asks, with a way to reach them; empty = as the browser calls itself.
        url: a grid or a driver, `http://host:4444/wd/hub`; empty = Chromium and chromedriver on this machine.
        options: further capabilities as a JSON object.
        page_seconds: patience for each page.
        max_bytes: largest body that is read.
    """

    def __init__(
        self,
        user_agent: str,
        url: str = "",
        options: str = "",
        page_seconds: float = 30.0,
        max_bytes: int = 20_000_000,
    ) -> None:
        self._user_agent, self._url, self._options = user_agent, url, options
        self._seconds, self._max_bytes = page_seconds, max_bytes
        self._tab: Tab | None = None
        self._ends = ExitStack()
        self._told: dict[str, bytes] = {}

    def get(self, page: Page) -> Answer:
        """What comes back; a document as received, with the JSON of the page's values.

        A document is opened; everything else is read, with the page's headers, from within a page of the same site, or
        opened if none is open. What a server declared fresh for a while may come out of the browser's cache.

        Raises:
            Unavailable: nothing came back in time, or the connection or the browser broke; a new browser asks for the
                next page.
            DataError: the body is larger than `max_bytes`.
            PermanentError: the address, or one that it leads to, cannot be asked for.
            ConfigurationError: there is no browser, or its options are wrong.
        """
        _check(page)
        self._told = {}
        try:
            with _translated(page, self._seconds):
                tab = self._started()
                answer = tab.open(page) if page.wants == "document" else tab.read(page)
        except TouchlineError as error:
            self._tell(page, {"url": page.url, "error": str(error)})
            self._end()
            raise
        self._told["page.html"] = answer.body[:EVIDENCE_BYTES]
        self._tell(page, {"url": answer.url, "status": answer.status, "headers": answer.headers})
        return answer

    def check(self) -> str:
        """Start if need be, read a page that needs no server, and say who did it.

        Raises:
            Unavailable, ConfigurationError: as of `get`.
        """
        own = Page(source="", endpoint="", name="", url=PROBE, values=("six * 7",))
        with _translated(own, self._seconds):
            tab = self._started()
            answer = tab.open(own)
        if answer.values != {"six * 7": "42"}:
            raise Unavailable("the browser runs no scripts", where=PROBE)
        known, sight = tab.versions, "sees" if tab.insight else "does not see"
        return f"{known['name']} {known['version']}, driver {known['driver']}, reads pages and {sight} their traffic"

    def evidence(self) -> Mapping[str, bytes]:
        """The last answer, or what was seen when none came: `answer.json`, `page.html`, and `screenshot.png`."""
        self._show()
        return dict(self._told)

    def close(self) -> None:
        """End the browser and all its processes, and remove its profile."""
        self._end()

    def _started(self) -> Tab:
        if self._tab is None:
            driver = start(self._url, capabilities(self._user_agent, self._options), self._ends)
            self._tab = Tab(driver, self._seconds, self._max_bytes)
        return self._tab

    def _end(self) -> None:
        ends, self._ends, self._tab = self._ends, ExitStack(), None
        ends.close()

    def _tell(self, page: Page, told: Mapping[str, Any]) -> None:
        versions = self._tab.versions if self._tab else {}
        self._told["answer.json"] = msgspec.json.encode({"asked": page.url, **told, "browser": versions})
        if "error" in told:
            self._show()

    def _show(self) -> None:
        if self._tab and "screenshot.png" not in self._told:
            for name, content in self._tab.shown(EVIDENCE_SECONDS).items():
                if len(content) <= EVIDENCE_BYTES:
                    self._told.setdefault(name, content)


def _check(page: Page) -> None:
    parts = urlsplit(page.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PermanentError("cannot be asked for: no address of a web server", where=page.url)
    if any("{" in value for _, value in page.headers):
        raise ConfigurationError("a browser sends no keys", where=page.url)


@contextlib.contextmanager
def _translated(page: Page, seconds: float) -> Iterator[None]:
    """Errors of Selenium, and of the connection to it, in our words."""
    try:
        from selenium.common.exceptions import TimeoutException, WebDriverException
        from urllib3.exceptions import HTTPError
    except ImportError as error:
        raise ConfigurationError(f"not installed: {error.name}", hint="pip install 'touchline[scrape]'") from error
    try:
        yield
    except TouchlineError:
        raise
    except TimeoutException as error:
        raise Unavailable(f"no answer within {seconds:.0f} s", where=page.url) from error
    except WebDriverException as error:
        raise no_answer(page, brief(error)) from error
    except (HTTPError, OSError) as error:
        raise Unavailable(f"the browser does not answer: {brief(error)}", where=page.url) from error
