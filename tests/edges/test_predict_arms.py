"""Clients that two models share: all that one of them is told of a match comes from the same model."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

import boards
from asgi_client import Client
from asking import ASSETS
from keyring import Keyring
from touchline.bootstrap import Container
from touchline.domain.context import Records
from touchline.manifest import current, publish, write_object
from touchline.settings import Predict
from touchline.stages.predict_board import read_board
from touchline.web.core import create_app


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Container:
    """Half of the clients are sent to a challenger; read only, but for keys."""
    made = boards.home(tmp_path_factory.mktemp("arms"))
    boards.routed(made)
    return made


def asking(ports: Container, **settings: Any) -> Client:
    return Client(create_app(ports, Predict(refresh_seconds=0, **settings), ASSETS))


def arm_of_all(client: Client, ports: Container, headers: dict[str, str]) -> str:
    """The model that a client has of the first match, which must be the same whatever it asks of it."""
    published = read_board(ports).published
    assert published is not None
    match = published.forecasts.matches[0]
    told = client.get(f"/predict/{match.match_id}", headers=headers).json()
    goals = client.get(f"/predict/{match.match_id}/goals", headers=headers).json()
    why = client.get(f"/predict/{match.match_id}/explain", headers=headers).json()
    asked = {"player": f"{match.home_team} 3", "match_id": match.match_id}
    player = client.post("/predict/player", json=asked, headers=headers).json()
    assert {name: goals[name] for name in ("home", "draw", "away")} == pytest.approx(told["probabilities"], abs=1e-9)
    assert why["forecast"] == pytest.approx(list(told["probabilities"].values()), abs=1e-6)
    assert player["team_expected_goals"] == pytest.approx(goals["expected_goals_home"], abs=1e-9)
    assert {one["model_version"] for one in (goals, why, player)} == {told["model_version"]}
    assert {one["arm"] for one in (goals, why)} == {told["arm"]}
    return str(told["arm"])


def test_by_their_address(ports: Container) -> None:
    client = asking(ports, access="open", proxies=1)
    headers = [{"x-forwarded-for": f"198.51.100.{number}"} for number in range(8)]
    assert {arm_of_all(client, ports, one) for one in headers} == {"champion", "challenger"}


def test_by_their_key(ports: Container) -> None:
    client, keyring = asking(ports, access="keys"), Keyring(ports.store)
    headers = [{"x-api-key": keyring.add("predict")} for _ in range(8)]
    assert {arm_of_all(client, ports, one) for one in headers} <= {"champion", "challenger"}


def test_numbers_that_were_published_are_the_champions_for_everybody(tmp_path: Path) -> None:
    made = boards.home(tmp_path, players=False)
    boards.routed(made)
    published = boards.older(made, "forecasts", "state", "table").published
    assert published is not None
    client = asking(made, access="open", proxies=1)
    for number in range(8):
        for path in ("", "/goals"):
            address = {"x-forwarded-for": f"198.51.100.{number}"}
            told = client.get(f"/predict/{published.forecasts.matches[0].match_id}{path}", headers=address).json()
            assert (told["model_version"], told["arm"]) == ("m1", "champion")
    lines = client.get("/metrics").text.splitlines()
    counted = [line for line in lines if line.startswith("prediction_requests_total{")]
    assert [line.rpartition(" ")[2] for line in counted] == ["8.0"]
    assert 'arm="champion"' in counted[0]


def test_a_card_says_when_the_model_of_its_forecast_sealed(tmp_path: Path) -> None:
    ports = boards.home(tmp_path, players=False)
    published = read_board(ports).published
    assert published is not None
    match_id = published.forecasts.matches[0].match_id
    (own,) = published.records().sealed[match_id]
    other = replace(own, model_version="m2", sealed_at=own.sealed_at + timedelta(minutes=9))
    records = msgspec.msgpack.encode(Records(sealed={match_id: (own, other)}))
    publication, manifest = current(ports.store, "predictions")
    outputs = manifest.outputs | {"records": write_object(ports.store, "predictions/x/records.msgpack", records)}
    made = replace(manifest, id="x", outputs=outputs)
    publish(ports.store, made, publication.seq, promotion=1, revision=publication.revision + 1)
    card = asking(ports, access="open").get("/predict/cards").json()["cards"][0]
    assert card["forecast"]["match_id"] == match_id
    assert datetime.fromisoformat(card["sealed_at"]) == own.sealed_at
