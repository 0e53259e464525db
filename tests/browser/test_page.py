"""The page in a real browser: nothing is refused or missing, and it reads well wide, narrow, dark and light."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

import chromium
import served
from served import ListedRegistry, public
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.settings import Predict
from touchline.web.core import create_app

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / ".test-artifacts"
SIZES = {"desktop": (1200, 1400), "phone": (390, 1400)}

pytestmark = [pytest.mark.browser, pytest.mark.slow, chromium.NEEDED]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium.session() as session:
        yield session


def ports_at(home: Path) -> Container:
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(home)}, clock=VirtualClock(served.NOW))
    ports.registry = ListedRegistry()
    return ports


def serve(ports: Container) -> tuple[uvicorn.Server, threading.Thread, str]:
    app = create_app(ports, Predict(access="open"), ROOT / "functions" / "predict")
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline, "the server does not start"
        thread.join(0.02)
    (port,) = {socket.getsockname()[1] for each in server.servers for socket in each.sockets}
    return server, thread, f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module", params=["filled", "empty"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    ports = ports_at(tmp_path_factory.mktemp("site"))
    if request.param == "filled":
        public(ports)
    server, thread, address = serve(ports)
    yield request.param, address
    server.should_exit = True
    thread.join(20)


def show(browser: Any, size: str, scheme: str) -> None:
    width, height = SIZES[size]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


CONTRAST = """
const light = (text) => {
  const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (node) => {
  for (; node; node = node.parentElement) {
    const color = getComputedStyle(node).backgroundColor;
    if (!/rgba\\(.*, 0\\)/.test(color)) return color;
  }
  return "rgb(255, 255, 255)";
};
const own = (node) => [...node.childNodes].some((part) => part.nodeType === 3 && part.data.trim());
return [...document.querySelectorAll("body *")].filter(own).map((node) => {
  const [a, b] = [light(getComputedStyle(node).color), light(ground(node))].sort((x, y) => y - x);
  return [(a + 0.05) / (b + 0.05), node.tagName, node.textContent.trim().slice(0, 30)];
}).filter(([ratio]) => ratio < 4.5);
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_the_page_reads_well(browser: Any, site: tuple[str, str], size: str, scheme: str) -> None:
    name, address = site
    show(browser, size, scheme)
    browser.get(address)
    SHOTS.mkdir(exist_ok=True)
    browser.save_screenshot(str(SHOTS / f"page-{name}-{size}-{scheme}.png"))
    assert browser.get_log("browser") == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= SIZES[size][0]
    assert browser.execute_script(CONTRAST) == []
    assert browser.execute_script("return document.querySelectorAll('main, header, footer, h1').length") == 4


def test_every_bar_is_filled_from_end_to_end(browser: Any, site: tuple[str, str]) -> None:
    name, address = site
    if name == "empty":
        browser.get(address)
        assert "No model serves yet." in browser.find_element("tag name", "main").text
        return
    browser.get(address)
    bars = browser.execute_script("""
        return [...document.querySelectorAll(".bar")].map((bar) => {
          const whole = bar.getBoundingClientRect().width;
          const parts = [...bar.querySelectorAll("rect.home, rect.draw, rect.away")];
          const styles = new Set(parts.map((part) => getComputedStyle(part).fill));
          return [parts.reduce((sum, part) => sum + part.getBoundingClientRect().width, 0) / whole, styles.size];
        });
    """)
    assert len(bars) > 10
    for share, colours in bars:
        assert share == pytest.approx(1, abs=0.01)
        assert colours == 3


def test_the_description_opens_without_anything_foreign(browser: Any, site: tuple[str, str]) -> None:
    show(browser, "desktop", "light")
    browser.get(f"{site[1]}/docs")
    assert browser.get_log("browser") == []
    assert browser.find_element("tag name", "h1").text == "How to ask"
