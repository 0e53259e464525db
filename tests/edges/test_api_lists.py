"""Lists of the API: pages, filters, tags, forms, and what is told of matches, teams and models."""

import asyncio
import csv
import dataclasses
import gzip
import hashlib
import io
from collections.abc import Iterator
from contextlib import suppress
from copy import copy
from typing import Any

import msgspec
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

import boards
import served
from api import CSV, JSON, Api
from asgi_client import Client
from asking import ASSETS, problem
from served import promoted, publish_model
from touchline.domain.context import Quoted, newest_prices
from touchline.settings import Predict
from touchline.web.answers import Filter
from touchline.web.core import create_app
from touchline.web.listing import sheet
from touchline.web.negotiation import media


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    """Read only."""
    return Api(tmp_path_factory.mktemp("lists"))


LISTS = {
    "/predict/predictions": "matches",
    "/predict/cards": "cards",
    "/predict/matches": "matches",
    "/teams": "teams",
    "/models/decisions": "decisions",
}


def walked(api: Api, path: str, name: str) -> Iterator[Any]:
    """All entries, by the links from page to page."""
    address = f"{path}?limit=7"
    while address:
        body = api.get(address).json()
        yield from body[name]
        address = body["next"]


@pytest.mark.parametrize(("path", "name"), LISTS.items())
def test_pages_lead_to_each_other_and_hold_everything_once(api: Api, path: str, name: str) -> None:
    whole = api.get(f"{path}?limit=1000").json()
    assert list(walked(api, path, name)) == whole[name]
    assert (len(whole[name]), whole["next"]) == (whole["total"], "")


def test_a_link_keeps_what_was_asked(api: Api) -> None:
    asked = {"competition": "sim1", "date_from": "2026-03-02", "min_probability": 0.4, "limit": 2}
    answer = api.get("/predict/predictions", params=asked)
    after = answer.json()["next"]
    assert f'<{after}>; rel="next"' in answer.headers["link"]
    assert api.get(after).json()["matches"] == api.get(
        "/predict/predictions", params={**asked, "offset": 2}
    ).json()["matches"]  # fmt: skip
    assert api.get(after).json()["total"] == answer.json()["total"]


def test_the_likeliest_outcome_must_reach_the_least_probability(api: Api) -> None:
    everything = api.get("/predict/predictions").json()["matches"]
    likely = [match for match in everything if max(match["probabilities"].values()) >= 0.5]
    assert 0 < len(likely) < len(everything)
    assert api.get("/predict/predictions?min_probability=0.5").json()["matches"] == likely


# Tags and forms


TAGGED = (
    "/predict/predictions",
    "/predict/cards",
    "/predict/matches",
    "/predict/predictions.parquet",
    "/predict/region-roi",
    "/teams",
    "/models/champion",
    "/models/decisions",
    "/openapi.json",
)


@pytest.mark.parametrize("path", TAGGED)
def test_who_holds_an_answer_is_not_sent_it_again(api: Api, path: str) -> None:
    tag = api.get(path).headers["etag"]
    assert tag.startswith('"')
    again = api.get(path, headers={"if-none-match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert api.get(path, headers={"if-none-match": '"other"'}).status_code == 200


class NotedStore:
    """A store that notes what is asked of it, and what of that on a loop, where everybody waits for it."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.asked: list[str] = []
        self.read: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        with suppress(RuntimeError):  # no loop runs in a thread that works for one
            asyncio.get_running_loop()
            self.read.append(name)
        return getattr(self._store, name)


def noted(api: Api) -> tuple[Client, NotedStore]:
    """A client of a service over the same objects, and what the service asks of them."""
    ports = copy(api.ports)
    ports.store = store = NotedStore(api.ports.store)  # type: ignore[assignment]
    return Client(create_app(ports, Predict(refresh_seconds=0, access="open"), ASSETS)), store


@pytest.mark.parametrize("path", ["/predict/predictions", "/predict/cards", "/predict/matches?team=x", "/openapi.json"])
def test_nobody_waits_while_an_answer_reads_the_store(api: Api, path: str) -> None:
    client, store = noted(api)
    assert client.get(path).status_code in (200, 404)
    assert store.asked
    assert store.read == []


def test_a_file_of_which_only_the_headers_are_asked_is_not_opened(api: Api) -> None:
    client, store = noted(api)
    whole = client.get("/predict/predictions.parquet")
    opened = store.asked.count("open")
    head = client.ask("HEAD", "/predict/predictions.parquet")
    assert (head.status_code, head.content, head.headers) == (200, b"", whole.headers)
    assert store.asked.count("open") == opened > 0


def test_tags_differ_by_question_form_coding_and_state(tmp_path: Any) -> None:
    api = Api(tmp_path)

    def tag(path: str = "/predict/predictions", accept: str = JSON, coding: str = "identity") -> str:
        return str(api.get(path, headers={"accept": accept, "accept-encoding": coding}).headers["etag"])

    tags = [tag(), tag("/predict/predictions?limit=99"), tag(accept=CSV), tag(coding="gzip"), tag("/predict/cards")]
    assert len(set(tags)) == len(tags)
    assert tag() == tags[0]
    promoted(api.ports, publish_model(api.ports.store, "m2", 2, **served.against("m1", -0.05)))
    assert tag() != tags[0]


def test_gzip_says_the_same_and_its_tag_is_known_too(api: Api) -> None:
    path = "/predict/predictions"
    plain, packed = (api.get(path, headers={"accept-encoding": coding}) for coding in ("identity", "gzip"))
    assert ("content-encoding" in plain.headers, packed.headers["content-encoding"]) == (False, "gzip")
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content) / 3
    assert packed.headers["vary"].startswith("accept, accept-encoding")
    for tag in (plain.headers["etag"], packed.headers["etag"]):
        assert api.get(path, headers={"if-none-match": tag}).status_code == 304
    assert gzip.compress(plain.content)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/csv", CSV),
        ("text/csv;q=0.5, application/json;q=0.4", CSV),
        ("text/*, application/json;q=0.9", CSV),
        ("application/json, text/csv", JSON),
        ("text/csv;q=0, */*", JSON),
    ],
)
def test_the_preferred_form_is_sent(api: Api, accept: str, kind: str) -> None:
    answer = api.get("/predict/predictions", headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)


def test_what_cannot_be_made_is_refused(api: Api) -> None:
    for accept in ("image/png", "text/csv;q=0, application/json;q=0"):
        assert "application/json or text/csv" in problem(
            api.get("/predict/predictions", headers={"accept": accept}), 406
        )["detail"]  # fmt: skip


RANGES = st.sampled_from(["text/csv", "application/json", "text/*", "application/*", "*/*", "image/png"])


@given(st.lists(st.tuples(RANGES, st.integers(0, 10)), max_size=5))
def test_a_form_is_chosen_only_if_it_is_accepted(ranges: list[tuple[str, int]]) -> None:
    accept = ", ".join(f"{name};q={weight / 10}" for name, weight in ranges)
    found = media(accept, (JSON, CSV))
    weights = dict(ranges) or {"*/*": 10}

    def weight(kind: str) -> int:
        return next((weights[each] for each in (kind, f"{kind.split('/')[0]}/*", "*/*") if each in weights), 0)

    assert found == (max((JSON, CSV), key=weight) if max(weight(JSON), weight(CSV)) else None)


@given(st.text(max_size=60))
def test_no_accept_header_breaks_the_choice(accept: str) -> None:
    assert media(accept, (JSON, CSV)) in (JSON, CSV, None)


def test_the_sheet_says_what_the_list_says(api: Api) -> None:
    rows = list(csv.DictReader(io.StringIO(api.get("/predict/predictions", headers={"accept": CSV}).text)))
    matches = api.get("/predict/predictions").json()["matches"]
    assert [(row["match_id"], float(row["draw"])) for row in rows] == [
        (match["match_id"], match["probabilities"]["draw"]) for match in matches
    ]


def test_the_file_holds_the_forecasts_and_its_hash_is_told(api: Api) -> None:
    link = api.get("/predict/predictions").headers["link"]
    assert '</predict/predictions.parquet>; rel="alternate"' in link
    answer = api.get("/predict/predictions.parquet")
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert int(answer.headers["content-length"]) == len(answer.content)
    table = pyarrow.parquet.read_table(io.BytesIO(answer.content))
    listed = {match["match_id"] for match in api.get("/predict/predictions").json()["matches"]}
    assert set(table["match_id"].to_pylist()) == listed


# What is told


def test_a_card_sets_the_forecast_beside_prices(api: Api) -> None:
    for card in api.get("/predict/cards").json()["cards"]:
        told = card["forecast"]["probabilities"]
        assert {name: pytest.approx(1 / price) for name, price in card["fair_odds"].items()} == told
        assert card["sealed_at"] == served.NOW.isoformat().replace("+00:00", "Z")
        assert len(card["form_home"]) == len(card["form_away"]) == 5
        assert set(card["form_home"] + card["form_away"]) <= set("WDL")
        if card["market"]:
            market = card["market"]["probabilities"]
            assert sum(market.values()) == pytest.approx(1)
            assert {name: pytest.approx(told[name] - market[name]) for name in told} == card["difference"]


def test_the_newest_whole_prices_are_the_market() -> None:
    quoted = (Quoted(None, "first", 2.0, 3.5, 4.0), Quoted(served.NOW, "newer", 2.1, 3.4, 3.8))
    broken = (Quoted(served.NOW, "below", 1.0, 3.0, 3.0), Quoted(served.NOW, "none", 2.0, float("nan"), 3.0))
    assert newest_prices((*quoted, *broken)) is quoted[1]
    assert newest_prices(broken) is None


def test_matches_are_listed_without_numbers(api: Api) -> None:
    matches = api.get("/predict/matches").json()["matches"]
    assert {match["status"] for match in matches} == {"scheduled"}
    assert all(match["forecast"] for match in matches)
    team = matches[0]["away_team"]
    of_team = api.get("/predict/matches", params={"team": team.upper()}).json()["matches"]
    assert of_team == [match for match in matches if team in (match["home_team"], match["away_team"])]


def test_a_team_is_asked_for_by_its_id_or_its_name(api: Api) -> None:
    team = api.get("/teams?competition=SIM1").json()["teams"][0]
    by_id, by_name = (api.get(f"/teams/{name}/elo").json() for name in (team["id"], team["name"]))
    assert by_id == by_name
    assert by_id["ratings"][-1]["elo"] == team["elo"]
    days = [rating["day"] for rating in by_id["ratings"]]
    assert days == sorted(days)
    body = problem(api.get(f"/teams/{team['id'][:-1]}/elo"), 404)
    assert body["suggestions"][0] == team["id"]
    assert body["errors"][0]["field"] == "team"


def test_goals_and_reasons_agree_with_the_forecast(api: Api) -> None:
    match_id = api.get("/predict/predictions?limit=1").json()["matches"][0]["match_id"]
    forecast = list(api.get(f"/predict/{match_id}").json()["probabilities"].values())
    grid, why = (api.get(f"/predict/{match_id}/{more}").json() for more in ("goals", "explain"))
    assert [grid["home"], grid["draw"], grid["away"]] == forecast
    assert sum(map(sum, grid["scores"])) == pytest.approx(1)
    for place, name in enumerate(("home", "draw", "away")):
        assert why["base"][place] + sum(part[name] for part in why["groups"]) == pytest.approx(forecast[place])


def test_models_tell_their_cards_and_decisions(tmp_path: Any) -> None:
    api = Api(tmp_path)
    promoted(api.ports, publish_model(api.ports.store, "m2", 2, **served.against("m1", -0.05)))
    champion = api.get("/models/champion").json()
    assert (champion["model_version"], champion["serves"], champion["card"]["model_id"]) == ("m2", True, "m2")
    earlier = api.get("/models/m1").json()
    assert (earlier["model_version"], earlier["serves"]) == ("m1", False)
    rows = api.get("/models/decisions").json()["decisions"]
    assert [(row["number"], row["champion"], row["previous"]) for row in rows] == [(2, "m2", "m1"), (1, "m1", "")]
    assert set(problem(api.get("/models/m3"), 404)["suggestions"]) == {"m1", "m2"}
    for odd in ("../m1", "%2e%2e", "M1", "x" * 3000):
        assert problem(api.get(f"/models/{odd}"), 404)


def test_a_card_that_is_broken_is_our_fault(tmp_path: Any) -> None:
    api = Api(tmp_path)
    store = api.ports.store
    assert api.get("/readyz").status_code == 200
    assert store.swap("models/m1/card.json", b"{}", store.stat("models/m1/card.json").etag)
    assert "cannot be read" in problem(api.get("/models/champion"), 503)["detail"]


def test_nothing_is_settled_yet(api: Api) -> None:
    body = api.get("/predict/region-roi").json()
    assert (body["returns"], body["reason"]) == ([], "nothing is settled yet")


def test_a_player_is_told_by_his_share(api: Api) -> None:
    match = api.get("/predict/predictions?limit=1").json()["matches"][0]
    known = api.get("/openapi.json").json()["paths"]["/predict/player"]["post"]
    asked = known["requestBody"]["content"][JSON]["example"]
    answer = api.post("/predict/player", json=asked).json()
    assert answer["team"] in (match["home_team"], match["away_team"])
    half = api.post("/predict/player", json={**asked, "minutes": 45}).json()
    assert half["expected_goals"] == pytest.approx(answer["expected_goals"] / 2)
    body = problem(api.post("/predict/player", json={**asked, "player": asked["player"][:-1] + "x"}), 404)
    assert body["errors"][0]["field"] == "player"


def test_on_neutral_ground_sides_do_not_matter(api: Api) -> None:
    asked = api.get("/openapi.json").json()["paths"]["/predict/match"]["post"]["requestBody"]["content"][JSON][
        "example"
    ]
    turned = {**asked, "home_team": asked["away_team"], "away_team": asked["home_team"]}
    one, other = (api.post("/predict/match", json={**each, "neutral": True}).json() for each in (asked, turned))
    assert one["probabilities"]["home"] == pytest.approx(other["probabilities"]["away"])
    assert one["neutral"]


def test_no_cell_of_the_sheet_is_a_formula(api: Api) -> None:
    board = boards.board(api.ports)
    assert board.published is not None
    told = board.published.forecasts
    match = msgspec.structs.replace(told.matches[0], home_team='=HYPERLINK("x")', away_team="1. FC")
    odd = msgspec.structs.replace(told, matches=(match,))
    known = dataclasses.replace(board, published=dataclasses.replace(board.published, forecasts=odd))
    (row,) = csv.DictReader(io.StringIO(sheet(known, Filter()).decode()))
    assert (row["home_team"], row["away_team"]) == ('\'=HYPERLINK("x")', "1. FC")
