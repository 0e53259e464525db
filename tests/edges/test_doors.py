"""Which key opens which route: a table of all routes, asked with every kind of key; and ways round it that are shut."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Route

from asgi_client import Client
from asking import ASSETS, Elapsed, problem
from keyring import Keyring
from touchline import bootstrap
from touchline.bootstrap import Container
from touchline.domain.keys import SCOPES, Scope
from touchline.settings import Predict
from touchline.web.app import application
from touchline.web.core import create_app
from touchline.web.describe import told
from touchline.web.doors import scope_of
from touchline.web.site import Site, site_of

PUBLIC = (
    "GET /", "GET /match/{match_id}", "GET /models", "GET /leaderboard", "GET /drift", "GET /what-if", "GET /chain",
    "GET /track-record", "GET /track-record.csv", "GET /track-record.json", "GET /docs", "GET /openapi.json",
    "GET /healthz", "GET /readyz", "GET /metrics", "GET /static/{name}",
    "POST /chain",  # asks for an admin's key in its form
)  # fmt: skip
READ = (
    "GET /predict/predictions", "GET /predict/predictions.parquet", "GET /predict/precomputed/{match_id}",
    "GET /predict/cards", "GET /predict/region-roi", "GET /predict/matches", "GET /predict/stream", "GET /livescores",
    "GET /teams", "GET /teams/{team}/elo", "GET /models/champion", "GET /models/decisions", "GET /models/{version}",
    "GET /monitoring/deadletters", "GET /monitoring/runs", "GET /monitoring/drift", "GET /monitoring/health",
    "GET /monitoring/trials",
)  # fmt: skip
PREDICT = (
    "GET /predict/{match_id}", "GET /predict/{match_id}/goals", "GET /predict/{match_id}/explain",
    "POST /predict/match", "POST /predict/player", "POST /predict/async", "POST /predict/batch",
    "GET /monitoring/task_status/{task_id}", "GET /monitoring/task_status/{task_id}/result",
)  # fmt: skip
ADMIN = ("POST /monitoring/deadletters/{letter_id}/redrive",)
DOORS: dict[str, Scope | None] = {
    **dict.fromkeys(PUBLIC), **dict.fromkeys(READ, "read"), **dict.fromkeys(PREDICT, "predict"),
    **dict.fromkeys(ADMIN, "admin"),
}  # fmt: skip
GUARDED = sorted(door for door, scope in DOORS.items() if scope)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    home = tmp_path_factory.mktemp("home")
    return site_of(bootstrap.ports({"TOUCHLINE_HOME": str(home)}), Predict(), ASSETS, Elapsed())


@pytest.fixture
def elapsed() -> Elapsed:
    return Elapsed()


@pytest.fixture
def ports(tmp_path: Any) -> Container:
    return bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path / "home")})


@pytest.fixture
def keys(ports: Container) -> Keyring:
    return Keyring(ports.store)


@pytest.fixture
def client(ports: Container, elapsed: Elapsed) -> Client:
    return Client(create_app(ports, Predict(), ASSETS, elapsed=elapsed))


def routes_of(site: Site) -> Iterator[str]:
    """Every route of the application, and what it describes of the core before it."""
    app = application(site)
    for route in app.routes:
        assert isinstance(route, Route), f"{route} is no plain route: say here what opens it"
        yield from (f"{method} {route.path}" for method in route.methods or () if method != "HEAD")
    yield from (f"{operation.method} {operation.path}" for operation in told(app))


def asked(door: str) -> tuple[str, str]:
    method, _, path = door.partition(" ")
    return method, "/".join("x1" if part.startswith("{") else part for part in path.split("/"))


def with_key(key: str) -> dict[str, str]:
    return {"x-api-key": key}


def test_no_route_is_forgotten(site: Site) -> None:
    assert set(routes_of(site)) | {"GET /static/{name}"} == set(DOORS)


@pytest.mark.parametrize("door", sorted(DOORS))
def test_every_route_needs_the_scope_that_is_written_here(door: str) -> None:
    method, path = asked(door)
    assert scope_of(method, path) == DOORS[door]


@pytest.mark.parametrize("door", GUARDED)
def test_every_kind_of_key_at_every_route(client: Client, keys: Keyring, door: str) -> None:
    texts = {scope: keys.add(scope) for scope in SCOPES}
    method, path = asked(door)
    without = client.ask(method, path)
    problem(without, 401)
    assert without.headers["www-authenticate"].startswith("ApiKey")
    problem(client.ask(method, path, headers=with_key("tl_wrong")), 401)
    for scope, text in texts.items():
        answer = client.ask(method, path, headers=with_key(text))
        if scope in (DOORS[door], "admin"):
            assert answer.status_code not in (401, 403), answer.text
            assert answer.headers["ratelimit-limit"] == "6000"
        else:
            assert f"scope {DOORS[door]}" in problem(answer, 403)["detail"]


@pytest.mark.parametrize("door", sorted(set(PUBLIC) - {"POST /chain"}))
def test_what_is_public_needs_no_key_and_is_never_refused_for_one(client: Client, door: str) -> None:
    method, path = asked(door)
    for headers in ({}, with_key("tl_wrong")):
        answer = client.ask(method, path, headers=headers)
        assert answer.status_code not in (401, 403, 429), answer.text
        assert "ratelimit-limit" not in answer.headers


@pytest.mark.parametrize("door", GUARDED)
def test_other_methods_and_slashes_at_the_end_open_nothing(client: Client, keys: Keyring, door: str) -> None:
    keys.add("admin")
    _, path = asked(door)
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "get", "X"):
        assert client.ask(method, path).status_code == 401, method
    assert client.get(f"{path}/").status_code == 401
    assert client.get(f"{path}///").status_code == 401


TRICKS = (
    "//predict/predictions", "/predict//predictions", "/./predict/predictions", "/static/../predict/predictions",
    "/static/..%2fpredict/predictions", "/match/%2e%2e/predict/predictions", "/%70redict/predictions",
    "/predict%2fpredictions", "/predict/predictions%2f", "/predict/predictions%00", "/predict/predictions;x",
    "/PREDICT/predictions", "/predict/predictions?x=1", "/predict/predictions#", "/healthz/../predict/predictions",
    "/healthz%2f..%2fpredict/predictions", "/\\predict/predictions", "/models/../predict/predictions",
    "/docs/predict/predictions", "/static/predict/predictions", "/chain/../monitoring/deadletters/x/redrive",
)  # fmt: skip


@pytest.mark.parametrize("path", TRICKS)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_no_way_round_leads_to_what_needs_a_key(client: Client, keys: Keyring, path: str, method: str) -> None:
    keys.add("admin")
    answer = client.ask(method, path)
    assert answer.status_code in (401, 404, 405), (answer.status_code, answer.text[:200])


PARTS = st.sampled_from(
    ["predict", "predictions", "precomputed", "match", "static", "models", "monitoring", "chain", "", ".", "..", "x1"]
)


@given(st.lists(PARTS, max_size=5), st.sampled_from(["GET", "POST", "HEAD", "PUT"]))
def test_whatever_a_route_would_match_is_as_closed_as_that_route(
    matchers: list[tuple[Route, str]], parts: list[str], method: str
) -> None:
    path = "/" + "/".join(parts)
    path = path.rstrip("/") or "/"
    for route, door in matchers:
        if method in (route.methods or ()) and route.path_regex.match(path):
            needed, found = DOORS[door], scope_of(method, path)
            assert needed is None or found in (needed, "admin", "predict" if needed == "read" else needed)


@pytest.fixture(scope="module")
def matchers(site: Site) -> list[tuple[Route, str]]:
    return [
        (route, f"{method} {route.path}")
        for route in application(site).routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    ]


# What is presented


@pytest.mark.parametrize(
    "headers",
    [
        [("x-api-key", "{key}"), ("x-api-key", "{key}")],
        [("x-api-key", "tl_wrong"), ("x-api-key", "{key}")],
        [("x-api-key", "{key}, {key}")],
        [("x-api-key", "{key}\t")],
        [("x-api-key", "Bearer {key}")],
        [("authorization", "Bearer {key}")],
        [("x-api_key", "{key}")],
        [("cookie", "x-api-key={key}")],
        [("x-original-url", "/healthz")],
        [("x-http-method-override", "OPTIONS")],
    ],
)
def test_only_one_header_presents_a_key_and_only_once(
    client: Client, keys: Keyring, headers: list[tuple[str, str]]
) -> None:
    key = keys.add("admin")
    sent = [(name, value.format(key=key)) for name, value in headers]
    assert client.get("/predict/predictions", headers=sent).status_code == 401


def test_a_key_in_the_address_opens_nothing_and_comes_back_nowhere(client: Client, keys: Keyring) -> None:
    key = keys.add("admin")
    answer = client.get("/predict/predictions", params={"x-api-key": key, "key": key})
    assert answer.status_code == 401
    assert key not in answer.text


FORMS = (b"", b"key=", b"key=tl_wrong&letter=x", b"a=1&" * 50, b"\xff\xfe&&;", b"key=" + b"x" * 60_000)


@pytest.mark.parametrize("body", FORMS)
def test_the_form_of_the_chain_lets_nobody_in_without_a_key(client: Client, keys: Keyring, body: bytes) -> None:
    read, admin = keys.add("read"), keys.add("admin")
    for sent in (body, body + f"&key={read}".encode()):
        answer = client.post("/chain", content=sent, headers=with_key(read))
        assert (answer.status_code, answer.headers["location"]) == (303, "/chain?said=refused.key")
    answer = client.post("/chain", data={"key": admin, "letter": "0" * 32})
    assert (answer.status_code, answer.headers["location"]) == (303, "/chain?said=choose")


def test_a_key_is_in_no_answer_and_no_figure(client: Client, keys: Keyring) -> None:
    key = keys.add("read", per_minute=1)
    answers = [
        client.get(path, headers=with_key(text)) for path in ("/teams", "/predict/x") for text in (key, key[:-1])
    ]
    answers += [client.get("/teams", headers=with_key(key)), client.get("/metrics"), client.get("/readyz")]
    assert [answer.status_code for answer in answers[:5]] == [answers[0].status_code, 401, 403, 401, 429]
    assert all(key[3:20] not in answer.text + str(answer.headers) for answer in answers)


def test_refusals_are_counted_by_their_reason(client: Client, keys: Keyring) -> None:
    key = keys.add("read", per_minute=1)
    for text, path in (("", "/teams"), ("tl_x", "/teams"), (key, "/predict/x"), (key, "/teams"), (key, "/teams")):
        client.get(path, headers=with_key(text) if text else {})
    text = client.get("/metrics").text
    for reason in ("missing", "unknown", "scope", "rate"):
        assert f'access_refused_total{{reason="{reason}"}} 1.0' in text


def test_methods_that_nobody_knows_fill_no_memory(client: Client) -> None:
    for number in range(20):
        client.ask(f"X{number}", "/healthz")
    assert 'method="other"' in client.get("/metrics").text
    assert "X1" not in client.get("/metrics").text


def test_a_revoked_key_is_refused_within_two_seconds(client: Client, keys: Keyring, elapsed: Elapsed) -> None:
    key, other = keys.add("read"), keys.add("read")
    assert client.get("/teams", headers=with_key(key)).status_code != 401
    keys.revoke("k1")
    elapsed.now += 2
    assert client.get("/teams", headers=with_key(key)).status_code == 401
    assert client.get("/teams", headers=with_key(other)).status_code != 401


def test_broken_keys_are_told_and_keep_those_in_force(client: Client, keys: Keyring, elapsed: Elapsed) -> None:
    key = keys.add("read")
    assert client.get("/teams", headers=with_key(key)).status_code != 401
    keys.write(b"{")
    elapsed.now += 2
    assert client.get("/teams", headers=with_key(key)).status_code != 401
    assert 'touchline_predict_fault{part="keys"} 1.0' in client.get("/metrics").text


def test_open_access_is_counted_by_address_whatever_is_told_of_it(ports: Container) -> None:
    client = Client(create_app(ports, Predict(access="open", open_per_minute=2), ASSETS, elapsed=Elapsed()))
    statuses = [
        client.get("/teams", headers={"x-forwarded-for": f"10.0.0.{number}", "forwarded": f"for=10.0.0.{number}"})
        for number in range(3)
    ]
    assert [answer.status_code == 429 for answer in statuses] == [False, False, True]
    told = statuses[2]
    problem(told, 429)
    assert (told.headers["retry-after"], told.headers["ratelimit-remaining"]) == ("30", "0")
    problem(client.post("/monitoring/deadletters/x1/redrive"), 401)


def test_pages_cost_an_address_what_they_cost_us_and_health_costs_nothing(ports: Container) -> None:
    client = Client(create_app(ports, Predict(open_per_minute=2), ASSETS, elapsed=Elapsed()))
    for path in ("/healthz", "/metrics", "/static/page.js", "/readyz"):
        for _ in range(4):
            assert client.get(path).status_code != 429
    assert [client.get(path).status_code for path in ("/", "/chain?x=1", "/chain?x=2")] == [200, 200, 429]
    assert 'access_refused_total{reason="rate"} 1.0' in client.get("/metrics").text


def test_an_answer_to_a_key_is_kept_by_no_cache_that_others_share(client: Client, keys: Keyring) -> None:
    key = keys.add("admin")
    for door in GUARDED:
        method, path = asked(door)
        answer = client.ask(method, path, headers=with_key(key))
        kept = answer.headers.get("cache-control", "")
        assert "public" not in kept, door
        assert "private" in kept or "no-store" in kept or "x-api-key" in answer.headers.get("vary", "").lower(), door
