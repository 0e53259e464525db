"""Law 4: duplicated, reordered, late, lost and interrupted deliveries of the real functions end in one state.

The league and its mishaps are `touchline.testing.league`; `scripts/bench schedules` runs as many seeds as you like. To
look into one that fails: `scripts/bench schedules --n 1 --seed <seed>`.
"""

from pathlib import Path

import pytest

from touchline.testing import CALM, Digest, difference
from touchline.testing.league import Kept, play

pytestmark = pytest.mark.slow
SEEDS, BATCHES = 50, 5
States = tuple[Digest, ...]


@pytest.fixture(scope="module")
def kept() -> Kept:
    """What schedules may keep from those before them."""
    return Kept()


@pytest.fixture(scope="module")
def expected(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> States:
    """The states of a day on which nothing goes wrong; made without anything that was kept."""
    return play(tmp_path_factory.mktemp("calm"), 0, chances=CALM, kept=kept)[1]


def differences(expected: States, found: States) -> list[str]:
    pairs = zip(expected, found, strict=True)
    return [f"state {place}: {line}" for place, pair in enumerate(pairs, 1) for line in difference(*pair)]


def test_on_a_calm_day_everything_happens(expected: States) -> None:
    matchday, _, last = expected
    assert len(matchday.settlements) == 3
    assert len(last.promotions) == 2
    assert last.registry["previous"] == matchday.registry["champion"] != last.registry["champion"]
    assert last.drift["record"]["settled"] == 3
    assert list(last.requests) == ["requests/retrain/users/more.json"]
    assert len({key.split()[1] for key in last.forecasts}) == 2, "both models sealed forecasts"


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_schedule_ends_in_the_same_states(batch: int, expected: States, kept: Kept, tmp_path: Path) -> None:
    for seed in range(batch, SEEDS, BATCHES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        world, found = play(folder, seed, kept=kept)
        assert differences(expected, found) == [], f"seed {seed}"
        refused = {record.function for record in world.records if record.outcome == "parked"}
        assert refused <= {"validate"}, f"seed {seed}"


def test_a_schedule_that_keeps_nothing_ends_in_them_too(expected: States, tmp_path: Path) -> None:
    world, found = play(tmp_path, 7)
    assert differences(expected, found) == []
    assert world.counted["zombies"] > 0
    assert world.counted["crashes"] > 0


def test_the_same_seed_is_the_same_schedule(kept: Kept, expected: States, tmp_path: Path) -> None:
    steps = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        steps.append(play(tmp_path / name, 11, kept=kept)[0].steps)
    assert steps[0] == steps[1]
