"""The harness itself: schedules are repeatable, and each mishap is what it is called."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from touchline.adapters import database
from touchline.adapters.clock import VirtualClock
from touchline.errors import Unavailable
from touchline.testing import CALM, Chances, World
from touchline.testing.sabotage import without
from toy_wiring import COUNT, functions

Make = Callable[..., World]
FILES = {f"incoming/{name}": name.encode() for name in ("a", "b", "c", "d")}
SHAKY = Chances(crash=0.03, zombie=0.2)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with all its tables, to copy."""
    path = tmp_path_factory.mktemp("tables") / "touchline.db"
    database.connect(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture
def make(tmp_path: Path, tables: Path, clock: VirtualClock) -> Make:
    """Makes worlds of the toy wiring, each with a home of its own."""
    environ = functions(tmp_path)

    def one(seed: int = 0, chances: Chances = CALM, **more: object) -> World:
        home = tmp_path / f"home-{len(list(tmp_path.iterdir()))}"
        home.mkdir()
        shutil.copy(tables, home)
        return World({**environ, "TOUCHLINE_HOME": str(home)}, clock=clock, seed=seed, chances=chances, **more)

    return one


def done(world: World) -> dict[str, bytes]:
    """What the functions of the toy wrote, and how many copies were counted at last."""
    written = {info.key: world.store.get(info.key) for p in ("raw/", "reports/") for info in world.store.list(p)}
    for row in world.ports.ledger.settlements():
        written["count"] = row.outcome.encode()
    return written


def played(world: World, *, ticks: int = 0, gap: int = 0) -> dict[str, bytes]:
    with world:
        for key, data in FILES.items():
            world.put(key, data)
            world.go(gap)
        for _ in range(ticks):
            world.tick("drift")
        world.rest()
        return done(world)


def test_on_a_calm_day_each_object_is_delivered_once(make: Make) -> None:
    world = make()
    written = played(world, ticks=1)
    assert sorted(written) == [
        "count", *(f"raw/{n}" for n in "abcd"), *(f"reports/{n}" for n in "abcd"), "reports/daily"
    ]  # fmt: skip
    assert world.counted == {"deliveries": 9, "done": 9, "found by a look": 0}


def test_the_same_seed_gives_the_same_schedule_and_another_gives_another(make: Make) -> None:
    worlds = [make(seed, SHAKY) for seed in (5, 5, 6)]
    ends = [played(world, ticks=1) for world in worlds]
    assert worlds[0].steps == worlds[1].steps != worlds[2].steps
    assert worlds[0].counted == worlds[1].counted
    assert ends[0] == ends[1]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_everything_is_done(make: Make, seed: int) -> None:
    written = played(make(seed, SHAKY), ticks=1)
    assert len(written) == 10
    assert written["count"] == b"4"


@pytest.mark.parametrize(
    ("chances", "counted"),
    [
        (Chances(lost=1.0, doubled=0), "found by a look"),
        (Chances(doubled=1.0, lost=0), "unchanged"),
        (Chances(unheard=0.5), "unchanged"),
        (Chances(crash=0.1), "crashes"),
        (Chances(zombie=0.5), "takeovers"),
        (Chances(switch=0.9, late=0), "busy"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_mishap_happens_and_does_no_harm(make: Make, chances: Chances, counted: str) -> None:
    world = make(3, chances)
    written = played(world)
    assert (len(written), written["count"]) == (9, b"4")
    assert world.counted[counted] > 0


def test_of_a_run_that_was_killed_nothing_has_an_effect(make: Make) -> None:
    world = make(0, Chances(crash=1.0))
    with world:
        world.put("incoming/a", b"a")
        with pytest.raises(Unavailable, match="no rest after 20"):
            world.rest(20)
        assert done(world) == {}
        assert list(world.store.list("runs/")) == []


def test_who_slept_through_his_lease_has_no_effect_and_without_a_fence_he_has(make: Make) -> None:
    """The zombie counted before the last copy was there, and writes after somebody who saw it."""

    def miscounts(seed: int, **more: object) -> bool:
        calm = Chances(zombie=0.5, lost=0, doubled=0, unheard=0, crash=0)
        return played(make(seed, calm, **more), gap=3)["count"] != b"4"

    harmed = next((seed for seed in range(60) if miscounts(seed, around=without("fencing"))), None)
    assert harmed is not None
    assert not any(miscounts(seed) for seed in (harmed, *range(5)))


def test_a_function_that_always_fails_is_named(tmp_path: Path, clock: VirtualClock) -> None:
    broken = COUNT.replace("seen = len", "raise OSError('no disk')\n    seen = len")
    with World(functions(tmp_path, drift=broken), clock=clock, chances=CALM) as world:
        world.put("incoming/a", b"a")
        with pytest.raises(Unavailable, match="no disk"):
            world.rest()


def test_a_world_can_be_left_while_somebody_stands_still(make: Make) -> None:
    """No thread is left behind, and what stood still has no effect any more."""
    before, world = set(threading.enumerate()), make(0, Chances(zombie=1.0, lost=0, late=0))
    with world:
        world.put("incoming/a", b"a")
        with pytest.raises(Unavailable, match="no rest after 6"):
            world.rest(6)
        assert world.counted["zombies"] > 1
    assert "reports/a" not in done(world)
    left = set(threading.enumerate()) - before
    for thread in left:  # a heartbeat that was told to end may need a moment
        thread.join(10)
    assert not any(thread.is_alive() for thread in left)
