"""What groups of features are worth: measured on later matches only, in pairs, against matches whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from made_matches import made
from touchline.domain.feature_groups import GROUPS, group, grouped
from touchline.domain.features import FEATURE_NAMES
from touchline.errors import DataError
from touchline.learning.ablation import ablate
from touchline.learning.examples import Examples

NAMES = ("elo_difference", "home_points_last5", "league_draw", "away_rest_days")
"""The features of `made`: the outcome rests on the first, the last is missing in half of the rows."""


def matches(n: int = 6000, seed: int = 1) -> Examples:
    examples = made(n, seed)
    return replace(examples, names=NAMES)


def test_the_group_that_knows_comes_first_and_noise_is_worth_nothing() -> None:
    told: list[str] = []
    found = ablate(matches(), told.append)
    worth = {each.group: each for each in found.groups}
    assert next(iter(worth)) == "ratings"
    assert worth["ratings"].log_loss.high < -0.01
    assert all(abs(worth[name].log_loss.value) < 0.002 for name in ("league", "rest"))
    assert {name: each.features for name, each in worth.items()} == dict.fromkeys(worth, 1)
    assert any("without rest" in line for line in told)


def test_only_later_matches_are_judged_each_once() -> None:
    examples = matches(900)
    found = ablate(examples)
    assert found.n == 450
    assert (found.judged_from, found.judged_until) == (str(examples.kickoff[450])[:10], str(examples.kickoff[-1])[:10])


def test_what_comes_later_changes_nothing_that_was_learnt_before() -> None:
    examples = matches(900)
    x = examples.x.copy()
    x[-90:] = 0
    changed = replace(examples, x=x)
    earlier = np.arange(810)
    assert ablate(examples.take(earlier)) == ablate(changed.take(earlier))


def test_without_a_group_it_is_as_if_the_features_had_never_been() -> None:
    examples = matches()
    worth = {each.group: each.log_loss.value for each in ablate(examples).groups}
    full, less = ablate(examples), ablate(examples.only(NAMES[1:]))
    assert worth["ratings"] == pytest.approx(full.log_loss - less.log_loss, abs=2e-6)


def test_too_few_matches_are_refused() -> None:
    with pytest.raises(DataError, match="too few"):
        ablate(matches(59))


class TestGroups:
    def test_every_feature_has_one_and_every_group_some(self) -> None:
        found = grouped(FEATURE_NAMES)
        assert set(found) == set(GROUPS)
        assert sorted(name for members in found.values() for name in members) == sorted(FEATURE_NAMES)

    def test_what_takes_the_rest_is_small(self) -> None:
        """A new kind of feature should get a group of its own."""
        assert {name.split("_", 1)[0] for name in grouped(FEATURE_NAMES)["ratings"]} <= {"home", "away", "elo", "pi"}
        assert group("away_elo_rating") == "ratings"
