"""Players through the chain: line-ups in the database, shares beside the features, and what the command shows."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scraped import payload, run, simulated, teams_of
from squads import as_details, line_ups
from touchline import bootstrap
from touchline.bootstrap import Container
from touchline.cli.main import main
from touchline.manifest import Manifest, content_id, current, publish
from touchline.settings import Export, Feature, Validate
from touchline.stages import export, feature, validate
from touchline.work import Event, Result


def woken(result_or_key: Result | str) -> Event:
    key = result_or_key if isinstance(result_or_key, str) else result_or_key.publications[0]
    return Event(id="e", kind="object", source="test", time=datetime(2026, 3, 2, tzinfo=UTC), key=key)


def collected(ports: Container, *, players: bool) -> Result:
    """A league through the first functions, with line-ups or without."""
    rows = simulated(seasons=2)
    details = as_details(line_ups(rows), payload(1)) if players else {}
    changes = ports.matches.record(run(), rows, teams_of(rows), details)
    made = Manifest(
        stage="scrapes", id=content_id("scrapes", (), {}, {}), inputs=(), outputs={}, parameters={"simulated": True},
        versions={}, counts={},
    )  # fmt: skip
    scraped = publish(ports.store, made, changes.seq)[0]
    snapshot = export.run(woken(scraped), ports, Export())
    return feature.run(woken(validate.run(woken(snapshot), ports, Validate())), ports, Feature())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOUCHLINE_HOME", str(tmp_path))
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    assert main(["players", *arguments, "--json"]) == 0
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def test_line_ups_become_rates_that_are_shown_and_judged(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(home)})
    assert collected(ports, players=True).summary["players"] > 100
    best = told(capsys, "--limit", "5")
    assert len(best) == 5
    assert {row["line"] for row in best} <= {"forward", "midfielder"}
    team = str(best[0]["team"])
    assert {row["team"] for row in told(capsys, "--team", team)} == {team}
    assert [score["event"] for score in told(capsys, "--evaluate")] == ["goals", "involvements"]
    assert main(["players", "--team", "Nobody"]) != 0
    assert "no line-up of Nobody" in capsys.readouterr().err


def test_without_line_ups_the_features_are_as_ever_and_the_command_says_where_they_come_from(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(home)})
    collected(ports, players=False)
    assert "players" not in current(ports.store, "features")[1].outputs
    assert main(["players"]) != 0
    assert "touchline scrape --source whoscored" in capsys.readouterr().err
