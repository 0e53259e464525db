"""What the bare core does for every route: slashes, HEAD, files, bounds, and what is no request at all."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from asgi_client import Client
from asking import ASSETS, client_of, listed, problem
from touchline.bootstrap import Container
from touchline.settings import Predict
from touchline.web.core import create_app
from touchline.web.hot import OTHERS


@pytest.fixture(scope="module")
def client(filled: Container) -> Client:
    return client_of(filled)


@pytest.mark.parametrize(
    "path", ["/predict/{match}", "/predict/precomputed/{match}", "/healthz", "/livescores", "/readyz"]
)
def test_a_slash_at_the_end_and_head_are_as_good_as_get(client: Client, path: str) -> None:
    asked = path.format(match=listed(client)[0]["match_id"])
    client.get(asked)  # what comes after is from the cache
    plain, slashed, head = client.get(asked), client.get(f"{asked}/"), client.ask("HEAD", asked)
    assert plain.status_code == slashed.status_code == head.status_code == 200
    assert plain.content == slashed.content
    assert (head.content, head.headers["content-length"]) == (b"", str(len(plain.content)))
    assert head.headers["content-type"] == "application/json"


def test_figures_are_told_at_the_one_path_that_gateways_keep_back(client: Client) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics/").status_code == 404


def test_a_tick_of_knative_finds_the_service_awake_and_other_posts_are_refused(client: Client) -> None:
    tick = {"ce-specversion": "1.0", "ce-type": "dev.knative.sources.ping", "ce-id": "1", "ce-source": "/warm"}
    woken = client.ask("POST", "/readyz", headers=tick)
    assert (woken.status_code, woken.json()["status"]) == (200, "ready")
    assert problem(client.ask("POST", "/readyz", headers=tick | {"ce-type": "other"}), 405)
    assert client.ask("POST", "/healthz", headers=tick).status_code == 405


def test_other_methods_are_refused_with_those_that_are_allowed(client: Client) -> None:
    match = listed(client)[0]["match_id"]
    assert problem(client.ask("DELETE", f"/predict/{match}"), 405)
    answer = client.ask("OPTIONS", f"/predict/{match}")
    assert answer.status_code == 204
    assert "GET" in answer.headers["allow"]


def test_what_stands_in_place_of_a_match_is_known_to_the_core(client: Client) -> None:
    """Otherwise it would be looked for among the matches."""
    paths = client.get("/openapi.json").json()["paths"]
    single = {path.removeprefix("/predict/") for path, methods in paths.items() if "get" in methods}
    words = {rest for rest in single if "/" not in rest and "{" not in rest}
    assert words
    assert words <= OTHERS


def test_an_unknown_parameter_of_a_fast_route_is_refused_as_elsewhere(client: Client) -> None:
    match = listed(client)[0]["match_id"]
    for path in (f"/predict/{match}", f"/predict/precomputed/{match}", "/readyz", "/livescores"):
        (fault,) = problem(client.get(path, params={"color": "red"}), 422)["errors"]
        assert fault["field"] == "color"
        assert "is not known" in fault["reason"]
    (fault,) = problem(client.get("/livescores?competition=E0&competition=E1"), 422)["errors"]
    assert fault["reason"] == "is given more than once"


def test_files_are_sent_once_to_who_keeps_them(client: Client) -> None:
    first = client.get("/static/style.css")
    assert first.headers["content-type"] == "text/css; charset=utf-8"
    assert first.content == (ASSETS / "static" / "style.css").read_bytes()
    again = client.get("/static/style.css?v=2", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/static/icon.svg").headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize("name", ["none.css", "%2e%2e%2fmain.py", "..%2fmain.py", ".", "%00", "x" * 300])
def test_nothing_but_the_files_of_the_folder_can_be_had(client: Client, name: str) -> None:
    assert problem(client.get(f"/static/{name}"), 404)


def test_a_broken_handler_tells_nothing_of_its_inside(filled: Container, tmp_path: Path) -> None:
    app = create_app(filled, Predict(access="open"), tmp_path)  # there is no folder of files
    body = problem(Client(app).get("/static/style.css"), 500)
    assert body["detail"] == "an error of the service (FileNotFoundError), not of the request"


def test_a_key_is_asked_for_before_anything_is_told(filled: Container) -> None:
    app = create_app(filled, Predict(), ASSETS)
    answer = Client(app).get("/predict/anything")
    assert problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("ApiKey")
    assert Client(app).get("/healthz").status_code == 200
    assert 'access_refused_total{reason="missing"} 1.0' in Client(app).get("/metrics").text


def test_servers_may_announce_start_and_end_and_sockets_are_closed(filled: Container) -> None:
    app = create_app(filled, Predict(access="open"), ASSETS)

    def told(scope: dict[str, Any], *messages: str) -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []
        given = iter(messages)

        async def receive() -> dict[str, Any]:
            return {"type": next(given)}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        asyncio.run(app(scope, receive, send))
        return sent

    begun, ended = told({"type": "lifespan"}, "lifespan.startup", "lifespan.shutdown")
    assert (begun["type"], ended["type"]) == ("lifespan.startup.complete", "lifespan.shutdown.complete")
    assert told({"type": "websocket", "path": "/"}) == [{"type": "websocket.close", "code": 1000}]
