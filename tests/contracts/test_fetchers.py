"""Each way to ask for a page, against a real server: plain requests, a browser here, and browsers behind grids."""

import json
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

import chromium
import grids
from small_site import Page as Reply
from small_site import Site, serve
from touchline.adapters.browser import Browser
from touchline.adapters.http_fetcher import HttpFetcher
from touchline.collecting import Fetcher, Page
from touchline.errors import ConfigurationError, DataError, PermanentError, Unavailable

AGENT = "touchline-tests/1 (+mailto:me@example.org)"
MOST = 3_000_000
SECONDS = 3.0
JSON = '{"home": "Köln Athletic & Co", "note": "x<y </script> \\u2028", "score": null}'.encode()
HTML = {"Content-Type": "text/html; charset=utf-8"}
NEEDS_CHROMIUM = [pytest.mark.browser, chromium.NEEDED]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serve() as site:
        yield site


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with grids.driver(tmp_path_factory.mktemp("grid")) as url:
        yield url


def open_fetcher(kind: str, request: pytest.FixtureRequest, ends: ExitStack) -> Fetcher:
    if kind == "http":
        return HttpFetcher(AGENT, {}, timeout_seconds=SECONDS, max_bytes=MOST)
    url = "" if kind == "browser" else request.getfixturevalue("grid")
    if kind == "narrow grid":
        url = ends.enter_context(grids.narrow_grid(url))
    options = (
        ""
        if kind == "browser"
        else json.dumps(
            {"goog:chromeOptions": {"args": ["--no-sandbox"]}, "selenoid:options": {"sessionTimeout": "1m"}}
        )
    )
    return Browser(AGENT, url, options, page_seconds=SECONDS, max_bytes=MOST)


SEEING = ["http", *(pytest.param(kind, marks=NEEDS_CHROMIUM) for kind in ("browser", "grid"))]
"""A browser whose traffic cannot be seen, as behind the narrow grid, may need a second request."""


@pytest.fixture(scope="module", params=[*SEEING, pytest.param("narrow grid", marks=NEEDS_CHROMIUM)])
def fetcher(request: pytest.FixtureRequest) -> Iterator[Fetcher]:
    with ExitStack() as ends:
        yield ends.enter_context(closing(open_fetcher(request.param, request, ends)))


def page(url: str, wants: str = "json", **changes) -> Page:
    return Page(source="any", endpoint="any", name="any", url=url, wants=wants, **changes)


def elsewhere(site: Site, path: str) -> str:
    """The same server under another name: a browser is not on its site yet."""
    return site.url.replace("127.0.0.1", "localhost") + path


class TestAnswers:
    @pytest.mark.parametrize("cache", ["no-store", "max-age=60"])
    @pytest.mark.parametrize("kind", ["application/json", "text/html", "text/plain", "application/octet-stream"])
    def test_json_is_exact_whatever_it_is_called(self, site, fetcher, kind, cache):
        path = f"/data/{kind}/{cache}"  # of its own: what may be kept is not asked for again
        site.put(path, Reply(JSON, headers={"Content-Type": kind, "Cache-Control": cache}))
        for url in (elsewhere(site, path), site.url + path, site.url + path):
            answer = fetcher.get(page(url))
            assert (answer.status, answer.content_type, answer.url) == (200, kind, url)
            assert answer.body == JSON

    def test_two_megabytes(self, site, fetcher):
        body = json.dumps([{"name": "Ünited & <b>", "number": number} for number in range(40_000)]).encode()
        assert 1_500_000 < len(body) < MOST
        site.put("/large", Reply(body, headers={"Content-Type": "application/json"}))
        assert fetcher.get(page(site.url + "/large")).body == body

    def test_a_file_keeps_its_bytes(self, site, fetcher):
        body = "Date,HomeTeam\r\n01/08/2025,Málaga\r\n".encode("latin-1")
        site.put("/E0.csv", Reply(body, headers={"Content-Type": "text/csv"}))
        for url in (elsewhere(site, "/E0.csv"), site.url + "/E0.csv"):
            assert fetcher.get(page(url, "file")).body == body

    def test_a_document_is_as_it_was_sent(self, site, fetcher):
        text = "<!doctype html><TITLE>Köln &amp; Co</TITLE><p class=x>a &lt; b<script>document.title = 'other'</script>"
        site.put("/page", Reply(text.encode(), headers={**HTML, "Cache-Control": "max-age=60", "X-Thing": "Yes"}))
        answer = fetcher.get(page(site.url + "/page", "document"))
        if answer.headers.get("x-thing"):  # a narrow grid shows nothing of the headers
            assert answer.headers["x-thing"] == "Yes"
        assert (answer.status, answer.content_type, answer.body.decode()) == (200, "text/html", text)

    @pytest.mark.parametrize("wants", ["document", "json"])
    @pytest.mark.parametrize("status", [404, 429, 503])
    def test_any_status_is_an_answer(self, site, fetcher, status, wants):
        site.put("/status", Reply(b"<html><body>no</body></html>", status, {**HTML, "Retry-After": "7"}))
        answer = fetcher.get(page(site.url + "/status", wants))
        assert answer.status == status
        assert b"no</body>" in answer.body
        if "retry-after" in answer.headers:
            assert answer.headers["retry-after"] == "7"

    @pytest.mark.parametrize("wants", ["document", "json"])
    def test_redirects_are_followed(self, site, fetcher, wants):
        site.put("/old", Reply(status=302, headers={"Location": "/middle"}))
        site.put("/middle", Reply(status=301, headers={"Location": "/404.html?aspxerrorpath=/old"}))
        site.put("/404.html?aspxerrorpath=/old", Reply(b"<p>lost", headers=HTML))
        answer = fetcher.get(page(site.url + "/old", wants))
        assert (answer.status, answer.url) == (200, site.url + "/404.html?aspxerrorpath=/old")

    @pytest.mark.parametrize("fetcher", SEEING, indirect=True)
    def test_a_redirect_to_another_host_is_told_and_not_followed(self, site, fetcher):
        site.put("/here", Reply(JSON, headers={"Content-Type": "application/json"}))
        fetcher.get(page(site.url + "/here"))
        site.put("/near", Reply(status=302, headers={"Location": "/there"}))
        site.put("/there", Reply(status=301, headers={"Location": elsewhere(site, "/here")}))
        site.asked.clear()
        answer = fetcher.get(page(site.url + "/near"))
        assert (answer.status, answer.sends_to, answer.body) == (301, elsewhere(site, "/here"), b"")
        assert "/here" not in site.paths
        assert fetcher.get(page(answer.sends_to)).body == JSON

    @pytest.mark.browser
    @chromium.NEEDED
    @pytest.mark.parametrize("fetcher", ["narrow grid"], indirect=True)
    def test_one_that_nobody_sees_says_where_it_led(self, site, fetcher):
        site.put("/here", Reply(JSON, headers={"Content-Type": "application/json"}))
        fetcher.get(page(site.url + "/here"))
        site.put("/there", Reply(status=302, headers={"Location": elsewhere(site, "/here")}))
        answer = fetcher.get(page(site.url + "/there"))
        assert (answer.url, answer.body) == (elsewhere(site, "/here"), JSON)

    def test_what_came_before_is_not_taken_for_what_came(self, site, fetcher):
        kept = {**HTML, "Cache-Control": "max-age=0", "ETag": "1"}
        site.put("/news", Reply(b"<p>old", headers=kept), Reply("<p>kö".encode("latin-1"), 503, HTML))
        assert fetcher.get(page(site.url + "/news", "document")).body == b"<p>old"
        answer = fetcher.get(page(site.url + "/news", "document"))
        assert (answer.status, answer.body[:4]) == (503, b"<p>k")

    def test_it_says_who_asks(self, site, fetcher):
        site.put("/who", "<p>you")
        fetcher.get(page(site.url + "/who", "document"))
        assert site.asked[-1][1]["user-agent"] == AGENT

    @pytest.mark.parametrize("fetcher", SEEING, indirect=True)
    def test_one_request_each(self, site, fetcher):
        site.put("/one", Reply(JSON, headers={"Content-Type": "application/json", "Cache-Control": "no-store"}))
        site.put("/two", Reply(b"<p>two", headers={**HTML, "Cache-Control": "no-store"}))
        site.asked.clear()
        for wants, path in (("json", "/one"), ("document", "/two"), ("json", "/one"), ("document", "/two")):
            fetcher.get(page(site.url + path, wants))
        fetcher.get(page(elsewhere(site, "/one")))
        assert [path for path in site.paths if path != "/favicon.ico"] == ["/one", "/two", "/one", "/two", "/one"]


@pytest.mark.parametrize(
    "fetcher", ["http", pytest.param("browser", marks=NEEDS_CHROMIUM)], indirect=True, scope="module"
)
class TestNoAnswer:
    """Each is followed by an answer: what broke is not used again."""

    @pytest.fixture(autouse=True)
    def _works_again(self, site, fetcher) -> Iterator[None]:
        yield
        site.put("/fine", Reply(JSON, headers={"Content-Type": "application/json"}))
        assert fetcher.get(page(site.url + "/fine")).body == JSON

    def test_a_reset(self, site, fetcher):
        site.put("/broken", Reply(broken=True))
        with pytest.raises(Unavailable, match="no answer") as caught:
            fetcher.get(page(site.url + "/broken"))
        assert caught.value.where == site.url + "/broken"

    @pytest.mark.parametrize("wants", ["document", "json"])
    def test_an_answer_that_stops_in_the_middle(self, site, fetcher, wants):
        site.put("/half", Reply(JSON, headers={"Content-Type": "application/json", "Content-Length": "5000"}))
        with pytest.raises(Unavailable):
            fetcher.get(page(site.url + "/half", wants))

    def test_a_page_that_takes_too_long(self, site, fetcher):
        site.put("/slow", Reply(b"<p>late", headers=HTML, seconds=60))
        with pytest.raises(Unavailable):
            fetcher.get(page(site.url + "/slow", "document"))

    def test_a_host_that_does_not_exist(self, fetcher):
        with pytest.raises(Unavailable):
            fetcher.get(page("http://nowhere.invalid/data"))

    def test_a_body_that_is_too_large(self, site, fetcher):
        site.put("/huge", Reply(b"[" + b"1," * MOST + b"1]", headers={"Content-Type": "application/json"}))
        with pytest.raises(DataError, match="3,000,000 bytes"):
            fetcher.get(page(site.url + "/huge"))

    @pytest.mark.parametrize(
        "url", ["", "nonsense", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://", "about:blank"]
    )
    def test_what_is_no_address(self, fetcher, url):
        with pytest.raises(PermanentError):
            fetcher.get(page(url))

    def test_redirects_without_end(self, site, fetcher):
        site.put("/loop", Reply(status=302, headers={"Location": "/loop"}))
        with pytest.raises(PermanentError):
            fetcher.get(page(site.url + "/loop", "document"))

    def test_a_redirect_to_what_is_no_web_server(self, site, fetcher):
        site.put("/away", Reply(status=302, headers={"Location": "file:///etc/passwd"}))
        with pytest.raises((PermanentError, Unavailable)):
            fetcher.get(page(site.url + "/away", "document"))


class TestPlainRequests:
    @pytest.fixture
    def secret(self) -> Iterator[HttpFetcher]:
        with closing(HttpFetcher(AGENT, {"A_KEY": "k/ey+1 x", "UNUSABLE": "kéy", "EMPTY": ""}, 3.0)) as fetcher:
            yield fetcher

    def test_a_key_is_sent_and_never_told(self, site, secret, caplog):
        caplog.set_level("DEBUG")
        site.put("/v4?apiKey=k%2Fey%2B1%20x&a=1", Reply(status=302, headers={"Location": "/v5?apiKey=k/ey%2B1%20x"}))
        site.put("/v5?apiKey=k/ey%2B1%20x", Reply(b"{}", headers={"Link": "</v5?apiKey=k/ey%2B1%20x>"}))
        asked = page(site.url + "/v4?apiKey={A_KEY}&a=1", headers=(("X-Auth-Token", "{A_KEY}"), ("X-Kind", "open")))
        answer = secret.get(asked)
        assert [headers["x-auth-token"] for _, headers in site.asked[-2:]] == ["k/ey+1 x"] * 2
        assert site.asked[-1][1]["x-kind"] == "open"
        assert (answer.url, answer.headers["link"]) == (site.url + "/v5?apiKey={A_KEY}", "</v5?apiKey={A_KEY}>")
        assert "ey+1" not in caplog.text
        assert "ey%2B1" not in caplog.text

    def test_another_host_does_not_get_the_key(self, site, secret):
        site.put("/away", Reply(status=302, headers={"Location": elsewhere(site, "/public")}))
        asked = page(site.url + "/away", headers=(("X-Auth-Token", "{A_KEY}"), ("X-Kind", "open")))
        assert secret.get(asked).sends_to == elsewhere(site, "/public")
        assert [path for path, headers in site.asked if headers.get("x-auth-token")][-1] == "/away"
        assert site.paths[-1] == "/away"

    @pytest.mark.parametrize("url", ["http://127.0.0.1:1/?k={A_KEY}", "ftp://x/?k={A_KEY}", "http://[{A_KEY}/"])
    def test_an_error_does_not_tell_the_key(self, secret, url):
        with pytest.raises((PermanentError, Unavailable)) as caught:
            secret.get(page(url))
        assert "ey+1" not in str(caught.value)
        assert "ey%2B1" not in "".join(traceback.format_exception(caught.value))
        assert caught.value.where == url

    @pytest.mark.parametrize("name", ["MISSING", "EMPTY", "UNUSABLE"])
    def test_a_key_that_is_not_there_is_named(self, site, secret, name):
        site.asked.clear()
        for asked in (page(f"{site.url}/?k={{{name}}}"), page(site.url, headers=(("X-Auth-Token", f"{{{name}}}"),))):
            with pytest.raises(ConfigurationError, match=name):
                secret.get(asked)
        assert site.asked == []

    def test_one_connection_is_kept_and_closed(self, site):
        site.put("/kept", "{}")
        fetcher = HttpFetcher(AGENT, {})
        fetcher.close()
        fetcher.get(page(site.url + "/kept"))
        fetcher.close()
        fetcher.close()
        assert fetcher.evidence() == {}

    def test_a_body_that_trickles_in_for_ever_is_given_up(self, site):
        site.put("/drip", Reply(b"x" * 1000, drip=0.05))
        with (
            closing(HttpFetcher(AGENT, {}, timeout_seconds=1.0)) as fetcher,
            pytest.raises(Unavailable, match="not all"),
        ):
            fetcher.get(page(site.url + "/drip"))
