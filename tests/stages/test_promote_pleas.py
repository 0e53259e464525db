"""A rollback that a machine asks for: followed where what it complains of still serves, and answered in any case."""

from datetime import timedelta
from typing import Any

import pytest

from served import NOW, ListedRegistry, against, promoted, publish_model
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.rollback import request_key
from touchline.domain.routing import route_of
from touchline.manifest import current, encode
from touchline.work import Result

FIGURES = {"requests": 240.0, "error_rate": 0.2}


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def ports(tmp_path: Any, clock: VirtualClock) -> Container:
    """Champions m1, then m2, at a moment that is set by hand; m3 is a candidate."""
    made = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path / "home")}, clock=clock)
    made.registry = ListedRegistry("m1", "m2", "m3", "m4")
    promoted(made, publish_model(made.store, "m1", 1))
    promoted(made, publish_model(made.store, "m2", 2, **against("m1")))
    promoted(made, publish_model(made.store, "m3", 3, **against("m2", -0.05, n=12)))
    return made


def plead(ports: Container, promotion: int, **figures: float) -> Result:
    body = {"action": "rollback", "promotion": promotion, "reason": "errors", "requested_by": "predict"}
    key = request_key(promotion)
    assert ports.store.create(key, encode({**body, "figures": {**FIGURES, **figures}}))
    return promoted(ports, key)


def route(ports: Container, mode: str, share: float = 0.0) -> None:
    key = f"requests/promotion/test/{mode}.json"
    assert ports.store.create(key, encode({"action": "route", "mode": mode, "share": share, "model_id": "m3"}))
    assert promoted(ports, key).outcome == "done"


def serving(ports: Container) -> str:
    return str(current(ports.store, "serving")[1].parameters["model_id"])


def test_the_champion_before_serves_again(ports: Container) -> None:
    result = plead(ports, 2)
    assert (result.outcome, result.reason) == ("done", "rollback from m2, asked for by predict: errors")
    assert serving(ports) == "m1"
    assert ports.promotions.history()[-1].inputs["request"]["figures"] == FIGURES


def test_it_is_followed_once(ports: Container) -> None:
    plead(ports, 2)
    assert promoted(ports, request_key(2), generation=1).outcome == "unchanged"
    assert len(ports.promotions.history()) == 4


def refused(ports: Container, result: Result, reason: str) -> bool:
    """The request was not followed, and the promotions say why."""
    row = ports.promotions.history()[-1]
    return (result.outcome, row.stage, row.reason) == ("skipped", "refused", f"no rollback: {reason}")


def test_what_serves_no_more_is_not_taken_back(ports: Container) -> None:
    assert refused(ports, plead(ports, 1), "promotion 1 serves no more, 2 does")
    assert serving(ports) == "m2"


def test_a_few_answers_are_no_reason(ports: Container) -> None:
    assert refused(ports, plead(ports, 2, requests=99.0), "it rests on 99 answers, at least 100 needed")


def test_a_request_without_figures_is_no_reason(ports: Container) -> None:
    key = request_key(2)
    assert ports.store.create(key, encode({"action": "rollback", "promotion": 2}))
    assert refused(ports, promoted(ports, key), "it rests on 0 answers, at least 100 needed")


def test_the_first_champion_stays(ports: Container) -> None:
    plead(ports, 2)
    assert refused(ports, plead(ports, 4), "there is no champion before this one")
    assert serving(ports) == "m1"


def test_trouble_that_goes_on_is_not_the_models(ports: Container, clock: VirtualClock) -> None:
    promoted(ports, publish_model(ports.store, "m4", 4, **against("m2")))
    assert plead(ports, 4).outcome == "done"
    assert serving(ports) == "m2"
    clock.move(NOW + timedelta(hours=23))
    told = "the last such rollback was 23.0 hours ago, 24 must pass: this trouble may not be the model's"
    assert refused(ports, plead(ports, 5), told)
    clock.move(NOW + timedelta(hours=25))
    key = "requests/promotion/predict/later.json"
    assert ports.store.create(key, encode({"action": "rollback", "promotion": 5, "figures": FIGURES}))
    assert promoted(ports, key).outcome == "done"
    assert serving(ports) == "m1"


@pytest.mark.parametrize(("mode", "share"), [("canary", 0.1), ("ab", 0.5)])
def test_a_route_that_answers_is_taken_back_before_the_champion(ports: Container, mode: str, share: float) -> None:
    route(ports, mode, share)
    result = plead(ports, 4)
    assert result.reason == "the route to m3 ends, asked for by predict: errors"
    assert (serving(ports), route_of(current(ports.store, "serving")[1].parameters)) == ("m2", None)
    plead(ports, 5)  # that was no rollback of a champion, so none has to cool down
    assert serving(ports) == "m1"


def test_a_shadow_is_not_blamed(ports: Container) -> None:
    route(ports, "shadow")
    plead(ports, 4)
    assert serving(ports) == "m1"
    assert route_of(current(ports.store, "serving")[1].parameters) is not None
