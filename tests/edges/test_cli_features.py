"""`features`: a list for scripts, an explanation for people, and what was measured kept for the next time."""

import json
from pathlib import Path

import pandas as pd
import pytest

from small_league import NOW, as_csv
from touchline.cli.main import main
from touchline.domain.features import FEATURE_NAMES
from touchline.domain.simulation import simulate
from touchline.domain.uses import columns
from touchline.domain.vocabulary import ODDS_COLUMNS


@pytest.fixture(scope="module")
def league() -> pd.DataFrame:
    """Three seasons, the first without prices."""
    table = simulate(7, NOW, seasons=3, teams=12)
    first = table["season"] == table["season"].min()
    return table.assign(**{name: table[name].mask(first) for name in ODDS_COLUMNS})


@pytest.fixture
def data(tmp_path: Path, league: pd.DataFrame) -> list[str]:
    (tmp_path / "results.csv").write_bytes(as_csv(league[league["status"] == "finished"]))
    return ["--data", str(tmp_path / "results.csv")]


@pytest.fixture
def home(tmp_path: Path) -> list[str]:
    return ["--home", str(tmp_path / "home")]


Output = pytest.CaptureFixture[str]


def test_the_names_of_a_level_are_listed(home: list[str], capsys: Output) -> None:
    assert main([*home, "features", "--uses", "results"]) == 0
    assert capsys.readouterr().out.split() == list(columns("results"))


def test_the_setting_chooses_the_level(home: list[str], capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHLINE_TRAIN_USES", "statistics")
    assert main([*home, "features"]) == 0
    assert capsys.readouterr().out.split() == list(columns("statistics"))


def test_an_unknown_level_is_refused(home: list[str], capsys: Output) -> None:
    assert main([*home, "features", "--uses", "everything"]) == 2
    assert "past_prices" in capsys.readouterr().err


def test_every_feature_is_explained_without_any_match(home: list[str], capsys: Output) -> None:
    assert main([*home, "features", "--explain", "--json", "--uses", "prices"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in told["features"]] == list(FEATURE_NAMES)
    assert all(each["about"] and each["unit"] and each["known_from"] and each["group"] for each in told["features"])
    assert (told["data"], told["ablation"]) == (None, None)


def test_nothing_is_measured_without_matches(home: list[str], capsys: Output) -> None:
    assert main([*home, "features", "--ablate"]) == 2
    assert "no matches to measure on" in capsys.readouterr().err


def test_coverage_is_told_by_competition_and_season(
    home: list[str], data: list[str], league: pd.DataFrame, capsys: Output
) -> None:
    assert main([*home, "features", "--explain", *data, "--uses", "prices", "--json"]) == 0
    coverage = {each["name"]: each["coverage"] for each in json.loads(capsys.readouterr().out)["features"]}
    assert coverage["elo_difference"]["share"] == 1
    priced = coverage["price_supremacy"]
    seasons = sorted(league["season"].unique())
    assert [priced["seasons"][season] for season in seasons] == [0, 1, 1]
    assert priced["competitions"] == {"SIM1": priced["share"]}


def test_what_was_measured_is_shown_again(home: list[str], data: list[str], capsys: Output) -> None:
    asked = [*home, "features", "--explain", *data]
    assert main(asked) == 0
    assert "not measured on these matches: add --ablate" in capsys.readouterr().out
    assert main([*asked, "--ablate"]) == 0
    first = capsys.readouterr()
    assert main(asked) == 0
    again = capsys.readouterr()
    assert again.out == first.out
    assert "learnt from" in first.err
    assert "learnt from" not in again.err
    for expected in ("past prices: log-loss", "home_, away_rest_days", "kept in", "5 hours after"):
        assert expected in again.out
    kept = list((Path(home[1]) / "ablation").glob("*.json"))
    assert len(kept) == 1
