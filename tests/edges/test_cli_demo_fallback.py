"""A demo whose open data are refused: another source where nobody asked for that one, else its error."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from small_site import Page, serve
from touchline.cli.main import main
from touchline.telemetry import LOGGER


@pytest.fixture(params=[403, 404, 200])
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Home of a demo whose site refuses, or shows a web page; its chain ends early, at a gate."""
    handlers, LOGGER.handlers = LOGGER.handlers, []
    with serve() as site:
        site.put("/mmz4281/2425/E0.csv", Page(b"<html>go away</html>", request.param))
        settings = {"HOME": str(tmp_path), "VALIDATE_MIN_FINISHED": "1000000", "SCRAPE_PACE_SECONDS": "0"}
        for name, value in (settings | {"SCRAPE_FOOTBALL_DATA_URL": site.url}).items():
            monkeypatch.setenv(f"TOUCHLINE_{name}", value)
        yield tmp_path
    for handler in LOGGER.handlers:
        handler.close()
    LOGGER.handlers = handlers


def test_a_refusal_leads_to_the_simulated_league(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--seasons", "2024-25", "--no-serve", "--json"]) == 0
    told = capsys.readouterr()
    assert "football-data gives nothing usable" in told.err
    assert json.loads(told.out)["home"] == str(home / "simulated")


def test_a_refusal_of_a_wished_source_is_an_error(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--source", "football-data", "--seasons", "2024-25", "--no-serve"]) == 2
    assert "mmz4281/2425/E0.csv" in capsys.readouterr().err
