"""What a feature may know is what it says: levels, and leaks planted one by one that their law must catch."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchbook import matchbook, results
from touchline.domain import uses
from touchline.domain.feature_list import FEATURES
from touchline.domain.features import FEATURE_NAMES, build
from touchline.domain.odds import implied
from touchline.domain.vocabulary import CLOSING_COLUMNS, ODDS_COLUMNS, STATISTIC_COLUMNS, odds_columns

SEEDS = st.integers(0, 10_000)
KNOWN = {feature.name: feature.known for feature in FEATURES}
Build = Callable[[pd.DataFrame], pd.DataFrame]


def honest(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(build(table).values, columns=FEATURE_NAMES, index=table["match_id"])


def own_rows_changed(table: pd.DataFrame, columns: tuple[str, ...], match: str, seed: int) -> pd.DataFrame:
    """The table with other values in some columns of one match only."""
    other = results(np.random.default_rng(seed), len(table))
    row = table["match_id"] == match
    return table.assign(**{name: np.where(row, other[name], table[name]) for name in columns})


def changed_by_itself(make: Build, seed: int, columns: tuple[str, ...]) -> set[str]:
    """Features of a match that are others when only its own values in some columns are."""
    table = matchbook(seed)
    finished = table.loc[table["status"] == "finished", "match_id"]
    found: set[str] = set()
    before = make(table)
    for match in finished.sample(2, random_state=seed):
        after = make(own_rows_changed(table, columns, match, seed + 1))
        one, other = before.loc[match], after.loc[match]
        found |= set(before.columns[(one != other) & ~(one.isna() & other.isna())])
    return found


def knows_too_much(make: Build, seed: int) -> set[str]:
    """Features that know of their own match what their level must not."""
    by_prices = {name for name in changed_by_itself(make, seed, ODDS_COLUMNS) if KNOWN.get(name) != "prices"}
    return by_prices | changed_by_itself(make, seed, (*STATISTIC_COLUMNS, *CLOSING_COLUMNS))


class TestLevels:
    def test_each_holds_the_one_before(self) -> None:
        held = [uses.columns(level) for level in uses.LEVELS]
        assert all(set(less) < set(more) for less, more in pairwise(held))
        assert held[-1] == FEATURE_NAMES
        assert all(list(names) == sorted(names, key=FEATURE_NAMES.index) for names in held)

    @pytest.mark.parametrize("level", uses.LEVELS)
    def test_is_named_by_its_columns(self, level: uses.Uses) -> None:
        assert uses.level(uses.columns(level)) == level
        assert set(uses.MEANING) == set(uses.MOMENT) == set(uses.LEVELS)


class TestPurity:
    @settings(deadline=None, max_examples=3)
    @given(SEEDS)
    def test_nothing_of_the_match_itself_is_known_but_prices_to_those_that_say_so(self, seed: int) -> None:
        assert knows_too_much(honest, seed) == set()

    def test_prices_of_the_match_itself_do_change_those_features(self) -> None:
        found = set().union(*(changed_by_itself(honest, seed, ODDS_COLUMNS) for seed in range(3)))
        assert found == set(uses.columns("prices")) - set(uses.columns("past_prices"))


def with_closing_odds(table: pd.DataFrame) -> pd.Series:
    p = implied(table[list(odds_columns("ps", closing=True))])
    return pd.Series(np.log(p[:, 0] / p[:, 2]), name="elo_distance")


def with_own_shots(table: pd.DataFrame) -> pd.Series:
    return table["home_shots"].rename("home_shots_for_last5")


def with_season_means(table: pd.DataFrame) -> pd.Series:
    return table.groupby(["season", "home_team"])["home_goals"].transform("mean").rename("home_season_goals")


def with_own_prices(table: pd.DataFrame) -> pd.Series:
    p = implied(table[list(odds_columns("ps"))])
    return pd.Series(np.log(p[:, 0] / p[:, 2]), name="market_difference_fast")


@pytest.mark.parametrize("leak", [with_closing_odds, with_own_shots, with_season_means, with_own_prices])
def test_the_law_of_levels_names_a_planted_leak(leak: Callable[[pd.DataFrame], pd.Series]) -> None:
    def make(table: pd.DataFrame) -> pd.DataFrame:
        return leak(table).to_frame().set_axis(table["match_id"])

    found = set().union(*(knows_too_much(make, seed) for seed in range(20)))
    assert found == {leak(matchbook(0)).name}


class TestPrices:
    def table(self) -> pd.DataFrame:
        table = matchbook(3)
        quoted = dict(zip(odds_columns("ps"), (2.0, 3.5, 4.2), strict=True))
        return table.assign(**{**dict.fromkeys(ODDS_COLUMNS, np.nan), **quoted})

    def test_they_are_read_without_the_margin(self) -> None:
        made = honest(self.table())[["price_supremacy", "price_draw"]].to_numpy()
        ((home, draw, away),) = implied([[2.0, 3.5, 4.2]])
        said = [np.log((home + draw / 2) / (away + draw / 2)), np.log(draw / (1 - draw))]
        np.testing.assert_allclose(made, np.tile(said, (len(made), 1)))

    def test_the_highest_price_of_the_market_is_never_read(self) -> None:
        highest = dict(zip(odds_columns("max"), (9.0, 9.0, 9.0), strict=True))
        table = matchbook(3).assign(**dict.fromkeys(ODDS_COLUMNS, np.nan))
        pd.testing.assert_frame_equal(honest(table), honest(table.assign(**highest)))

    def test_without_them_stands_what_is_expected(self) -> None:
        """Of earlier prices where there are some, of Elo elsewhere: never nothing."""
        table = matchbook(3)
        bare = table.assign(**dict.fromkeys((*ODDS_COLUMNS, *CLOSING_COLUMNS), np.nan))
        for made in (honest(table), honest(bare)):
            assert np.isfinite(made[["price_supremacy", "price_draw"]]).all(axis=None)
        favourites = honest(bare).corr()["price_supremacy"]["elo_difference"]
        assert favourites > 0.99
