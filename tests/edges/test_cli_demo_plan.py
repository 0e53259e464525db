"""Where a demo gets its matches from, at which moment it stands, in which home it lives."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from touchline.cli.demo_plan import Wish, plans
from touchline.errors import ConfigurationError, DataError, NotFound
from touchline.sources.registry import parse

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROWS = """competition,season,date,time,home_team,away_team,home_goals,away_goals
E0,2023-24,2024-05-11,12:30,Fulham,Everton,1,0
E0,2023-24,2024-05-19,16:00,Arsenal,Everton,2,1
E0,2023-24,2024-05-19,15:00,Chelsea,Fulham,2,1
D1,2022-23,2023-05-27,15:30,Dortmund,Mainz,2,2
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "seasons.csv"
    path.write_text(ROWS)
    return path


def test_without_a_wish_the_open_data_come_first_and_the_simulated_league_second() -> None:
    first, second = plans(Wish(), {"TOUCHLINE_HOME": "h", "PATH": "p"}, NOW)
    assert (first.source, first.environ["TOUCHLINE_HOME"], first.environ["PATH"]) == ("football-data", "h", "p")
    assert first.environ["TOUCHLINE_SCRAPE_SEASONS"] == "2016-"
    assert (second.source, second.environ["TOUCHLINE_HOME"]) == ("simulated", str(Path("h", "simulated")))
    assert "TOUCHLINE_NOW" not in first.environ
    assert "invented" in second.notes[0]


def test_a_wished_source_is_the_only_one() -> None:
    wish = Wish(source="football-data", competitions=("E1", "D2"), seasons=("2020-",), home="mine")
    (plan,) = plans(wish, {}, NOW)
    assert plan.environ["TOUCHLINE_SCRAPE_COMPETITIONS"] == "E1,D2"
    assert plan.environ["TOUCHLINE_SCRAPE_SEASONS"] == "2020-"
    assert plan.environ["TOUCHLINE_HOME"] == "mine"


def test_a_moment_gets_a_home_of_its_own_and_is_said() -> None:
    (plan,) = plans(Wish(source="simulated", as_of="2025-05-01T09:00:00+02:00"), {}, NOW)
    assert plan.environ["TOUCHLINE_NOW"] == "2025-05-01T07:00:00+00:00"
    assert plan.environ["TOUCHLINE_HOME"] == str(Path(".touchline", "simulated", "20250501-0700"))
    assert "as asked" in plan.notes[1]


def test_data_that_end_in_the_past_are_seen_from_two_hours_before_their_last_matchday(file: Path) -> None:
    (plan,) = plans(Wish(data=(file,)), {}, NOW)
    assert plan.environ["TOUCHLINE_NOW"] == "2024-05-19T12:00:00+00:00"  # 15:00 in London is 14:00 UTC
    assert "lies in the past" in plan.notes[0]
    assert [payload.name for payload in plan.payloads] == ["seasons.csv"]


def test_data_that_reach_into_the_future_are_seen_from_now(file: Path) -> None:
    (plan,) = plans(Wish(data=(file,)), {}, datetime(2024, 5, 12, tzinfo=UTC))
    assert "TOUCHLINE_NOW" not in plan.environ
    assert plan.notes == ()


def test_a_home_belongs_to_data_and_moment(file: Path, tmp_path: Path) -> None:
    def home(**wish: object) -> str:
        return plans(Wish(data=(file,), **wish), {}, NOW)[0].environ["TOUCHLINE_HOME"]

    other = tmp_path / "other.csv"
    other.write_text(ROWS + "E0,2023-24,2024-05-18,15:00,Arsenal,Fulham,2,1\n")
    assert home() == home()
    assert len({home(), home(as_of="2024-05-01T00:00:00+00:00"), home(competitions=("E0",))}) == 3
    assert plans(Wish(data=(other,)), {}, NOW)[0].environ["TOUCHLINE_HOME"] != home()


def test_data_may_be_narrowed_to_competitions_and_seasons(file: Path) -> None:
    (plan,) = plans(Wish(data=(file,), competitions=("D1",)), {}, NOW)
    (payload,) = plan.payloads
    rows = parse(payload).rows
    assert rows[["home_team", "away_team"]].to_numpy().tolist() == [["Dortmund", "Mainz"]]
    assert plan.environ["TOUCHLINE_NOW"].startswith("2023-05-27")
    (plan,) = plans(Wish(data=(file,), seasons=("2023-24",)), {}, NOW)
    assert len(parse(plan.payloads[0]).rows) == 3


@pytest.mark.parametrize(
    ("wish", "error", "complaint"),
    [
        (Wish(source="radio"), ConfigurationError, "no source 'radio'"),
        (Wish(source="simulated", data=(Path("x.csv"),)), ConfigurationError, "exclude each other"),
        (Wish(data=(Path("nowhere.csv"),)), NotFound, "no such file"),
        (Wish(as_of="yesterday"), ConfigurationError, "--as-of"),
        (Wish(as_of="2024-05-01T09:00:00"), ConfigurationError, "has no offset"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(wish: Wish, error: type[Exception], complaint: str) -> None:
    with pytest.raises(error, match=complaint):
        plans(wish, {}, NOW)


def test_data_without_a_match_are_refused(file: Path) -> None:
    with pytest.raises(DataError, match="no match can be read"):
        plans(Wish(data=(file,), competitions=("SP1",)), {}, NOW)
    with pytest.raises(ConfigurationError, match="--seasons"):
        plans(Wish(data=(file,), seasons=("last",)), {}, NOW)
