"""Groups of matches: what belongs where, and that groups of a family share nothing and leave nothing out."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from touchline.domain.slices import CLOSE, EARLY, WIDE, slices_of

COLUMNS = (
    "elo_difference", "elo_expected_score", "home_new_in_league", "away_new_in_league", "home_season_matches",
    "away_season_matches",
)  # fmt: skip
VALUES = {
    "elo_difference": st.floats(-600, 600),
    "elo_expected_score": st.floats(0, 1),
    "home_new_in_league": st.sampled_from([0.0, 1.0]),
    "away_new_in_league": st.sampled_from([0.0, 1.0]),
    "home_season_matches": st.integers(0, 46).map(float),
    "away_season_matches": st.integers(0, 46).map(float),
}


@st.composite
def tables(draw: st.DrawFn, missing: bool = False) -> pd.DataFrame:
    size = draw(st.integers(0, 12))
    gaps = [st.just(np.nan)] if missing else []
    made = {name: draw(arrays.arrays(float, size, elements=st.one_of(VALUES[name], *gaps))) for name in COLUMNS}
    leagues = draw(st.lists(st.sampled_from(["E0", "E1", "SIM1"]), min_size=size, max_size=size))
    return pd.DataFrame(made).assign(competition=np.array(leagues, object))


def families(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """How many groups of each family hold each row."""
    held: dict[str, np.ndarray] = {}
    for name, rows in slices_of(table).items():
        assert rows.dtype == bool
        family = name.partition(":")[0]
        held[family] = held.get(family, np.zeros(len(table), int)) + rows
    return held


@given(tables())
def test_groups_of_a_family_hold_every_row_once(table: pd.DataFrame) -> None:
    held = families(table)
    assert set(held) == {"elo", "favourite", "newcomers", "season"} | ({"competition"} if len(table) else set())
    assert all((times == 1).all() for times in held.values())


@given(tables(missing=True))
def test_a_row_of_which_something_is_not_known_is_in_no_group_of_that(table: pd.DataFrame) -> None:
    needed = {
        "elo": ["elo_difference"],
        "favourite": ["elo_expected_score"],
        "newcomers": ["home_new_in_league", "away_new_in_league"],
        "season": ["home_season_matches", "away_season_matches"],
    }
    held = families(table)
    for family, columns in needed.items():
        assert held[family].tolist() == table[columns].notna().all(axis=1).astype(int).tolist()


@given(tables(), st.integers(0, 12))
def test_a_match_stays_in_its_groups_whatever_else_is_played(table: pd.DataFrame, first: int) -> None:
    whole, part = slices_of(table), slices_of(table.iloc[:first])
    assert all(rows.tolist() == whole[name][:first].tolist() for name, rows in part.items())


def test_bounds_belong_to_the_wider_and_the_later_group() -> None:
    found = slices_of(
        {
            "elo_difference": [CLOSE - 1, -CLOSE, WIDE, 0.0],
            "elo_expected_score": [0.5, 0.49, 0.9, 0.1],
            "home_new_in_league": [0, 1, 0, 1],
            "away_new_in_league": [0, 0, 1, 1],
            "home_season_matches": [EARLY, EARLY - 1, 30, 0],
            "away_season_matches": [EARLY, EARLY, 9, 0],
        }
    )
    assert {name: np.flatnonzero(rows).tolist() for name, rows in found.items()} == {
        "elo:close": [0, 3], "elo:middle": [1], "elo:wide": [2],
        "favourite:home": [0, 2], "favourite:away": [1, 3],
        "newcomers:one": [1, 2, 3], "newcomers:none": [0],
        "season:early": [1, 2, 3], "season:late": [0],
    }  # fmt: skip


def test_without_a_column_there_are_no_groups_of_it() -> None:
    assert slices_of({}) == {}
    assert set(slices_of({"home_new_in_league": [1.0], "competition": ["E0"]})) == {"competition:E0"}
