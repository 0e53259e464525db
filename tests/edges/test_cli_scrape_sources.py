"""The command `scrape`: names in, matches out; what it says of plans, faults and walls; and being killed on the way."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from published import PLAIN, csv_of, match
from small_site import Page, Site, serve
from touchline import bootstrap
from touchline.cli.main import main
from touchline.manifest import sha256
from touchline.telemetry import LOGGER
from waiting import wait_until

SCRAPE = ("scrape", "--source", "football-data", "--season", "2023-", "--no-chain")
LAST = "/mmz4281/2526/E0.csv"


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        for year in (2023, 2024, 2025):
            rows = [match(f"{day}/10/{year}", "Aldermoor", f"Club{day}", f"{day % 3}-1") for day in range(10, 20)]
            site.put(f"/mmz4281/{year % 100}{year % 100 + 1}/E0.csv", csv_of(PLAIN, *rows))
        site.put("/fixtures.csv", csv_of(PLAIN, match("07/03/2026", "Club10", "Aldermoor", "")))
        yield site


@pytest.fixture
def environ(tmp_path: Path, site: Site) -> dict[str, str]:
    """Settings of a home that asks the site, without any rest."""
    chosen = {
        "HOME": str(tmp_path), "NOW": "2026-03-02T09:00:00Z", "SCRAPE_FOOTBALL_DATA_URL": site.url,
        "SCRAPE_PACE_SECONDS": "0", "SCRAPE_BACKOFF_SECONDS": "0",
    }  # fmt: skip
    return {f"TOUCHLINE_{name}": value for name, value in chosen.items()}


@pytest.fixture
def home(tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same for commands in this process."""
    handlers, LOGGER.handlers = LOGGER.handlers, []
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    yield tmp_path
    for handler in LOGGER.handlers:
        handler.close()
    LOGGER.handlers = handlers


def matches(environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """All matches of a home."""
    store = bootstrap.ports(environ).matches
    rows: list[dict[str, Any]] = store.snapshot(store.head())[["match_id", "home_goals", "payload"]].to_dict("records")
    return [{name: value for name, value in row.items() if value == value} for row in rows]


def test_a_competition_is_collected_by_its_name(
    home: Path, environ: dict[str, str], site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SCRAPE, "--competition", "Premier League (England)"]) == 0
    told = capsys.readouterr()
    assert "pages fetched 4, rows 31, matches new 31" in told.out
    assert "fetched  mmz4281/2324/E0.csv  (1 of 4 pages, 10 rows)" in told.err
    assert len(matches(environ)) == 31
    assert main([*SCRAPE, "--competition", "E0", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["collected"] | {"pages_fetched": 0, "pages_kept": 4, "left": 0} == again["collected"]
    assert [record["function"] for record in again["records"]] == ["scrape"]
    assert len(site.asked) == 5


def test_the_chain_follows_unless_told_otherwise(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scrape", "--source", "football-data", "--season", "2023-", "--json"]) in (0, 2)
    functions = [record["function"] for record in json.loads(capsys.readouterr().out)["records"]]
    assert functions[:3] == ["scrape", "export", "validate"]


def test_a_plan_asks_for_nothing(home: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SCRAPE, "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "3 to ask for  season     mmz4281/2324/E0.csv, mmz4281/2425/E0.csv, mmz4281/2526/E0.csv" in told
    assert "nothing was asked for" in told
    assert main([*SCRAPE, "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["pages"], found["needed"]["fixtures"]) == (4, ["fixtures.csv"])
    assert site.asked == []


def test_a_run_that_leaves_pages_is_followed_by_another(
    home: Path, site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHLINE_SCRAPE_PACE_SECONDS", "1.0")
    monkeypatch.setenv("TOUCHLINE_SCRAPE_BUDGET_SECONDS", "1.5")
    assert main([*SCRAPE, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["records"]) > 1
    assert told["collected"] | {"pages_fetched": 4, "left": 0, "matches_new": 31} == told["collected"]
    assert len(site.asked) == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--source", "nonesuch"], "no source 'nonesuch'"),
        (["--source", "football-data", "--competition", "Premier Leage"], "did you mean|no competition is called"),
        (["--source", "football-data", "--season", "2031-32"], "season 2031-32 has not begun"),
        (["--source", "football-data", "--competition", "SIM1"], "has no competition SIM1"),
        (["--source", "football-data", "--from", "yesterday"], "yesterday"),
    ],
)
def test_wrong_input_is_named(
    home: Path, site: Site, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main(["scrape", *options]) == 2
    said = capsys.readouterr().err
    assert any(part in said for part in message.split("|"))
    assert site.asked == []


def test_a_wall_has_a_code_of_its_own_and_says_what_to_do(
    home: Path, environ: dict[str, str], site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.put(LAST, Page(b"<title>Just a moment...</title>/cdn-cgi/challenge-platform/", 503))
    assert main([*SCRAPE, "--competition", "E0"]) == 4
    said = capsys.readouterr().err
    host = site.url.removeprefix("http://")
    assert "football-data: blocked (cloudflare_challenge)" in said
    assert f"{host} is left alone until 2026-03-02 09:15 UTC; evidence in evidence/127.0.0.1-" in said
    assert len(matches(environ)) == 20
    asked = len(site.asked)
    assert main([*SCRAPE, "--competition", "E0", "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["collected"]["blocked"] == {"football-data": "cloudflare_challenge"}
    assert len(site.asked) == asked


def test_a_site_that_is_down_has_another(home: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    for path in site.pages:
        site.put(path, Page(status=503))
    assert main([*SCRAPE]) == 3
    assert "the server answers 503" in capsys.readouterr().err


def test_a_site_that_falls_silent_on_the_way_has_the_same_and_what_came_is_stored(
    home: Path, environ: dict[str, str], site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in ("/mmz4281/2425/E0.csv", LAST, "/fixtures.csv"):
        site.put(path, Page(status=503))
    assert main([*SCRAPE]) == 3
    assert "3 pages in a row gave no answer" in capsys.readouterr().err
    assert len(matches(environ)) == 10


def test_a_key_that_is_not_set_is_named(
    home: Path, site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHLINE_SCRAPE_FOOTBALL_DATA_ORG_URL", site.url)
    assert main(["scrape", "--source", "football-data-org", "--competition", "E0", "--no-chain"]) == 2
    assert "TOUCHLINE_FOOTBALL_DATA_ORG_KEY is not set" in capsys.readouterr().err


def test_pages_that_cannot_be_read_ask_for_somebody(
    home: Path, environ: dict[str, str], site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.put(LAST, Page(b"<html>we have moved</html>"))
    assert main([*SCRAPE]) == 2
    assert "a web page instead of a CSV file" in capsys.readouterr().err
    assert len(matches(environ)) == 21


def world_of(site: Site) -> set[str]:
    """Hashes of all files of the site."""
    return {sha256(pages[-1].body) for pages in site.pages.values()}


def begun(environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "touchline.cli.main", *SCRAPE]
    return subprocess.Popen(command, env={**os.environ, **environ}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_whoever_is_stopped_goes_on_where_he_was(
    tmp_path: Path, environ: dict[str, str], site: Site, sent: signal.Signals
) -> None:
    with begun(environ | {"TOUCHLINE_SCRAPE_PACE_SECONDS": "8"}) as process:
        wait_until(lambda: len(site.asked) >= 3, "the third request", seconds=120)
        process.send_signal(sent)
        _, said = process.communicate()
    asked = [path for path in site.paths if path != "/robots.txt"]
    assert 1 <= len(asked) < 4
    if sent == signal.SIGINT:
        assert process.returncode == 130
        assert b"the same command goes on from there" in said
    with begun(environ) as process:
        process.communicate()
    assert process.returncode == 0
    rest = [path for path in site.paths if path != "/robots.txt"][len(asked) :]
    assert set(asked) | set(rest) == {path for path in site.pages if path != "/robots.txt"}
    assert len(set(asked) & set(rest)) <= 2  # at most the page that was on its way, and the one that was read meanwhile
    assert [len(matches(environ)), world_of(site)] == [31, {row["payload"] for row in matches(environ)}]
