"""The source of a simulation tells what was known, when it was known, and no match more than twice."""

import io
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline import wiring
from touchline.domain.availability import available_time
from touchline.domain.simulation import simulate
from touchline.platform.almanac import ticks
from touchline.platform.telling import AHEAD, Teller

START = datetime(2025, 9, 1, tzinfo=UTC)
END = datetime(2025, 11, 15, tzinfo=UTC)
LEAGUE = simulate(7, END, seasons=2, teams=6)
KEY = ["season", "home_team", "away_team"]


def rows(body: bytes) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(body), parse_dates=["kickoff"])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 15 * 24), min_size=1, max_size=12))
def test_nothing_is_told_before_it_is_known(hours: list[int]) -> None:
    teller, now = Teller(LEAGUE), START
    past = rows(teller.past(now)["results"])
    assert (available_time(past) <= now).all()
    told = {"results": [past], "fixtures": []}
    for pause in hours:
        now += timedelta(hours=pause)
        for kind, body in teller.news(now).items():
            told[kind].append(rows(body))
        for table in told["fixtures"]:
            assert (table["kickoff"] < now + AHEAD).all()
            assert table["status"].eq("scheduled").all()
            assert "home_goals" not in table
        assert (available_time(told["results"][-1]) <= now).all()
    for tables in told.values():
        assert not pd.concat([*tables, LEAGUE.head(0)[KEY]])[KEY].duplicated().any()
    known = LEAGUE[(LEAGUE["available_time"] <= now) & (LEAGUE["status"] == "finished")]
    assert len(pd.concat(told["results"])) == len(known)


def test_files_can_be_changed_before_they_are_told() -> None:
    teller = Teller(LEAGUE, lambda table, now: table.assign(home_shots=now.day))
    assert rows(teller.past(START)["results"])["home_shots"].eq(START.day).all()


@pytest.mark.parametrize(("days", "drifts"), [(1, 1), (7, 7)])
def test_the_ticks_are_those_of_the_wiring(days: int, drifts: int) -> None:
    found = ticks(wiring.load(wiring.root({})), START, START + timedelta(days=days))
    assert [tick.at for tick in found] == sorted(tick.at for tick in found)
    assert sum(tick.function == "drift" for tick in found) == drifts
    assert sum(tick.name == "scrape/twice-daily" for tick in found) == 2 * days
    assert not {"sweep", "answer", "predict"} & {tick.function for tick in found}
    assert len({tick.event.work(tick.function) for tick in found}) == len(found)
