"""The online service over HTTP: what it answers, what it refuses, and its page."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

import served
from asgi_client import Client
from asking import client_of, listed, problem, question
from served import ListedRegistry, forecasted, promoted, public, publish_features, publish_model
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.features import features_for
from touchline.domain.state import TeamState
from touchline.manifest import bundle_of, current, read_object


@pytest.fixture(scope="module")
def client(filled: Container) -> Client:
    return client_of(filled)


@pytest.fixture
def changing(ports: Container) -> Container:
    ports.registry = ListedRegistry()
    return ports


def test_all_forecasts_are_listed_in_the_order_of_kickoff(client: Client, filled: Container) -> None:
    body = client.get("/predict/predictions").json()
    assert body["total"] == len(body["matches"]) == len(filled.ledger.forecasts())
    kickoffs = [match["kickoff"] for match in body["matches"]]
    assert kickoffs == sorted(kickoffs)
    assert all(moment.endswith("Z") for moment in kickoffs)
    for match in body["matches"]:
        assert sum(match["probabilities"].values()) == pytest.approx(1, abs=1e-6)
        assert list(match["probabilities"]) == ["home", "draw", "away"]
        assert 0.2 < match["goals"]["expected_goals_home"] < 6
        assert 0.1 < match["goals"]["over_25"] < 0.95
    assert (body["mode"], body["as_of"], body["simulated"]) == ("simulated", "2026-03-02T09:00:00+00:00", True)
    assert (body["outdated"], body["degraded"], body["model"]["model_id"]) == (False, "", "m1")


def test_answers_are_what_was_sealed(client: Client, filled: Container) -> None:
    for row in filled.ledger.forecasts():
        answer = client.get(f"/predict/{row.match_id}").json()
        assert answer["probabilities"] == {"home": row.home, "draw": row.draw, "away": row.away}
        assert (answer["model_version"], answer["promotion"], answer["seq"]) == ("m1", 1, 1)


def test_a_team_is_found_by_any_case(client: Client) -> None:
    team = listed(client)[0]["home_team"]
    found = listed(client, team=team.upper())
    assert found
    assert all(team in (match["home_team"], match["away_team"]) for match in found)


def test_filters_narrow_by_competition_and_days(client: Client) -> None:
    everything = listed(client)
    day = everything[-1]["kickoff"][:10]
    assert listed(client, date_from=day) == [match for match in everything if match["kickoff"][:10] >= day]
    assert listed(client, date_to=day, date_from=day) == [m for m in everything if m["kickoff"][:10] == day]
    assert listed(client, competition="sim1") == everything
    assert listed(client, date_from="2030-01-01") == []


def test_pages_put_together_are_the_whole(client: Client) -> None:
    everything = listed(client)
    pages = [listed(client, limit=3, offset=start) for start in range(0, len(everything), 3)]
    assert [match for page in pages for match in page] == everything


def test_csv_for_who_asks_for_it(client: Client) -> None:
    answer = client.get("/predict/predictions", params={"limit": 2}, headers={"accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    for row, match in zip(rows, listed(client, limit=2), strict=True):
        assert float(row["home"]) == match["probabilities"]["home"]
        assert (row["match_id"], row["kickoff_known"]) == (match["match_id"], "true")


@pytest.mark.parametrize(
    ("query", "field", "example"),
    [
        ({"limit": 0}, "limit", 100),
        ({"limit": 100_000}, "limit", 100),
        ({"offset": -1}, "offset", 0),
        ({"date_from": "14.3.2026"}, "date_from", "2026-03-14"),
        ({"team": "x" * 101}, "team", "Arsenal"),
    ],
)
def test_a_wrong_value_is_refused_with_field_reason_and_example(
    client: Client, query: dict[str, Any], field: str, example: Any
) -> None:
    (fault,) = problem(client.get("/predict/predictions", params=query), 422)["errors"]
    assert (fault["field"], fault["example"]) == (field, example)
    assert fault["reason"]


def test_an_unknown_parameter_is_refused(client: Client) -> None:
    (fault,) = problem(client.get("/predict/predictions", params={"tema": "Arsenal"}), 422)["errors"]
    assert fault == {"field": "tema", "reason": "is not known; did you mean team?"}


def test_unknown_names_get_suggestions(client: Client) -> None:
    team = listed(client)[0]["home_team"]
    body = problem(client.get("/predict/predictions", params={"team": team[:-1]}), 404)
    assert body["suggestions"][0] == team
    assert body["errors"][0]["field"] == "team"
    assert problem(client.get("/predict/predictions", params={"competition": "E0"}), 404)["suggestions"] == ["SIM1"]
    match_id = listed(client)[0]["match_id"]
    assert match_id in problem(client.get(f"/predict/{match_id}x"), 404)["suggestions"]


def test_what_if_agrees_with_the_features_and_the_champion(client: Client, filled: Container) -> None:
    asked = question(client)
    answer = client.post("/predict/match", json=asked).json()
    _, manifest = current(filled.store, "predictions")
    state = TeamState.from_bytes(read_object(filled.store, manifest.outputs["state"]))
    kickoff = np.array([f"{asked['date']}T12:00"], "datetime64[us]")
    values = features_for(state, [asked["home_team"]], [asked["away_team"]], ["SIM1"], ["2025-26"], kickoff)
    _, serving = current(filled.store, "serving")
    (row,) = filled.model(*bundle_of(serving)).predict(values).tolist()
    assert list(answer["probabilities"].values()) == row
    assert (answer["model_version"], answer["season"], answer["simulated"]) == ("m1", "2025-26", True)


def test_what_if_is_near_the_forecast_of_the_same_fixture(client: Client) -> None:
    match = listed(client)[0]
    answer = client.post("/predict/match", json=question(client)).json()
    for outcome, value in match["probabilities"].items():  # they differ by the hour of kick-off only
        assert answer["probabilities"][outcome] == pytest.approx(value, abs=0.02)


def test_what_if_takes_names_in_any_case_and_turns_sides(client: Client) -> None:
    asked = question(client)
    turned = {**asked, "home_team": asked["away_team"].lower(), "away_team": asked["home_team"], "competition": "sim1"}
    answer = client.post("/predict/match", json=turned).json()
    assert answer["home_team"] == asked["away_team"]
    assert answer["probabilities"] != client.post("/predict/match", json=asked).json()["probabilities"]


@pytest.mark.parametrize(
    ("changes", "status", "field", "reason"),
    [
        ({"home_team": "Nowhere United"}, 404, "home_team", "no team 'Nowhere United'"),
        ({"away_team": "?"}, 404, "away_team", "no team '?'"),
        ({"competition": "E0"}, 404, "competition", "no competition 'E0'"),
        ({"date": "1999-01-01"}, 422, "date", "would know its future"),
        ({"date": "soon"}, 422, "date", "valid date"),
        ({"home_team": ""}, 422, "home_team", "a text of length >= 1 is expected"),
        ({"home_team": None}, 422, "home_team", "a text is expected, not nothing"),
        ({"odds": 2.0}, 422, "odds", "is not known; known are: home_team"),
    ],
)
def test_what_if_refuses_what_it_cannot_know(
    client: Client, changes: dict[str, Any], status: int, field: str, reason: str
) -> None:
    body = problem(client.post("/predict/match", json=question(client, **changes)), status)
    assert body["errors"][0]["field"] == field
    assert reason in body["errors"][0]["reason"]


def test_a_team_does_not_play_itself(client: Client) -> None:
    asked = question(client)
    body = problem(client.post("/predict/match", json={**asked, "away_team": asked["home_team"].upper()}), 422)
    assert "against itself" in body["detail"]


def test_a_body_that_is_no_json_is_refused(client: Client) -> None:
    problem(client.post("/predict/match", content=b"{", headers={"content-type": "application/json"}), 400)


def test_a_huge_body_is_refused_before_it_is_read(client: Client) -> None:
    body = problem(client.post("/predict/match", content=b" " * 65_537), 413)
    assert "65536 bytes" in body["detail"]
    assert problem(client.post("/predict/match", content=pieces()), 413)


async def pieces() -> AsyncIterator[bytes]:
    for _ in range(3):
        yield b" " * 40_000


def test_other_paths_and_methods_are_problems_too(client: Client) -> None:
    assert problem(client.get("/nothing/here"), 404)["hint"] == "see /docs"
    assert problem(client.ask("DELETE", "/predict/match"), 405)


def test_metrics_count_by_route_not_by_match(client: Client) -> None:
    client.get("/predict/no-such-match")
    text = client.get("/metrics").text
    assert 'route="/predict/{match_id}",status="404"' in text
    assert "no-such-match" not in text
    assert "touchline_predict_ready 1.0" in text
    assert "touchline_predict_promotion 1.0" in text


def test_nothing_foreign_may_enter_any_answer(client: Client) -> None:
    for path in ("/", "/docs", "/static/style.css", "/predict/predictions", "/nothing"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith(
            "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'"
        )
        assert headers["x-content-type-options"] == "nosniff"


# The page, and the ways platforms call


def test_the_page_shows_every_fixture_with_its_numbers(client: Client) -> None:
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for match in listed(client):
        assert f'id="{match["match_id"]}"' in page.text
    assert "Simulated league: invented matches." in page.text
    assert "Simulated time: as of 2 Mar 2026, 09:00 UTC." in page.text
    assert "not betting advice" in page.text
    assert "Bookmaker, at kick-off" in client.get("/models").text
    assert page.text.count("goals expected, three or more in") == len(listed(client))
    assert " style=" not in page.text


def test_forecasts_of_a_simulated_time_say_so_under_any_clock(filled: Container) -> None:
    live = bootstrap.ports({"TOUCHLINE_HOME": str(filled.home)})
    assert "Simulated time: as of 2 Mar 2026, 09:00 UTC." in client_of(live).get("/").text


def test_a_match_whose_hour_is_open_stays_until_its_day_is_over(changing: Container, clock: VirtualClock) -> None:
    table = served.tables()[0]["upcoming"]
    day = table["kickoff"].dt.normalize()
    open_hours = table.assign(kickoff=day + pd.Timedelta(hours=12), kickoff_known=False)
    promoted(changing, publish_model(changing.store, "m1", 1))
    forecasted(changing, publish_features(changing.store, upcoming=open_hours))
    client = client_of(changing)
    first = listed(client)[0]
    assert first["kickoff_known"] is False
    clock.move(datetime.fromisoformat(first["kickoff"]) + timedelta(hours=11))
    page = client.get("/").text
    assert f'id="{first["match_id"]}"' in page
    assert "Time open" in page
    clock.move(clock.now() + timedelta(hours=2))
    assert f'id="{first["match_id"]}"' not in client.get("/").text


def test_a_competition_without_matches_says_so(client: Client) -> None:
    assert "No coming match fits." in client.get("/", params={"competition": "E0"}).text
    assert "<em>" not in client.get("/", params={"competition": "<em>", "team": "<em>"}).text


def test_what_kicked_off_leaves_the_page(changing: Container, clock: VirtualClock) -> None:
    public(changing)
    client = client_of(changing)
    matches = listed(client)
    clock.move(datetime.fromisoformat(matches[-1]["kickoff"]))
    page = client.get("/").text
    assert "Every match that was forecast has kicked off." in page
    assert client.get(f"/predict/{matches[0]['match_id']}").status_code == 200


def test_an_empty_horizon_says_why(changing: Container) -> None:
    later = served.tables()[0]["upcoming"].tail(1)
    promoted(changing, publish_model(changing.store, "m1", 1))
    forecasted(changing, publish_features(changing.store, upcoming=later))
    client = client_of(changing)
    body = client.get("/predict/predictions").json()
    assert (body["total"], body["reason"].startswith("no fixture in the next 14 days")) == (0, True)
    assert "no fixture in the next 14 days" in client.get("/").text


FORBIDDEN = ("pandas", "sklearn", "xgboost", "mlflow", "sqlalchemy", "pyarrow", "scipy", "evidently", "optuna")
ASK = """
import asyncio, json, os, sys
from touchline.web.entry import asgi, handle, lambda_handler
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

before = sorted({name.partition(".")[0] for name in sys.modules})
asked = EnvironBuilder(path="/predict/predictions", query_string="limit=1").get_environ()
body, status, headers = handle(Request(asked))
event = {
    "version": "2.0", "routeKey": "$default", "rawPath": "/readyz", "rawQueryString": "", "headers": {},
    "requestContext": {"http": {"method": "GET", "path": "/readyz", "sourceIp": "", "protocol": "HTTP/1.1"}},
}
ready = lambda_handler(event, None)
sent = []


async def call():
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/healthz", "query_string": b"", "headers": [], "http_version": "1.1",
        "scheme": "http", "server": ("x", 80), "client": ("y", 1), "root_path": "", "raw_path": b"",
    }
    await asgi(scope, receive, send)


asyncio.run(call())
after = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps([before, after, status, json.loads(body), ready["statusCode"], sent[0]["status"]]))
"""


def test_it_needs_no_table_database_or_learning_library_however_it_is_called(filled: Container) -> None:
    environ = {"TOUCHLINE_HOME": str(filled.home), "PATH": "", "TOUCHLINE_NOW": "2026-03-02T09:00:00+00:00"}
    environ["TOUCHLINE_PREDICT_ACCESS"] = "open"
    done = subprocess.run([sys.executable, "-c", ASK], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, after, status, listing, ready, alive = json.loads(done.stdout)
    assert not set(FORBIDDEN) & set(before)
    assert not set(FORBIDDEN) & set(after)
    assert (status, len(listing["matches"]), ready, alive) == (200, 1, 200, 200)
