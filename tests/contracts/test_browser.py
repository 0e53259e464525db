"""What only a browser does: it runs scripts, asks for nothing that nobody looks at, shows what it saw, and is gone."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import chromium
import grids
from small_site import Page as Reply
from small_site import Site, serve
from touchline.adapters.browser import Browser
from touchline.collecting import Page
from touchline.errors import ConfigurationError, Unavailable
from waiting import wait_until

pytestmark = [pytest.mark.browser, chromium.NEEDED]

HTML = {"Content-Type": "text/html; charset=utf-8"}
LEFT_OUT = ("/shirt.png", "/shirt.png?v=2", "/style.css", "/font.woff2", "/goal.mp4")
RICH = """<!doctype html><html><head><title>Live</title><link rel=stylesheet href=/style.css>
<style>@font-face { font-family: odd; src: url(/font.woff2); } body { font-family: odd; }</style></head><body>
<img src=/shirt.png><img src=/shirt.png?v=2><video src=/goal.mp4 autoplay muted></video>
<script>var regions = [{type: 1, name: 'Köln & <Co>', url: '/x'}]; const mask = {2025: {7: {15: 1}}};
var require = {config: {params: {args: {matchCentreData: null}}}};
var nothing; var round = {}; round.self = round;</script>
<script src=/late.js></script></body></html>"""

HOLDER = """if True:
    import os
    from touchline.adapters.browser import Browser
    from touchline.collecting import Page
    browser = Browser("")
    browser.get(Page(source="any", endpoint="any", name="any", url=os.environ["URL"], wants="document"))
    print("reading", flush=True)
    input()
    assert os.environ["END"] != "raise"
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serve() as site:
        site.put("/rich", Reply(RICH.encode(), headers=HTML))
        site.put("/late.js", Reply(b"var late = [1, 2];", headers={"Content-Type": "text/javascript"}))
        site.put("/plain", Reply(b"<p>plain", headers=HTML))
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with closing(Browser("touchline-tests/1", page_seconds=10)) as browser:
        yield browser


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Where temporary files go in this test; a short path, since sockets are among them."""
    with tempfile.TemporaryDirectory(prefix="tl-") as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


def page(url: str, wants: str = "document", **changes) -> Page:
    return Page(source="any", endpoint="any", name="any", url=url, wants=wants, **changes)


def test_values_come_with_the_page_and_what_is_missing_is_left_out(site, browser):
    wanted = (
        "regions", "mask", "late.length", "require.config.params['args'].matchCentreData",
        "absent", "absent.deeper", "regions[7].name", "nothing", "round", "function () {}",
    )  # fmt: skip
    values = browser.get(page(site.url + "/rich", values=wanted)).values
    assert {name: json.loads(value) for name, value in values.items()} == {
        "regions": [{"type": 1, "name": "Köln & <Co>", "url": "/x"}],
        "mask": {"2025": {"7": {"15": 1}}},
        "late.length": 2,
        "require.config.params['args'].matchCentreData": None,
    }


def test_a_page_that_forbids_nearly_everything_is_read_all_the_same(site, browser):
    strict = {
        **HTML,
        "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'",
        "Cache-Control": "no-store",
    }
    site.put("/strict", Reply(b"<p>a<script>var x = [1]</script>", headers=strict))
    site.put("/data", Reply(b'{"a": "<&"}', headers={"Content-Type": "application/json"}))
    answer = browser.get(page(site.url + "/strict", values=("x",)))
    assert (answer.body, answer.values) == (b"<p>a<script>var x = [1]</script>", {"x": "[1]"})
    assert browser.get(page(site.url + "/data", "json")).body == b'{"a": "<&"}'


def test_a_page_that_waits_for_something_else_is_read_all_the_same(site):
    site.put("/never.js", Reply(seconds=60))
    text = b"<p>a<script>var x = 1</script><script src=/never.js></script><script>var y = 2</script>"
    site.put("/waits", Reply(text, headers=HTML))
    with closing(Browser("", page_seconds=5)) as browser:
        answer = browser.get(page(site.url + "/waits", values=("x",)))
        assert (answer.status, answer.body, answer.values) == (200, text, {"x": "1"})
        assert browser.get(page(site.url + "/plain")).body == b"<p>plain"


def test_nothing_is_asked_for_that_nobody_looks_at(site, browser):
    site.asked.clear()
    browser.get(page(site.url + "/rich"))
    assert not set(site.paths) & set(LEFT_OUT)
    assert "/rich" in site.paths


def test_it_asks_in_english_and_as_itself(site, browser):
    site.put("/who", Reply(b"<p>who", headers=HTML))
    browser.get(page(site.url + "/who"))
    headers = site.asked[-1][1]
    assert headers["user-agent"] == "touchline-tests/1"
    assert headers["accept-language"].startswith("en")


def test_dialogs_hold_nothing_up(site, browser):
    talk = "alert('a'); confirm('b'); prompt('c'); addEventListener('beforeunload', event => event.preventDefault());"
    site.put("/talk", Reply(f"<p>a<script>{talk} var x = 1;</script>".encode(), headers=HTML))
    assert browser.get(page(site.url + "/talk", values=("x",))).values == {"x": "1"}
    assert browser.get(page(site.url + "/plain")).body == b"<p>plain"


def test_evidence_of_an_answer(site, browser):
    site.put("/wall", Reply(b"<title>Wall</title><h1>no</h1>", 403, {**HTML, "Cf-Ray": "1"}))
    browser.get(page(site.url + "/wall"))
    shown = browser.evidence()
    assert set(shown) == {"answer.json", "page.html", "screenshot.png"}
    assert shown["screenshot.png"].startswith(b"\x89PNG")
    assert shown["page.html"] == b"<title>Wall</title><h1>no</h1>"
    told = json.loads(shown["answer.json"])
    assert (told["url"], told["status"], told["headers"]["cf-ray"]) == (site.url + "/wall", 403, "1")
    assert told["browser"]["version"].partition(".")[0].isdecimal()
    assert told["browser"]["driver"].partition(".")[0] == told["browser"]["version"].partition(".")[0]


def test_evidence_is_bounded(site, browser):
    site.put("/long", Reply(b"<p>" + b"long " * 500_000, headers=HTML))
    assert len(browser.get(page(site.url + "/long")).body) == 2_500_003
    assert all(len(content) <= 2_000_000 for content in browser.evidence().values())


def test_evidence_when_no_answer_came(site, browser):
    browser.get(page(site.url + "/plain"))
    site.put("/broken", Reply(broken=True))
    with pytest.raises(Unavailable):
        browser.get(page(site.url + "/broken"))
    shown = browser.evidence()
    assert shown["screenshot.png"].startswith(b"\x89PNG")
    assert "no answer" in json.loads(shown["answer.json"])["error"]


class TestNothingStays:
    """No process, dead or alive, no profile, no temporary file."""

    def test_after_close(self, site, folder):
        browser = Browser("")
        browser.get(page(site.url + "/rich"))
        processes = grids.session_of(folder)
        assert len(processes) > 5
        browser.close()
        assert not any(map(known, processes))
        assert list(folder.iterdir()) == []
        browser.close()
        browser.get(page(site.url + "/plain"))
        browser.close()
        assert list(folder.iterdir()) == []

    @pytest.mark.parametrize("crash", [True, False], ids=["the driver dies", "it does not answer"])
    def test_after_an_error(self, site, folder, crash):
        with closing(Browser("", page_seconds=5)) as browser:
            browser.get(page(site.url + "/plain"))
            processes = grids.session_of(folder)
            if crash:
                driver = next(
                    pid for pid in processes if commanded(pid).startswith(str(shutil.which("chromedriver")).encode())
                )
                os.kill(driver, signal.SIGKILL)
            else:
                site.put("/slow", Reply(seconds=60))
            with pytest.raises(Unavailable):
                browser.get(page(site.url + "/slow"))
            assert not any(map(known, processes))
            assert list(folder.iterdir()) == []
            assert browser.get(page(site.url + "/plain")).status == 200

    @pytest.mark.parametrize("program", ["#!/bin/sh\nexit 3\n", "not a program"])
    def test_after_a_browser_that_does_not_start(self, folder, tmp_path, program):
        odd = program_at(tmp_path / "chromium", program)
        options = json.dumps({"goog:chromeOptions": {"binary": str(odd)}})
        with pytest.raises((Unavailable, ConfigurationError), match=r"no browser|no answer"):
            Browser("", options=options).get(page("http://127.0.0.1/"))
        assert list(folder.iterdir()) == []
        assert not grids.session_of(folder)

    @pytest.mark.parametrize("program", ["#!/bin/sh\necho not today; exit 3\n", "not a program"])
    def test_after_a_driver_that_does_not_start(self, folder, tmp_path, monkeypatch, program):
        monkeypatch.setenv("SE_CHROMEDRIVER", str(program_at(tmp_path / "driver", program)))
        with pytest.raises(ConfigurationError, match=r"the driver does not start: .*(not today|Exec format error)"):
            Browser("").get(page("http://127.0.0.1/"))
        assert list(folder.iterdir()) == []
        assert not grids.session_of(folder)

    def test_another_port_is_tried_where_one_is_taken(self, site, folder, tmp_path, monkeypatch):
        tried = tmp_path / "tried"
        taken = "{ echo 'IPv4 port not available. Exiting...'; exit 1; }"
        script = f"#!/bin/sh\necho once >>{tried}; [ $(wc -l <{tried}) -gt 2 ] || {taken}\n"
        driver = program_at(tmp_path / "driver", f'{script}exec {shutil.which("chromedriver")} "$@"\n')
        monkeypatch.setenv("SE_CHROMEDRIVER", str(driver))
        with closing(Browser("")) as browser:
            assert browser.get(page(site.url + "/plain")).status == 200
        assert len(tried.read_text().splitlines()) == 3
        assert list(folder.iterdir()) == []

    @pytest.mark.parametrize("end", ["kill", "raise"])
    def test_after_the_end_of_whoever_holds_it(self, site, folder, end):
        environ = {**os.environ, "TMPDIR": str(folder), "URL": site.url + "/plain", "END": end}
        holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=-1, stdout=-1, stderr=-1, env=environ)
        with holder:
            assert holder.stdout.readline() == b"reading\n"
            processes = grids.session_of(folder)
            assert len(processes) > 5
            if end == "kill":
                holder.send_signal(signal.SIGKILL)
            holder.communicate(b"\n")
        wait_until(lambda: not any(map(known, processes)), "all processes to end")
        wait_until(lambda: not list(folder.iterdir()), "the profile to go")


class TestWhatIsMissing:
    def test_no_browser(self, monkeypatch, tmp_path):
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(ConfigurationError, match="no Chromium on this machine") as caught:
            Browser("").get(page("http://127.0.0.1/"))
        assert "chromium-driver" in caught.value.hint

    def test_no_driver(self, monkeypatch, tmp_path):
        program_at(tmp_path / "chromium", "#!/bin/sh\n")
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(ConfigurationError, match="no chromedriver on this machine"):
            Browser("").get(page("http://127.0.0.1/"))

    @pytest.mark.parametrize("options", ["{", "[1]", '"x"', '{"goog:chromeOptions": {"args": "--one"}}'])
    def test_options_that_are_none(self, options):
        with pytest.raises(ConfigurationError, match="TOUCHLINE_BROWSER_OPTIONS"):
            Browser("", options=options).get(page("http://127.0.0.1/"))

    @pytest.mark.parametrize("url", ["localhost:4444", "ftp://grid:4444", "http://"])
    def test_a_grid_that_has_no_address(self, url):
        with pytest.raises(ConfigurationError, match="TOUCHLINE_BROWSER_URL"):
            Browser("", url).get(page("http://127.0.0.1/"))

    def test_a_grid_that_does_not_listen(self):
        with pytest.raises(Unavailable) as caught:
            Browser("", "http://me:secret@127.0.0.1:1/wd/hub").get(page("http://127.0.0.1/"))
        assert "secret" not in str(caught.value)

    def test_a_page_that_needs_a_key(self):
        with pytest.raises(ConfigurationError, match="no keys"):
            Browser("").get(page("http://127.0.0.1/", headers=(("X-Auth-Token", "{A_KEY}"),)))


def known(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def commanded(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def program_at(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path
