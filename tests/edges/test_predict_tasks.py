"""Tasks over HTTP: handed in, worked on by the platform, asked for again; whose they are, and what is refused."""

import csv
import io
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

import served
from asgi_client import Client
from asking import problem
from keyring import Keyring
from queued import answered, client, first_match, moved, small_wiring
from touchline.bootstrap import Container
from touchline.domain.tasks import Task
from touchline.manifest import decode
from touchline.platform.runner import Platform
from touchline.stages.answer_desk import REQUESTS

CSV = {"content-type": "text/csv"}


@pytest.fixture
def ports(filled: Container, tmp_path: Path) -> Container:
    return served.copied(filled, tmp_path / "home")


@pytest.fixture
def site(ports: Container) -> Client:
    return client(ports)


@pytest.fixture
def asked(ports: Container) -> dict[str, Any]:
    match = first_match(ports)
    return {
        "kind": "match", "home_team": match.home_team, "away_team": match.away_team, "competition": "SIM1",
        "date": match.kickoff.date().isoformat(),
    }  # fmt: skip


@pytest.fixture
def keyring(ports: Container) -> Iterator[Keyring]:
    return Keyring(ports.store)


def hand_in(site: Client, question: dict[str, Any], headers: dict[str, str] | None = None, **more: Any) -> Any:
    return site.post("/predict/async", json={"question": question, **more}, headers=headers or {})


def work_off(ports: Container) -> None:
    """Let answer do what is asked."""
    for info in list(ports.store.list(REQUESTS)):
        answered(ports, decode(ports.store.get(info.key), Task))


def test_a_question_goes_through_the_queue_of_the_platform(
    ports: Container, site: Client, asked: dict[str, Any], tmp_path: Path
) -> None:
    answer = hand_in(site, asked)
    assert answer.status_code == 202
    place = answer.headers["location"]
    assert (answer.json()["status"], answer.headers["retry-after"]) == ("pending", "1")
    assert place == f"/monitoring/task_status/{answer.json()['task_id']}"
    assert site.get(place).json() == answer.json()
    environ = {"TOUCHLINE_HOME": str(ports.home), **small_wiring(tmp_path / "functions")}
    with Platform(environ, clock=ports.clock) as platform:
        records = platform.drain()
    assert [(record.function, record.outcome) for record in records] == [("answer", "done")]
    told = site.get(place)
    assert (told.status_code, told.json()["status"]) == (200, "success")
    assert "retry-after" not in told.headers
    question = {name: value for name, value in asked.items() if name != "kind"}
    online = site.post("/predict/match", json=question).json()
    assert told.json()["result"] == online
    assert records[0].traceparent.split("-")[1] == decode(ports.store.get(records[0].key), Task).traceparent[3:35]


def test_the_same_key_and_question_are_the_same_task(ports: Container, site: Client, asked: dict[str, Any]) -> None:
    first = hand_in(site, asked, {"idempotency-key": "today"})
    moved(ports, minutes=5)
    again = hand_in(site, asked, {"idempotency-key": "today"})
    assert (again.status_code, again.json()) == (202, first.json())
    assert len(list(ports.store.list(REQUESTS))) == 1
    body = problem(hand_in(site, {**asked, "neutral": True}, {"idempotency-key": "today"}), 409)
    assert body["errors"][0]["field"] == "Idempotency-Key"
    problem(hand_in(site, asked, {"idempotency-key": "today"}, deadline_seconds=5), 409)
    assert hand_in(site, asked).json()["task_id"] != hand_in(site, asked).json()["task_id"]
    work_off(ports)
    assert hand_in(site, asked, {"idempotency-key": "today"}).json()["status"] == "success"


def test_strangers_share_no_task_by_chance(ports: Container, asked: dict[str, Any]) -> None:
    site = client(ports, proxies=1)

    def identity(address: str) -> str:
        headers = {"idempotency-key": "daily", "x-forwarded-for": address}
        return str(hand_in(site, asked, headers).json()["task_id"])

    assert identity("203.0.113.7") == identity("203.0.113.7") != identity("198.51.100.7")
    other = hand_in(site, {**asked, "neutral": True}, {"idempotency-key": "daily", "x-forwarded-for": "192.0.2.1"})
    assert other.status_code == 202


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "a b"])
def test_a_key_that_is_none_is_refused(site: Client, asked: dict[str, Any], key: str) -> None:
    body = problem(hand_in(site, asked, {"idempotency-key": key}), 422)
    assert body["errors"][0]["field"] == "Idempotency-Key"


def test_who_waits_is_told_where_to_come_back(site: Client, ports: Container, asked: dict[str, Any]) -> None:
    answer = hand_in(site, asked, {"prefer": "respond-async, wait=1", "idempotency-key": "w"})
    body = problem(answer, 504)
    place = answer.headers["location"]
    assert body["task_id"] in place
    assert place in body["hint"]
    work_off(ports)
    assert site.get(place).json()["status"] == "success"
    waited = hand_in(site, asked, {"prefer": "wait=1", "idempotency-key": "w"})
    assert (waited.status_code, waited.json()["status"]) == (200, "success")


def test_who_waits_is_answered_as_soon_as_there_is_an_answer(
    site: Client, ports: Container, asked: dict[str, Any]
) -> None:
    found: list[Any] = []
    asking = threading.Thread(target=lambda: found.append(hand_in(site, asked, {"prefer": "wait=20"})))
    asking.start()
    while asking.is_alive():
        work_off(ports)
    asking.join()
    assert (found[0].status_code, found[0].json()["status"]) == (200, "success")


def test_deadlines_and_what_was_kept_run_out(site: Client, ports: Container, asked: dict[str, Any]) -> None:
    late = hand_in(site, asked, deadline_seconds=60).headers["location"]
    good = hand_in(site, asked).headers["location"]
    moved(ports, seconds=61)
    assert site.get(late).json()["status"] == "expired"
    work_off(ports)
    told = site.get(late).json()
    assert (told["status"], "result" in told, told["reason"]["what"]) == (
        "expired", False, "not answered before its deadline",
    )  # fmt: skip
    assert site.get(good).json()["status"] == "success"
    moved(ports, days=8)
    told = site.get(good).json()
    assert (told["status"], "result" in told) == ("expired", False)


def test_a_failure_says_what_was_wrong(site: Client, ports: Container, asked: dict[str, Any]) -> None:
    place = hand_in(site, {**asked, "home_team": asked["home_team"][:-1]}).headers["location"]
    work_off(ports)
    told = site.get(place).json()
    assert told["status"] == "failure"
    assert told["reason"]["where"] == "home_team"
    assert told["reason"]["details"] == [asked["home_team"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "question"),
        ({"question": {"kind": "weather"}}, "question.kind"),
        ({"question": {"kind": "match"}}, "question"),
        ({"question": {"kind": "answer", "match_id": "m", "x": 1}}, "question"),
        ({"question": {"kind": "batch", "key": "k", "sha256": "s", "size": 1, "format": "csv"}}, "question.kind"),
        ({"question": {"kind": "answer", "match_id": "m"}, "deadline_seconds": 0}, "deadline_seconds"),
        ({"question": {"kind": "answer", "match_id": "m"}, "callback": "http://example.org/"}, "callback"),
        ({"question": {"kind": "answer", "match_id": "m"}, "when": "now"}, "when"),
    ],
)
def test_what_is_no_question_is_refused(site: Client, ports: Container, body: dict[str, Any], field: str) -> None:
    (fault,) = problem(site.post("/predict/async", json=body), 422)["errors"]
    assert fault["field"] == field
    assert not list(ports.store.list(REQUESTS))


@pytest.mark.parametrize("identity", ["0" * 32, "x", "0" * 33, "%20", "A" * 32])
def test_an_unknown_task_is_not_found(site: Client, identity: str) -> None:
    assert "no such task" in problem(site.get(f"/monitoring/task_status/{identity}"), 404)["detail"]


def test_a_task_is_told_to_its_owner_and_to_admins_alone(
    ports: Container, keyring: Keyring, asked: dict[str, Any]
) -> None:
    site = client(ports, access="keys")
    owner, other, admin, reader = (
        {"x-api-key": keyring.add(scope)} for scope in ("predict", "predict", "admin", "read")
    )  # fmt: skip
    problem(hand_in(site, asked), 401)
    problem(hand_in(site, asked, reader), 403)
    place = hand_in(site, asked, {**owner, "idempotency-key": "k"}).headers["location"]
    assert hand_in(site, asked, {**other, "idempotency-key": "k"}).headers["location"] != place
    file = site.post("/predict/batch", content=b"match_id\nm\n", headers={**CSV, **owner}).headers["location"]
    work_off(ports)
    for where in (place, f"{file}/result"):
        assert site.get(where, headers=owner).status_code == 200
        assert site.get(where, headers=admin).status_code == 200
        assert problem(site.get(where, headers=other), 404)["detail"] == "no such task"
        problem(site.get(where, headers=reader), 403)
        problem(site.get(where), 401)


# Files


def table(ports: Container) -> bytes:
    match = first_match(ports)
    lines = ["ref,match_id,home_team,away_team,competition,date", f"a,{match.match_id},,,,", "b,nowhere,,,,"]
    lines += [f"=c,,{match.home_team},{match.away_team},SIM1,{match.kickoff.date()}", "d,,,,,"]
    return "\n".join(lines).encode()


def test_a_file_comes_back_as_json_and_as_csv(site: Client, ports: Container) -> None:
    data = table(ports)
    answer = site.post("/predict/batch", content=data, headers=CSV)
    assert (answer.status_code, answer.json()["kind"]) == (202, "batch")
    place = answer.headers["location"]
    assert "pending" in problem(site.get(f"{place}/result"), 404)["hint"]
    work_off(ports)
    told = site.get(place).json()
    assert (told["status"], told["rows"]) == ("success", {"answered": 2, "rejected": 2})
    rows = site.get(told["result_href"])
    assert rows.headers["content-type"] == "application/json"
    assert [row["line"] for row in rows.json()] == [2, 3, 4, 5]
    sheet = site.get(told["result_href"], headers={"accept": "text/csv"})
    assert sheet.headers["content-type"].startswith("text/csv")
    assert ".csv" in sheet.headers["content-disposition"]
    cells = list(csv.DictReader(io.StringIO(sheet.text)))
    assert [row["ref"] for row in cells] == ["a", "b", "'=c", "d"]
    assert [row["neutral"] for row in cells] == ["", "", "false", ""]
    assert [bool(row["home"]) for row in cells] == [True, False, True, False]
    assert float(cells[0]["home"]) == rows.json()[0]["probabilities"]["home"]
    assert cells[3]["reason"] == rows.json()[3]["reason"] != ""
    problem(site.get(told["result_href"], headers={"accept": "image/png"}), 406)
    moved(ports, days=8)
    assert "expired" in problem(site.get(f"{place}/result"), 404)["hint"]


def test_the_same_file_under_the_same_key_is_the_same_task(site: Client, ports: Container) -> None:
    headers = {**CSV, "idempotency-key": "f"}
    first = site.post("/predict/batch", content=table(ports), headers=headers)
    assert site.post("/predict/batch", content=table(ports), headers=headers).json() == first.json()
    problem(site.post("/predict/batch", content=table(ports) + b"\n", headers=headers), 409)
    problem(site.post("/predict/batch?deadline_seconds=7", content=table(ports), headers=headers), 409)


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"m\n" * 2**15


def test_a_file_may_be_larger_than_a_question_but_not_than_its_own_limit(site: Client, ports: Container) -> None:
    assert site.post("/predict/batch", content=pieces(79), headers=CSV).status_code == 202
    body = problem(site.post("/predict/batch", content=pieces(81), headers=CSV), 413)
    assert "5242880" in body["detail"]
    assert len(list(ports.store.list("uploads/"))) == len(list(ports.store.list(REQUESTS))) == 1
    problem(site.post("/predict/async", content=pieces(2), headers={"content-type": "application/json"}), 413)


def test_what_is_no_file_is_refused(site: Client) -> None:
    assert "text/csv" in problem(site.post("/predict/batch", content=b"x"), 415)["detail"]
    problem(site.post("/predict/batch", content=b"", headers=CSV), 422)
    problem(site.post("/predict/batch?color=red", content=b"x", headers=CSV), 422)
    problem(site.post("/predict/batch?callback=ftp://x", content=b"x", headers=CSV), 422)


def test_a_task_without_rows_has_no_rows_to_give(site: Client, ports: Container, asked: dict[str, Any]) -> None:
    place = hand_in(site, asked).headers["location"]
    work_off(ports)
    problem(site.get(f"{place}/result"), 404)
