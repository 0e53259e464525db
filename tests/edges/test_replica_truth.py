"""What our parser makes of the replica is what is true there, cell by cell; both were written apart from each other."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from asgi_client import Client
from replica_app import Replica
from replica_site import Site
from replica_walk import KEYS, differences, walk
from touchline.adapters.schema_collected import (
    PLAYER_STATISTICS,
    TEAM_DETAILS,
    line_ups,
    match_details,
    player_match_stats,
    shots,
    team_details,
)
from touchline.collecting import LIVE_COLUMNS, Scope
from touchline.domain.vocabulary import STATISTIC_COLUMNS
from touchline.ports import Payload
from touchline.sources.whoscored.source import WhoScored

AFTER = datetime(2026, 6, 30, tzinfo=UTC)
SOURCE = WhoScored("http://replica.test", True)


def replica_at(now: datetime = AFTER, **options: int) -> Replica:
    return Replica(Site(**{"teams": 4, "events": 1050, **options}, now=now))


@pytest.mark.parametrize(
    ("competition", "season", "now"),
    [
        ("E0", "2025-26", datetime(2026, 4, 4, 14, tzinfo=UTC)),
        ("B1", "2025-26", AFTER),
        ("BRA", "2025", AFTER),
    ],
)
def test_the_parser_finds_the_truth(competition: str, season: str, now: datetime) -> None:
    replica = replica_at(now)
    found = walk(replica, SOURCE, Scope(competitions=(competition,), seasons=(season,)), now)
    assert differences(found["rows"], replica.truth.schedule(competition, season), ["source_id"]) == {}
    for name, key in KEYS.items():
        assert (name, differences(found[name], replica.truth.table(name, competition, season), key)) == (name, {})


def test_the_comparison_sees_what_differs() -> None:
    wanted = pd.DataFrame({"k": ["a", "b"], "x": [1.0, None], "y": ["s", "t"]})
    assert differences(wanted.copy(), wanted, ["k"]) == {}
    other = pd.DataFrame({"k": ["a", "c"], "x": [2.0, None]})
    assert differences(other, wanted, ["k"]) == {
        "missing": ["b"], "too many": ["c"], "no such column": ["y"], "x": [("a", 2.0, 1.0)],
    }  # fmt: skip
    assert differences(pd.concat([wanted, wanted]), wanted, ["k"]) == {"twice": ["a", "b"]}


@pytest.mark.parametrize("minutes", [-5, 12, 55, 80, 200])
def test_the_parser_knows_how_matches_stand(minutes: int) -> None:
    replica = replica_at()
    fixture = next(one for one in replica.site.league.fixtures.values() if one.code == "B1")
    replica.site.now = fixture.kickoff + timedelta(minutes=minutes)
    page = SOURCE.live_page(fixture.kickoff.date())
    body = Client(replica).get(page.url).content
    found = SOURCE.live_rows(Payload("whoscored", page.name, body, replica.site.now))
    wanted = replica.truth.live()
    assert differences(found, wanted[wanted["competition"] != "CL"], ["source_id"]) == {}
    assert tuple(wanted.columns) == LIVE_COLUMNS
    state = wanted.set_index("source_id").loc[str(fixture.number), "state"]
    assert state == ("scheduled" if minutes < 0 else "live" if minutes < 150 else "finished")


def test_the_truth_has_our_columns() -> None:
    truth = replica_at().truth
    facts = {"match", "source", "payload", "seq", "until_seq"}
    for name, table in {
        "match_details": match_details, "team_details": team_details, "line_ups": line_ups,
        "player_stats": player_match_stats, "shots": shots,
    }.items():  # fmt: skip
        columns = {column.name for column in table.columns} - facts
        assert set(truth.table(name, "E0").columns) == columns | {"source_id"}, name
    statistics = set(STATISTIC_COLUMNS) - {"home_goals", "away_goals"}
    assert set(truth.statistics("E0").columns) == statistics | {"source_id"}
    assert len(TEAM_DETAILS) + len(PLAYER_STATISTICS) == 33


def test_the_truth_agrees_with_itself() -> None:
    truth = replica_at().truth
    schedule = truth.schedule().set_index("source_id")
    teams, players, shot = truth.team_details(), truth.player_stats(), truth.shots()
    by_side = ["source_id", "side"]
    sums = players.groupby(by_side).sum(numeric_only=True)
    for name in ("passes", "touches", "tackles", "key_passes"):
        assert (sums[name] == teams.set_index(by_side).sort_index()[name]).all()
    counted = shot[~shot["own_goal"] & (shot["period"] != "shoot_out")].groupby(by_side).size()
    assert (counted == sums["shots"].loc[counted.index]).all()
    share = teams.groupby("source_id")["possession"].sum()
    assert share.tolist() == pytest.approx([1.0] * len(share))
    details = truth.match_details().set_index("source_id")
    for number, one in sums.groupby("source_id"):
        if pd.notna(details.loc[number, "home_goals_extra_time"]):
            continue
        goals = one["goals"].sum() + one["own_goals"].sum()
        assert goals == schedule.loc[number, ["home_goals", "away_goals"]].sum()


def test_the_same_seed_makes_the_same_truth_and_another_one_another() -> None:
    tables = [replica_at(seed=seed).truth.player_stats("E0") for seed in (7, 7, 8)]
    pd.testing.assert_frame_equal(tables[0], tables[1])
    assert not tables[0].equals(tables[2])


def test_a_league_that_cannot_be_is_refused() -> None:
    for teams in (0, 3, 22):
        with pytest.raises(ValueError, match="even number"):
            Site(teams=teams)
    with pytest.raises(ValueError, match="no table"):
        replica_at().truth.table("weather")
