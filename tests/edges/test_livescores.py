"""Live scores over HTTP: what is told, how old it may be, and what a client that knows it already is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from asking import Elapsed, client_of, problem
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.live import POINTER, LiveScores, Standing
from touchline.errors import Unavailable
from touchline.manifest import encode

KICKOFF = datetime(2026, 3, 2, 15, tzinfo=UTC)


def standing(home: str, away: str, code: str = "E0", **told: Any) -> Standing:
    usual: dict[str, Any] = {"state": "live", "raw_status": "IN_PLAY", "minute": "55'"}
    usual |= {"home_goals": 1, "away_goals": 0}
    return Standing(
        match_id=f"{code}-2025-26-{home}-{away}".lower(), competition=code, season="2025-26", kickoff=KICKOFF,
        home_team=home, away_team=away, **(usual | told),
    )  # fmt: skip


def tell(ports: Container, *matches: Standing, as_of: datetime = KICKOFF + timedelta(hours=1)) -> None:
    data, info = encode(LiveScores(as_of=as_of, source="a-source", matches=matches)), ports.store.stat(POINTER)
    assert ports.store.swap(POINTER, data, info.etag) if info else ports.store.create(POINTER, data)


def test_nothing_is_told_where_nobody_watches(ports: Container) -> None:
    answer = client_of(ports).get("/livescores")
    assert answer.json() == {"as_of": None, "source": "", "stale": True, "degraded": "", "matches": []}
    assert answer.status_code == 200


def test_scores_are_told_as_they_stand(ports: Container, clock: VirtualClock) -> None:
    clock.move(KICKOFF + timedelta(hours=1, minutes=4))
    tell(ports, standing("Aldermoor", "Foxglove"), standing("Honeyfell", "Ironmead", "E1", home_goals=None, minute=""))
    told = client_of(ports).get("/livescores").json()
    assert {name: told[name] for name in ("as_of", "source", "stale")} == {
        "as_of": "2026-03-02T16:00:00Z", "source": "a-source", "stale": False,
    }  # fmt: skip
    assert told["matches"][0] == {
        "match_id": "e0-2025-26-aldermoor-foxglove", "competition": "E0", "season": "2025-26",
        "kickoff": "2026-03-02T15:00:00Z", "home_team": "Aldermoor", "away_team": "Foxglove", "state": "live",
        "raw_status": "IN_PLAY", "minute": "55'", "home_goals": 1, "away_goals": 0,
    }  # fmt: skip
    assert told["matches"][1]["home_goals"] is None


@pytest.mark.parametrize(("asked", "teams"), [("E1", ["Honeyfell"]), ("e1", ["Honeyfell"]), ("XX", []), ("", 2)])
def test_one_competition_can_be_asked_for(ports: Container, asked: str, teams: Any) -> None:
    tell(ports, standing("Aldermoor", "Foxglove"), standing("Honeyfell", "Ironmead", "E1"))
    found = client_of(ports).get("/livescores", params={"competition": asked}).json()["matches"]
    assert (len(found) if teams == 2 else [match["home_team"] for match in found]) == teams


def test_scores_that_were_read_long_ago_are_called_stale(ports: Container, clock: VirtualClock) -> None:
    tell(ports, standing("Aldermoor", "Foxglove"))
    client, read = client_of(ports), KICKOFF + timedelta(hours=1)
    for minutes, stale in ((0, False), (5, False), (5.01, True)):
        clock.move(read + timedelta(minutes=minutes))
        assert client.get("/livescores").json()["stale"] is stale


def test_who_knows_the_answer_is_told_so(ports: Container, clock: VirtualClock) -> None:
    clock.move(KICKOFF + timedelta(hours=1))
    tell(ports, standing("Aldermoor", "Foxglove"))
    client = client_of(ports)
    tag = client.get("/livescores").headers["etag"]
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        known = client.get("/livescores", headers={"if-none-match": sent})
        assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tag)
    assert client.get("/livescores", headers={"if-none-match": '"other"'}).status_code == 200
    assert client.get("/livescores", params={"competition": "E1"}).headers["etag"] != tag
    tell(ports, standing("Aldermoor", "Foxglove", home_goals=2), as_of=KICKOFF + timedelta(hours=1, minutes=1))
    assert client.get("/livescores", headers={"if-none-match": tag}).json()["matches"][0]["home_goals"] == 2


class Counting:
    """The object store, with a count of what is read; it can be out of reach."""

    def __init__(self, store: Any) -> None:
        self._store, self.reads, self.out_of_reach = store, 0, False

    def stat(self, key: str) -> Any:
        if self.out_of_reach:
            raise Unavailable("the store does not answer")
        return self._store.stat(key)

    def get(self, key: str) -> bytes:
        self.reads += 1
        return bytes(self._store.get(key))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_the_object_is_read_only_when_it_is_another(ports: Container) -> None:
    store = ports.store = Counting(ports.store)
    tell(ports, standing("Aldermoor", "Foxglove"))
    elapsed = Elapsed()
    client = client_of(ports, elapsed, refresh=1.0)
    client.get("/livescores")
    tell(ports, standing("Aldermoor", "Foxglove", away_goals=1), as_of=KICKOFF + timedelta(hours=2))
    assert client.get("/livescores").json()["matches"][0]["away_goals"] == 0
    for elapsed.now in (1.0, 2.0, 3.0):
        assert client.get("/livescores").json()["matches"][0]["away_goals"] == 1
    assert store.reads == 2


def test_what_was_read_stays_while_the_store_is_out_of_reach(ports: Container) -> None:
    store = ports.store = Counting(ports.store)
    tell(ports, standing("Aldermoor", "Foxglove"))
    client = client_of(ports)
    before = client.get("/livescores").json()
    store.out_of_reach = True
    after = client.get("/livescores").json()
    assert after == before | {"degraded": "the store does not answer"}
    store.out_of_reach = False
    assert client.get("/livescores").json() == before


def test_an_object_that_is_none_of_ours_is_no_news(ports: Container) -> None:
    ports.store.create(POINTER, b'{"matches": 1}')
    told = client_of(ports).get("/livescores").json()
    assert told["matches"] == []
    assert POINTER in told["degraded"]


def test_it_is_described_and_bounded(ports: Container) -> None:
    client = client_of(ports)
    assert "/livescores" in client.get("/openapi.json").json()["paths"]
    assert problem(client.get("/livescores", params={"competition": "x" * 101}), 422)
