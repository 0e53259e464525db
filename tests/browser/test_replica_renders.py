"""The replica in a real browser: its pages can be read by people, and its variables as a scraper reads them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import chromium
import replica_server
from replica_server import Running

SHOTS = Path(__file__).parents[2] / ".test-artifacts"
STAGE = "/Regions/252/Tournaments/2/Seasons/10743/Stages/24533/Fixtures/England-Premier-League-2025-2026"

pytestmark = [pytest.mark.browser, pytest.mark.slow, chromium.NEEDED]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium.session() as session:
        yield session


@pytest.fixture(scope="module")
def replica() -> Iterator[Running]:
    with replica_server.running(teams=4, now=datetime(2026, 6, 30, tzinfo=UTC)) as running:
        yield running


def seen(browser: Any, name: str) -> str:
    """What people can read; a picture of it is kept."""
    SHOTS.mkdir(exist_ok=True)
    browser.save_screenshot(str(SHOTS / f"replica-{name}.png"))
    return str(browser.find_element("tag name", "body").text)


def test_a_season_can_be_walked_through(browser: Any, replica: Running) -> None:
    browser.get(replica.url)
    assert "England: Premier League" in seen(browser, "home")
    regions = browser.execute_script("return allRegions")
    (england,) = [region for region in regions if region["name"] == "England"]
    assert [(one["id"], one["name"]) for one in england["tournaments"]] == [(2, "Premier League")]
    browser.get(replica.url + england["tournaments"][0]["url"])
    options = browser.find_elements("css selector", "select[id*=seasons] option")
    assert options[0].text == "2025/2026"
    browser.get(replica.url + options[0].get_attribute("value"))
    browser.find_element("link text", "Fixtures").click()
    assert browser.current_url == replica.url + STAGE
    text = seen(browser, "stage")
    assert "Saturday, Aug 16 2025" in text
    assert "Marsh <Works> FC" in text
    mask = browser.execute_script("return wsCalendar.mask")
    assert mask["2025"]["7"] == {"16": 1, "17": 1}
    assert browser.get_log("browser") == []


def test_a_match_page_holds_the_match_centre_and_can_be_read(browser: Any, replica: Running) -> None:
    fixture = replica.site.fixture_of("goalless")
    browser.get(f"{replica.url}/Matches/{fixture.number}/Live")
    text = seen(browser, "match")
    assert f"{fixture.home.centre_name} 0 : 0 {fixture.away.centre_name}" in text
    assert "Shots" in text
    found = browser.execute_script("return require.config.params['args'].matchCentreData")
    assert len(found["events"]) == 1500
    assert found["score"] == "0 : 0"
    header = browser.execute_script("return require.config.params['matchheader']")
    assert header["matchId"] == fixture.number
    assert header["input"][:4] == [
        fixture.home.number, fixture.away.number, fixture.home.centre_name, fixture.away.centre_name,
    ]  # fmt: skip
    assert header["input"][10:13] == [None, None, "0 : 0"]
    assert browser.get_log("browser") == []


def test_a_feed_is_shown_as_text_and_can_be_fetched_from_within_a_page(browser: Any, replica: Running) -> None:
    browser.get(f"{replica.url}/tournaments/24533/data/?d=202508")
    shown = json.loads(browser.execute_script("return document.querySelector('pre').textContent"))
    assert {row["homeTeamName"] for row in shown["tournaments"][0]["matches"]} == {
        "Northbridge United", "Köln Athletic & Co",
    }  # fmt: skip
    browser.get(replica.url)
    fetched = browser.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "fetch('/tournaments/24533/data/?d=202508').then((answer) => answer.json()).then(done);"
    )
    assert fetched == shown


def test_json_as_html_has_no_pre_and_is_spoilt(browser: Any, replica: Running) -> None:
    replica.faults.set({"as_html": 1.0}, times=1)
    browser.get(f"{replica.url}/tournaments/24533/data/?d=202508")
    assert browser.find_elements("tag name", "pre") == []
    text = browser.find_element("tag name", "body").text
    assert "Köln Athletic & Co" in text
    assert "Marsh <Works> FC" not in text
    replica.faults.set({})


def test_the_log_tells_whether_pictures_were_asked_for(browser: Any, replica: Running) -> None:
    replica.hits.clear()
    browser.get(f"{replica.url}/termsofuse")
    assert {hit.path for hit in replica.hits.of("asset")} >= {"/assets/site.css", "/assets/logo.png"}
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*.css", "*.png"]})
    replica.hits.clear()
    browser.get(f"{replica.url}/termsofuse")
    assert [hit.kind for hit in replica.hits.all] == ["terms"]
