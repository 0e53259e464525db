"""The pages in a real browser: they keep the rules that let everybody use them, wide or narrow, dark, light or grey."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import chromium
import page_state
import served
from asking import ASSETS
from served import ListedRegistry
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.settings import Predict
from touchline.web.core import create_app
from waiting import wait_until

SHOTS = Path(__file__).parents[2] / ".test-artifacts"
RULES = (Path(page_state.__file__).parent / "page_rules.js").read_text()
LOOKS = {"wide": (1280, "light"), "phone": (360, "dark"), "phone-light": (360, "light"), "wide-dark": (1280, "dark")}
PAGES = {
    "home": "/", "match": "", "what-if": "/what-if", "leaderboard": "/leaderboard", "track": "/track-record",
    "models": "/models", "drift": "/drift", "chain": "/chain", "docs": "/docs",
}  # fmt: skip

pytestmark = [pytest.mark.browser, pytest.mark.slow, chromium.NEEDED]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium.session() as session:
        yield session


class Site:
    """A running service; `address` is where, `ports` are what it knows."""

    def __init__(self, ports: Container, address: str) -> None:
        self.ports, self.address = ports, address

    def match(self) -> str:
        _, manifest = page_state.published(self.ports)
        return f"{self.address}/match/{page_state.matches(self.ports, manifest)[0].match_id}"

    def page(self, name: str) -> str:
        return f"{self.address}{PAGES[name]}" if PAGES[name] else self.match()


@contextmanager
def serving(home: Path, fill: Callable[[Container], None]) -> Iterator[Site]:
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(home)}, clock=VirtualClock(served.NOW))
    ports.registry = ListedRegistry()
    fill(ports)
    app = create_app(ports, Predict(access="open", refresh_seconds=0), ASSETS)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started, "the server starts", 20, pause=0.02)
    (port,) = {socket.getsockname()[1] for each in server.servers for socket in each.sockets}
    yield Site(ports, f"http://127.0.0.1:{port}")
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    fills: dict[str, Callable[[Container], None]] = {
        "full": page_state.full, "empty": lambda _: None, "hostile": page_state.hostile,
    }  # fmt: skip
    with ExitStack() as stack:
        yield {name: stack.enter_context(serving(tmp_path_factory.mktemp(name), fill)) for name, fill in fills.items()}


@pytest.fixture(scope="module")
def full(sites: dict[str, Site]) -> Site:
    return sites["full"]


def show(browser: Any, look: str) -> None:
    width, scheme = LOOKS[look]
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def keep(browser: Any, name: str) -> None:
    """A picture of the whole page, for who wants to look at it later."""
    SHOTS.mkdir(exist_ok=True)
    width, height = browser.execute_script("const e = document.documentElement; return [e.clientWidth, e.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, 4000), "scale": 1}
    found = browser.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
    (SHOTS / f"page-{name}.png").write_bytes(chromium.picture(found))


def rules(browser: Any) -> Any:
    browser.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
    return browser.execute_script(RULES)


@pytest.mark.parametrize("look", ["wide", "phone"])
@pytest.mark.parametrize("name", list(PAGES))
def test_a_page_keeps_the_rules(browser: Any, full: Site, name: str, look: str) -> None:
    show(browser, look)
    browser.get(full.page(name))
    keep(browser, f"{name}-{look}")
    assert rules(browser) == []
    assert browser.get_log("browser") == []


@pytest.mark.parametrize(("look", "path"), [("phone-light", "/"), ("wide-dark", "/match")])
def test_a_page_keeps_the_rules_in_the_other_colours(browser: Any, full: Site, look: str, path: str) -> None:
    show(browser, look)
    browser.get(full.address if path == "/" else full.match())
    assert rules(browser) == []


@pytest.mark.parametrize("name", [name for name in PAGES if name != "match"])
def test_a_page_about_nothing_keeps_the_rules(browser: Any, sites: dict[str, Site], name: str) -> None:
    show(browser, "phone")
    browser.get(sites["empty"].page(name))
    keep(browser, f"{name}-empty")
    assert rules(browser) == []
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("name", ["home", "match"])
def test_the_longest_name_fits_on_a_phone(browser: Any, sites: dict[str, Site], name: str) -> None:
    show(browser, "phone-light")
    browser.get(sites["hostile"].page(name))
    keep(browser, f"{name}-longest")
    assert rules(browser) == []
    assert page_state.HOSTILE.split()[0] in browser.find_element(By.TAG_NAME, "main").text


def test_the_rules_find_what_is_wrong(browser: Any, full: Site) -> None:
    show(browser, "wide")
    browser.get(full.address)
    browser.execute_script("""
        document.querySelector("main").insertAdjacentHTML("beforeend", `<h6>jump</h6><section></section>
          <a href="#no">x</a><svg></svg><input><button></button><table><tr><th>a</th></tr></table>
          <ul><p>no</p></ul><i id="main"></i><div class="scroll"></div>
          <p class="quiet faint">faint</p><p class="broad">broad</p>`);
        document.querySelector(".faint").style.setProperty("color", "#bbb");
        document.querySelector(".broad").style.setProperty("width", "3000px");
    """)
    assert {rule for rule, *_ in rules(browser)} >= {
        "order of headings", "section without a name", "anchor", "picture without a name", "label", "name",
        "table without a name", "scope", "list", "double id", "cannot be scrolled by keys", "contrast",
        "scrolls sideways",
    }  # fmt: skip


def test_the_pieces_of_a_bar_differ_without_colour(browser: Any, full: Site) -> None:
    show(browser, "wide")
    browser.execute_cdp_cmd("Emulation.setEmulatedVisionDeficiency", {"type": "achromatopsia"})
    browser.get(full.address)
    keep(browser, "home-grey")
    browser.execute_cdp_cmd("Emulation.setEmulatedVisionDeficiency", {"type": "none"})
    bars = browser.execute_script("""
        return [...document.querySelectorAll(".bar")].map((bar) => {
          const parts = [...bar.querySelectorAll("rect")];
          const whole = bar.getBoundingClientRect().width;
          return [parts.reduce((sum, part) => sum + Number.parseFloat(part.getAttribute("width")), 0), whole > 200,
                  parts.map((part) => part.getAttribute("fill"))];
        });
    """)
    assert len(bars) == 20
    for share, wide, fills in bars:
        assert share == pytest.approx(100, abs=0.2)
        assert wide
        assert fills == ["url(#h)", "url(#d)", "url(#a)"]
    patterns = browser.execute_script(
        "return ['h', 'd', 'a'].map((id) => [...document.getElementById(id).children].map((each) => each.tagName))"
    )
    assert patterns == [["rect"], ["rect", "circle"], ["rect", "rect"]]


FOCUS = """
const node = document.activeElement;
const style = getComputedStyle(node), box = node.getBoundingClientRect();
return [[...document.querySelectorAll("*")].indexOf(node), Number.parseFloat(style.outlineWidth), style.outlineStyle,
        box.bottom > 0 && box.top < innerHeight, node.className, node.tagName];
"""


@pytest.mark.parametrize("name", ["home", "match", "what-if", "chain"])
def test_keys_go_through_a_page_in_order_and_one_sees_where_they_are(browser: Any, full: Site, name: str) -> None:
    show(browser, "wide")
    browser.get(full.page(name))
    stops = []
    for _ in range(20):
        chromium.press(browser, Keys.TAB)
        stops.append(browser.execute_script(FOCUS))
        if stops[-1][-1] == "BODY":  # the end of the page: from here the browser's own buttons follow
            stops.pop()
            break
    assert stops[0][4] == "skip"
    assert len(stops) > 12
    places = [stop[0] for stop in stops]
    assert places == sorted(places)
    assert [stop for stop in stops if stop[1] < 2 or stop[2] == "none" or not stop[3]] == []


def test_the_skip_link_leads_to_the_content(browser: Any, full: Site) -> None:
    show(browser, "wide")
    browser.get(full.address)
    chromium.press(browser, Keys.TAB)
    chromium.press(browser, Keys.ENTER)
    assert browser.execute_script("return document.activeElement.id") == "main"
    chromium.press(browser, Keys.TAB)
    assert browser.execute_script("return document.activeElement.closest('main') !== null")


def test_the_filter_is_a_form(browser: Any, full: Site) -> None:
    show(browser, "phone")
    browser.get(full.address)
    team = browser.find_element(By.CSS_SELECTOR, ".card h4 span").text
    browser.find_element(By.ID, "team").send_keys(team, Keys.ENTER)
    wait_until(lambda: "team=" in browser.current_url, "the matches of a team", 10)
    assert all(team in each.text for each in browser.find_elements(By.CSS_SELECTOR, ".card h4"))
    browser.find_element(By.LINK_TEXT, "Show all").click()
    assert len(browser.find_elements(By.CLASS_NAME, "card")) == 20
    browser.find_element(By.CSS_SELECTOR, ".card h4 a").click()
    assert team in browser.find_element(By.TAG_NAME, "h1").text


def test_what_if_is_asked_by_keys_alone(browser: Any, full: Site) -> None:
    show(browser, "wide")
    browser.get(full.address)
    home, away = (each.text for each in browser.find_elements(By.CSS_SELECTOR, ".card h4 span:not(.hidden)")[:2])
    browser.get(full.page("what-if"))
    browser.find_element(By.ID, "home_team").send_keys(home)
    browser.find_element(By.ID, "away_team").send_keys(away, Keys.ENTER)
    wait_until(lambda: "away_team=" in browser.current_url, "the answer", 10)
    assert browser.find_element(By.ID, "answer").text == f"{home} – {away}"
    assert rules(browser) == []
    keep(browser, "what-if-answer")
    browser.find_element(By.ID, "away_team").send_keys("x", Keys.ENTER)
    wait_until(lambda: browser.find_elements(By.CSS_SELECTOR, "#fault a"), "what was wrong", 10)
    assert browser.switch_to.active_element is not None
    browser.find_element(By.CSS_SELECTOR, "#fault a").click()
    assert browser.find_element(By.ID, "answer").text == f"{home} – {away}"


def test_language_and_zone_are_switched_and_kept(browser: Any, full: Site) -> None:
    show(browser, "phone")
    browser.get(full.address)
    browser.find_element(By.LINK_TEXT, "Deutsch").send_keys(Keys.ENTER)
    wait_until(lambda: "lang=de" in browser.current_url, "the page in German", 10)
    zone = browser.find_element(By.ID, "tz")
    zone.send_keys("Europe/Ber")
    zone.submit()
    wait_until(lambda: "tz=Europe%2FBerlin" in browser.current_url, "the zone is in the address", 10)
    browser.find_element(By.LINK_TEXT, "Kette").click()
    assert browser.find_element(By.TAG_NAME, "h1").text == "Von Ergebnissen\nzu Prognosen".replace("\n", " ")
    assert "10:00 CET" in browser.find_element(By.CSS_SELECTOR, ".intro .by").text


def test_the_zone_of_the_browser_is_taken_where_none_was_chosen(browser: Any, full: Site) -> None:
    browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    browser.get(full.address)
    wait_until(lambda: "tz=Asia%2FTokyo" in browser.current_url, "the page is asked for again", 10)
    assert "Times are Asia/Tokyo." in browser.find_element(By.TAG_NAME, "main").text
    browser.get(f"{full.address}/?tz=UTC")
    assert "Times are UTC." in browser.find_element(By.TAG_NAME, "main").text
    browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "UTC"})


def test_without_javascript_everything_works(browser: Any, full: Site) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(full.address)
        assert len(browser.find_elements(By.CLASS_NAME, "card")) == 20
        browser.find_element(By.CSS_SELECTOR, ".card h4 a").click()
        assert browser.find_element(By.ID, "why").text == "Why this forecast"
        browser.find_element(By.TAG_NAME, "summary").click()
        assert browser.find_element(By.CSS_SELECTOR, "details table").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_page_that_stays_open_says_that_there_is_news(browser: Any, sites: dict[str, Site]) -> None:
    site = sites["hostile"]
    browser.get(f"{site.address}/?tz=UTC")
    asked = "return performance.getEntriesByType('resource').some((each) => each.name.endsWith('/readyz'))"
    wait_until(lambda: browser.execute_script(asked), "the page looks how things stand", 10)
    page_state.richer(site.ports, 9)
    browser.execute_script("document.dispatchEvent(new Event('visibilitychange'))")
    found = (By.CSS_SELECTOR, ".banner[role=status] a")
    wait_until(lambda: browser.find_elements(*found), "the page tells of news", 10)
    browser.find_element(*found).click()
    assert browser.find_elements(*found) == []
    assert browser.get_log("browser") == []


def test_the_chain_is_shown_as_it_goes_on(browser: Any, sites: dict[str, Site]) -> None:
    site = sites["empty"]
    browser.get(site.page("chain"))
    runs = browser.find_element(By.ID, "live-runs")
    assert not runs.text
    page_state.chain(site.ports.store, served.NOW)
    site.ports.clock.move(served.NOW + timedelta(seconds=10))  # the page may be that old
    wait_until(lambda: "validate" in runs.text, "the new runs are shown", 20, pause=0.1)
