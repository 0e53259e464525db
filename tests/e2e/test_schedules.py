"""Law 4: duplicated, reordered, late, lost and interrupted deliveries of the real functions end in one state.

The league and its mishaps are `touchline.testing.league`; `scripts/bench schedules` runs as many seeds as you like. To
look into one that fails: `scripts/bench schedules --n 1 --seed <seed>`.
"""

from collections import Counter
from pathlib import Path

import pytest

from touchline.errors import CorruptObject
from touchline.testing import CALM, Digest, difference
from touchline.testing.deliveries import SLEEPY
from touchline.testing.league import play
from touchline.testing.sabotage import SAFEGUARDS, without

pytestmark = pytest.mark.slow
SEEDS, BATCHES = 50, 10
"""`scripts/bench schedules` is for many more."""
HARMED = {"fencing": 90, "conditional-create": 11}
"""Seeds whose schedules end otherwise without a safeguard; another call of a port may move them by some."""
ENOUGH = 12
"""Seeds from there on among which a missing safeguard must show."""
States = tuple[Digest, ...]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> States:
    """The states of a day on which nothing goes wrong; the schedules remember what was computed, this day does not."""
    return play(tmp_path_factory.mktemp("calm"), 0, chances=CALM, afresh=True)[1]


def differences(expected: States, found: States) -> list[str]:
    pairs = zip(expected, found, strict=True)
    return [f"state {place}: {line}" for place, pair in enumerate(pairs, 1) for line in difference(*pair)]


def test_on_a_calm_day_everything_happens(expected: States) -> None:
    matchday, _, last = expected
    assert len(matchday.settlements) == 3
    assert [row["stage"] for row in last.promotions.values()] == ["champion", "champion", "route"]
    assert last.registry["previous"] == matchday.registry["champion"] != last.registry["champion"]
    assert last.drift["record"]["settled"] == 3
    assert list(last.requests) == ["requests/retrain/users/more.json", "requests/promotion/users/route.json"]
    assert last.stages["serving"]["manifest"]["parameters"]["route"]["share"] == 0.3
    assert len({key.split()[1] for key in last.forecasts}) == 2, "both models sealed forecasts"
    assert last.views["leaderboard"]["standings"]


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_schedule_ends_in_the_same_states(batch: int, expected: States, tmp_path: Path) -> None:
    counted: Counter[str] = Counter()
    for seed in range(batch, SEEDS, BATCHES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        world, found = play(folder, seed)
        assert differences(expected, found) == [], f"seed {seed}"
        counted.update(world.counted)
        refused = {record.function for record in world.records if record.outcome == "parked"}
        assert refused <= {"validate"}, f"seed {seed}"
    assert all(counted[what] for what in ("zombies", "crashes", "lost", "doubled")), counted


def test_the_same_seed_is_the_same_schedule(tmp_path: Path) -> None:
    steps = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        steps.append(play(tmp_path / name, 11)[0].steps)
    assert steps[0] == steps[1]


@pytest.mark.parametrize("safeguard", SAFEGUARDS)
def test_without_a_safeguard_a_schedule_ends_otherwise(safeguard: str, expected: States, tmp_path: Path) -> None:
    def harmed(seed: int, *missing: str) -> bool:
        folder = tmp_path / f"{seed}{missing}"
        folder.mkdir()
        try:
            _, found = play(folder, seed, chances=SLEEPY, around=without(*missing))
        except CorruptObject:
            return True
        return differences(expected, found) != []

    first = HARMED[safeguard]
    seed = next((seed for seed in range(first, first + ENOUGH) if harmed(seed, safeguard)), None)
    assert seed is not None
    assert not harmed(seed)
