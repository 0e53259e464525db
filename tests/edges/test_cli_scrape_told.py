"""What the command `scrape` says first where it cannot do what is asked, and whose rules it heeds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from small_site import Page, Site, serve
from touchline.cli.main import main
from touchline.telemetry import LOGGER

SCRAPE = ("scrape", "--source", "football-data", "--competition", "E0", "--no-chain")
FILE = "/mmz4281/2526/E0.csv"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    handlers, LOGGER.handlers = LOGGER.handlers, []
    with serve() as site:
        chosen = {
            "HOME": str(tmp_path), "NOW": "2026-03-02T09:00:00Z", "SCRAPE_FOOTBALL_DATA_URL": site.url,
            "SCRAPE_PACE_SECONDS": "0", "SCRAPE_BACKOFF_SECONDS": "0",
        }  # fmt: skip
        for name, value in chosen.items():
            monkeypatch.setenv(f"TOUCHLINE_{name}", value)
        yield site
    for handler in LOGGER.handlers:
        handler.close()
    LOGGER.handlers = handlers


@pytest.mark.usefixtures("site")
def test_a_plan_needs_no_acknowledged_terms_and_says_that_they_are_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scrape", "--source", "whoscored", "--competition", "E0", "--dry-run"]) == 0
    told = capsys.readouterr()
    assert "home.html" in told.out
    assert "TOUCHLINE_SCRAPE_WHOSCORED_TERMS=acknowledged has to be set" in told.err


@pytest.mark.usefixtures("site")
def test_what_is_wrong_with_an_option_is_told_of_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SCRAPE, "--season", "nonsense"]) == 2
    assert "--season: 'nonsense' is no season" in capsys.readouterr().err


@pytest.mark.usefixtures("site")
def test_that_a_host_is_not_reached_comes_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOUCHLINE_SCRAPE_FOOTBALL_DATA_URL", "http://127.0.0.1:1")
    assert main([*SCRAPE]) == 3
    assert "robots.txt: no connection to 127.0.0.1, so no answer" in capsys.readouterr().err


def test_rules_of_the_host_that_a_page_leads_to_count(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    with serve() as other:
        other.put("/robots.txt", "User-agent: *\nDisallow: /\n")
        other.put("/E0.csv", "Div,Date\n")
        site.put(FILE, Page(b"", 302, {"Location": f"{other.url}/E0.csv"}))
        assert main([*SCRAPE]) != 0
        assert "/robots.txt" in other.paths
    assert "closes /E0.csv to touchline" in capsys.readouterr().err
