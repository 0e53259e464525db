"""Weekly fits: what they find, what they may know, and what is read of them when."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchbook import matchbook
from touchline.domain import encoding
from touchline.domain.batch_fits import STEP, fits
from touchline.domain.batch_kinds import KINDS, Kind, counts
from touchline.domain.batch_ratings import NEWCOMER, Batch
from touchline.domain.encoding import Fixtures, Names, Played
from touchline.domain.rows import NONE

SEEDS = st.integers(0, 10_000)


def of_goals(half_life: float) -> Kind:
    return Kind("goals", "goals", "results", half_life, 4.0, (1.5, 1.15))


GOALS = of_goals(300.0)


def fitted(table: pd.DataFrame, kinds: tuple[Kind, ...] = (GOALS,)) -> tuple[Batch, Fixtures, Played]:
    fixtures, names = encoding.fixtures(table)
    played = encoding.played(table, fixtures)
    return fits(played, names, kinds, counts(played)), fixtures, played


def league(seed: int, rounds: int, days: int) -> tuple[Played, Names, np.ndarray]:
    """A made-up division whose teams have known strengths (2, teams), each meeting all others in every round."""
    rng = np.random.default_rng(seed)
    strength = rng.normal(0, 0.3, (2, 8))
    home, away = (each.ravel() for each in np.meshgrid(np.arange(8), np.arange(8)))
    home, away = (np.tile(each[home != away], rounds) for each in (home, away))
    mean = np.exp(np.stack([0.4 + strength[0, home] - strength[1, away], 0.1 + strength[0, away] - strength[1, home]]))
    moment = np.sort(rng.integers(0, days, len(home))) * 86_400_000_000 + 10**15
    zero = np.zeros(len(home), np.int64)
    statistics = np.full((len(home), 6, 2), np.nan)
    statistics[:, 1] = rng.poisson(mean).T
    match = Fixtures(home, away, zero, zero, moment - 1)
    names = Names(*(np.array(each) for each in ([f"X\x1f{team}" for team in range(8)], ["X1"], ["2001-02"])))
    nothing = np.full(len(home), np.nan)
    levels = np.arange(len(home) + 1)
    return Played(match, moment, levels, statistics, nothing, np.stack([nothing, nothing], axis=1)), names, strength


class TestFit:
    def test_every_strength_explains_what_was_counted_up_to_the_pull_to_the_mean(self) -> None:
        """The derivative of the penalised likelihood vanishes; all matches count fully and are fitted once."""
        played, names, _ = league(1, 1, 1)
        steady = of_goals(1e9)
        batch = fits(played, names, [steady], counts(played))
        assert len(batch.moment) == 1
        (attack, defence), base = batch.strengths[0].T.astype(float), batch.bases[0, 0].astype(float)
        home, away = batch.slot[played.fixtures.home], batch.slot[played.fixtures.away]
        expected = np.stack(
            [base[0] * np.exp(attack[home] - defence[away]), base[1] * np.exp(attack[away] - defence[home])]
        )
        error = played.statistics[:, 1].T - expected
        for strength, mean, gain in ((attack, base[2], error), (defence, base[3], -error[::-1])):
            slope = np.bincount(home, gain[0], 8) + np.bincount(away, gain[1], 8) - steady.ridge * (strength - mean)
            np.testing.assert_allclose(slope, 0, atol=0.02)

    def test_strengths_are_found_again(self) -> None:
        played, names, strength = league(2, 12, 700)
        batch = fits(played, names, [GOALS], counts(played))
        last = batch.strengths[0, batch.team_row[-2] :][batch.slot]
        for found, true in zip(last.T, strength, strict=True):
            assert np.corrcoef(found, true)[0, 1] > 0.9

    def test_old_matches_fade(self) -> None:
        """A team that turned from the best attack to the worst is known as the worst where memory is short."""
        played, names, _ = league(3, 12, 700)
        mine = played.fixtures.home == 0
        late = played.available > np.median(played.available)
        played.statistics[mine, 1, 0] = np.where(late, 0.0, 5.0)[mine]
        ranks = []
        for half_life in (20.0, 2000.0):
            batch = fits(played, names, [of_goals(half_life)], counts(played))
            last = batch.strengths[0, batch.team_row[-2] :, 0]
            ranks.append(float(last[batch.slot[0]] - last.mean()))
        assert ranks[0] < ranks[1] - 0.1

    def test_kinds_and_countries_do_not_touch_each_other(self) -> None:
        table = matchbook(4)
        german = table[table["competition"] == "D1"].reset_index(drop=True)
        together, fixtures, _ = fitted(table, KINDS)
        alone, own, _ = fitted(german, KINDS[2:3])
        rows = (table["competition"] == "D1").to_numpy()
        one = together.rates(together.find(fixtures, fixtures.kickoff))[2][:, rows]
        assert one.tobytes() == alone.rates(alone.find(own, own.kickoff))[0].tobytes()


class TestReading:
    def test_a_result_counts_from_the_next_refit_on(self) -> None:
        table = matchbook(6)
        batch, _, played = fitted(table)
        england = np.flatnonzero(batch.country[played.fixtures.competition] == batch.country[0])
        row = england[len(england) // 2]
        due = batch.moment[np.searchsorted(batch.moment[: batch.first[1]], played.available[row])]
        assert 0 <= due - played.available[row] < STEP
        goals = played.statistics.copy()
        goals[row, 1, 0] += 4
        _, names = encoding.fixtures(table)
        other = fits(replace(played, statistics=goals), names, (GOALS,), counts(replace(played, statistics=goals)))
        match = Fixtures(*(np.array([getattr(played.fixtures, name)[row]]) for name in Fixtures.__dataclass_fields__))
        for moment, same in ((due - 1, True), (due, False)):
            read = [each.rates(each.find(match, np.array([moment]))) for each in (batch, other)]
            assert np.array_equal(read[0], read[1], equal_nan=True) == same

    @settings(deadline=None, max_examples=5)
    @given(SEEDS)
    def test_the_last_two_refits_are_all_that_later_matches_need(self, seed: int) -> None:
        table = matchbook(seed)
        batch, fixtures, played = fitted(table, KINDS[:2])
        newest = batch.newest()
        assert len(newest.moment) <= 4
        for wait in np.arange(0, 2 * STEP, STEP // 3):
            moment = np.full(len(table), played.available.max() + wait)
            one, other = (each.rates(each.find(fixtures, moment)) for each in (batch, newest))
            assert one.tobytes() == other.tobytes()

    def test_a_newcomer_is_weaker_than_the_mean_of_its_division(self) -> None:
        table = matchbook(8)
        stranger = table.iloc[[0]].assign(match_id="m-new", status="scheduled", home_team="Yew")
        batch, fixtures, played = fitted(pd.concat([table, stranger], ignore_index=True))
        moment = np.full(len(table) + 1, played.available.max() + STEP)
        found = batch.find(fixtures, moment)
        assert found[0, -1] == NONE
        base = batch.bases[0, found[2, -1]].astype(float)
        other = batch.strengths[0, found[1, -1]].astype(float)
        expected = np.log(base[:2]) + np.array([base[2] - NEWCOMER - other[1], other[0] - (base[3] - NEWCOMER)])
        np.testing.assert_allclose(batch.rates(found)[0, :, -1], expected, rtol=1e-12)

    def test_nothing_is_known_before_the_first_refit_or_of_a_league_without_results(self) -> None:
        table = matchbook(9)
        new = table.iloc[[0]].assign(match_id="m-new", status="scheduled", competition="N1")
        batch, fixtures, played = fitted(pd.concat([table, new], ignore_index=True))
        later = np.full(len(table) + 1, played.available.max() + STEP)
        assert np.isnan(batch.rates(batch.find(fixtures, later))[:, :, -1]).all()
        assert np.isnan(batch.rates(batch.find(fixtures, np.full(len(table) + 1, played.available.min())))).all()

    @pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.known == "past_prices"])
    def test_a_division_without_prices_has_no_strength_by_prices(self, kind: Kind) -> None:
        table = matchbook(10)
        prices = [name for name in table if name.startswith(("odds_", "closing_"))]
        table.loc[table["competition"] == "E1", prices] = np.nan
        batch, fixtures, played = fitted(table, (kind,))
        moment = np.full(len(table), played.available.max() + STEP)
        missing = np.isnan(batch.rates(batch.find(fixtures, moment))[0]).any(axis=0)
        assert (missing == (table["competition"] == "E1").to_numpy()).all()


def test_no_matches_give_no_refits() -> None:
    table = matchbook(1).assign(status="scheduled")
    batch, fixtures, _ = fitted(table)
    assert len(batch.moment) == 0
    assert np.isnan(batch.newest().rates(batch.newest().find(fixtures, fixtures.kickoff))).all()
