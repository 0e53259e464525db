"""One tab of a browser: opens addresses, and reads others from within the page that is open."""

import base64
import contextlib
import gzip
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urljoin, urlsplit

from touchline.adapters import browser_scripts as scripts
from touchline.adapters.browser_start import set_patience
from touchline.collecting import Answer, Page
from touchline.errors import DataError, NoConnection, PermanentError, TouchlineError, Unavailable

if TYPE_CHECKING:
    from selenium.webdriver import Remote

_KINDS: Final = (
    "png", "jpg", "jpeg", "gif", "webp", "avif", "svg", "ico", "css", "woff", "woff2", "ttf", "otf", "mp4", "webm",
    "mp3",
)  # fmt: skip
ASSETS: Final = [f"*.{kind}{end}" for kind in _KINDS for end in ("", "?*")]
"""What a page shows and nobody here looks at."""
_PORTS: Final = {"http": 80, "https": 443}
SPARE: Final = 15.0
"""Seconds that the driver has, beyond those of a page, to say that it took too long."""
_EMPTY: Final = "ERR_HTTP_RESPONSE_CODE_FAILURE"
"""Chromium's name for an error status without a body."""
DIALOGS: Final = 10
"""More of them in a row are more than a page needs."""
NOTHING: Final = 204
"""Status of an answer that the browser does not show, where it does not say which it had."""
_PLAIN: Final = ("application/json", "text/plain")
_UNREADABLE: Final = "\ufffd"
_OWN_PAGE: Final = "chrome-error:"
_CAUSE: Final = re.compile(r"ERR_\w+")
_NOT_REACHED: Final = frozenset(
    {
        "ERR_NAME_NOT_RESOLVED", "ERR_INTERNET_DISCONNECTED", "ERR_CONNECTION_REFUSED", "ERR_ADDRESS_UNREACHABLE",
        "ERR_CONNECTION_TIMED_OUT",
    }
)  # fmt: skip
_FOR_GOOD: Final = frozenset(
    {"ERR_INVALID_URL", "ERR_UNKNOWN_URL_SCHEME", "ERR_TOO_MANY_REDIRECTS", "ERR_UNSAFE_PORT", "ERR_UNSAFE_REDIRECT"}
)


class Tab:
    """A session that is ready to read.

    Args:
        driver: the session.
        seconds: patience for each page.
        max_bytes: largest body that is read.
    """

    def __init__(self, driver: "Remote", seconds: float, max_bytes: int) -> None:
        from selenium.common.exceptions import WebDriverException

        self._driver, self._seconds, self._max_bytes = driver, seconds, max_bytes
        self._origin = ""
        set_patience(driver, seconds + SPARE)
        driver.set_page_load_timeout(seconds)
        driver.set_script_timeout(seconds)
        self.insight = True
        """Whether the browser lets us look at its traffic; a grid in between may not pass it on."""
        try:
            self._ask("Network.enable", maxResourceBufferSize=max_bytes, maxTotalBufferSize=4 * max_bytes)
            self._ask("Network.setBlockedURLs", urls=ASSETS)
            self._traffic()
        except WebDriverException:
            self.insight = False

    def open(self, page: Page) -> Answer:
        """Go to the page's address and read what came, with the values that it asks for."""
        return self._opened(page)[0]

    def read(self, page: Page) -> Answer:
        """Read the page's address from within a page of the same site; where none is open, open it.

        Opening costs no further request, unless the browser then does not have the body as it was sent.
        """
        if self._origin != origin(page.url):
            answer, exact = self._opened(page)
            if exact or answer.status not in (200, NOTHING):
                return answer
            if self._origin != origin(page.url):
                self._opened(Page(source=page.source, endpoint="", name="", url=urljoin(page.url, "/robots.txt")))
        self._traffic()  # what came before explains nothing
        found = self._fetch(page, page.url, "no-store")
        if "error" not in found:
            return Answer(url=found["url"], status=found["status"], body=_bytes(found), headers=found["headers"])
        traffic = self._traffic()
        failure = traffic.script_failure
        status, place = traffic.sent_on.get(failure.get("requestId", ""), (0, ""))
        target = urljoin(page.url, place)
        if place and host(target) != host(page.url):
            return Answer(url=page.url, status=status, body=b"", sends_to=target)
        blocked = failure.get("blockedReason", "inspector") != "inspector"  # by the browser, not by our ASSETS
        if found["forbidden"] or blocked or not self.insight:
            return self.open(page)  # the open page forbids such requests, or the answer comes from another site
        raise no_answer(page, failure.get("errorText") or found["error"])

    def _opened(self, page: Page) -> tuple[Answer, bool]:
        """The answer, and whether its body is as it was sent; there is none of what the browser does not show."""
        from selenium.common.exceptions import TimeoutException, WebDriverException

        before, self._origin = self._run(scripts.MOMENT), ""
        late: TimeoutException | None = None
        try:
            self._driver.get(page.url)
        except TimeoutException as error:
            late = error
        except WebDriverException as error:
            if not self.insight or _EMPTY not in str(error.msg):
                raise
        state = self._run(scripts.state(page.values, self._max_bytes))
        frame, traffic = self._frame(), self._traffic()
        if late and frame.load not in traffic.finished:
            raise late  # else the page is here, and something that it refers to is not
        seen = traffic.documents.get(frame.id, {})
        headers = {name.lower(): str(value) for name, value in seen.get("headers", {}).items()}
        if failure := traffic.failures.get(frame.load):
            raise no_answer(page, failure)
        if state["url"].startswith(_OWN_PAGE) and not seen:
            raise no_answer(page, next(iter(traffic.failures.values()), "Chromium shows an error of its own"))
        if state["url"].startswith(_OWN_PAGE) or state["moment"] == before:
            status, url = seen.get("status", NOTHING), seen.get("url", page.url)
            return Answer(url=url, status=status, body=b"", headers=headers), False
        self._origin = state["origin"]
        body, exact = self._body(page, frame, state, headers.get("date", ""))
        answer = Answer(
            url=seen.get("url", state["url"]),
            status=seen.get("status") or state["status"] or 200,
            body=body,
            headers={"content-type": state["type"], **headers},
            values=state["values"],
        )
        return answer, exact

    @property
    def versions(self) -> dict[str, str]:
        """Of the browser and its driver."""
        known = self._driver.capabilities
        driver = known.get("chrome", {}).get("chromedriverVersion", "").partition(" ")[0]
        return {"name": known.get("browserName", ""), "version": known.get("browserVersion", ""), "driver": driver}

    def shown(self, seconds: float) -> dict[str, bytes]:
        """File name -> what the tab shows at this moment; without what is not to be had within `seconds` each."""
        from selenium.common.exceptions import WebDriverException
        from urllib3.exceptions import HTTPError

        set_patience(self._driver, seconds)
        found: dict[str, bytes] = {}
        with contextlib.suppress(WebDriverException, HTTPError, OSError):
            found["screenshot.png"] = self._driver.get_screenshot_as_png()
            found["page.html"] = self._driver.page_source.encode()
        set_patience(self._driver, self._seconds + SPARE)
        return found

    def _body(self, page: Page, frame: "_Frame", state: dict[str, Any], date: str) -> tuple[bytes, bool]:
        """The document, and whether it is as it was sent: from the browser's memory, its cache, or what it shows.

        Its memory holds text. Where that was not sent in UTF-8, the bytes may be in the cache; `date` says that they
        are those of this answer.
        """
        text, exact = self._text(frame), state["charset"] == "UTF-8"
        if text is None or not exact or _UNREADABLE in text:
            found = self._fetch(page, state["url"], "only-if-cached")
            if "body" in found and date in ("", found["headers"].get("date")):
                return _bytes(found), True
        if text is None:
            text, exact = str(self._run(scripts.RENDERED)), exact and state["type"] in _PLAIN
        if len(text) > self._max_bytes:
            raise self._too_large(page)
        return text.encode(), exact and _UNREADABLE not in text

    def _text(self, frame: "_Frame") -> str | None:
        from selenium.common.exceptions import WebDriverException

        with contextlib.suppress(WebDriverException):
            if self.insight:
                body = self._ask("Network.getResponseBody", requestId=frame.load)
                return None if body["base64Encoded"] else str(body["body"])
        return None

    def _fetch(self, page: Page, url: str, cache: str) -> dict[str, Any]:
        headers = {} if cache == "only-if-cached" else {"X-Requested-With": "XMLHttpRequest", **dict(page.headers)}
        found: dict[str, Any] = self._driver.execute_async_script(scripts.FETCH, url, headers, cache, self._max_bytes)
        if "large" in found:
            raise self._too_large(page)
        return found

    def _run(self, script: str) -> Any:
        """What a script gives; each dialog of the page is dismissed by the attempt that meets it."""
        from selenium.common.exceptions import UnexpectedAlertPresentException

        for _ in range(DIALOGS):
            with contextlib.suppress(UnexpectedAlertPresentException):
                return self._driver.execute_script(script)
        return self._driver.execute_script(script)

    def _too_large(self, page: Page) -> DataError:
        what = f"more than {self._max_bytes:,} bytes"
        return DataError(what, where=page.url, hint="no page of a source is so large")

    def _frame(self) -> "_Frame":
        if not self.insight:
            return _Frame("", "")
        found = self._ask("Page.getFrameTree")["frameTree"]["frame"]
        return _Frame(found["id"], found["loaderId"])

    def _ask(self, command: str, **arguments: Any) -> Any:
        return self._driver.execute_cdp_cmd(command, arguments)

    def _traffic(self) -> "_Traffic":
        return _Traffic(self._driver.execute("getLog", {"type": "performance"})["value"] if self.insight else [])


class _Frame(NamedTuple):
    """The main frame, and the load that filled it."""

    id: str
    load: str


class _Traffic:
    """What the browser's log tells of the requests since it was last read."""

    def __init__(self, log: list[dict[str, Any]]) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        """Frame -> the answer that its newest document came with."""
        self.finished: set[str] = set()
        """Requests that were answered in full."""
        self.failures: dict[str, str] = {}
        """Load -> why no document, or not all of it, came of it."""
        self.script_failure: dict[str, Any] = {}
        """The newest request of a script that failed."""
        self.sent_on: dict[str, tuple[int, str]] = {}
        """Request -> status and target of its newest redirect."""
        for entry in log:
            message = json.loads(entry["message"])["message"]
            told = message["params"]
            if message["method"] == "Network.responseReceived" and told["type"] == "Document":
                self.documents[told["frameId"]] = told["response"]
            elif message["method"] == "Network.responseReceivedExtraInfo" and 300 <= told["statusCode"] < 400:
                headers = {name.lower(): value for name, value in told["headers"].items()}
                self.sent_on[told["requestId"]] = told["statusCode"], headers.get("location", "")
            elif message["method"] == "Network.loadingFinished":
                self.finished.add(told["requestId"])
            elif message["method"] == "Network.loadingFailed" and told["type"] == "Document":
                self.failures[told["requestId"]] = told["errorText"]
            elif message["method"] == "Network.loadingFailed" and told["type"] in ("Fetch", "XHR"):
                self.script_failure |= told  # the reason is told first, then that it was given up


def no_answer(page: Page, said: str) -> TouchlineError:
    """The error that Chromium means."""
    cause = _CAUSE.search(said)
    if cause and cause[0] in _NOT_REACHED:
        return NoConnection(f"no connection to {urlsplit(page.url).hostname}, so no answer: {cause[0]}", where=page.url)
    kind = PermanentError if cause and cause[0] in _FOR_GOOD else Unavailable
    return kind(f"no answer: {cause[0] if cause else said}", where=page.url)


def origin(url: str) -> str:
    """Scheme, host and port of an address, as a browser writes them."""
    parts = urlsplit(url)
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname}{port}"


def host(url: str) -> str:
    """Host of an address, with its port where it has one."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def _bytes(found: Mapping[str, Any]) -> bytes:
    """Body of an answer of FETCH."""
    body = base64.b64decode(found["body"])
    return gzip.decompress(body) if found.get("packed") else body
