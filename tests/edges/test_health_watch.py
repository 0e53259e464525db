"""When the service asks that what serves be taken back: once, above a limit, over a minute of enough answers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asking import Elapsed
from touchline.adapters.local_store import LocalStore
from touchline.bootstrap import Container
from touchline.errors import Unavailable
from touchline.settings import Predict
from touchline.web.health_watch import LEAST, HealthWatch, rank
from touchline.web.meters import BOUNDS, Meters

KEY = "requests/promotion/predict/000000000003.json"
LIMITS = {"max_error_rate": 0.05, "max_p99_seconds": 0.1}


class Instance:
    """One process of the service, as far as its health goes."""

    def __init__(self, store: Any, **settings: float) -> None:
        self.meters, self.elapsed = Meters(), Elapsed()
        self.watch = HealthWatch(store, Predict(**{**LIMITS, **settings}), self.meters, self.elapsed)
        self.watch.look(3)

    def minute(self, good: int = 0, bad: int = 0, *, slow: int = 0, seconds: float = 30.0, route: str = "") -> str:
        """Answers of so many seconds, and a look at their end."""
        for n, status, took in ((good, 200, 0.002), (bad, 503, 0.002), (slow, 200, 0.4)):
            for _ in range(n):
                self.meters.request(route or "/predict/{match_id}", "GET", status, took)
        self.elapsed.now += seconds
        return self.watch.look(3)


@pytest.fixture
def store(ports: Container) -> Any:
    return ports.store


def test_errors_above_the_limit_ask_once(store: Any) -> None:
    one, other = Instance(store), Instance(store)
    assert one.minute(good=180, bad=20) == KEY
    assert json.loads(store.get(KEY)) == {
        "action": "rollback", "promotion": 3, "requested_by": "predict",
        "reason": "10.0% of answers are errors, allowed 5.0%",
        "figures": {"requests": 200.0, "errors": 20.0, "error_rate": 0.1, "p99_seconds": 0.002485,
                    "window_seconds": 30.0},
    }  # fmt: skip
    before = store.stat(KEY)
    assert one.minute(bad=200) == ""
    assert other.minute(bad=200) == ""
    assert store.stat(KEY) == before


def test_slowness_above_the_limit_asks(store: Any) -> None:
    assert Instance(store).minute(good=180, slow=20) == KEY
    assert json.loads(store.get(KEY))["reason"] == "99 % of answers take up to 0.475 s, allowed 0.100 s"


@pytest.mark.parametrize(
    ("settings", "answers"),
    [
        ({}, {"good": 196, "bad": 4}),
        ({}, {"good": 199, "slow": 1}),
        ({}, {"bad": LEAST - 1}),
        ({"max_error_rate": 0.0}, {"bad": 200}),
        ({"max_p99_seconds": 0.0}, {"slow": 200}),
        ({"max_error_rate": 0.0, "max_p99_seconds": 0.0}, {"bad": 100, "slow": 100}),
        ({}, {"bad": 200, "route": "/what-if"}),
        ({}, {"slow": 200, "route": "/predict/stream"}),
    ],
)
def test_below_the_limits_it_is_silent(store: Any, settings: dict[str, float], answers: dict[str, Any]) -> None:
    assert Instance(store, **settings).minute(**answers) == ""
    assert store.stat(KEY) is None


def test_by_default_it_never_asks(store: Any) -> None:
    meters, elapsed = Meters(), Elapsed()
    watch = HealthWatch(store, Predict(), meters, elapsed)
    for _ in range(500):
        meters.request("/predict/{match_id}", "GET", 500, 2.0)
    assert watch.look(3) == watch.look(3) == ""


def test_old_errors_are_forgotten(store: Any) -> None:
    instance = Instance(store)
    assert instance.minute(bad=90, seconds=40) == ""
    assert instance.minute(seconds=70) == ""
    assert instance.minute(good=200, bad=5, seconds=20) == ""


def test_what_happened_under_another_promotion_does_not_count(store: Any) -> None:
    instance = Instance(store)
    instance.minute(bad=90)
    assert instance.watch.look(4) == ""
    for _ in range(90):
        instance.meters.request("/predict/{match_id}", "GET", 500, 0.002)
    assert instance.watch.look(4) == ""
    for _ in range(10):
        instance.meters.request("/predict/{match_id}", "GET", 500, 0.002)
    assert instance.watch.look(4) == KEY.replace("3.json", "4.json")


def test_before_anything_serves_there_is_nothing_to_take_back(store: Any) -> None:
    instance = Instance(store)
    instance.minute(bad=90)
    assert instance.watch.look(0) == ""


def test_a_store_that_does_not_answer_is_asked_again(store: LocalStore) -> None:
    class Gone:
        """A store that is away, then back."""

        away = True

        def create(self, key: str, data: bytes) -> bool:
            if self.away:
                raise Unavailable("the store does not answer")
            return store.create(key, data)

    gone = Gone()
    instance = Instance(gone)
    assert instance.minute(bad=200) == ""
    gone.away = False
    assert instance.minute(bad=1) == KEY


@given(st.lists(st.floats(0.0001, 2.4), min_size=1, max_size=200), st.floats(0.01, 1.0))
def test_a_rank_lies_in_the_class_of_the_true_one(seconds: list[float], share: float) -> None:
    meters = Meters()
    for each in seconds:
        meters.request("/predict/{match_id}", "GET", 200, each)
    found = rank(meters.seconds["/predict/{match_id}"].counts, share)
    ordered = sorted(seconds)
    true = ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]
    high = next(bound for bound in BOUNDS if true <= bound)
    low = max((bound for bound in BOUNDS if bound < true), default=0.0)
    assert low - 1e-9 <= found <= high + 1e-9
