"""What Chromium evaluates in the pages of the replica, and what stands written in them, say the same."""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pandas as pd
import pytest

import replica_server
from chromium import NEEDED
from touchline.adapters.browser import Browser
from touchline.collecting import Page, Scope
from touchline.ports import Payload
from touchline.sources import captured
from touchline.sources.registry import parse
from touchline.sources.whoscored import discovery, match_page
from touchline.sources.whoscored.source import WhoScored

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    NEEDED,
]
NOW = datetime(2026, 6, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def payloads() -> Iterator[dict[str, Payload]]:
    """Every page of a small season, by name, as a browser brings it."""
    found: dict[str, Payload] = {}
    with replica_server.running(teams=4, now=NOW) as replica:
        source, browser = WhoScored(replica.url, True), Browser("touchline tests")
        try:
            pages = source.pages(Scope(competitions=("E0",)), NOW)
            page = next(pages)
            while True:
                found[page.name] = _read(browser, page)
                source.verdict(page, found[page.name], NOW)
                page = pages.send(found[page.name])
        except StopIteration:
            yield found
        finally:
            browser.close()


def _read(browser: Browser, page: Page) -> Payload:
    answer = browser.get(msgspec.structs.replace(page, wants="document") if page.values else page)
    assert answer.status == 200
    return Payload(page.source, page.name, captured.with_values(answer.body, answer.values), NOW, page.url)


def written(payload: Payload) -> Payload:
    """The same without what the browser evaluated."""
    return Payload(payload.source, payload.name, captured.page_of(payload.body), payload.retrieved, payload.url)


def of(payloads: dict[str, Payload], part: str) -> list[Payload]:
    found = [payload for name, payload in payloads.items() if part in name]
    assert found
    return found


def test_lists_and_calendars(payloads: dict[str, Payload]) -> None:
    home, stage = payloads["home.html"], of(payloads, "/stages/")[0]
    assert captured.values_of(home.body)[discovery.REGIONS]
    assert captured.values_of(stage.body)[discovery.CALENDAR]
    assert discovery.tournaments(home) == discovery.tournaments(written(home))
    assert discovery.calendar(stage) == discovery.calendar(written(stage))


def test_matches(payloads: dict[str, Payload]) -> None:
    for payload in of(payloads, "/matches/"):
        seen, read = parse(payload), parse(written(payload))
        values = captured.values_of(payload.body)
        assert values[match_page.HEADER]
        assert bool(values.get(match_page.CENTRE)) == (len(seen.details["match_details"]) > 0)
        assert seen.notes == read.notes
        for name, table in seen.details.items():
            pd.testing.assert_frame_equal(table, read.details[name])


def test_months_come_as_they_were_sent(payloads: dict[str, Payload]) -> None:
    for payload in of(payloads, "/months/"):
        assert captured.values_of(payload.body) == {}
        assert parse(payload).rejected == ()
