"""Names that wait, and reads around numbers and names of sources: the same on both databases."""

from datetime import UTC, datetime, timedelta

import msgspec
import pandas as pd
import pytest
import sqlalchemy as sa

from scraped import NOW, match, payload, run
from touchline.adapters.clock import VirtualClock
from touchline.adapters.match_links import SqlLinks
from touchline.adapters.match_store import SqlMatchStore
from touchline.adapters.names_store import SqlNames
from touchline.collecting import Unresolved

FIRST = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
WAITING = Unresolved(
    source="whoscored", country="Spain", competition="SP1", name="Köln's “Ätna”", suggestions=("Betis", "Celta"),
    payload="a" * 64, first_seen=FIRST, last_seen=FIRST, rows=3,
)  # fmt: skip
TEAMS = {("England", name): name for name in ("Leeds", "Hull", "Bath", "York")}


@pytest.fixture
def names(engine: sa.Engine) -> SqlNames:
    return SqlNames(engine)


@pytest.fixture
def store(engine: sa.Engine) -> SqlMatchStore:
    return SqlMatchStore(engine, VirtualClock(NOW))


@pytest.fixture
def links(engine: sa.Engine) -> SqlLinks:
    return SqlLinks(engine)


def test_a_name_comes_back_as_it_was(names: SqlNames) -> None:
    assert names.unresolved() == []
    names.note([])
    names.note([WAITING])
    assert names.unresolved() == [WAITING]


def test_what_comes_later_stands_but_for_the_first_moment(names: SqlNames) -> None:
    names.note([WAITING])
    later = msgspec.structs.replace(
        WAITING, first_seen=FIRST + timedelta(days=2), last_seen=FIRST + timedelta(days=2), rows=1, suggestions=()
    )
    names.note([later])
    assert names.unresolved() == [msgspec.structs.replace(later, first_seen=FIRST)]


def test_names_are_told_apart_by_source_country_and_spelling(names: SqlNames) -> None:
    others = [
        msgspec.structs.replace(WAITING, **{key: value})
        for key, value in {"source": "openfootball", "country": "Italy", "name": "Etna"}.items()
    ]
    names.note([WAITING, *others])
    assert len(names.unresolved()) == 4
    names.resolved("whoscored", "Spain", WAITING.name)
    assert sorted(map(repr, names.unresolved())) == sorted(map(repr, others))
    names.resolved("whoscored", "Spain", "never heard")


def test_a_name_that_is_known_by_now_does_not_wait(names: SqlNames, store: SqlMatchStore) -> None:
    others = [msgspec.structs.replace(WAITING, name=name) for name in ("Etna", "Aetna")]
    names.note([WAITING, *others])
    store.add_alias("Spain", "Etna", "Etna")
    store.add_alias("Spain", "Aetna", "Etna")
    store.add_alias("Italy", WAITING.name, WAITING.name)
    assert names.unresolved() == [WAITING]


# Reads around numbers and names


def feed(store: SqlMatchStore, source: str, *rows: pd.DataFrame, number: int = 1) -> None:
    table = pd.concat(rows, ignore_index=True).assign(payload=payload(number))
    store.record(msgspec.structs.replace(run(number), source=source), table, TEAMS)


def test_a_source_numbers_its_matches_season_by_season(store: SqlMatchStore, links: SqlLinks) -> None:
    one, two = match().assign(source_id="7"), match("e0-2025-26-bath-york").assign(source_id=None)
    feed(store, "whoscored", one, two)
    [season] = one["season"]
    [code] = one["competition"]
    assert links.numbered("whoscored", code, [season]) == {one["match_id"].iloc[0]}
    assert links.numbered("elsewhere", code, [season]) == set()
    assert links.numbered("whoscored", code, ["1999-00"]) == set()
    assert links.numbered("whoscored", "E1", [season]) == set()


def test_matches_are_described_as_they_are_stored_now(store: SqlMatchStore) -> None:
    rows = match()
    feed(store, "whoscored", rows)
    moved = rows.assign(kickoff=rows["kickoff"] + pd.Timedelta(days=3))
    feed(store, "whoscored", moved, number=2)
    found = store.described([rows["match_id"].iloc[0], "no-such-match"])
    pd.testing.assert_frame_equal(found, moved[list(found.columns)].reset_index(drop=True), check_dtype=False)
    assert store.described([]).dtypes.equals(found.dtypes)


def test_teams_are_named_by_who_wrote_of_them_first(store: SqlMatchStore, links: SqlLinks) -> None:
    assert links.team_sources() == {}
    feed(store, "whoscored", match())
    assert links.team_sources() == {"England": {"whoscored"}}
    store.add_alias("England", "Derby", "Derby")
    assert links.team_sources() == {"England": {"whoscored"}}
    store.add_alias("Spain", "Etna", "Etna")
    assert links.team_sources()["Spain"] == {""}


def test_details_are_those_of_the_source_and_of_now(store: SqlMatchStore, links: SqlLinks) -> None:
    rows = match().assign(payload=payload(1))
    match_id = rows["match_id"].iloc[0]
    table = pd.DataFrame(
        {"match_id": match_id, "side": ["home", "away"], "formation": ["433", None], "shots_blocked": 2}
    )
    for number, source in ((1, "whoscored"), (2, "elsewhere"), (3, "whoscored")):
        details = table.assign(payload=payload(number), formation=[f"43{number}", None])
        store.record(msgspec.structs.replace(run(number), source=source), rows, TEAMS, {"team_details": details})
    found = links.details("whoscored", [match_id, "no-such-match"])
    assert set(found) == {"match_details", "team_details", "line_ups", "player_stats", "shots"}
    sides = found["team_details"]
    assert sides.index.names == ["match_id", "side"]
    assert sides["formation"].dropna().to_dict() == {(match_id, "home"): "433"}
    assert sides["shots_blocked"].tolist() == [2.0, 2.0]
    assert found["line_ups"].empty
    assert all(table.empty for table in links.details("whoscored", []).values())
