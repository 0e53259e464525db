"""Open sources through the whole of scrape: one file without a key, one API with a key that stays nowhere."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from small_site import Page, Site, serve
from touchline import bootstrap
from touchline.cli.main import main
from touchline.telemetry import LOGGER

KEY = "t0kent0kent0kent0ken"
CLUBS = ("Aldermoor", "Foxglove", "Honeyfell")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server for both sources, and an empty home in March 2026."""
    handlers, LOGGER.handlers = LOGGER.handlers, []
    with serve() as served:
        settings = {"HOME": str(tmp_path / "home"), "SCRAPE_PACE_SECONDS": "0", "FOOTBALL_DATA_ORG_KEY": KEY}
        settings |= {f"SCRAPE_{name}_URL": served.url for name in ("OPENFOOTBALL", "FOOTBALL_DATA_ORG")}
        for name, value in settings.items():
            monkeypatch.setenv(f"TOUCHLINE_{name}", value)
        yield served
    for handler in LOGGER.handlers:
        handler.close()
    LOGGER.handlers = handlers


def pairs() -> Iterator[tuple[int, str, str]]:
    """Number of a day, home, away."""
    meetings = [(home, away) for home in CLUBS for away in CLUBS if home != away]
    return ((number, home, away) for number, (home, away) in enumerate(meetings, 1))


def open_file() -> str:
    matches = [
        {"date": f"2024-09-0{day}", "time": "15:00", "team1": home, "team2": away, "score": {"ft": [day, 0]}}
        for day, home, away in pairs()
    ]
    return json.dumps({"name": "League", "matches": matches})


def api_answer(**changed: Any) -> str:
    matches = [
        {
            "id": 100 + day, "utcDate": f"2024-09-0{day}T14:00:00Z", "status": "FINISHED",
            "homeTeam": {"name": home}, "awayTeam": {"name": away},
            "score": {"duration": "REGULAR", "fullTime": {"home": day, "away": 0}}, **changed,
        }
        for day, home, away in pairs()
    ]  # fmt: skip
    return json.dumps({"resultSet": {"count": 6}, "competition": {"code": "PL"}, "matches": matches})


def scrape(source: str, capsys: pytest.CaptureFixture[str], code: int = 0) -> dict[str, Any]:
    arguments = ["--source", source, "--competition", "E0", "--season", "2024-25", "--no-chain", "--json"]
    assert main(["scrape", *arguments]) == code
    told: dict[str, Any] = json.loads(capsys.readouterr().out)["collected"]
    return told


def test_a_season_that_is_over_is_asked_for_once(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.put("/2024-25/en.1.json", open_file())
    assert scrape("openfootball", capsys)["matches_new"] == 6
    table = bootstrap.ports(dict(os.environ)).matches.snapshot(1)
    assert table["kickoff"].dt.hour.unique().tolist() == [14], "15:00 in London in September"
    assert scrape("openfootball", capsys)["pages_fetched"] == 0
    assert site.paths.count("/2024-25/en.1.json") == 1


def test_a_file_that_lost_its_matches_changes_nothing_and_is_kept_to_be_looked_at(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = json.loads(open_file())
    site.put("/2024-25/en.1.json", json.dumps(broken | {"matches": broken["matches"][:2]}))
    assert main(["scrape", "--source", "openfootball", "--season", "2024-25", "--no-chain"]) != 0
    assert "only 2 matches of 3 teams in a season that is over" in capsys.readouterr().err
    ports = bootstrap.ports(dict(os.environ))
    assert ports.matches.head() == 0
    assert [key for key in (info.key for info in ports.store.list("quarantine/")) if key.endswith("body.gz")]


def test_the_key_goes_to_the_api_and_nowhere_else(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = "/v4/competitions/PL/matches?season=2024"
    site.put(page, api_answer())
    assert scrape("football-data-org", capsys)["matches_new"] == 6
    asked = dict(site.asked)
    assert asked[page]["x-auth-token"] == KEY
    assert "x-auth-token" not in asked["/robots.txt"]
    assert [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in plain(path)] == []


def test_a_key_that_is_refused_stops_the_run_and_is_not_told(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.put("/v4/competitions/PL/matches?season=2024", Page(f'{{"message": "{KEY} is invalid"}}'.encode(), 403))
    assert main(["scrape", "--source", "football-data-org", "--season", "2024-25", "--no-chain"]) != 0
    told = capsys.readouterr()
    assert "does not accept the key" in told.err
    assert KEY not in told.err + told.out
    assert [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in plain(path)] == []


def test_two_sources_speak_of_the_same_matches(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.put("/2024-25/en.1.json", open_file())
    site.put("/v4/competitions/PL/matches?season=2024", api_answer())
    scrape("openfootball", capsys)
    again = scrape("football-data-org", capsys)
    assert (again["matches_new"], again["teams_new"]) == (0, 0)
    linked = bootstrap.ports(dict(os.environ)).matches.linked("football-data-org", ["101", "106"])
    assert linked == {"101": "e0-2024-25-aldermoor-foxglove", "106": "e0-2024-25-honeyfell-foxglove"}


def plain(path: Path) -> bytes:
    """Content of a file, unpacked."""
    body = path.read_bytes()
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
