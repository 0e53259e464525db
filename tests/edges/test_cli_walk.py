"""`backtest` and `forecast`: files in, a file and a table out, no home."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from small_league import NOW, as_csv
from touchline.cli.main import main
from touchline.cli.match_tables import read_table
from touchline.domain.simulation import simulate
from touchline.errors import DataError

PROBABILITIES = ["home", "draw", "away"]


@pytest.fixture(scope="module")
def league() -> pd.DataFrame:
    return simulate(7, NOW, seasons=3, teams=12)


@pytest.fixture
def folder(tmp_path: Path, league: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of the league: results.csv, fixtures.csv; settings that train quickly."""
    for name, value in {"TRIALS": "1", "FOLDS": "2", "FAMILIES": "logistic"}.items():
        monkeypatch.setenv(f"TOUCHLINE_TRAIN_{name}", value)
    played = league["status"] == "finished"
    (tmp_path / "results.csv").write_bytes(as_csv(league[played]))
    (tmp_path / "fixtures.csv").write_bytes(as_csv(league[~played]))
    return tmp_path


def test_backtest_writes_every_forecast_and_scores_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "forecasts.parquet"
    start = (NOW - timedelta(days=100)).date()
    report = folder / "walk.html"
    files = ["--data", str(folder / "results.csv"), "--out", str(out), "--report", str(report)]
    assert main(["backtest", *files, "--from", str(start), "--uses", "statistics", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["uses"] == "statistics"
    assert told["calibration"]["ours"]["floor"]["high"] > told["calibration"]["ours"]["floor"]["mean"] > 0
    assert [part["name"] for part in told["competitions"]] == ["SIM1"]
    assert sum(part["n"] for part in told["seasons"]) == told["judged"]
    assert "uses statistics" in report.read_text(encoding="utf-8")
    rows = pd.read_parquet(out)
    assert told["matches"] == len(rows) > 50
    assert set(told["scores"]) >= {"ours", "prior", "elo", "bookmaker"}
    assert 0.9 < told["scores"]["ours"]["log_loss"]["value"] < 1.2
    assert np.allclose(rows[[f"ours_{name}" for name in PROBABILITIES]].sum(axis=1), 1)
    assert rows["date"].min() >= str(start)
    assert set(rows["outcome"]) == {"home", "draw", "away"}


def test_backtest_shows_a_table_and_keeps_to_its_days(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "forecasts.csv"
    days = [str((NOW - timedelta(days=back)).date()) for back in (60, 30)]
    period = ["--from", days[0], "--to", days[1], "--competition", "SIM1", "--refit-models", "30"]
    assert main(["backtest", "--data", str(folder / "results.csv"), *period, "--out", str(out)]) == 0
    told = capsys.readouterr().out
    for expected in ("log_loss", "bookmaker", "noise_95", "SIM1", "uses past_prices"):
        assert expected in told
    rows = pd.read_csv(out)
    assert days[0] <= rows["date"].min() <= rows["date"].max() <= days[1]


def test_forecast_answers_for_every_fixture(
    folder: Path, league: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder / "chances.csv"
    files = ["--history", str(folder / "results.csv"), "--fixtures", str(folder / "fixtures.csv"), "--out", str(out)]
    assert main(["forecast", *files]) == 0
    assert "forecasts in" in capsys.readouterr().out
    chances = pd.read_csv(out)
    assert len(chances) == (league["status"] != "finished").sum()
    assert np.allclose(chances[PROBABILITIES].sum(axis=1), 1)
    assert main(["forecast", *files, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["forecasts"] == len(chances)


def test_teams_without_a_past_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (folder / "fixtures.csv").read_text().splitlines()
    team = text[1].split(",")[text[0].split(",").index("home_team")]
    (folder / "fixtures.csv").write_text("\n".join(text[:2]).replace(team, "Newcomer Town"))
    out = folder / "chances.csv"
    files = ["--history", str(folder / "results.csv"), "--fixtures", str(folder / "fixtures.csv"), "--out", str(out)]
    assert main(["forecast", *files]) == 0
    assert "newcomers: Newcomer Town" in capsys.readouterr().err


def test_a_slip_in_a_team_s_name_is_an_error_with_the_right_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / "fixtures.csv").read_text().splitlines()
    team = text[1].split(",")[text[0].split(",").index("home_team")]
    (folder / "fixtures.csv").write_text("\n".join(text[:2]).replace(team, team + "e"))
    files = ["--history", str(folder / "results.csv"), "--fixtures", str(folder / "fixtures.csv")]
    assert main(["forecast", *files, "--out", str(folder / "chances.csv")]) == 2
    assert f"did you mean {team}?" in capsys.readouterr().err


def test_answers_keep_the_names_and_days_of_the_fixtures(folder: Path) -> None:
    history = "competition,date,home_team,away_team,home_goals,away_goals\n" + "\n".join(
        f"E0,{day:%Y-%m-%d},{home},{away},{place % 4},{place % 3}"
        for place, (day, (home, away)) in enumerate(
            (day, pair)
            for day in pd.date_range("2020-08-01", "2021-05-01", freq="2D")
            for pair in (("Middlesbrough", "Leeds"), ("Everton", "Fulham"))
        )
    )
    (folder / "history.csv").write_text(history)
    (folder / "next.csv").write_text(
        "competition,date,time,home_team,away_team\nE0,2021-05-08,00:30,Middlesboro,Leeds\n"
    )
    files = ["--history", str(folder / "history.csv"), "--fixtures", str(folder / "next.csv")]
    assert main(["forecast", *files, "--out", str(folder / "chances.csv")]) == 0
    chances = pd.read_csv(folder / "chances.csv")
    assert chances[["date", "home_team", "away_team"]].values.tolist() == [["2021-05-08", "Middlesboro", "Leeds"]]


def test_refused_rows_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (folder / "results.csv").open() as file:
        columns = file.readline().strip().split(",")
        row = dict(zip(columns, file.readline().strip().split(","), strict=True))
    (folder / "odd.csv").write_text(",".join(columns) + "\n" + ",".join((row | {"home_goals": "-3"}).values()) + "\n")
    read_table([folder / "results.csv", folder / "odd.csv"])
    assert "odd.csv, line 2 is left out" in capsys.readouterr().err


def test_a_match_in_two_files_counts_once(folder: Path) -> None:
    twice = folder / "again.csv"
    twice.write_bytes((folder / "results.csv").read_bytes())
    assert len(read_table([folder / "results.csv", twice])) == len(read_table([twice]))
    (folder / "empty.csv").write_text("competition,date,home_team,away_team\n")
    with pytest.raises(DataError, match="no match can be read"):
        read_table([folder / "empty.csv"])


@pytest.mark.parametrize(("out", "complaint"), [("x.xlsx", "no format '.xlsx'"), ("nowhere/x.csv", "no such folder")])
def test_a_file_that_cannot_be_written_is_refused_before_the_work(
    folder: Path, capsys: pytest.CaptureFixture[str], out: str, complaint: str
) -> None:
    files = ["--history", str(folder / "results.csv"), "--fixtures", str(folder / "fixtures.csv")]
    assert main(["forecast", *files, "--out", str(folder / out)]) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--out", "x.xlsx", "no format '.xlsx'"),
        ("--report", "x.pdf", "no format '.pdf'"),
        ("--report", "nowhere/x.html", "no such folder"),
        ("--uses", "tarot", "no level 'tarot'"),
    ],
)
def test_what_backtest_cannot_do_is_refused_before_the_work(
    folder: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, complaint: str
) -> None:
    given = value if option == "--uses" else str(folder / value)
    assert main(["backtest", "--data", str(folder / "results.csv"), "--from", "2026-01-01", option, given]) == 2
    assert complaint in capsys.readouterr().err
