"""The page of all fixtures in headless Chromium, as a first visitor sees it: nothing is in the browser's cache."""

import shutil
import statistics
from typing import Any

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--lang=en", "--window-size=1200,1000",
)  # fmt: skip
TIMES = """
const page = performance.getEntriesByType("navigation")[0];
const all = [page, ...performance.getEntriesByType("resource")];
return {first_byte_ms: page.responseStart - page.startTime, complete_ms: page.loadEventEnd - page.startTime,
        kilobytes: all.reduce((sum, one) => sum + one.transferSize, 0) / 1000, files: all.length,
        elements: document.querySelectorAll("*").length};
"""


def visited(port: int, visits: int) -> dict[str, Any] | None:
    """Medians of some visits; None without Chromium on this machine."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        return None
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in FLAGS:
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        browser.execute_cdp_cmd("Network.enable", {})
        browser.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
        found = [_visit(browser, f"http://127.0.0.1:{port}/") for _ in range(visits + 1)][1:]
    finally:
        browser.quit()
    return {name: round(statistics.median(one[name] for one in found), 1) for name in found[0]}


def _visit(browser: Any, address: str) -> dict[str, float]:
    browser.get(address)
    told: dict[str, float] = browser.execute_script(TIMES)
    return told
