"""What is told of drift, health and trials over HTTP: from objects, to holders of the right key."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from asgi_client import Client
from asking import ASSETS, Elapsed, problem
from keyring import Keyring
from touchline import bootstrap
from touchline.bootstrap import Container
from touchline.domain.drift_findings import FeatureDrift, Findings, Record
from touchline.domain.health import Health, Signal
from touchline.domain.promotion import Check
from touchline.domain.trials import Trials, TrialState
from touchline.domain.views import POINTER, Leaderboard, ViewsPointer
from touchline.manifest import Manifest, encode, write_object
from touchline.ports import ObjectStore
from touchline.settings import Predict
from touchline.web.core import create_app

PATHS = ("/monitoring/drift", "/monitoring/health", "/monitoring/trials")
FOUND = Findings(
    id="r1", page="reports/drift/r1/report.html", report="reports/drift/r1/report.json", reference="what m1 knew",
    matches={"reference": 900, "current": 200}, until=datetime(2026, 3, 1, tzinfo=UTC), drifted=("elo_difference",),
    share=0.01, record=Record(settled=40, void=1, log_loss=1.01, expected_log_loss=0.99), retrain="",
    moved=(FeatureDrift("elo_difference", 0.3, 0.2, 0.4, 0.0, 0.0, True),), reference_id="m1",
)  # fmt: skip
HEALTH = Health(
    seq=3, mode="live", until="2026-03-01",
    signals=(Signal(model_version="m1", n=40, settled=1.01, expected=0.99, gap=0.02, gap_z=0.6, waiting=8),),
)  # fmt: skip
TRIALS = Trials(
    seq=3, mode="live",
    trials=(
        TrialState(
            model_version="m2", against="m1", role="challenger", n=40, difference=-0.004, verdict="collect", needed=900,
            checks=(Check("rps", True, "no worse"),),
        ),
    ),
)  # fmt: skip


def put(store: ObjectStore, key: str, data: bytes) -> None:
    info = store.stat(key)
    assert store.create(key, data) if info is None else store.swap(key, data, info.etag)


def publish(store: ObjectStore, seq: int, **views: Any) -> None:
    """Publish views, as drift does."""
    outputs = {
        title: write_object(store, f"views/v{seq}/{title}.json", encode(view))
        for title, view in {"leaderboard": Leaderboard(seq=seq, mode="live"), **views}.items()
    }
    manifest = Manifest(
        stage="views", id=f"v{seq}", inputs=(), outputs=outputs, parameters={}, versions={}, counts={}
    )  # fmt: skip
    ref = write_object(store, f"views/v{seq}/manifest.json", encode(manifest))
    put(store, POINTER, encode(ViewsPointer(seq=seq, manifest=ref.key, sha256=ref.sha256)))


def latest(seq: int) -> bytes:
    """What the pointer of drift holds."""
    return encode({**msgspec.to_builtins(FOUND), "seq": seq})


@pytest.fixture
def ports(tmp_path: Path) -> Container:
    return bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path / "home")})


def service(ports: Container, **settings: Any) -> Client:
    return Client(create_app(ports, Predict(refresh_seconds=0, **settings), ASSETS, elapsed=Elapsed()))


def holding(key: str) -> dict[str, str]:
    return {"x-api-key": key}


def test_before_drift_has_looked_there_is_nothing_and_why(ports: Container) -> None:
    headers = holding(Keyring(ports.store).add("read"))
    client = service(ports)
    assert "no drift report" in problem(client.get("/monitoring/drift", headers=headers), 404)["detail"]
    for path, name in (("/monitoring/health", "signals"), ("/monitoring/trials", "trials")):
        told = client.get(path, headers=headers).json()
        assert (told[name], told["reason"], told["seq"]) == ([], "drift has not looked yet", 0)


def test_views_of_before_these_titles_leave_them_empty(ports: Container) -> None:
    headers = holding(Keyring(ports.store).add("read"))
    publish(ports.store, 1)
    assert service(ports).get("/monitoring/trials", headers=headers).json()["trials"] == []


def test_the_newest_is_told_and_known_again_by_its_tag(ports: Container) -> None:
    headers = holding(Keyring(ports.store).add("read"))
    client = service(ports)
    put(ports.store, "reports/drift/latest.json", latest(3))
    publish(ports.store, 3, health=HEALTH, trials=TRIALS)
    drift = client.get("/monitoring/drift", headers=headers)
    assert (drift.json()["share"], drift.json()["moved"][0]["name"], drift.json()["seq"]) == (0.01, "elo_difference", 3)
    (signal,) = client.get("/monitoring/health", headers=headers).json()["signals"]
    assert (signal["gap_z"], signal["waiting"], signal["alarm"]) == (0.6, 8, False)
    (trial,) = client.get("/monitoring/trials", headers=headers).json()["trials"]
    assert (trial["verdict"], trial["needed"], trial["checks"][0]["gate"]) == ("collect", 900, "rps")
    again = {**headers, "if-none-match": drift.headers["etag"]}
    assert client.get("/monitoring/drift", headers=again).status_code == 304
    put(ports.store, "reports/drift/latest.json", latest(4))
    assert client.get("/monitoring/drift", headers=again).json()["seq"] == 4


def test_what_cannot_be_read_leaves_what_was_told_before(ports: Container) -> None:
    headers = holding(Keyring(ports.store).add("read"))
    client = service(ports)
    publish(ports.store, 3, health=HEALTH)
    before = client.get("/monitoring/health", headers=headers).json()
    put(ports.store, POINTER, b"{")
    after = client.get("/monitoring/health", headers=headers).json()
    assert (before["degraded"], bool(after["degraded"])) == ("", True)
    assert after["signals"] == before["signals"]
    fresh = service(ports).get("/monitoring/health", headers=headers)
    assert "cannot be read" in problem(fresh, 503)["detail"]


@pytest.mark.parametrize("path", [*PATHS, "/monitoring/runs", "/monitoring/deadletters"])
def test_only_who_may_read_is_told(ports: Container, path: str) -> None:
    keys = Keyring(ports.store)
    client, reader, asker = service(ports), keys.add("read"), keys.add("predict")
    problem(client.get(path), 401)
    problem(client.get(path, headers=holding("tl_wrong")), 401)
    assert "scope read" in problem(client.get(path, headers=holding(asker)), 403)["detail"]
    assert client.get(path, headers=holding(reader)).status_code in (200, 404)
    assert service(ports, access="open").get(path).status_code in (200, 404)


@pytest.mark.parametrize("path", PATHS)
def test_no_parameter_is_taken(ports: Container, path: str) -> None:
    headers = holding(Keyring(ports.store).add("read"))
    problem(service(ports).get(f"{path}?limit=3", headers=headers), 422)
