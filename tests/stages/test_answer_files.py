"""Queued files and callbacks: rows answered as each alone, and clients told once, whatever they answer."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import pytest

import boards
import served
from queued import answered, first_match, queued
from touchline.bootstrap import Container
from touchline.domain.callbacks import SIGNATURE, signature
from touchline.domain.tasks import AskAnswer, AskFile
from touchline.errors import PermanentError, Unavailable
from touchline.manifest import decode, encode, sha256
from touchline.settings import Answer
from touchline.stages.answer_desk import GIVEN_UP, TRIED_FOR, outcome_key, outcome_of, standing, told_of
from touchline.stages.predict_board import read_board
from touchline.stages.predict_match import answer as online
from touchline.stages.predict_names import known_teams
from touchline.stages.predict_whatif import what_if

SIGNED = Answer(callback_secret="a secret of the client and us")
DAY = served.NOW.date()
URL = "https://example.org/told"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Container:
    """A league with a champion, forecasts and line-ups; copied by whoever changes it."""
    return boards.home(tmp_path_factory.mktemp("filled"))


@pytest.fixture
def ports(filled: Container, tmp_path: Path) -> Container:
    return served.copied(filled, tmp_path / "home")


class Clients:
    """Takes callbacks, or fails as it is told to."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.calls: list[tuple[str, bytes, Mapping[str, str]]] = []

    def call(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.calls.append((url, body, headers))


def result(ports: Container, identity: str = "0" * 32) -> dict[str, Any]:
    found = outcome_of(ports.store, identity)
    assert found is not None
    return found.answer or {}


def file_of(ports: Container, data: bytes, form: str = "csv") -> AskFile:
    digest = sha256(data)
    ports.store.create(f"uploads/{digest}.{form}", data)
    return AskFile(key=f"uploads/{digest}.{form}", sha256=digest, size=len(data), format=form)  # type: ignore[arg-type]


def rows_of(ports: Container, identity: str = "0" * 32) -> list[dict[str, Any]]:
    found = outcome_of(ports.store, identity)
    assert found is not None
    assert found.rows is not None
    data = ports.store.get(found.rows.key)
    assert sha256(data) == found.rows.sha256
    return list(msgspec.json.decode(data))


def test_a_file_is_answered_row_by_row_and_bad_rows_say_why(ports: Container) -> None:
    match = first_match(ports)
    day = match.kickoff.date() + timedelta(days=1)
    lines = [
        "ref,match_id,home_team,away_team,competition,date",
        f"first,{match.match_id},,,,",
        f"second,,{match.home_team},{match.away_team},SIM1,{day}",
        f"third,,{match.home_team[:-1]},{match.away_team},SIM1,{day}",
        "fourth,nowhere-at-all,,,,",
        "fifth,,a,b,SIM1,yesterday",
    ]
    task = queued(ports, file_of(ports, "\n".join(lines).encode()))
    assert answered(ports, task).outcome == "done"
    found = outcome_of(ports.store, task.id)
    assert found is not None
    assert (found.rows.answered, found.rows.rejected) == (2, 3)  # type: ignore[union-attr]
    rows = rows_of(ports)
    assert [(row["line"], row["ref"]) for row in rows] == list(
        zip(range(2, 7), ["first", "second", "third", "fourth", "fifth"], strict=True)
    )
    board = read_board(ports)
    alone = online(board, match.match_id).probabilities
    for outcome, value in rows[0]["probabilities"].items():
        assert value == pytest.approx(getattr(alone, outcome), abs=1e-6)
    whole = what_if(board, match.home_team, match.away_team, "SIM1", day)
    assert rows[1] == {"line": 3, "ref": "second"} | msgspec.json.decode(encode(whole))
    assert [row.get("field") for row in rows] == [None, None, "home_team", "match_id", "date"]
    assert rows[2]["suggestions"] == [match.home_team]


def test_pairings_of_a_file_are_answered_as_each_alone(ports: Container) -> None:
    board = read_board(ports)
    teams = known_teams(board)[:5]
    pairs = list(permutations(teams, 2))
    lines = [f"{home},{away},SIM1,{DAY},{n % 3 == 1}" for n, (home, away) in enumerate(pairs)]
    data = "\n".join(["home_team,away_team,competition,date,neutral", *lines])
    answered(ports, queued(ports, file_of(ports, data.encode())))
    for n, (row, (home, away)) in enumerate(zip(rows_of(ports), pairs, strict=True)):
        alone = what_if(board, home, away, "SIM1", DAY, neutral=n % 3 == 1)
        told = msgspec.json.decode(encode(alone))
        assert {name: row[name] for name in ("home_team", "away_team", "neutral", "how")} == {
            name: told[name] for name in ("home_team", "away_team", "neutral", "how")
        }
        assert row["probabilities"] == pytest.approx(told["probabilities"], abs=1e-6)
        assert row["goals"]["expected_goals_home"] == pytest.approx(told["goals"]["expected_goals_home"], abs=1e-5)


def test_a_name_that_a_file_repeats_is_looked_for_once(ports: Container) -> None:
    def seconds(identity: str, names: Sequence[str]) -> float:
        lines = "\n".join(["home_team,away_team,competition,date", *(f"{name},b,SIM1,{DAY}" for name in names)])
        task = queued(ports, file_of(ports, lines.encode()), identity)
        begun = time.process_time()
        answered(ports, task)
        spent = time.process_time() - begun
        assert {row["field"] for row in rows_of(ports, identity)} == {"home_team"}
        return spent

    seconds("1" * 32, ["a team of nowhere"])  # reads the board
    one = min(seconds(identity * 32, ["another team"] * 800) for identity in "245")  # something may come between
    others = seconds("3" * 32, [f"another team {n}" for n in range(800)])
    assert one < others / 3


def test_json_lines_are_answered_too(ports: Container) -> None:
    match = first_match(ports)
    data = encode({"match_id": match.match_id}) + b"\n" + encode({"match_id": match.match_id, "x": 1})
    answered(ports, queued(ports, file_of(ports, data, "jsonl")))
    good, bad = rows_of(ports)
    assert good["match_id"] == match.match_id
    assert "unknown field" in bad["reason"]


@pytest.mark.parametrize(
    ("data", "told"),
    [(b"team,day\n", "unknown columns team, day"), (b"match_id\n" + b"m\n" * 20_001, "more than 20,000 rows")],
)
def test_a_file_that_is_none_fails_as_a_whole(ports: Container, data: bytes, told: str) -> None:
    task = queued(ports, file_of(ports, data))
    answered(ports, task)
    found = outcome_of(ports.store, task.id)
    assert found is not None
    assert (found.status, found.rows) == ("failure", None)
    assert told in found.reason.what  # type: ignore[union-attr]


def test_other_bytes_than_were_handed_in_are_not_answered(ports: Container) -> None:
    asked = msgspec.structs.replace(file_of(ports, b"match_id\n"), sha256="0" * 64)
    answered(ports, queued(ports, asked))
    assert outcome_of(ports.store, "0" * 32).status == "failure"  # type: ignore[union-attr]


# Callbacks


def test_a_callback_is_signed_and_made_once(ports: Container) -> None:
    ports.callbacks = clients = Clients()
    task = queued(ports, callback=URL)
    assert answered(ports, task, SIGNED).summary["callback"] == "delivered"
    assert answered(ports, task, SIGNED).outcome == "unchanged"
    ((url, body, headers),) = clients.calls
    assert (url, headers["x-touchline-task"]) == (URL, task.id)
    moment = int(ports.clock.now().timestamp())
    assert headers[SIGNATURE] == signature(SIGNED.callback_secret, moment, body)
    told = decode(body, dict)
    assert (told["task_id"], told["status"], told["result"]) == (task.id, "success", result(ports))


def test_an_answer_outlives_a_client_who_is_away(ports: Container) -> None:
    ports.callbacks = clients = Clients(Unavailable("away"), Unavailable("away"))
    task = queued(ports, callback=URL)
    with pytest.raises(Unavailable, match="away"):
        answered(ports, task, SIGNED)
    kept = ports.store.get(outcome_key(task.id))
    found = standing(ports.store, task.id, ports.clock.now())
    assert found is not None
    assert (found.status, found.told) == ("success", "")
    with pytest.raises(Unavailable):
        answered(ports, task, SIGNED)
    assert answered(ports, task, SIGNED).outcome == "done"
    assert ports.store.get(outcome_key(task.id)) == kept
    assert len(clients.calls) == 1


def test_a_callback_that_nobody_took_is_given_up(ports: Container) -> None:
    ports.callbacks = Clients(Unavailable("away"))
    task = queued(ports, callback=URL)
    with pytest.raises(Unavailable):
        answered(ports, task, SIGNED)

    def told(moment: datetime) -> str:
        found = standing(ports.store, task.id, moment)
        assert found is not None
        return found.told

    over = task.deadline + TRIED_FOR
    assert [told(task.deadline), told(over)] == ["", GIVEN_UP]
    answered(ports, task, SIGNED)  # an operator delivered the task again
    assert told(over) == "delivered"


def test_a_client_who_refuses_is_called_no_more(ports: Container) -> None:
    ports.callbacks = clients = Clients(PermanentError("the answer is 410"))
    task = queued(ports, callback=URL)
    assert answered(ports, task, SIGNED).summary["callback"] == "refused: the answer is 410"
    answered(ports, task, SIGNED)
    assert clients.calls == []
    assert told_of(ports.store, task.id).outcome == "refused: the answer is 410"  # type: ignore[union-attr]


def test_without_a_secret_nobody_is_called(ports: Container) -> None:
    ports.callbacks = clients = Clients()
    task = queued(ports, callback=URL)
    assert "TOUCHLINE_ANSWER_CALLBACK_SECRET" in answered(ports, task).summary["callback"]
    assert clients.calls == []


def test_a_callback_tells_of_failures_and_of_files(ports: Container) -> None:
    ports.callbacks = clients = Clients()
    answered(ports, queued(ports, AskAnswer(match_id="m"), callback=URL), SIGNED)
    answered(ports, queued(ports, file_of(ports, b"match_id\nm\n"), "1" * 32, callback=URL), SIGNED)
    failed, file = (decode(body, dict) for _, body, _ in clients.calls)
    assert (failed["status"], failed["reason"]["where"]) == ("failure", "match_id")
    assert file["rows"] == {"answered": 0, "rejected": 1}
    assert file["result_href"] == f"/monitoring/task_status/{'1' * 32}/result"
