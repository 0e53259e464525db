"""What the online service knows, and when: news, faults, and models that nobody promoted."""

import asyncio
import time
from pathlib import Path
from threading import Event, Semaphore, Timer
from typing import Any, ClassVar

import httpx
import msgspec
import numpy as np
import pytest

import served
from asgi_client import Client
from asking import ASSETS, Elapsed, client_of, listed, problem, question
from keyring import Keyring
from served import ListedRegistry, against, forecasted, promoted, public, publish_model
from touchline.bootstrap import Container
from touchline.errors import Unavailable
from touchline.manifest import Manifest, current, encode, publish, read_object
from touchline.settings import Predict
from touchline.web.core import create_app
from touchline.web.watch import PATIENCE, Watcher
from waiting import wait_until


@pytest.fixture
def changing(ports: Container) -> Container:
    ports.registry = ListedRegistry()
    return ports


def test_without_a_champion_it_is_alive_but_not_ready(changing: Container) -> None:
    client = client_of(changing)
    assert client.get("/healthz").status_code == 200
    assert "nothing published by serving" in problem(client.get("/readyz"), 503)["detail"]
    assert problem(client.get("/predict/predictions"), 503)
    assert "touchline_predict_ready 0.0" in client.get("/metrics").text
    assert "No model serves yet." in client.get("/").text


def test_a_champion_without_forecasts_is_ready_and_says_what_is_missing(changing: Container) -> None:
    promoted(changing, publish_model(changing.store, "m1", 1))
    client = client_of(changing)
    assert client.get("/readyz").json()["forecasts"] == 0
    answer = client.get("/predict/predictions")
    assert problem(answer, 503)["detail"] == "no forecasts are published yet"
    assert answer.headers["retry-after"] == "30"
    assert "No forecasts are published yet." in client.get("/").text


def test_news_is_looked_for_at_most_every_so_often(changing: Container) -> None:
    elapsed = Elapsed()
    public(changing)
    client = client_of(changing, elapsed, refresh=5.0)
    assert client.get("/readyz").json()["promotion"] == 1
    serving = promoted(changing, publish_model(changing.store, "m2", 2, **against("m1"))).publications[0]
    elapsed.now = 4.9
    assert client.get("/readyz").json()["promotion"] == 1
    elapsed.now = 5.0
    wait_until(lambda: client.get("/readyz").json()["promotion"] == 2, "the new champion is taken up", 10)
    assert client.get("/readyz").json() | {"forecasts": 0} == {
        "status": "ready", "model_id": "m2", "model_version": "m2", "promotion": 2, "seq": 1, "forecasts": 0,
        "outdated": True, "degraded": "",
    }  # fmt: skip
    assert "A newer model serves since promotion 2" in client.get("/").text
    forecasted(changing, serving)
    elapsed.now = 10.0
    wait_until(lambda: client.get("/readyz").json()["outdated"] is False, "the new forecasts are taken up", 10)
    assert client.get("/predict/predictions").json()["model"]["model_id"] == "m2"


def test_a_broken_newer_model_leaves_the_old_one_serving(changing: Container) -> None:
    public(changing)
    client = client_of(changing)
    before = client.get("/predict/predictions").json()["matches"]
    promoted(changing, publish_model(changing.store, "m2", 2, **against("m1")))
    etag = changing.store.stat("models/m2/model.onnx").etag
    assert changing.store.swap("models/m2/model.onnx", b"tampered", etag)
    ready = client.get("/readyz").json()
    assert (ready["model_id"], "models/m2/model.onnx" in ready["degraded"]) == ("m1", True)
    after = client.get("/predict/predictions").json()
    assert after["matches"] == before
    assert "hash is" in after["degraded"]
    assert "touchline_predict_degraded 1.0" in client.get("/metrics").text
    assert "Showing the last good state." in client.get("/").text
    assert client.post("/predict/match", json=question(client)).json()["model_version"] == "m1"
    assert problem(client_of(changing).get("/readyz"), 503)  # who starts anew has no good state to fall back on
    assert "The forecasts cannot be read." in client_of(changing).get("/").text


def test_a_store_that_does_not_answer_is_survived(changing: Container, tmp_path: Path) -> None:
    public(changing)
    client = client_of(changing)
    assert client.get("/readyz").status_code == 200
    store = changing.store

    class Down:
        def __getattr__(self, name: str) -> Any:
            raise Unavailable("the store does not answer")

    changing.store = Down()
    assert client.get("/readyz").json()["degraded"] == "the store does not answer"
    assert listed(client)
    changing.store = store
    assert client.get("/readyz").json()["degraded"] == ""


class Wavering:
    """A store that answers while `speaks` is set; what it was asked for in a silence it read before."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.speaks = Event()
        self.speaks.set()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def answer(*args: Any, **options: Any) -> Any:
            found = method(*args, **options)
            self.speaks.wait(30)
            return found

        return answer


@pytest.mark.parametrize("access", ["open", "keys"])
def test_a_store_that_falls_silent_holds_nobody_up(changing: Container, access: Any) -> None:
    public(changing)
    headers = {"x-api-key": Keyring(changing.store).add("admin")} if access == "keys" else {}
    changing.store = store = Wavering(changing.store)
    elapsed = Elapsed()
    client = Client(create_app(changing, Predict(refresh_seconds=5.0, access=access), ASSETS, elapsed=elapsed))
    first = client.get("/predict/predictions", headers=headers).json()["matches"][0]["match_id"]

    def ask() -> dict[str, Any]:
        answer = client.get(f"/predict/{first}", headers=headers)
        assert answer.status_code == 200
        return dict(answer.json())

    before = ask()
    store.speaks.clear()
    elapsed.now += 12.5  # as long as nobody asks, nobody looks
    begun = time.monotonic()
    ask()
    assert time.monotonic() - begun < 2 * PATIENCE, "who comes after a silence waits a while"
    begun, answers = time.monotonic(), []
    while len(answers) < 20:
        elapsed.now += 1.0  # the next looks come due, while one is still on its way
        answers.append(ask())
    assert time.monotonic() - begun < PATIENCE
    assert {str(answer["probabilities"]) for answer in answers} == {str(before["probabilities"])}
    assert "has not answered" in answers[-1]["degraded"]
    store.speaks.set()
    wait_until(lambda: ask()["degraded"] == "", "the store is back")


def test_who_slept_while_a_look_was_on_its_way_does_not_answer_from_before(changing: Container) -> None:
    public(changing)
    kept, elapsed = changing.store, Elapsed()
    changing.store = store = Wavering(kept)
    client = client_of(changing, elapsed, refresh=5.0)
    assert client.get("/readyz").json()["promotion"] == 1
    store.speaks.clear()
    elapsed.now = 5.0
    assert client.get("/readyz").json()["promotion"] == 1  # its look goes on beside it
    changing.store = kept
    promoted(changing, publish_model(kept, "m2", 2, **against("m1")))
    changing.store = store
    elapsed.now = 36_000.0
    awake = Timer(0.1, store.speaks.set)
    awake.start()
    assert client.get("/readyz").json()["promotion"] == 2
    awake.join()


def test_who_slept_while_a_look_was_about_to_end_does_not_answer_from_before(changing: Container) -> None:
    public(changing)
    elapsed, about_to_end, may_end = Elapsed(), Event(), Event()

    def ending(board: object) -> None:
        about_to_end.set()
        assert may_end.wait(20)

    watcher = Watcher(changing, 5.0, elapsed, ending)
    may_end.set()
    assert asyncio.run(watcher.board()).serving.promotion == 1
    may_end.clear()
    about_to_end.clear()
    elapsed.now = 5.0
    watcher.at_hand()
    assert about_to_end.wait(20)
    promoted(changing, publish_model(changing.store, "m2", 2, **against("m1")))
    elapsed.now = 36_000.0
    awake = Timer(0.1, may_end.set)
    awake.start()
    assert asyncio.run(watcher.board()).serving.promotion == 2
    awake.join()


def test_whoever_waits_is_answered_by_the_look_after_the_question_and_waits_for_no_other(changing: Container) -> None:
    public(changing)
    about_to_end, may_end = Semaphore(0), Semaphore(0)

    def ending(board: object) -> None:
        about_to_end.release()
        assert may_end.acquire(timeout=60)

    watcher = Watcher(changing, 0.0, Elapsed(), ending)

    async def asked() -> "asyncio.Task[Any]":
        task = asyncio.ensure_future(watcher.board())
        await asyncio.sleep(0)
        return task

    async def case() -> None:
        waiting = await asked()
        for _ in range(5):
            assert await asyncio.to_thread(about_to_end.acquire, timeout=60)
            late = await asked()
            assert not waiting.done()
            may_end.release()
            await asyncio.wait_for(waiting, 10)
            waiting = late
        may_end.release()
        await asyncio.wait_for(waiting, 10)

    asyncio.run(case())
    assert watcher.fault == ""


def test_a_fault_beside_a_look_keeps_nobody_from_the_board(changing: Container) -> None:
    public(changing)

    def failing(board: object) -> None:
        raise RuntimeError("nobody foresaw this")

    watcher = Watcher(changing, 0.0, Elapsed(), failing)
    assert asyncio.run(watcher.board()).serving.promotion == 1
    promoted(changing, publish_model(changing.store, "m2", 2, **against("m1")))
    assert asyncio.run(watcher.board()).serving.promotion == 2
    assert watcher.fault == "RuntimeError: nobody foresaw this"


def test_forecasts_of_a_model_that_was_never_promoted_are_not_shown(changing: Container) -> None:
    public(changing)
    store = changing.store
    publication, manifest = current(store, "predictions")
    told = msgspec.json.decode(read_object(store, manifest.outputs["forecasts"]))
    told["model"]["model_id"] = "stranger"
    outputs = {
        **manifest.outputs,
        "forecasts": served.write_object(store, "predictions/x/forecasts.json", encode(told)),
    }
    publish(store, msgspec.structs.replace(manifest, id="x", outputs=outputs), publication.seq + 1, promotion=1)
    assert "stranger" in problem(client_of(changing).get("/readyz"), 503)["detail"]


def test_forecasts_that_are_no_probabilities_are_not_shown(changing: Container) -> None:
    public(changing)
    store = changing.store
    publication, manifest = current(store, "predictions")
    told = msgspec.json.decode(read_object(store, manifest.outputs["forecasts"]))
    told["matches"][0]["home"] += 0.1
    outputs = {
        **manifest.outputs,
        "forecasts": served.write_object(store, "predictions/x/forecasts.json", encode(told)),
    }
    publish(store, msgspec.structs.replace(manifest, id="x", outputs=outputs), publication.seq + 1, promotion=1)
    client = client_of(changing)
    assert "sum to 1" in problem(client.get("/readyz"), 503)["detail"]


@pytest.mark.parametrize(("whole_bundle", "told"), [(False, "serving/y/manifest.json"), (True, "KeyError")])
def test_a_publication_of_another_shape_is_survived(changing: Container, whole_bundle: bool, told: str) -> None:
    public(changing)
    client = client_of(changing)
    assert client.get("/readyz").status_code == 200
    outputs = current(changing.store, "serving")[1].outputs if whole_bundle else {}
    parameters = {} if whole_bundle else {"model_id": "y", "model_version": "y"}
    odd = Manifest(stage="serving", id="y", inputs=(), outputs=outputs, parameters=parameters, versions={}, counts={})
    publish(changing.store, odd, 9)
    assert told in client.get("/readyz").json()["degraded"]


def test_many_first_requests_read_the_state_once(changing: Container) -> None:
    key = public(changing)
    store = changing.store

    class Counting:
        reads: ClassVar[list[str]] = []

        def get(self, key: str) -> bytes:
            self.reads.append(key)
            return bytes(store.get(key))

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

    changing.store = Counting()
    app = create_app(changing, Predict(refresh_seconds=60, access="open"), ASSETS)

    async def ask_at_once() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            answers = await asyncio.gather(*(client.get("/predict/predictions") for _ in range(12)))
        return [answer.status_code for answer in answers]

    assert asyncio.run(ask_at_once()) == [200] * 12
    (read,) = (key for key in Counting.reads if key.startswith("predictions/published/"))
    assert read == key


def test_a_model_that_gives_no_probabilities_answers_no_what_if(changing: Container) -> None:
    class Broken:
        model_id, features = "m1", served.FEATURE_NAMES

        def both(self, features: Any) -> Any:
            return np.full((len(features), 3), np.nan), np.full((len(features), 2), np.nan)

    public(changing)
    changing.model = lambda bundle, digests: Broken()
    client = client_of(changing)
    assert "no probabilities" in problem(client.post("/predict/match", json=question(client)), 503)["detail"]


def test_an_error_of_its_own_is_told_without_its_inside(changing: Container, tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    client = Client(create_app(changing, Predict(access="open"), tmp_path))
    body = problem(client.get("/"), 500)
    assert body["detail"] == "an error of the service (TemplateNotFound), not of the request"


def test_a_model_of_other_features_answers_no_what_if(changing: Container) -> None:
    public(changing)
    files = {"features.json": encode({"names": ["a"] * len(served.FEATURE_NAMES), "dtype": "float32", "sha256": ""})}
    promoted(changing, publish_model(changing.store, "m2", 2, files=files, **against("m1")))
    client = client_of(changing)
    asked = question(client)
    assert "does not make" in problem(client.post("/predict/match", json=asked), 503)["detail"]
