"""What `touchline simulate` refuses before anything runs."""

from pathlib import Path

import pytest

from touchline.cli.main import main
from touchline.cli.simulate_plan import surroundings

ROWS = (
    "competition,date,home_team,away_team,home_goals,away_goals\nE0,2022-08-06,Ash,Elm,1,0\nE0,2022-08-13,Elm,Ash,0,2\n"
)


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Asks for a simulation; its exit code and what it complains about."""
    file = tmp_path / "matches.csv"
    file.write_text(ROWS)

    def asked(*options: str, since: str = "2022-08-01", until: str = "2022-08-20") -> tuple[int, str]:
        code = main(["simulate", "--from", since, "--to", until, "--data", str(file), *options])
        return code, capsys.readouterr().err

    return asked


@pytest.mark.parametrize("kept", ["mode.json", "touchline.db"])
def test_a_home_that_holds_something_is_left_alone(ask, tmp_path: Path, kept: str) -> None:
    home = tmp_path / "live"
    home.mkdir()
    (home / kept).write_text('"live"')
    code, said = ask("--home", str(home))
    assert code == 2
    assert "a simulation begins with nothing" in said
    assert [path.name for path in home.iterdir()] == [kept]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"since": "2022-09-01"}, "the last day lies before the first"),
        ({"since": "autumn"}, "is no date"),
        ({"until": ""}, "no day is given"),
        ({"since": "2023-01-01", "until": "2023-02-01"}, "no match lies between 2023-01-01 and 2023-02-02"),
    ],
)
def test_days_have_to_make_sense(ask, tmp_path: Path, days: dict[str, str], said: str) -> None:
    code, complaint = ask("--home", str(tmp_path / "home"), **days)
    assert code == 2
    assert said in complaint
    assert not (tmp_path / "home").exists()


def test_nothing_of_another_home_is_taken_over_but_how_functions_are_set() -> None:
    """Not its trials either, nor the lock of a bucket that a folder could not keep."""
    live = {"TOUCHLINE_STORE": "s3://live", "TOUCHLINE_STORE_LOCK_DAYS": "400", "TOUCHLINE_TRAIN_STUDY": "database"}
    kept = {"TOUCHLINE_TRAIN_FOLDS": "2", "TOUCHLINE_REGISTRY": "mlflow", "TOUCHLINE_TRAIN_THREADS": "1"}
    assert surroundings(live | kept, "somewhere") == kept | {"TOUCHLINE_HOME": "somewhere"}
