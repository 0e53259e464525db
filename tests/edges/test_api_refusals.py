"""What the API refuses, how it says so, and that it says so to everything."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api import JSON, Api
from asking import problem


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    """Read only."""
    return Api(tmp_path_factory.mktemp("refusals"))


@pytest.fixture(scope="module")
def asked(api: Api) -> dict[str, Any]:
    match = api.get("/predict/predictions?limit=1").json()["matches"][0]
    return {
        "home_team": match["home_team"],
        "away_team": match["away_team"],
        "competition": "SIM1",
        "date": match["kickoff"][:10],
    }


def faults(answer: Any, status: int = 422) -> dict[str, str]:
    """Field -> reason."""
    return {fault["field"]: fault["reason"] for fault in problem(answer, status)["errors"]}


def test_all_wrong_values_are_named_at_once(api: Api) -> None:
    found = faults(api.get("/predict/predictions?limit=0&offset=x&date_to=null&team=%07&min_probability=nan&tema=a"))
    assert found == {
        "limit": "a whole number >= 1 is expected",
        "offset": "a whole number is expected, not a text",
        "date_to": "no valid date; write it as 2026-03-14",
        "team": "holds what a name does not: control characters, or a blank at an end",
        "min_probability": "a number >= 0.0 is expected",
        "tema": "is not known; did you mean team?",
    }


def test_a_parameter_that_is_given_twice_is_refused(api: Api) -> None:
    assert faults(api.get("/predict/predictions?limit=1&limit=2")) == {"limit": "is given more than once"}


@pytest.mark.parametrize(
    "path",
    [
        "/predict/predictions", "/predict/cards", "/predict/matches", "/predict/predictions.parquet", "/teams",
        "/predict/region-roi", "/models/champion", "/models/decisions", "/models/m1", "/livescores", "/healthz",
        "/readyz", "/metrics", "/openapi.json", "/predict/m/goals", "/predict/m/explain", "/predict/m", "/teams/a/elo",
        "/predict/precomputed/m",
    ],
)  # fmt: skip
def test_parameters_that_nobody_knows_are_refused_by_name(api: Api, path: str) -> None:
    assert "is not known" in faults(api.get(f"{path}?nonsense=1"))["nonsense"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b'{"home_team": NaN}', "malformed"),
        (b'{"home_team": 1e999}', "out of range"),
        (b'"\xff"', "codec"),
        (b'{"home_team": "\\ud800"}', "truncated"),
        (b"[" * 60_000, "too deep"),
        (b'{"a": ' * 9_000, "too deep"),
        (b'{"home_team": "a\x00"}', "malformed"),
    ],
)
def test_what_is_no_json_is_refused(api: Api, body: bytes, reason: str) -> None:
    answer = api.post("/predict/match", content=body, headers={"content-type": JSON})
    assert reason in faults(answer, 400)["body"]


@pytest.mark.parametrize("body", [b"null", b"[]", b"3", b'"a"'])
def test_what_is_no_object_is_refused(api: Api, body: bytes) -> None:
    answer = api.post("/predict/match", content=body, headers={"content-type": JSON})
    assert faults(answer) == {"body": "a JSON object is expected"}


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "a" * 999]
)
def test_a_body_must_be_called_json(api: Api, kind: str, asked: dict[str, Any]) -> None:
    body = problem(api.post("/predict/match", content=b"{}", headers={"content-type": kind} if kind else {}), 415)
    assert "application/json" in body["hint"]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json"])
def test_json_has_several_names(api: Api, kind: str, asked: dict[str, Any]) -> None:
    import json

    body = json.dumps(asked).encode()
    assert api.post("/predict/match", content=body, headers={"content-type": kind}).status_code == 200


def test_every_field_of_a_question_is_checked(api: Api) -> None:
    found = faults(api.post("/predict/match", json={"home_team": 3, "away_team": "", "date": "2026-02-30", "odds": 2}))
    assert found == {
        "home_team": "a text is expected, not a whole number",
        "away_team": "a text of length >= 1 is expected",
        "competition": "is missing",
        "date": "no valid date; write it as 2026-03-14",
        "odds": "is not known; known are: home_team, away_team, competition, date, neutral",
    }


@pytest.mark.parametrize("minutes", [0, 90.5, -1, "90", True, None])
def test_minutes_of_a_player_are_bounded(api: Api, minutes: Any) -> None:
    assert "is expected" in faults(api.post("/predict/player", json={"player": "A", "minutes": minutes}))["minutes"]


NAMES = st.text(max_size=200) | st.sampled_from(
    ["\u202e", "\ufeff", "é" * 100, "İ", "ß", "🏟", "' or 1=1", "<b>", "%00"]
)


@settings(max_examples=25, deadline=None)
@given(name=NAMES)
def test_no_name_breaks_the_service(api: Api, asked: dict[str, Any], name: str) -> None:
    encodable = name.encode("utf-8", "replace").decode()
    answers = [
        api.post("/predict/match", json={**asked, "home_team": encodable}),
        api.get("/predict/predictions", params={"team": encodable}),
        api.get("/predict/cards", params={"competition": encodable}),
    ]
    assert {answer.status_code for answer in answers} <= {200, 404, 422}
    for answer in answers:
        if answer.status_code != 200:
            problem(answer, answer.status_code)


@settings(max_examples=25, deadline=None)
@given(part=st.text(st.characters(exclude_characters="/?#", exclude_categories=["Cs"]), min_size=1, max_size=300))
def test_no_id_breaks_the_service(api: Api, part: str) -> None:
    from urllib.parse import quote

    name = quote(part, safe="")
    for path in (f"/predict/{name}/goals", f"/teams/{name}/elo", f"/models/{name}", f"/predict/{name}"):
        assert api.get(path).status_code in (200, 404, 405)


def test_a_very_long_id_is_not_said_back(api: Api) -> None:
    for path in ("/predict/{}/goals", "/predict/{}", "/teams/{}/elo", "/models/{}", "/predict/precomputed/{}"):
        answer = api.get(path.format("x" * 6_000))
        assert answer.status_code == 404
        assert len(answer.content) < 13_000


# Slashes, methods


@pytest.mark.parametrize(
    "path", ["/predict/predictions", "/teams", "/models/champion", "/healthz", "/docs", "/predict/cards"]
)
def test_a_slash_at_the_end_is_as_good_as_none(api: Api, path: str) -> None:
    assert api.get(f"{path}/").status_code == 200
    assert api.get(f"{path}//").content == api.get(path).content


def test_questions_may_be_sent_with_a_slash_too(api: Api, asked: dict[str, Any]) -> None:
    answers = [api.post(path, json=asked) for path in ("/predict/match", "/predict/match/")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    match_id = api.get("/predict/predictions?limit=1").json()["matches"][0]["match_id"]
    for path in (f"/predict/{match_id}/", f"/predict/{match_id}/goals/", f"/predict/{match_id}/explain/"):
        assert api.get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/predict/predictions", "/predict/predictions.parquet", "/teams", "/healthz", "/readyz", "/", "/openapi.json",
    ],
)  # fmt: skip
def test_head_is_get_without_a_body(api: Api, path: str) -> None:
    whole, head = api.get(path), api.ask("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "etag", "content-length"):
        assert head.headers.get(name) == whole.headers.get(name)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/predict/match", "OPTIONS, POST"),
        ("/predict/player", "OPTIONS, POST"),
        ("/predict/predictions", "GET, HEAD, OPTIONS"),
        ("/predict/some-match", "GET, HEAD, OPTIONS"),
        ("/predict/some-match/goals", "GET, HEAD, OPTIONS"),
        ("/livescores", "GET, HEAD, OPTIONS"),
        ("/models/champion", "GET, HEAD, OPTIONS"),
        ("/healthz", "GET, HEAD, OPTIONS"),
    ],
)
def test_methods_that_a_path_does_not_know_are_told_those_that_it_does(api: Api, path: str, allowed: str) -> None:
    told = api.ask("OPTIONS", path)
    assert (told.status_code, told.headers["allow"], told.content) == (204, allowed, b"")
    for method in ("DELETE", "PUT", "PATCH", "GET" if "POST" in allowed else "POST"):
        answer = api.ask(method, path)
        problem(answer, 405)
        assert answer.headers["allow"] == allowed


def test_unknown_paths_are_unknown_to_every_method(api: Api) -> None:
    for method in ("GET", "POST", "OPTIONS", "DELETE"):
        assert problem(api.ask(method, "/nothing/here"), 404)["hint"] == "see /docs"


def test_an_answer_to_a_question_is_kept_by_nobody(api: Api, asked: dict[str, Any]) -> None:
    assert api.post("/predict/match", json=asked).headers["cache-control"] == "no-store"
    assert api.get("/predict/nobody-nowhere").headers["cache-control"] == "no-store"
    assert api.get("/predict/predictions").headers["cache-control"] == "private, no-cache"
