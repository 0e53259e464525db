"""Names of teams and kept payloads from the command line: what waits, who it is, and what that changes."""

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taken_in import NOW, Place, csv_file, month, numbered
from touchline.adapters.clock import VirtualClock
from touchline.cli.main import main
from touchline.telemetry import LOGGER

WAITING = month(
    numbered(1, "Wolves", "Man Utd"),
    numbered(2, "Aldermoore Rovers", "Foxglove", "1-1", day="2025-08-17"),
    numbered(3, "Grimmauld", "Foxglove", "3-1", day="2025-08-23"),
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """An installation with teams, and two names of another source that wait."""
    handlers, LOGGER.handlers = LOGGER.handlers, []
    made = Place(tmp_path / "home", VirtualClock(NOW))
    made.take(csv_file(("16/08/2025", "Wolves", "Man United", "2-1"), ("17/08/2025", "Aldermoor", "Foxglove", "0-0")))
    made.take(WAITING)
    for name in [name for name in os.environ if name.startswith("TOUCHLINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TOUCHLINE_HOME", str(made.folder))
    monkeypatch.setenv("TOUCHLINE_NOW", NOW.isoformat())
    yield made
    for handler in LOGGER.handlers:
        handler.close()
    LOGGER.handlers = handlers


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """What a command answers for scripts."""
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_list_names_what_waits_and_its_commands_settle_it(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "teams", "unresolved")
    assert [(one["name"], one["country"], one["source"], one["rows"]) for one in found] == [
        ("Aldermoore Rovers", "England", "whoscored", 1),
        ("Grimmauld", "England", "whoscored", 1),
    ]
    assert found[0]["suggestions"][0] == "Aldermoor"
    command = shlex.split(found[0]["commands"][0])
    assert command == ["touchline", "teams", "accept", "Aldermoore Rovers", "Aldermoor", "--country", "England"]
    assert main(command[1:]) == 0
    said = capsys.readouterr().out
    assert "Aldermoore Rovers is Aldermoor (England)" in said
    assert "what waited of whoscored was taken in: matches changed 1" in said
    assert place.table()["e0-2025-26-aldermoor-foxglove"]["home_goals"] == 1
    assert [one["name"] for one in told(capsys, "teams", "unresolved")] == ["Grimmauld"]
    done = told(capsys, "teams", "new", "Grimmauld", "--country", "England")
    assert [record["summary"]["matches_new"] for record in done["records"]] == [1]
    assert "e0-2025-26-grimmauld-foxglove" in place.table()
    assert main(["teams", "unresolved"]) == 0
    assert capsys.readouterr().out == "no name waits\n"


def test_the_list_can_be_read(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["teams", "unresolved"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Aldermoore Rovers (England, E0, by whoscored, last seen 2025-09-01 09:00 UTC)")
    assert "  touchline teams new Grimmauld --country England" in said


def test_teams_are_listed_with_their_spellings(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "teams", "list", "--country", "England") == {
        "England": {"Aldermoor": [], "Foxglove": [], "Man United": ["Man Utd"], "Wolves": []}
    }
    assert main(["teams", "list"]) == 0
    assert "  Man United (Man Utd)" in capsys.readouterr().out
    assert main(["teams", "list", "--country", "Atlantis"]) == 2
    assert "known are England" in capsys.readouterr().err


def test_two_clubs_that_are_one_are_merged(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    main(["teams", "new", "Grimmauld", "--country", "England"])
    capsys.readouterr()
    merge = ("teams", "merge", "Grimmauld", "Wolves", "--country", "England")
    assert told(capsys, *merge, "--dry-run")["matches"] == 1
    assert "Grimmauld" in place.teams()
    assert told(capsys, *merge)["matches"] == 1
    assert "Grimmauld" not in place.teams()
    assert main(list(merge)) == 2
    assert "no team 'Grimmauld'" in capsys.readouterr().err


def test_reparse_shows_the_difference_and_stores_it_only_when_told(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.ports.matches.add_alias("England", "Aldermoore Rovers", "Aldermoor")
    head = place.ports.matches.head()
    assert main(["reparse", "--source", "whoscored"]) == 0
    said = capsys.readouterr().out
    assert "e0-2025-26-aldermoor-foxglove" in said
    assert "home_goals" in said
    assert "nothing was stored; --yes stores it" in said
    found = told(capsys, "reparse", "--source", "whoscored")
    assert found["records"] == []
    assert found["columns"]["home_goals"] == 1
    assert place.ports.matches.head() == head
    found = told(capsys, "reparse", "--source", "whoscored", "--yes")
    assert found["records"][0]["summary"]["matches_changed"] == 1
    assert told(capsys, "reparse", "--source", "whoscored")["differences"] == []
    assert main(["reparse", "--source", "whoscored", "--since", "2025-09-02"]) == 2
    assert "no payload was kept" in capsys.readouterr().err
