"""Law 4: duplicated, reordered, late, lost and interrupted deliveries of the real functions end in one state.

The league and its mishaps are `touchline.testing.league`; `scripts/bench schedules` runs as many seeds as you like. To
look into one that fails: `scripts/bench schedules --n 1 --seed <seed>`.
"""

from pathlib import Path

import pytest

from touchline.errors import CorruptObject
from touchline.testing import CALM, Chances, Digest, difference
from touchline.testing.league import Kept, play
from touchline.testing.sabotage import SAFEGUARDS, without

pytestmark = pytest.mark.slow
SEEDS, BATCHES = 50, 5
SLEEPY = Chances(zombie=0.25, lost=0, doubled=0, unheard=0, crash=0)
"""Many zombies and little else, where a safeguard against them is missing."""
ENOUGH = 40
"""Seeds among which a missing safeguard must show."""
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


@pytest.mark.parametrize("safeguard", SAFEGUARDS)
def test_without_a_safeguard_a_schedule_ends_otherwise(
    safeguard: str, expected: States, kept: Kept, tmp_path: Path
) -> None:
    def harmed(seed: int) -> bool:
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            _, found = play(folder, seed, chances=SLEEPY, around=without(safeguard), kept=kept)
        except CorruptObject:
            return True
        return differences(expected, found) != []

    assert any(harmed(seed) for seed in range(50, 50 + ENOUGH))
