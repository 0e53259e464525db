"""Scrape from the command line: what was refused asks for somebody, what was good goes on."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from published import PLAIN, csv_of, match
from small_site import serve
from touchline.cli.main import main
from touchline.telemetry import LOGGER


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Home whose source has one good file and one that is refused."""
    handlers, LOGGER.handlers = LOGGER.handlers, []
    with serve() as site:
        site.put("/mmz4281/2526/E0.csv", csv_of((*PLAIN, "Weather"), match("21/02/2026")))
        site.put("/fixtures.csv", csv_of(PLAIN, match("07/03/2026", score="")))
        settings = {"HOME": str(tmp_path), "NOW": "2026-03-02T09:00:00Z", "SCRAPE_SOURCES": "football-data"}
        settings |= {"SCRAPE_FOOTBALL_DATA_URL": site.url, "SCRAPE_PACE_SECONDS": "0"}
        for name, value in settings.items():
            monkeypatch.setenv(f"TOUCHLINE_{name}", value)
        yield tmp_path
    for handler in LOGGER.handlers:
        handler.close()
    LOGGER.handlers = handlers


def test_a_scrape_that_refused_one_of_its_payloads_is_shown_and_the_chain_goes_on(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "scrape", "--json"]) == 2
    told = capsys.readouterr()
    [record] = json.loads(told.out)
    assert (record["outcome"], record["publications"]) == ("parked", ["scrapes/published/000000000001.json"])
    assert "scrape parked: mmz4281/2526/E0.csv: unknown column Weather" in told.err
    kept = home / "objects" / "quarantine" / "scrape" / record["work"]
    assert {path.name for path in kept.iterdir()} >= {"reason.json", "payloads.json"}
    assert main(["runs", "--failed", "--json"]) == 0
    assert record["run_id"] in capsys.readouterr().out
    assert main(["run", "export", "--json"]) == 0
    assert [run["outcome"] for run in json.loads(capsys.readouterr().out)] == ["done"]
