"""The doctor tries the browser where a source in use needs one, here or on a grid."""

import json
from pathlib import Path

import pytest

import chromium
import grids
from touchline.bootstrap import Container, ports
from touchline.cli.doctor_browser import browser
from touchline.errors import ConfigurationError, NotFound, Unavailable

ACKNOWLEDGED = {"TOUCHLINE_SCRAPE_WHOSCORED_TERMS": "acknowledged"}
needs_chromium = chromium.NEEDED


def parts(tmp_path: Path, **environ: str) -> Container:
    return ports({"TOUCHLINE_HOME": str(tmp_path / "home"), **environ})


@pytest.mark.parametrize("environ", [{}, {"TOUCHLINE_SCRAPE_SOURCES": "football-data"}])
def test_it_is_left_alone_where_nobody_needs_it(tmp_path, environ):
    with pytest.raises(NotFound, match="not needed"):
        browser(parts(tmp_path, **environ))


@pytest.mark.browser
@needs_chromium
def test_one_on_this_machine(tmp_path):
    assert browser(parts(tmp_path, **ACKNOWLEDGED)).endswith("sees their traffic; on this machine")


@pytest.mark.browser
@needs_chromium
def test_one_on_a_grid(tmp_path):
    options = json.dumps({"goog:chromeOptions": {"args": ["--no-sandbox"]}})
    with grids.driver(tmp_path) as url:
        found = browser(parts(tmp_path, **ACKNOWLEDGED, TOUCHLINE_BROWSER_URL=url, TOUCHLINE_BROWSER_OPTIONS=options))
    version = found.removeprefix("chrome ").partition(",")[0]
    assert f"driver {version}, reads pages and sees their traffic; grid {version}" in found


def test_a_grid_that_does_not_answer(tmp_path):
    with pytest.raises(Unavailable, match="TOUCHLINE_BROWSER_URL") as caught:
        browser(parts(tmp_path, **ACKNOWLEDGED, TOUCHLINE_BROWSER_URL="http://me:secret@127.0.0.1:1/wd/hub"))
    assert "secret" not in str(caught.value)


def test_no_browser_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="no Chromium on this machine"):
        browser(parts(tmp_path, **ACKNOWLEDGED))
