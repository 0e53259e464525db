"""The tidy table as numbers: who is who, and which results teach together."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchbook import matchbook
from touchline.domain import encoding
from touchline.domain.encoding import Played
from touchline.domain.rows import STATISTICS

COUNTRY = {"E0": "England", "E1": "England", "D1": "Germany"}


def learnt(table: pd.DataFrame) -> tuple[Played, encoding.Names]:
    fixtures, names = encoding.fixtures(table)
    return encoding.played(table, fixtures), names


def crowded(seed: int) -> pd.DataFrame:
    """Many results at few moments, so that teams have several at once."""
    table = matchbook(seed)
    return table.assign(available_time=table["kickoff"].dt.ceil("90D") + pd.Timedelta(hours=5))


class TestCodes:
    def test_codes_lead_back_to_the_names(self) -> None:
        table = matchbook(1)
        fixtures, names = encoding.fixtures(table)
        keys = [
            f"{COUNTRY[code]}\x1f{name}" for code, name in zip(table["competition"], table["home_team"], strict=True)
        ]
        assert names.teams[fixtures.home].tolist() == keys
        assert names.competitions[fixtures.competition].tolist() == table["competition"].tolist()
        assert names.seasons[fixtures.season].tolist() == table["season"].tolist()

    def test_teams_of_one_name_in_two_countries_are_two_teams(self) -> None:
        table = matchbook(1).assign(home_team="Rovers")
        _, names = encoding.fixtures(table)
        assert sum(key.endswith("\x1fRovers") for key in names.teams.tolist()) == 2

    def test_a_club_keeps_its_identity_between_divisions(self) -> None:
        table = matchbook(1)
        english = table[table["competition"] != "D1"]
        fixtures, _ = encoding.fixtures(english)
        ash = fixtures.home[(english["home_team"] == "Ash").to_numpy()]
        assert len(set(ash.tolist())) == 1

    def test_kickoffs_are_microseconds_of_utc(self) -> None:
        berlin = pd.Series(pd.to_datetime(["2024-01-01 01:00"])).dt.tz_localize("Europe/Berlin")
        assert encoding.microseconds(berlin).tolist() == [1_704_067_200_000_000]


class TestLevels:
    @settings(deadline=None, max_examples=15)
    @given(st.integers(0, 999))
    def test_no_team_stands_twice_in_a_level(self, seed: int) -> None:
        played, _ = learnt(crowded(seed))
        for first, last in zip(played.level_start[:-1], played.level_start[1:], strict=True):
            teams = np.concatenate([played.fixtures.home[first:last], played.fixtures.away[first:last]])
            assert len(set(teams.tolist())) == len(teams) > 0

    @settings(deadline=None, max_examples=15)
    @given(st.integers(0, 999))
    def test_matches_teach_in_the_order_of_time(self, seed: int) -> None:
        played, _ = learnt(crowded(seed))
        assert (np.diff(played.available) >= 0).all()
        starts = played.level_start
        moments = [set(played.available[first:last].tolist()) for first, last in pairwise(starts)]
        assert {len(each) for each in moments} == {1}

    def test_only_finished_matches_with_both_scores_teach(self) -> None:
        table = matchbook(3)
        table.loc[table.index[:5], "away_goals"] = np.nan
        expected = (table["status"] == "finished") & table["home_goals"].notna() & table["away_goals"].notna()
        played, _ = learnt(table)
        assert len(played.available) == expected.sum() < (table["status"] == "finished").sum()


class TestStatistics:
    def one(self, **change: float) -> dict[str, list[float]]:
        table = matchbook(3)
        first = table[table["status"] == "finished"].head(1).assign(home_goals=2.0, away_goals=1.0, **change)
        played, _ = learnt(first)
        return {name: played.statistics[0, row].tolist() for row, name in enumerate(STATISTICS)}

    @pytest.mark.parametrize(("away_goals", "points"), [(1.0, [3, 0]), (2.0, [1, 1]), (4.0, [0, 3])])
    def test_points_follow_the_score(self, away_goals: float, points: list[int]) -> None:
        table = matchbook(3)
        first = table[table["status"] == "finished"].head(1).assign(home_goals=2.0, away_goals=away_goals)
        played, _ = learnt(first)
        assert played.statistics[0, STATISTICS.index("points")].tolist() == points

    def test_shots_that_nobody_counted_give_no_expected_goals(self) -> None:
        told = self.one(home_shots=np.nan, away_shots=9.0, away_shots_on_target=4.0)
        assert np.isnan(told["xg"]).tolist() == [True, False]
        assert np.isnan(told["shots"]).tolist() == [True, False]


class TestPrices:
    def quoted(self, **prices: tuple[float, float, float]) -> list[float]:
        table = matchbook(3).head(1)
        table = table.assign(**dict.fromkeys([name for name in table if name.startswith("odds_")], np.nan))
        outcomes = ("home", "draw", "away")
        cells = {
            f"odds_{book}_{out}": price
            for book, row in prices.items()
            for out, price in zip(outcomes, row, strict=True)
        }
        return encoding.reference_prices(table.assign(**cells))[0].tolist()

    def test_the_first_bookmaker_that_quoted_stands(self) -> None:
        assert self.quoted(b365=(2, 3, 4), ps=(3, 3, 3)) == [3, 3, 3]
        assert self.quoted(b365=(2, 3, 4)) == [2, 3, 4]

    def test_half_a_price_is_none(self) -> None:
        assert self.quoted(ps=(2, np.nan, 3), b365=(2, 3, 4)) == [2, 3, 4]
        assert np.isnan(self.quoted(gb=(2, np.nan, 3))).all()
