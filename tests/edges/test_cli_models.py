"""The commands `models`: requests to promote as objects, and what was decided as a list."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from small_platform import environment
from touchline import bootstrap
from touchline.bootstrap import Container
from touchline.cli.main import main
from touchline.ports import Promotion
from touchline.telemetry import LOGGER

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROUTE = {
    "route": {"mode": "canary", "share": 0.1, "salt": "m2", "competitions": ["E0"]},
    "challenger": {"model_id": "m2", "manifest": {"key": "models/m2/manifest.json", "sha256": "ab"}},
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Container]:
    """Parts of a tiny platform that the process's environment names."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    handlers, LOGGER.handlers = LOGGER.handlers, []
    yield bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path / "home")})
    for handler in LOGGER.handlers:
        handler.close()
    LOGGER.handlers = handlers


def requests(home: Container) -> list[dict[str, Any]]:
    keys = [info.key for info in home.store.list("requests/promotion/cli/")]
    kept = [json.loads(home.store.get(key)) for key in keys]
    return [{name: value for name, value in one.items() if name not in ("traceparent", "asked_at")} for one in kept]


def decide(home: Container, number: int, stage: str, champion: str, previous: str, **inputs: Any) -> None:
    reason = f"reason {number}"
    row = Promotion(0, champion or "m9", stage, previous, champion, "", reason, inputs, NOON, f"w{number}")
    home.promotions.decide(row)


def test_routes_are_asked_for_by_objects(home: Container) -> None:
    assert main(["models", "route", "--canary", "0.1", "m2", "--competition", "E0", "--reason", "try"]) == 0
    assert main(["models", "route", "--shadow", "candidate"]) == 0
    assert main(["models", "route", "--ab", "0.5", "previous"]) == 0
    assert main(["models", "route", "--by-competition", "m2", "--competition", "E0"]) == 0
    assert main(["models", "route", "--off"]) == 0
    assert main(["models", "rollback", "--reason", "odd"]) == 0
    usual = {"action": "route", "requested_by": "command line", "reason": "", "competitions": [], "share": 0.0}
    assert requests(home) == [
        usual | {"mode": "canary", "share": 0.1, "model_id": "m2", "competitions": ["E0"], "reason": "try"},
        usual | {"mode": "shadow", "model_id": "candidate"},
        usual | {"mode": "ab", "share": 0.5, "model_id": "previous"},
        usual | {"mode": "competitions", "model_id": "m2", "competitions": ["E0"]},
        usual | {"mode": "off", "model_id": ""},
        {"action": "rollback", "requested_by": "command line", "reason": "odd"},
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["m2"], "choose one of --shadow, --canary, --ab, --by-competition, --off"),
        (["--shadow", "--off"], "choose one of"),
        (["--canary", "0.1"], "the others need one"),
        (["--off", "m2"], "--off needs no model"),
        (["--by-competition", "m2"], "--by-competition needs --competition"),
    ],
)
def test_what_makes_no_sense_asks_for_nothing(
    home: Container, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert main(["models", "route", *arguments]) == 2
    assert told in capsys.readouterr().err
    assert requests(home) == []


def test_decisions_are_listed_with_what_serves(home: Container, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0
    assert "nothing was decided yet" in capsys.readouterr().out
    decide(home, 1, "champion", "m1", "")
    decide(home, 2, "route", "m1", "m1", **ROUTE)
    decide(home, 3, "refused", "m1", "m1")
    assert main(["models", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[1:4]] == [
        ["1", "2026-03-02", "12:00", "m1", "champion", "reason", "1"],
        ["*", "2", "2026-03-02", "12:00", "m1", "route", "reason", "2"],
        ["3", "2026-03-02", "12:00", "m1", "refused", "reason", "3"],
    ]
    assert lines[4] == "* serves: m1; challenger m2 (canary, 10%, only E0)"
    assert main(["models", "list", "--json"]) == 0
    assert [row["number"] for row in json.loads(capsys.readouterr().out)] == [1, 2, 3]


def test_without_a_route_the_champion_serves_alone(home: Container, capsys: pytest.CaptureFixture[str]) -> None:
    decide(home, 1, "champion", "m1", "")
    assert main(["models", "list"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "* serves: m1"
