"""States of countries put together are the state of all."""

import numpy as np
import pandas as pd
import pytest

from matchbook import matchbook
from touchline.domain.features import build
from touchline.domain.state_join import join


def by_country(table: pd.DataFrame) -> list[pd.DataFrame]:
    german = (table["competition"] == "D1").to_numpy()
    return [table[german], table[~german]]


@pytest.mark.parametrize("seed", range(4))
def test_countries_apart_are_the_same_bits_as_all_at_once(seed: int) -> None:
    table = matchbook(seed)
    whole, parts = build(table), [build(part) for part in by_country(table)]
    assert join(part.state for part in parts).to_bytes() == whole.state.to_bytes()
    for rows, part in zip(by_country(table), parts, strict=True):
        np.testing.assert_array_equal(part.values, whole.values[rows.index])


def test_a_country_without_results_is_joined_too() -> None:
    table = matchbook(3)
    table.loc[table["competition"] == "D1", ["status", "home_goals", "away_goals"]] = ["scheduled", np.nan, np.nan]
    assert join(build(part).state for part in by_country(table)).to_bytes() == build(table).state.to_bytes()


def test_one_country_twice_is_refused() -> None:
    state = build(matchbook(3)).state
    with pytest.raises(ValueError, match="same country"):
        join([state, state])


def test_nothing_cannot_be_joined() -> None:
    with pytest.raises(ValueError, match="no team states"):
        join([])
