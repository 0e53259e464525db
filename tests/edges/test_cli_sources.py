"""The list of sources: what each gives and needs, and how we stand with it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from touchline import bootstrap
from touchline.bootstrap import Container
from touchline.cli.main import main
from touchline.collecting import HostState, Kept
from touchline.domain.source_health import Health, SourceHealth
from touchline.manifest import encode
from touchline.stages.scrape_canary import HEALTH
from touchline.telemetry import LOGGER

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECRET = "5ecret5ecret5ecret"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Container]:
    """Ports of a home at a fixed time, with the football-data source on the schedule."""
    handlers, LOGGER.handlers = LOGGER.handlers, []
    environ = {"TOUCHLINE_HOME": str(tmp_path), "TOUCHLINE_NOW": NOW.isoformat()}
    for name, value in (environ | {"TOUCHLINE_SCRAPE_SOURCES": "football-data"}).items():
        monkeypatch.setenv(name, value)
    for name in ("FOOTBALL_DATA_ORG_KEY", "THE_ODDS_API_KEY", "SCRAPE_WHOSCORED_TERMS"):
        monkeypatch.delenv(f"TOUCHLINE_{name}", raising=False)
    yield bootstrap.ports(environ)
    LOGGER.handlers = handlers


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    assert main(["sources", "--json"]) == 0
    return {one["name"]: one for one in json.loads(capsys.readouterr().out)}


def test_every_source_says_what_it_gives_on_which_terms_and_how_fast(
    home: Container, capsys: pytest.CaptureFixture[str]
) -> None:
    found = listed(capsys)
    assert set(found) == set(home.sources)
    for one in found.values():
        assert all(one[field] for field in ("gives", "terms", "rate", "freshness", "transport", "pages_per_day"))
    assert main(["sources"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in found)


def test_what_is_missing_is_said_with_the_variable_that_mends_it(
    home: Container, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = listed(capsys)
    assert {name: one["state"] for name, one in before.items()} == {
        "football-data": "scheduled", "football-data-org": "off", "openfootball": "ready", "simulated": "ready",
        "the-odds-api": "off", "whoscored": "off",
    }  # fmt: skip
    assert "TOUCHLINE_THE_ODDS_API_KEY" in before["the-odds-api"]["to_do"]
    assert "TOUCHLINE_SCRAPE_WHOSCORED_TERMS=acknowledged" in before["whoscored"]["to_do"]
    assert "TOUCHLINE_SCRAPE_SOURCES=football-data,openfootball" in before["openfootball"]["to_do"]
    monkeypatch.setenv("TOUCHLINE_THE_ODDS_API_KEY", SECRET)
    monkeypatch.setenv("TOUCHLINE_SCRAPE_WHOSCORED_TERMS", "acknowledged")
    assert main(["sources", "--json"]) == 0
    told = capsys.readouterr().out
    assert SECRET not in told
    after = {one["name"]: one for one in json.loads(told)}
    assert (after["the-odds-api"]["state"], after["the-odds-api"]["key_set"]) == ("ready", True)
    assert after["whoscored"]["state"] == "ready"


def test_the_last_success_and_a_block_are_shown(home: Container, capsys: pytest.CaptureFixture[str]) -> None:
    url = "https://raw.githubusercontent.com/openfootball/x.json"
    for name, state, hours in (("a", "available", 5), ("b", "failed", 1), ("robots/x", "available", 2)):
        endpoint = "robots" if name.startswith("robots") else "season"
        moment = NOW - timedelta(hours=hours)
        page = Kept(name=name, endpoint=endpoint, url=url, state=state, retrieved=moment)
        home.journal.note("openfootball", page)
    until = NOW + timedelta(minutes=15)
    host = "raw.githubusercontent.com"
    home.hosts.note(HostState(host=host, day=NOW.date(), asked=7, failures=1, open_until=until, kind="forbidden"))
    found = listed(capsys)["openfootball"]
    assert found["last_success"] == "2026-03-02T04:00:00Z"
    assert found["pages"] == {"available": 1, "failed": 1}
    assert (found["blocked_until"], found["blocked_by"], found["asked_today"]) == (
        "2026-03-02T09:15:00Z",
        "forbidden",
        7,
    )
    assert main(["sources", "show", "openfootball"]) == 0
    shown = capsys.readouterr().out
    assert "blocked until  2026-03-02 09:15 UTC" in shown
    assert "1 available, 1 failed" in shown
    assert main(["sources"]) == 0
    assert "left alone" in capsys.readouterr().out


def test_a_block_that_has_passed_is_none(home: Container, capsys: pytest.CaptureFixture[str]) -> None:
    past = HostState(host="raw.githubusercontent.com", day=NOW.date() - timedelta(days=1), asked=7, open_until=NOW)
    home.hosts.note(past)
    found = listed(capsys)["openfootball"]
    assert (found["blocked_until"], found["asked_today"]) == (None, 0)


def test_a_source_that_is_none_is_answered_with_those_that_are(
    home: Container, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sources", "show", "nobody"]) == 2
    assert "known are football-data, football-data-org" in capsys.readouterr().err


def test_how_a_source_was_found_is_shown(home: Container, capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys)["openfootball"]["looked"] is None
    ill = SourceHealth(source="openfootball", troubles=("changed",), notes=("25 of 25 rows read otherwise",))
    health = Health(day=NOW.date(), looked=NOW, sources=(ill, SourceHealth(source="football-data")), volumes=())
    home.store.create(f"{HEALTH}{NOW.date()}.json", encode(health))
    found = listed(capsys)
    assert (found["openfootball"]["troubles"], found["football-data"]["troubles"]) == (["changed"], [])
    assert found["football-data"]["looked"] == "2026-03-02T09:00:00Z"
    assert main(["sources"]) == 0
    assert "changed on 03-02" in capsys.readouterr().out
    assert main(["sources", "show", "openfootball"]) == 0
    assert "25 of 25 rows read otherwise" in capsys.readouterr().out
