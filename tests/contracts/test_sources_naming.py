"""Names in a table: a slip in a file that is sent again is still a slip."""

import pandas as pd
import pytest

from touchline.errors import UnknownName
from touchline.sources.naming import with_teams

DAYS = pd.to_datetime(["2025-08-16T14:00Z", "2025-08-16T16:30Z", "2025-08-23T14:00Z"]).as_unit("us")
PAIRS = [("Everton", "Arsenal"), ("Fulham", "Leeds"), ("Arsenal", "Fulham")]
KNOWN = {"England": {name: name for pair in PAIRS for name in pair}}


def table(pairs=PAIRS) -> pd.DataFrame:
    home, away = zip(*pairs, strict=True)
    return pd.DataFrame({"competition": "E0", "kickoff": DAYS, "home_team": home, "away_team": away}).astype(
        {"home_team": "str", "away_team": "str"}
    )


def named(rows: pd.DataFrame, before: pd.DataFrame):
    return with_teams(rows, KNOWN, lambda: before, "e0.csv", lambda one: f"write {one.resembles[0]}")


def test_the_same_file_again_is_taken():
    rows, new = named(table(), table())
    assert rows.equals(table())
    assert new == {}


@pytest.mark.parametrize("slip", [("Everton", "Arsenall"), ("Evertn", "Arsenal")])
def test_a_slip_in_a_match_that_is_known_is_asked_about(slip):
    with pytest.raises(UnknownName, match="unknown team") as caught:
        named(table([slip, *PAIRS[1:]]), table())
    assert "did you mean" in caught.value.details[0]


def test_two_that_play_on_one_day_are_two_clubs():
    rows, new = named(table([("Arsenal", "Everton"), ("Arsenall", "Leeds"), ("Leeds", "Fulham")]), table())
    assert new == {("England", "Arsenall"): "Arsenall"}
    assert rows["home_team"].tolist() == ["Arsenal", "Arsenall", "Leeds"]


def test_a_known_team_that_played_elsewhere_that_day_is_another_club():
    rows = table([("Arsenall", "Chelsea"), ("Brentford", "Stoke"), ("Derby", "Luton")])
    _, new = named(rows, table())
    assert ("England", "Arsenall") in new
