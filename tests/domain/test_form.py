"""Means and sums over a team's last matches, and what was known when, against the plain way of making them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain import history, rows
from touchline.domain.form_kernels import form, known_at, meetings, standing
from touchline.domain.state import nothing

GAMES = st.lists(st.tuples(st.integers(0, 3), st.integers(4, 6), st.integers(0, 9)), max_size=30)
"""Home team, away team, moment."""
Games = list[tuple[int, int, int]]
TEAMS = 7


def columns(games: Games) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    home, away, moment = np.array(sorted(games, key=lambda game: game[2]), np.int64).reshape(-1, 3).T
    return home, away, moment


def formed(home: np.ndarray, away: np.ndarray, statistics: np.ndarray) -> np.ndarray:
    """Form after each match, (2r, windows, measures)."""
    shares = np.array([2 / (span + 1) for span in history.SPANS])
    size = 2 * statistics.shape[1] - 1
    made = np.empty((2 * len(home), 5 * size))
    form(home, away, statistics, shares, history.LAST, TEAMS, made)
    return made.reshape(-1, 5, size)


def weighted(values: list[float], span: int) -> float:
    mean = np.nan
    for value in (each for each in values if not np.isnan(each)):
        mean = value if np.isnan(mean) else mean + 2 / (span + 1) * (value - mean)
    return mean


def mean(values: list[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else np.nan


class TestMeans:
    @given(GAMES, st.integers(0, 99))
    def test_each_window_follows_each_team(self, games: Games, seed: int) -> None:
        home, away, _ = columns(games)
        rng = np.random.default_rng(seed)
        statistics = np.where(
            rng.random((len(home), 2, 2)) < 0.2, np.nan, rng.integers(0, 9, (len(home), 2, 2)).astype(float)
        )
        made = formed(home, away, statistics)
        for k in range(len(home)):
            for side, team in enumerate((home[k], away[k])):
                # A team of this book plays at home only or away only: the window of its venue is the longer span.
                own = [statistics[j, :, side] for j in range(k + 1) if (home, away)[side][j] == team]
                against = [statistics[j, 1, 1 - side] for j in range(k + 1) if (home, away)[side][j] == team]
                measures = [[each[0] for each in own], [each[1] for each in own], against]
                expected = [[mean(values[-5:]) for values in measures]]
                expected += [[weighted(values, span) for values in measures] for span in history.SPANS]
                expected += [expected[2], [np.nan] * 3] if side == 0 else [[np.nan] * 3, expected[2]]
                np.testing.assert_allclose(made[2 * k + side], expected, rtol=1e-12)


class TestStanding:
    def stood(self, competition: list[int], season: list[int] | None = None) -> np.ndarray:
        """After each match that team 0 wins 2-1 at home, one a day."""
        count = len(competition)
        home, away = np.zeros(count, np.int64), np.ones(count, np.int64)
        statistics = np.tile([[3.0, 0.0], [2.0, 1.0]], (count, 1, 1))
        now = np.repeat(nothing().teams[:, rows.STANDINGS.start :], 2, axis=0)
        made = np.empty((2 * count, now.shape[1]))
        codes = np.array(competition), np.array(season or [0] * count), np.arange(count) * 10
        standing(home, away, *codes, statistics, now, rows.RECENT, made)
        return made[::2]

    @pytest.mark.parametrize(
        ("competitions", "stints"), [([1, 1, 1], [1, 2, 3]), ([1, 2, 1], [1, 1, 1]), ([2, 1, 1], [1, 1, 2])]
    )
    def test_a_stint_ends_where_the_competition_changes(self, competitions: list[int], stints: list[int]) -> None:
        assert self.stood(competitions)[:, rows.STANDING.index("stint")].tolist() == stints

    def test_a_new_season_starts_from_nothing_and_a_stint_does_not(self) -> None:
        made = dict(zip(rows.STANDING, self.stood([1, 1, 1], [4, 4, 5]).T, strict=False))
        assert made["matches"].tolist() == [1, 2, 3]
        assert made["season_matches"].tolist() == [1, 2, 1]
        assert made["season_points"].tolist() == [3, 6, 3]
        assert made["season_goals"].tolist() == [1, 2, 1]
        assert made["stint"].tolist() == [1, 2, 3]

    def test_kickoffs_are_remembered_newest_first(self) -> None:
        kickoffs = self.stood([1] * 12)[:, len(rows.STANDING) : len(rows.STANDING) + rows.RECENT]
        assert kickoffs[1].tolist() == [10, 0, *[-np.inf] * 8]
        assert kickoffs[11].tolist() == [*range(110, 10, -10)]


class TestMeetings:
    def test_meetings_before_the_last_ten_are_forgotten_and_sides_told_apart(self) -> None:
        home, away = np.array([0, 1] * 6), np.array([1, 0] * 6)
        statistics = np.tile([[3.0, 0.0], [2.0, 0.0]], (12, 1, 1))
        made = np.empty((12, 4))
        meetings(home, away, np.zeros(12, np.int64), 1, statistics, history.MEETINGS, made)
        assert made[:3].tolist() == [[1, 3, 0, 2], [2, 3, 3, 0], [3, 6, 3, 2]]
        assert made[:, 0].tolist() == [*range(1, 11), 10, 10]
        assert made[11].tolist() == [10, 15, 15, 0]


class TestKnownAt:
    @given(GAMES, st.lists(st.integers(-1, 10), min_size=1, max_size=5))
    def test_the_newest_up_to_a_moment_is_found(self, games: Games, moments: list[int]) -> None:
        home, away, moment = columns(games)
        told = np.stack([home, away, np.zeros_like(home), home])
        wanted = np.array(moments)
        for team in range(TEAMS):
            asked = np.tile([[team], [6 - team], [0], [team if team < 4 else -1]], (1, len(moments)))
            order = np.argsort(wanted, kind="stable")
            found = known_at(asked, wanted, order, told, moment, np.array([TEAMS, 1, 4]))
            for at, when in enumerate(moments):
                seen = range(int(np.searchsorted(moment, when, side="right")))
                assert found[0, at] == latest(2 * k + s for k in seen for s in (0, 1) if (home, away)[s][k] == team)
                assert found[2, at] == latest(seen)
                assert found[3, at] == latest(k for k in seen if home[k] == team)


def latest(found: object) -> int:
    return max(found, default=-1)  # type: ignore[call-overload]
