"""Chromium on this machine, as a person would open it: for tests that look at pages."""

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

MISSING = "Chromium and chromedriver are not on this machine (Debian: chromium, chromium-driver)"
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--lang=en", "--window-size=1200,1000",
)  # fmt: skip


NEEDED = pytest.mark.skipif(not (shutil.which("chromium") and shutil.which("chromedriver")), reason=MISSING)
"""Of tests that open a browser."""


@contextmanager
def session() -> Iterator[Any]:
    """A Selenium session whose log can be read; closed at the end."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield opened
    finally:
        opened.quit()


def press(browser: Any, key: str) -> None:
    """Press a key wherever the focus is."""
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser, duration=0).send_keys(key).perform()


def picture(captured: dict[str, str]) -> bytes:
    """The bytes of what `Page.captureScreenshot` gave."""
    return base64.b64decode(captured["data"])
