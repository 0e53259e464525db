"""Four weeks of a made-up league, lived through by the command; judged by somebody who knows nothing of Touchline."""

import contextlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import ledger_judge
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.cli.main import main
from touchline.domain.simulation import simulate
from touchline.testing.digests import difference, digest
from touchline.testing.league import environment
from touchline.testing.remembered import remembering

SINCE, UNTIL = "2025-09-15", "2025-10-12"
END = datetime(2025, 10, 13, tzinfo=UTC)
CANCELLED = 7
"""Matches from the newest one back: this one was never played."""

pytestmark = pytest.mark.slow


class Lived(NamedTuple):
    """A simulation that has ended."""

    home: Path
    facts: dict[str, Any]
    environ: dict[str, str]

    def digest(self) -> Any:
        return digest(bootstrap.ports({**self.environ, "TOUCHLINE_HOME": str(self.home)}, clock=VirtualClock(END)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("simulated")


@pytest.fixture(scope="module")
def matches(folder: Path) -> Path:
    """The league as it is known after the four weeks, in one file; one match of it was cancelled."""
    table = simulate(7, END, seasons=6, teams=6)
    table = table.drop(columns=["available_time", "match_id"]).dropna(axis=1, how="all")
    place = table.index[table["status"] == "finished"][-CANCELLED]
    table.loc[place, [name for name in table if name.startswith(("home_g", "away_g", "home_s", "away_s"))]] = None
    table.loc[place, "status"] = "cancelled"
    file = folder / "league.csv"
    file.write_text(table.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%S+00:00"))
    return file


@pytest.fixture(scope="module")
def lived(folder: Path, matches: Path) -> Iterator[Callable[..., Lived]]:
    """Lives through the four weeks; what was computed of the same values before is not computed again."""
    environ = environment(folder) | {
        "TOUCHLINE_VALIDATE_MIN_FINISHED": "100",
        "TOUCHLINE_TRAIN_MIN_NEW_MATCHES": "6",
    }

    def live(name: str, *options: str) -> Lived:
        home, out = folder / name, io.StringIO()
        asked = ["simulate", "--from", SINCE, "--to", UNTIL, "--data", str(matches), "--home", str(home)]
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
            for variable, value in environ.items():
                patch.setenv(variable, value)
            code = main([*asked, "--step", "3", "--json", *options])
        assert code == 0, out.getvalue()
        return Lived(home, json.loads(out.getvalue()), environ)

    with remembering():
        yield live


@pytest.fixture(scope="module")
def plain(lived: Callable[..., Lived]) -> Lived:
    return lived("plain")


def test_every_match_is_forecast_before_its_kick_off_and_settled_once(plain: Lived) -> None:
    facts = plain.facts
    assert facts["mode"] == "simulated"
    assert facts["sealed"]["late"] == 0
    assert facts["sealed"]["matches"] == 9
    assert facts["settled"]["twice"] == facts["settled"]["missing"] == 0
    assert facts["settled"]["matches"] == 8
    assert set(facts["settled"]["void"]) == {"the match was cancelled"}


def test_models_are_trained_and_promoted_on_the_way(plain: Lived) -> None:
    when = {
        function: [one["at"] for one in plain.facts["timeline"] if one["function"] == function]
        for function in ("train", "promote")
    }
    assert len(when["train"]) > 1
    assert len(when["promote"]) == len(when["train"])
    assert when["train"] == sorted(when["train"])


def test_somebody_else_comes_to_the_same_record(plain: Lived, matches: Path) -> None:
    found = ledger_judge.judge(plain.home / "objects", ledger_judge.read(matches), END)
    assert found.faults == []
    assert found.forecasts == plain.facts["sealed"]["forecasts"]
    assert found.settled == plain.facts["settled"]["settlements"]
    assert found.largest_difference <= ledger_judge.TOLERANCE


def test_the_judge_sees_one_changed_number(plain: Lived, matches: Path, tmp_path: Path) -> None:
    shutil.copytree(plain.home / "objects" / "ledger", tmp_path / "ledger")
    file = max((tmp_path / "ledger" / "settlements").glob("*/*.json"))
    rows = json.loads(file.read_bytes())
    rows[0]["rps"] = 0.5
    file.write_text(json.dumps(rows))
    assert any("rps is 0.5" in fault for fault in ledger_judge.judge(tmp_path, ledger_judge.read(matches), END).faults)


def test_doubled_and_shuffled_deliveries_leave_the_same_record(plain: Lived, lived: Callable[..., Lived]) -> None:
    shuffled = lived("shuffled", "--shuffle", "3")
    assert sum(shuffled.facts["runs"].values()) > sum(plain.facts["runs"].values())
    assert difference(plain.digest(), shuffled.digest()) == []
    assert shuffled.facts["settled"] == plain.facts["settled"]
