"""Queued answers: the same as online, once each, whatever happens on the way, and none after the deadline."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

import boards
import queued as queue
import served
from queued import answered, first_match, moved, queued
from served import event
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.routing import Route, arm_of
from touchline.domain.tasks import AskAnswer, AskExplain, AskGoals, AskMatch, AskPlayer, Question
from touchline.errors import DataError, NotFound, Unavailable
from touchline.manifest import encode
from touchline.settings import Answer
from touchline.stages import answer
from touchline.stages.answer_desk import outcome_key, outcome_of, request_key, standing
from touchline.stages.predict_arm import arm_for
from touchline.stages.predict_board import read_board, require_published
from touchline.stages.predict_explain import explain
from touchline.stages.predict_goals import grid_of
from touchline.stages.predict_match import answer as online
from touchline.stages.predict_players import player
from touchline.stages.predict_whatif import what_if
from touchline.testing import Chances, World

SIGNED = Answer(callback_secret="a secret of the client and us")
DAY = served.NOW.date()
URL = "https://example.org/told"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Container:
    """A league with a champion, forecasts and line-ups; copied by whoever changes it."""
    return boards.home(tmp_path_factory.mktemp("filled"))


@pytest.fixture
def ports(filled: Container, tmp_path: Path) -> Container:
    return served.copied(filled, tmp_path / "home")


@pytest.fixture
def home(ports: Container) -> Path:
    return ports.home


def result(ports: Container, identity: str = "0" * 32) -> dict[str, Any]:
    found = outcome_of(ports.store, identity)
    assert found is not None
    return found.answer or {}


def test_a_queued_answer_is_the_online_one(ports: Container) -> None:
    match = first_match(ports)
    board = read_board(ports)
    day = match.kickoff.date() + timedelta(days=3)
    pairs: list[tuple[Question, Any]] = [
        (AskAnswer(match_id=match.match_id), online(board, match.match_id)),
        (AskExplain(match_id=match.match_id), explain(board, match.match_id)),
        (AskGoals(match_id=match.match_id), grid_of(board, match.match_id)),
        (AskPlayer(player=f"{match.home_team} 3", minutes=45), player(board, f"{match.home_team} 3", minutes=45)),
        (
            AskMatch(home_team=match.home_team.upper(), away_team=match.away_team, competition="sim1", date=day),
            what_if(board, match.home_team, match.away_team, "SIM1", day),
        ),
    ]
    for number, (question, made) in enumerate(pairs):
        identity = f"{number:032}"
        assert answered(ports, queued(ports, question, identity)).outcome == "done"
        assert result(ports, identity) == msgspec.json.decode(encode(made))
    assert outcome_of(ports.store, identity).model_version == board.serving.version  # type: ignore[union-attr]


def test_a_client_has_the_model_that_it_is_routed_to(ports: Container) -> None:
    alone = read_board(ports)
    route = Route("ab", 0.5, "spring")
    divided = replace(alone, serving=replace(alone.serving, route=route, challenger=alone.serving))
    matches = {match.match_id: match.competition for match in require_published(alone).forecasts.matches}
    arms = {match_id: arm_for(divided, "k1", match_id) for match_id in matches}
    assert arms == {match_id: arm_of(route, "k1", match_id, code) for match_id, code in matches.items()}
    assert len(set(arms.values())) == 2
    first = next(iter(matches))
    for board, client, match_id in [
        (alone, "k1", first),
        (divided, "", first),
        (divided, "k1", "unknown"),
    ]:
        assert arm_for(board, client, match_id) == "champion"


@pytest.mark.parametrize(
    ("question", "where", "suggested"),
    [
        (AskAnswer(match_id="nothing-like-a-match"), "match_id", False),
        (AskGoals(match_id="sim1-2025-26-oxpasture-umberleig"), "match_id", True),
        (AskPlayer(player="Nobody"), "player", False),
        (AskMatch(home_team="Oxpastur", away_team="Umberleigh", competition="SIM1", date=DAY), "home_team", True),
    ],
)
def test_what_cannot_be_answered_is_answered_with_the_reason(
    ports: Container, question: Question, where: str, suggested: bool
) -> None:
    task = queued(ports, question)
    assert answered(ports, task).outcome == "done"
    found = standing(ports.store, task.id, ports.clock.now())
    assert found is not None
    assert (found.status, found.outcome.reason.where) == ("failure", where)  # type: ignore[union-attr]
    assert bool(found.outcome.reason.details) is suggested  # type: ignore[union-attr]
    assert answered(ports, task).outcome == "unchanged"


def test_a_task_is_pending_then_running_then_over(ports: Container) -> None:
    task = queued(ports)

    def status() -> str:
        found = standing(ports.store, task.id, ports.clock.now())
        assert found is not None
        return found.status

    seen = [status()]

    class Watched:
        """Says how the task stands when its result is about to be written."""

        def __init__(self) -> None:
            self._store = ports.store

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

        def create(self, key: str, data: Any) -> bool:
            if key == outcome_key(task.id):
                seen.append(status())
            return self._store.create(key, data)

    ports.store = Watched()  # type: ignore[assignment]
    answered(ports, task)
    assert [*seen, status()] == ["pending", "running", "success"]
    moved(ports, days=2)
    assert status() == "expired"
    assert standing(ports.store, "1" * 32, ports.clock.now()) is None


def test_after_its_deadline_nothing_is_answered(ports: Container) -> None:
    task = queued(ports)
    moved(ports, hours=1)
    found = standing(ports.store, task.id, ports.clock.now())
    assert found is not None
    assert found.status == "expired"
    assert answered(ports, task).summary == {"status": "expired", "kind": "answer"}
    assert outcome_of(ports.store, task.id).answer is None  # type: ignore[union-attr]


def test_an_answer_that_comes_too_late_is_none(ports: Container) -> None:
    task = queued(ports)

    def model(bundle: str, digests: Mapping[str, str]) -> Any:
        moved(ports, hours=2)  # so long does it take
        return Container.model(ports, bundle, digests)

    ports.model = model  # type: ignore[method-assign]
    assert answered(ports, task).summary["status"] == "expired"


def test_no_model_yet_is_worth_another_attempt(tmp_path: Path) -> None:
    empty = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path)}, clock=VirtualClock(served.NOW))
    task = queued(empty, AskAnswer(match_id="m"))
    with pytest.raises(Unavailable, match="no model answers"):
        answered(empty, task)
    found = standing(empty.store, task.id, empty.clock.now())
    assert found is not None
    assert found.status == "running"


def test_what_is_no_task_is_refused(ports: Container) -> None:
    task = queued(ports)
    ports.store.create(request_key("1" * 32), encode(task))
    ports.store.create(request_key("2" * 32), b"{}")
    for identity in ("1" * 32, "2" * 32):
        with pytest.raises(DataError):
            answer.run(event(request_key(identity)), ports, Answer())
    with pytest.raises(NotFound):
        answer.run(event(request_key("3" * 32)), ports, Answer())
    assert not list(ports.store.list("results/"))


# Crashes and other mishaps


@pytest.fixture
def worlds(filled: Container, tmp_path: Path) -> Any:
    """Makes worlds of the function alone, each with a home of its own."""
    environ = queue.small_wiring(tmp_path / "functions", ("answer",))

    def make(seed: int, chances: Chances) -> World:
        copy = tmp_path / f"world-{seed}"
        shutil.copytree(filled.home / "objects", copy / "objects")
        return World(
            {**environ, "TOUCHLINE_HOME": str(copy)}, clock=VirtualClock(served.NOW), seed=seed, chances=chances
        )

    return make


def test_killed_doubled_and_lost_deliveries_end_in_one_answer(worlds: Any, ports: Container) -> None:
    tasks = [queued(ports, identity=f"{number:032}") for number in range(3)]
    for task in tasks:
        answered(ports, task)
    wanted = {info.key: ports.store.get(info.key) for info in ports.store.list("results/") if "begun" not in info.key}
    crashes = 0
    for seed in range(4):
        chances = Chances(crash=0.04, doubled=0.5, lost=0.2, unheard=0.3, switch=0.3)
        with worlds(seed, chances) as world:
            for task in tasks:
                world.put(request_key(task.id), encode(task))
            world.rest()
            crashes += world.counted["crashes"]
            made = {key: world.store.get(key) for key in wanted}
            assert made == wanted
            found = {info.key for info in world.store.list("results/")}
            assert found == {*wanted, *(f"results/{task.id}/begun.json" for task in tasks)}
    assert crashes > 4
