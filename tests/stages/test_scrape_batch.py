"""Rows that come in a message: stored like those of a file, once, however often they come."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_world import NOW, World
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.vocabulary import MATCH_COLUMNS
from touchline.entrypoint import Surroundings, expose, surrounded
from touchline.errors import DataError
from touchline.manifest import sha256
from touchline.settings import Scrape
from touchline.sources import batches, tidy
from touchline.sources.batches import MAX_COLUMNS, MAX_ROWS
from touchline.sources.registry import parse
from touchline.stages import scrape, scrape_batch
from touchline.work import Event, Result

PLAYED = {
    "competition": "E0", "date": "2026-02-21", "time": "15:00", "home_team": "Aldermoor", "away_team": "Foxglove",
    "home_goals": 2, "away_goals": 1,
}  # fmt: skip
COMING = {"competition": "E0", "date": "2026-03-07", "home_team": "Honeyfell", "away_team": "Ironmead"}
TOLD = NOW - timedelta(hours=1)


@pytest.fixture
def world(ports: Container, clock: VirtualClock) -> World:
    return World(ports, clock)


def send(world: World, rows: Any, identity: str = "batch-1", time: Any = TOLD) -> Result:
    event = Event(id=identity, kind="http", source="/kafka", time=time, data={"rows": rows})
    return scrape_batch.run(event, world.ports, Scrape())


def test_rows_are_stored_and_published(world: World) -> None:
    result = send(world, [PLAYED, COMING])
    assert (result.outcome, result.summary["matches_new"]) == ("done", 2)
    table = world.table()
    assert table["e0-2025-26-aldermoor-foxglove"]["home_goals"] == 2
    assert table["e0-2025-26-honeyfell-ironmead"]["status"] == "scheduled"
    assert world.keys("scrapes/published/") == list(result.publications)


def test_scrape_hands_a_request_with_rows_over(world: World) -> None:
    event = Event(id="r", kind="http", source="/", time=TOLD, data={"rows": [PLAYED]})
    assert scrape.run(event, world.ports, Scrape()).summary["matches_new"] == 1


def test_the_same_rows_again_change_nothing(world: World) -> None:
    first = send(world, [PLAYED, COMING])
    kept = world.keys("payloads/")
    again = send(world, [PLAYED, COMING], "batch-2", NOW)
    assert (again.outcome, again.publications) == ("unchanged", first.publications)
    assert world.keys("payloads/") == kept
    assert world.ports.matches.head() == 1


def test_the_order_of_columns_is_no_difference(world: World) -> None:
    send(world, [PLAYED])
    send(world, [dict(reversed(PLAYED.items()))], "batch-2")
    assert len(world.keys("payloads/files/")) == 2  # the bytes, and what was known of them


def test_rows_that_were_true_earlier_do_not_take_the_place_of_newer_ones(world: World) -> None:
    send(world, [COMING | {"date": "2026-03-08"}], "new", TOLD)
    late = send(world, [COMING], "old", TOLD - timedelta(hours=1))
    assert late.summary["stale"] == 1
    assert world.table()["e0-2025-26-honeyfell-ironmead"]["kickoff"].day == 8


def test_a_message_from_the_future_is_no_newer_than_now(world: World) -> None:
    send(world, [COMING], "wrong clock", NOW + timedelta(days=365))
    world.clock.move(NOW + timedelta(hours=1))
    send(world, [COMING | {"date": "2026-03-08"}], "right clock", NOW + timedelta(hours=1))
    assert world.table()["e0-2025-26-honeyfell-ironmead"]["kickoff"].day == 8


def test_a_refused_row_is_kept_with_its_reason_and_the_others_are_stored(world: World) -> None:
    rows = [COMING | {"home_team": f"Team {chr(65 + n // 26)}{chr(65 + n % 26)}"} for n in range(30)]
    result = send(world, [*rows, PLAYED | {"home_goals": -1}])
    assert (result.outcome, result.summary["matches_new"], result.summary["rejected"]) == ("done", 30, 1)
    (key,) = world.keys("quarantine/scrape/")
    (finding,) = world.json(key)
    assert [row["reason"] for row in finding["rejected"]] == ["impossible goals: -1.0-1.0"]
    assert "Aldermoor" in finding["rejected"][0]["text"]


def test_a_batch_of_which_too_much_is_refused_changes_nothing(world: World) -> None:
    with pytest.raises(DataError, match="1 of 2 rows are refused"):
        send(world, [PLAYED, COMING | {"away_team": "Honeyfell"}])
    assert (world.ports.matches.head(), len(world.keys("quarantine/scrape/"))) == (0, 2)
    assert len(world.keys("payloads/files/")) == 2


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (None, "no list of rows"),
        ({}, "no list of rows"),
        ([], "no list of rows"),
        ([{}], "no list of rows"),
        ([PLAYED, "text"], "no list of rows"),
        ([PLAYED | {"home_team": ["Aldermoor"]}], "row 1: home_team is a JSON list"),
        ([PLAYED] * (MAX_ROWS + 1), f"at most {MAX_ROWS}"),
        ([{f"column {n}": 1 for n in range(MAX_COLUMNS + 1)}], f"at most {MAX_COLUMNS}"),
        ([PLAYED | {"colour": "red"}], "unknown column colour"),
        ([{"competition": "E0"}], "no column date, home_team, away_team"),
    ],
)
def test_what_is_no_batch_is_refused_by_name(world: World, rows: Any, complaint: str) -> None:
    with pytest.raises(DataError) as refused:
        send(world, rows)
    assert complaint in str(refused.value)


_cells = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=12)


@given(st.lists(st.fixed_dictionaries({"home_team": _cells, "away_team": _cells}), min_size=1, max_size=5))
def test_text_comes_through_as_it_was_sent(names: list[dict[str, str]]) -> None:
    sent = [COMING | pair for pair in names]
    table = parse_back(sent)
    assert table == [(row["home_team"], row["away_team"]) for row in sent]


def parse_back(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Names as the reader of tidy tables finds them, also those that its checks refuse."""
    table = tidy.read(batches.payload(rows, NOW))
    return list(zip(table["home_team"], table["away_team"], strict=True))


def test_the_bytes_depend_on_nothing_but_the_rows() -> None:
    one, two = batches.payload([PLAYED, COMING], NOW), batches.payload([PLAYED, COMING], NOW + timedelta(days=1))
    assert (one.body, one.name) == (two.body, two.name)
    assert sha256(one.body)[:12] in one.name
    header = one.body.splitlines()[0].decode().split(",")
    assert [name for name in header if name in MATCH_COLUMNS] == [name for name in MATCH_COLUMNS if name in header]


def test_true_false_and_nothing_are_read_as_such() -> None:
    row = {
        "competition": "E0", "kickoff": "2026-03-07T15:00Z", "kickoff_known": False, "home_team": "Aldermoor",
        "away_team": "Foxglove", "home_goals": None, "away_goals": None, "odds_b365_home": 2.5, "odds_b365_draw": 3.4,
        "odds_b365_away": 2.9,
    }  # fmt: skip
    (found,) = parse(batches.payload([row], NOW)).rows.to_dict("records")
    assert (found["kickoff_known"], found["status"], found["odds_b365_home"]) == (False, "scheduled", 2.5)


class Asked:
    """A request as Flask gives it."""

    method, path = "POST", "/"

    def __init__(self, content: Any, headers: dict[str, str]) -> None:
        self.headers, self._body = {"content-type": "application/json"} | headers, json.dumps(content).encode()

    def get_data(self) -> bytes:
        return self._body


KAFKA = {
    "ce-specversion": "1.0", "ce-id": "partition:0/offset:7", "ce-source": "/kafkasources/matches#matches",
    "ce-type": "dev.knative.kafka.event", "ce-time": "2026-02-22T09:00:00Z",
}  # fmt: skip


def test_what_the_sender_is_told(tmp_path: Path) -> None:
    """Platforms get no 4xx, since that would bury the message; who asks directly is told what is wrong."""
    handle, _ = expose("scrape", scrape.run)
    with surrounded(Surroundings({"TOUCHLINE_HOME": str(tmp_path), "TOUCHLINE_LOG_LEVEL": "CRITICAL"})):
        answers = [
            handle(Asked(content, headers))
            for content, headers in [
                ([PLAYED], KAFKA),
                ({"rows": [PLAYED]}, {}),
                ({"rows": [{"a": 1}]}, {}),
                ([{"a": 1}], KAFKA | {"ce-id": "partition:0/offset:8"}),
            ]
        ]
    assert [status for _, status, _ in answers] == [204, 204, 422, 204]
    assert "unknown column a" in answers[2][0]
    store = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path)}).store
    reasons = [info.key for info in store.list("quarantine/scrape/") if info.key.endswith("reason.json")]
    assert len(reasons) == 2
