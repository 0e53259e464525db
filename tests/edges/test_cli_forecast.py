"""`forecast` for leagues of every kind: what it says agrees with itself, and it says how much it knows."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from small_league import NOW
from touchline.cli.main import main
from touchline.domain.simulation import simulate

RESULT = ["home", "draw", "away"]
PLAIN = ["competition", "date", "home_team", "away_team"]
SCORE = ["home_goals", "away_goals"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that train quickly."""
    for name, value in {"FOLDS": "2", "FAMILIES": "logistic,goals"}.items():
        monkeypatch.setenv(f"TOUCHLINE_TRAIN_{name}", value)


def league(code: str, seed: int, seasons: int = 2, *, months: int = 0) -> pd.DataFrame:
    """A league as a file with results only tells of it; its year may begin some months later."""
    table = simulate(seed, NOW, seasons=seasons, teams=10)
    shifted = table["kickoff"] - timedelta(days=30 * months)
    named = {side: code + " " + table[side] for side in ("home_team", "away_team")}
    return table.assign(competition=code, date=shifted.dt.strftime("%Y-%m-%d"), **named)


def files(folder: Path, history: pd.DataFrame, fixtures: pd.DataFrame) -> list[str]:
    """Arguments of the command, the files written."""
    history.to_csv(folder / "history.csv", index=False)
    fixtures.to_csv(folder / "next.csv", index=False)
    return ["forecast", "--history", str(folder / "history.csv"), "--fixtures", str(folder / "next.csv")]


def finished(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["status"] == "finished"][[*PLAIN, *SCORE]]


def coming(table: pd.DataFrame, count: int = 4) -> pd.DataFrame:
    return table[table["status"] != "finished"][PLAIN].head(count)


def test_a_single_league_with_results_only_is_forecast_with_all_that_follows(tmp_path: Path) -> None:
    table = league("village-cup", 3)
    out, grid = tmp_path / "out.parquet", tmp_path / "grid.csv"
    asked = files(tmp_path, finished(table), coming(table))
    assert main([*asked, "--uses", "results", "--out", str(out), "--grid", str(grid)]) == 0
    said, scores = pd.read_parquet(out), pd.read_csv(grid)
    assert len(said) == len(coming(table))
    assert said.notna().all(axis=None)
    assert set(said["uses"]) == {"results"}
    assert said["expected_goals_home"].between(0.3, 5).all()
    assert list(scores) == ["match", *PLAIN, *SCORE, "probability"]
    more = np.sign(scores["home_goals"] - scores["away_goals"])
    for column, sign in zip(RESULT, (1, 0, -1), strict=True):
        sums = scores[more == sign].groupby("match")["probability"].sum()
        np.testing.assert_allclose(sums, said[column], atol=1e-9)
    many = scores[scores[SCORE].sum(axis=1) > 2].groupby("match")["probability"].sum()
    np.testing.assert_allclose(many, said["over_25"], atol=1e-9)


def test_new_teams_and_leagues_never_seen_say_how_little_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = league("village-cup", 3)
    day = coming(table)["date"].iloc[0]
    home, away = coming(table)[["home_team", "away_team"]].iloc[0]
    rows = [
        ("village-cup", day, home, away),
        ("village-cup", day, "Zebra Wanderers", home),
        ("island-cup", day, "Quokka", "Numbat"),
    ]
    asked = files(tmp_path, finished(table), pd.DataFrame(rows, columns=PLAIN))
    assert main([*asked, "--json"]) == 0
    spoken = capsys.readouterr()
    told = json.loads(spoken.out)["matches"]
    by_home = {row["home_team"]: row for row in told}
    assert by_home[home]["certainty"] in ("usual", "few")
    assert by_home[home]["home_matches"] > 5
    assert by_home["Zebra Wanderers"]["certainty"] == "new_team"
    cold = by_home["Quokka"]
    assert (cold["certainty"], cold["effective_matches"]) == ("new_competition", 0)
    assert "average competition: island-cup" in spoken.err
    results = finished(table)
    shares = [
        (results["home_goals"] > results["away_goals"]).mean(),
        (results["home_goals"] < results["away_goals"]).mean(),
    ]
    assert [cold["home"], cold["away"]] == pytest.approx(shares, abs=0.15), "an unknown league is like the mean of all"
    assert cold["expected_goals_home"] == pytest.approx(results["home_goals"].mean(), abs=0.5)


def test_leagues_of_a_calendar_year_and_of_two_countries_are_forecast_together(tmp_path: Path) -> None:
    north, south = league("SWE", 5, months=2), league("BRA", 6, months=2)
    both = pd.concat([north, south])
    asked = files(tmp_path, finished(both), pd.concat([coming(north, 2), coming(south, 2)]))
    out = tmp_path / "out.csv"
    assert main([*asked, "--out", str(out)]) == 0
    said = pd.read_csv(out)
    assert sorted(said["competition"]) == ["BRA", "BRA", "SWE", "SWE"]
    assert said["season"].astype(str).str.fullmatch(r"\d{4}").all()
    assert np.allclose(said[RESULT].sum(axis=1), 1)
    assert (said["home_matches"] > 0).all()


def test_prices_of_the_fixtures_count_only_where_they_may(tmp_path: Path) -> None:
    table = simulate(7, NOW, seasons=2, teams=10)
    done = table["status"] == "finished"
    prices = [f"odds_{maker}_{side}" for maker in ("b365", "avg") for side in RESULT]
    table = table.assign(date=table["kickoff"].dt.strftime("%Y-%m-%d"))
    fixtures = table[~done].head(4)
    said = {}
    for name, odds in (("favourite", (1.2, 7.0, 15.0)), ("outsider", (15.0, 7.0, 1.2))):
        priced = fixtures.assign(**dict(zip(prices, odds * 2, strict=True)))
        asked = files(tmp_path, table[done][[*PLAIN, *SCORE, *prices]], priced[[*PLAIN, *prices]])
        for uses in ("past_prices", "prices"):
            out = tmp_path / f"{name}-{uses}.csv"
            assert main([*asked, "--uses", uses, "--out", str(out)]) == 0
            said[name, uses] = pd.read_csv(out)["home"]
    np.testing.assert_allclose(said["favourite", "past_prices"], said["outsider", "past_prices"])
    assert (said["favourite", "prices"] > said["outsider", "prices"] + 0.05).all()


def test_without_a_file_to_write_the_first_rows_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = league("village-cup", 3)
    fixtures = coming(table, 30)
    asked = files(tmp_path, finished(table), fixtures)
    assert main(asked) == 0
    shown = capsys.readouterr().out
    assert fixtures["home_team"].iloc[0].split()[-1] in shown
    assert "over 2.5" in shown
    if len(fixtures) > 20:
        assert f"and {len(fixtures) - 20} more" in shown


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [(["--uses", "everything"], "no level 'everything'"), (["--grid", "grid.xlsx"], "no format '.xlsx'")],
)
def test_what_cannot_be_done_is_refused_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: list[str], complaint: str
) -> None:
    table = league("village-cup", 3)
    assert main([*files(tmp_path, finished(table), coming(table)), *wrong]) == 2
    assert complaint in capsys.readouterr().err
