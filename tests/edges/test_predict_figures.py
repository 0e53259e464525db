"""What predict tells of its model and of how it answers, as Prometheus reads it."""

from pathlib import Path

import pytest

import served
from asgi_client import Client
from asking import ASSETS, Elapsed, listed, question
from told_figures import Told, of, told
from touchline.bootstrap import Container
from touchline.manifest import encode
from touchline.settings import Predict
from touchline.web.core import create_app
from touchline.web.model_figures import PAUSE, POINTER

NONE = frozenset[tuple[str, str]]()


class Service:
    """A service over objects of its own, whose time is moved by hand."""

    def __init__(self, ports: Container) -> None:
        self.store, self.elapsed = ports.store, Elapsed()
        settings = Predict(refresh_seconds=0, access="open")
        self.client = Client(create_app(ports, settings, ASSETS, elapsed=self.elapsed))

    def told(self) -> Told:
        return told(self.client.get("/metrics").content)

    def counted(self, name: str) -> float:
        return self.told()[name, NONE]


@pytest.fixture
def service(filled: Container, tmp_path: Path) -> Service:
    return Service(served.copied(filled, tmp_path / "home"))


def test_every_path_that_tells_forecasts_is_timed(service: Service) -> None:
    match = listed(service.client)[0]["match_id"]
    before = service.counted("prediction_duration_seconds_count")
    assert before == 1
    paths = (
        f"/predict/{match}", f"/predict/{match}/goals", f"/predict/precomputed/{match}", "/predict/predictions",
        "/predict/predictions.parquet", "/predict/cards", f"/predict/{match}/explain", "/", f"/match/{match}",
    )  # fmt: skip
    for place, path in enumerate(paths, 1):
        assert service.client.get(path).status_code == 200, path
        assert service.counted("prediction_duration_seconds_count") == before + place, path
    assert service.client.post("/predict/match", json=question(service.client)).status_code == 200
    for path in ("/healthz", "/readyz", "/predict/none", "/drift"):
        service.client.get(path)
    assert service.counted("prediction_duration_seconds_count") == before + len(paths) + 2, "and the list before it"


def test_how_sure_computed_forecasts_are_is_counted_once_each(service: Service) -> None:
    matches = [one["match_id"] for one in listed(service.client)[:3]]
    likeliest = [max(service.client.get(f"/predict/{one}").json()["probabilities"].values()) for one in matches * 2]
    assert service.counted("prediction_confidence_count") == 3
    assert service.counted("prediction_confidence_sum") == pytest.approx(sum(likeliest[:3]))
    answer = service.client.post("/predict/match", json=question(service.client)).json()
    assert service.counted("prediction_confidence_count") == 4
    surest = max(answer["probabilities"].values())
    assert service.counted("prediction_confidence_sum") == pytest.approx(sum(likeliest[:3]) + surest)
    assert service.counted("inference_duration_seconds_count") == 4


def test_the_model_is_told_with_the_moment_of_its_registration(service: Service) -> None:
    info = service.store.stat("models/m1/manifest.json")
    assert info is not None
    found = service.told()
    assert found["model_registered_at_seconds", NONE] == pytest.approx(info.modified.timestamp())
    labels = {"model_id": "m1", "version": "m1", "promotion": "1"}
    assert found["model_info", frozenset(labels.items())] == 1


def put_drift(service: Service, number: int, scores: dict[str, float], share: float) -> None:
    report = f"reports/drift/r{number}/report.json"
    features = [{"name": name, "psi": psi, "ks": 0.1} for name, psi in scores.items()]
    service.store.create(report, encode({"features": features}))
    latest = encode({"seq": number, "report": report, "share": share, "drifted": []})
    before = service.store.stat(POINTER)
    assert service.store.swap(POINTER, latest, before.etag) if before else service.store.create(POINTER, latest)


def test_the_features_that_moved_most_are_told(service: Service) -> None:
    assert of(service.told(), "model_feature_drift_score") == {}
    scores = {f"feature_{number}": number / 100 for number in range(30)}
    put_drift(service, 1, scores, 0.25)
    service.elapsed.now += PAUSE
    most = {name: psi for name, psi in scores.items() if psi >= 0.1}
    assert of(service.told(), "model_feature_drift_score") == {**most, "share": 0.25}
    put_drift(service, 2, {"feature_1": 0.5}, 0.5)
    assert of(service.told(), "model_feature_drift_score") == {**most, "share": 0.25}, "it is looked at now and then"
    service.elapsed.now += PAUSE
    assert of(service.told(), "model_feature_drift_score") == {"feature_1": 0.5, "share": 0.5}


def test_a_report_that_cannot_be_read_is_a_fault_and_the_last_one_stands(service: Service) -> None:
    put_drift(service, 1, {"feature_1": 0.5}, 0.5)
    assert of(service.told(), "touchline_predict_fault")["figures"] == 0
    before = service.store.stat(POINTER)
    assert before is not None
    service.store.swap(POINTER, b'{"report": "reports/drift/gone/report.json", "share": 1.0}', before.etag)
    service.elapsed.now += PAUSE
    found = service.told()
    assert of(found, "touchline_predict_fault")["figures"] == 1
    assert of(found, "model_feature_drift_score") == {"feature_1": 0.5, "share": 0.5}
