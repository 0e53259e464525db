"""What goes wrong on the replica, and what it remembers of who asked."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import replica_server
from asgi_client import Client
from replica_app import Replica, make
from replica_faults import JSON_KINDS, KINDS, Faults
from replica_server import Running
from replica_site import Site
from touchline.cli import replica as command
from touchline.errors import ConfigurationError

PAGE, FEED = "/termsofuse", "/tournaments/24533/data/?d=202508"


@pytest.fixture(scope="module")
def replica() -> Replica:
    return Replica(Site(teams=4, events=200))


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with replica_server.running(teams=4, events=200) as running:
        yield running


def failing(replica: Replica, kind: str, path: str = FEED, **options: Any) -> httpx.Response:
    """The answer of a request that fails so, and after it a good one."""
    replica.faults.set({kind: 1.0}, times=1, **options)
    answer = Client(replica).get(path)
    again = Client(replica).get(path)
    assert again.status_code == 200
    assert "tournaments" in again.json() if path == FEED else "Terms" in again.text
    replica.faults.set({})
    return answer


@pytest.mark.parametrize("path", [PAGE, FEED])
@pytest.mark.parametrize(
    ("kind", "status", "marks"),
    [
        ("incapsula", 200, ("/_Incapsula_Resource?", "Incapsula incident ID: ", "NOINDEX, NOFOLLOW")),
        ("challenge", 403, ("<title>Just a moment...</title>", "/cdn-cgi/challenge-platform/", "_cf_chl_")),
        ("challenge_503", 503, ("Just a moment...", "challenge-running")),
        ("ban", 403, ("Attention Required! | Cloudflare", "Sorry, you have been blocked")),
        ("verify_client", 200, ("verify-client.js", "page you requested does not exist")),
        ("bad_gateway", 200, ("<title>whoscored.com | 502: ",)),
        ("unavailable", 503, ()),
        ("empty", 200, ()),
    ],
)
def test_walls_and_errors(replica: Replica, kind: str, status: int, marks: tuple[str, ...], path: str) -> None:
    answer = failing(replica, kind, path)
    assert answer.status_code == status
    assert all(mark in answer.text for mark in marks)
    assert (answer.content == b"") == (kind == "empty")


def test_every_answer_comes_through_the_same_proxy(replica: Replica) -> None:
    assert "cf-ray" in Client(replica).get(PAGE).headers
    assert "cf-ray" in failing(replica, "challenge").headers


def test_too_many_requests_say_when_to_come_again(replica: Replica) -> None:
    answer = failing(replica, "rate_limited", retry_after=17)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "17")


def test_a_redirect_names_the_path(replica: Replica) -> None:
    answer = failing(replica, "not_found", PAGE)
    assert (answer.status_code, answer.headers["location"]) == (302, f"/404.html?aspxerrorpath={PAGE}")
    assert Client(replica).get(answer.headers["location"]).status_code == 200


def test_bodies_that_are_no_json_any_more(replica: Replica) -> None:
    good = Client(replica).get(FEED)
    cut = failing(replica, "truncated")
    assert good.content.startswith(cut.content)
    with pytest.raises(json.JSONDecodeError):
        cut.json()
    spoilt = failing(replica, "as_html")
    assert spoilt.content == good.content
    assert spoilt.headers["content-type"].startswith("text/html")
    bare = failing(replica, "no_pre")
    assert "<pre>" not in bare.text
    assert "&lt;Works&gt;" in bare.text


@pytest.mark.parametrize("kind", JSON_KINDS)
def test_pages_are_no_json_to_spoil(replica: Replica, kind: str) -> None:
    replica.faults.set({kind: 1.0})
    assert "Terms" in Client(replica).get(PAGE).text
    replica.faults.set({})


def test_a_connection_breaks(served: Running) -> None:
    served.faults.set({"reset": 1.0}, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(served.url + PAGE)
    assert httpx.get(served.url + PAGE).status_code == 200
    assert [hit.status for hit in served.hits.all[-2:]] == [0, 200]


def test_an_answer_is_slow(served: Running) -> None:
    served.faults.set({"slow": 1.0}, times=1, slow_seconds=3.0)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(served.url + PAGE, timeout=0.2)
    begun = time.monotonic()
    assert httpx.get(served.url + PAGE).status_code == 200
    assert time.monotonic() - begun < 2.5
    served.faults.set({})


def test_the_same_seed_fails_the_same_requests() -> None:
    shares = dict.fromkeys(KINDS, 0.05)
    runs = [[Faults(shares, seed=seed).next(f"/{path}", True) for path in range(400)] for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]
    found = Counter(runs[0])
    assert set(found) == {"", *KINDS}
    assert 0.6 < (400 - found[""]) / 400 < 0.9


def test_every_path_is_answered_in_the_end() -> None:
    faults = Faults({"unavailable": 1.0}, times=2)
    assert [faults.next("/a", False) for _ in range(4)] == ["unavailable", "unavailable", "", ""]
    endless = Faults({"unavailable": 1.0}, times=0)
    assert {endless.next("/a", False) for _ in range(9)} == {"unavailable"}


def test_only_some_pages_may_fail(replica: Replica) -> None:
    replica.faults.set({"challenge": 1.0}, pages=["month"])
    client = Client(replica)
    assert [client.get(path).status_code for path in (PAGE, FEED, "/", "/robots.txt")] == [200, 403, 200, 200]
    replica.faults.set({}, pages=[])


def test_faults_that_there_are_not_are_refused(replica: Replica) -> None:
    client = Client(replica)
    for wrong in (
        {"shares": {"earthquake": 1}},
        {"shares": {"empty": 0.7, "ban": 0.7}},
        {"shares": {}, "often": 1},
        [],
    ):
        answer = client.post("/_replica/faults", json=wrong)
        assert answer.status_code == 400
        assert answer.json()["error"]
    assert client.get("/_replica/faults").json()["faults"]["shares"] == {}
    assert client.post("/_replica/revise", json={"revisions": ["nothing"]}).status_code == 400
    assert client.get("/_replica/nothing").status_code == 404


def test_switches_work_from_outside(served: Running) -> None:
    set_to = {"shares": {"unavailable": 1.0}, "times": 1}
    told = httpx.post(f"{served.url}/_replica/faults", json=set_to).json()
    assert told["faults"] | set_to == told["faults"]
    assert [httpx.get(served.url + FEED).status_code for _ in range(2)] == [503, 200]
    httpx.post(f"{served.url}/_replica/faults", json={"shares": {}})
    told = httpx.post(f"{served.url}/_replica/now", json={"now": "2025-08-16T15:00:00+01:00"}).json()
    assert told["now"] == "2025-08-16T14:00:00+00:00"
    rows = httpx.get(f"{served.url}/_replica/truth/schedule").json()
    assert {row["raw_status"] for row in rows if row["source_id"] == "1900001"} == {"3/0'"}


def test_the_log_knows_what_was_asked_for() -> None:
    replica = make(0.0, teams=4, events=200)
    client = Client(replica)
    asked = {
        "/": "home", "/regions/252/tournaments/2": "tournament", "/REGIONS/252/TOURNAMENTS/2/SEASONS/10743": "season",
        "/Regions/252/Tournaments/2/Seasons/10743/Stages/24533/Fixtures/England": "stage", FEED: "month",
        "/livescores/data?d=20250816": "day", "/livescores/1900006/lineups": "line_ups",
        "/Matches/1900006/Live": "match", "/matches/1900006/preview/a-b": "preview", "/robots.txt": "robots",
        "/teams/901/Show": "team", "/assets/site.css": "asset", "/Matches/5/Live": "missing",
        "/Regions/252/Tournaments/3": "missing",
    }  # fmt: skip
    answers = [client.get(path, headers={"User-Agent": "tests"}) for path in asked]
    assert [(hit.path, hit.kind) for hit in replica.hits.all] == list(asked.items())
    assert [hit.status for hit in replica.hits.all] == [answer.status_code for answer in answers]
    assert {hit.agent for hit in replica.hits.all} == {"tests"}
    assert [hit["kind"] for hit in client.get("/_replica/hits").json()] == list(asked.values())
    assert len(replica.hits.gaps()) == len(asked) - 3
    assert all(gap > 0 for gap in replica.hits.gaps())


def test_a_share_of_faults_is_without_walls() -> None:
    replica = make(0.5, teams=4, events=200)
    kinds = {replica.faults.next(f"/{number}", True) for number in range(300)}
    assert kinds == {"", "unavailable", "bad_gateway", "rate_limited", "reset", "truncated", "empty"}


def test_the_command_finds_the_replica_of_the_checkout() -> None:
    assert command.application({}).Replica
    told = command.instructions("http://127.0.0.1:1")
    assert "TOUCHLINE_SCRAPE_WHOSCORED_URL=http://127.0.0.1:1 " in told


def test_outside_of_a_checkout_the_command_says_so(tmp_path: Any) -> None:
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "wiring.yaml").write_text("")
    with pytest.raises(ConfigurationError, match="part of the tests"):
        command.application({"TOUCHLINE_FUNCTIONS": str(tmp_path / "functions")})
