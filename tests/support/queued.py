"""Questions in the queue: tasks as a client would hand them in, and a wiring of the functions that serve them."""

import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from asgi_client import Client
from asking import ASSETS
from served import ListedRegistry, event
from touchline import wiring
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.forecasts import MatchForecast
from touchline.domain.tasks import AskAnswer, AskFile, Question, Task
from touchline.manifest import encode
from touchline.settings import Answer, Predict
from touchline.stages import answer
from touchline.stages.answer_desk import hand_in, request_key
from touchline.stages.predict_board import read_board, require_published
from touchline.web.core import create_app
from touchline.work import Ports, Result

__all__ = ["ListedRegistry", "answered", "client", "first_match", "queued", "small_wiring"]
FUNCTIONS = Path(__file__).parents[2] / "functions"


def first_match(ports: Ports) -> MatchForecast:
    """The first match that is forecast."""
    return require_published(read_board(ports)).forecasts.matches[0]


def queued(ports: Ports, question: Question | AskFile | None = None, identity: str = "0" * 32, **more: Any) -> Task:
    """A task that was handed in, about the first match by default; it has an hour, and is kept for a day."""
    now = ports.clock.now()
    usual = {"created": now, "deadline": now + timedelta(hours=1), "kept_until": now + timedelta(days=1)}
    asked = question or AskAnswer(match_id=first_match(ports).match_id)
    task = Task(**{**usual, "id": identity, "owner": "", "question": asked, "asked": "", **more})
    return hand_in(ports.store, task)


def answered(ports: Ports, task: Task, settings: Answer | None = None) -> Result:
    """What answer makes of a task."""
    return answer.run(event(request_key(task.id)), ports, settings or Answer())


def client(ports: Container, **settings: Any) -> Client:
    """A client of the service over these ports, by real time; open unless settings say otherwise."""
    chosen = Predict(**{"access": "open", "refresh_seconds": 0.0, **settings})
    return Client(create_app(ports, chosen, ASSETS, elapsed=time.monotonic))


def small_wiring(folder: Path, names: Sequence[str] = ("answer", "sweep")) -> dict[str, str]:
    """Environment of a wiring with some of the real functions alone, woken by what the others would write."""
    made: dict[str, Any] = {"version": 1, "bucket": "test", "functions": {}}
    for name in names:
        real = wiring.load(FUNCTIONS).function(name)
        (folder / name).mkdir(parents=True)
        (folder / name / "main.py").write_text((FUNCTIONS / name / "main.py").read_text())
        made["functions"][name] = {
            "about": real.about,
            "triggers": [{"prefix": prefix, "external": True} for prefix in real.prefixes],
            "reads": list(real.prefixes),
            "writes": list(real.writes),
            "own": list(real.own),
            "needs": list(real.needs),
            "retries": {"attempts": 2, "backoff_s": 0},
        }
    (folder / "wiring.yaml").write_bytes(encode(made))
    assert yaml.safe_load((folder / "wiring.yaml").read_bytes())
    return {"TOUCHLINE_FUNCTIONS": str(folder)}


def moved(ports: Container, **duration: float) -> None:
    """Let time pass."""
    assert isinstance(ports.clock, VirtualClock)
    ports.clock.move(ports.clock.now() + timedelta(**duration))
