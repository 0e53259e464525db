"""The description of the API is true: every route is in it, every field is explained, every example is answered."""

from typing import Any

import pytest

from api import JSON, Api
from asking import ASSETS
from touchline.settings import Predict
from touchline.web.core import create_app
from touchline.web.doors import scope_of
from touchline.web.hot import Hot
from touchline.web.site import site_of

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    """Read only, but for tasks."""
    return Api(tmp_path_factory.mktemp("description"))


@pytest.fixture(scope="module")
def described(api: Api) -> dict[str, Any]:
    return api.description


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and what is said of it."""
    return [
        (method.upper(), path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]


def test_what_a_user_is_promised_is_there(described: dict[str, Any]) -> None:
    assert {f"{method} {path}" for method, path, _ in operations(described)} >= {
        "GET /predict/{match_id}", "GET /predict/predictions", "GET /predict/predictions.parquet",
        "GET /predict/precomputed/{match_id}", "GET /predict/cards", "GET /predict/region-roi", "GET /predict/matches",
        "POST /predict/match", "POST /predict/player", "GET /predict/{match_id}/goals",
        "GET /predict/{match_id}/explain", "GET /teams", "GET /teams/{team}/elo", "GET /livescores",
        "GET /models/champion", "GET /models/{version}", "GET /models/decisions", "GET /predict/stream",
        "POST /predict/async", "POST /predict/batch", "GET /monitoring/task_status/{task_id}", "GET /healthz",
        "GET /readyz", "GET /metrics", "GET /monitoring/drift", "GET /monitoring/health", "GET /monitoring/trials",
    }  # fmt: skip


def test_every_route_of_the_core_is_described(api: Api, described: dict[str, Any]) -> None:
    hot = Hot(site_of(api.ports, Predict(), ASSETS))
    for path in described["paths"]:
        found = hot.route(path)
        assert found is None or found[0] == path
    core = {"/predict/{match_id}", "/predict/precomputed/{match_id}", "/livescores", "/healthz", "/readyz", "/metrics"}
    assert {path for path in described["paths"] if hot.route(path)} == core


def test_the_description_is_itself_as_openapi_wants_it(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    identities = [operation["operationId"] for _, _, operation in operations(described)]
    assert len(set(identities)) == len(identities)
    known = {tag["name"] for tag in described["tags"]}
    for method, path, operation in operations(described):
        assert set(operation["tags"]) <= known, path
        assert operation["summary"], path
        named = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        assert named == {one["name"] for one in operation["parameters"] if one["in"] == "path"}, (method, path)
    for ref in references(described):
        assert ref.removeprefix("#/components/schemas/") in described["components"]["schemas"]


def references(part: Any) -> list[str]:
    """All references below a part of the description."""
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [ref for each in part.values() for ref in references(each)]
    return [ref for each in part for ref in references(each)] if isinstance(part, list) else []


def test_every_field_is_explained(described: dict[str, Any]) -> None:
    missing = [
        f"{name}.{field}"
        for name, shape in described["components"]["schemas"].items()
        for field, schema in shape.get("properties", {}).items()
        if not schema.get("description") and "const" not in schema and "enum" not in schema
    ]
    assert missing == []
    for _, path, operation in operations(described):
        assert all(parameter["description"] for parameter in operation["parameters"]), path


def test_keys_and_their_scopes_are_told_as_the_door_asks_for_them(api: Api, described: dict[str, Any]) -> None:
    for method, path, operation in operations(described):
        scope = scope_of(method, path)
        assert operation["security"] == ([{"X-API-Key": [scope]}] if scope else []), path
        asked = path.replace("{", "").replace("}", "")
        if scope and not path.endswith("stream"):
            assert api.client.ask(method, asked).status_code == 401, path
            assert {"401", "403", "429", "503"} <= set(operation["responses"]), path


def test_refusals_are_problems_everywhere(described: dict[str, Any]) -> None:
    for _, path, operation in operations(described):
        for status, told in operation["responses"].items():
            if status >= "400":
                assert list(told["content"]) == [PROBLEM], (path, status)


def calls(described: dict[str, Any]) -> list[tuple[str, str, Any, dict[str, Any]]]:
    """Method, address, body and description of each operation, asked by its own examples."""
    made = []
    for method, path, operation in operations(described):
        query = {}
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
            elif parameter["in"] == "query" and "example" in parameter:
                query[parameter["name"]] = parameter["example"]
        body = operation.get("requestBody", {}).get("content", {}).get(JSON, {}).get("example")
        made.append((method, path, body, {"query": query, **operation}))
    return made


def test_every_example_is_answered_as_described(api: Api, described: dict[str, Any]) -> None:
    asked = 0
    for method, path, body, operation in calls(described):
        if any(part in path for part in ("/stream", "/batch", "task_status", "deadletters/", "monitoring/drift")):
            continue  # the first has no end; the others need something to be handed in, or published, before
        answer = api.ask(method, path, json=body, params=operation["query"])
        told = operation["responses"][str(answer.status_code)]
        assert answer.status_code in (200, 202), (method, path, answer.text)
        assert answer.headers["content-type"].partition(";")[0] in told["content"], path
        for name in told.get("headers", {}):
            assert name.lower() in answer.headers, (path, name)
        asked += 1
    assert asked >= 20


def test_people_can_copy_a_call_of_every_operation(api: Api, described: dict[str, Any]) -> None:
    page = api.get("/docs").text
    assert page.count("<code>curl ") == len(operations(described))
    match_id = api.get("/predict/predictions?limit=1").json()["matches"][0]["match_id"]
    assert f"/predict/{match_id}/goals" in page


def test_without_a_model_the_description_is_there_all_the_same(tmp_path: Any) -> None:
    from asgi_client import Client
    from touchline import bootstrap

    ports = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path)})
    client = Client(create_app(ports, Predict(refresh_seconds=0), ASSETS))
    paths = client.get("/openapi.json").json()["paths"]
    assert paths["/predict/match"]["post"]["requestBody"]["content"][JSON]["example"]["home_team"] == "Arsenal"
    assert client.get("/docs").status_code == 200
