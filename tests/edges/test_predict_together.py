"""What is asked for at the same moment is computed in one call, and nobody suffers for another's question."""

import asyncio
from typing import Any

import httpx
import pytest

from asking import ASSETS, client_of, listed
from served import ListedRegistry, public
from touchline.bootstrap import Container
from touchline.settings import Predict
from touchline.web.core import create_app


class Counting:
    """The model, with the number of matches of each call; it fails for whoever asks for a match of its list."""

    def __init__(self, model: Any, calls: list[int]) -> None:
        self._model, self._calls = model, calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._model, name)
        if name not in ("predict", "both"):
            return found

        def called(features: Any) -> Any:
            self._calls.append(len(features))
            return found(features)

        return called


@pytest.fixture
def filled(ports: Container) -> Container:
    ports.registry = ListedRegistry()
    public(ports)
    return ports


def at_once(ports: Container, paths: list[str]) -> list[httpx.Response]:
    app = create_app(ports, Predict(refresh_seconds=60, access="open", cache_seconds=0), ASSETS)

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as session:
            await session.get("/readyz")
            return list(await asyncio.gather(*(session.get(path) for path in paths)))

    return asyncio.run(ask())


def test_one_call_answers_all_and_each_his_own_match(filled: Container) -> None:
    matches = [match["match_id"] for match in listed(client_of(filled))]
    alone = {match: client_of(filled).get(f"/predict/{match}").json() for match in matches}
    load, calls = filled.model, list[int]()
    filled.model = lambda bundle, digests: Counting(load(bundle, digests), calls)
    asked = [match for match in matches for _ in range(2)]  # who asks for the same comes together
    answers = at_once(filled, [f"/predict/{match}" for match in asked])
    assert [answer.json()["match_id"] for answer in answers] == asked
    for answer in answers:
        told = alone[answer.json()["match_id"]]
        assert answer.json()["probabilities"] == pytest.approx(told["probabilities"], abs=1e-7)
        assert answer.json()["features_hash"] == told["features_hash"]
    warm, *computed = calls
    assert warm == 1
    assert len(computed) < len(matches), "far fewer calls than matches"
    assert sum(computed) < len(answers), "no match twice in a call"


def test_who_asks_for_what_there_is_not_spoils_no_other_answer(filled: Container) -> None:
    matches = [match["match_id"] for match in listed(client_of(filled))][:3]
    answers = at_once(filled, [f"/predict/{match}" for match in ("nothing", *matches, "nobody")])
    assert [answer.status_code for answer in answers] == [404, 200, 200, 200, 404]
