"""Thirty years of real football must pass: a gate that refuses history is of no use."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from touchline.domain import gates
from touchline.domain.availability import available_time
from touchline.domain.vocabulary import MATCH_COLUMNS, slug
from touchline.ports import Payload
from touchline.sources import tidy

pytestmark = [pytest.mark.real, pytest.mark.slow]

WARNED = {"on target above shots", "season shrank", "odd outcome rate"}


@pytest.fixture(scope="module", params=["football_data_uk.parquet", "football_data_uk_extra_leagues.csv.gz"])
def table(real_data: Path, request: pytest.FixtureRequest) -> pd.DataFrame:
    """Tidy table of one file, its matches numbered by pair and season."""
    body = (real_data / request.param).read_bytes()
    rows = tidy.parse(Payload("files", request.param, body, datetime(2026, 1, 1, tzinfo=UTC))).rows
    slugs = {name: slug(name) for name in {*rows["home_team"], *rows["away_team"]}}
    teams = rows["home_team"].map(slugs) + "-" + rows["away_team"].map(slugs)
    base = rows["competition"].str.lower() + "-" + rows["season"] + "-" + teams
    meeting = rows.groupby(base)["kickoff"].rank(method="first").astype(int).astype("str")
    rows["match_id"] = base.where(meeting == "1", base + "-" + meeting)
    rows["available_time"] = available_time(rows)
    return rows[[*MATCH_COLUMNS, "available_time"]].sort_values(["kickoff", "match_id"], ignore_index=True)


def test_every_real_match_passes(table: pd.DataFrame) -> None:
    reports = [gates.check(kind, gates.part(kind, table)) for kind in ("raw", "finished", "upcoming")]

    assert [failure for report in reports for failure in report.of("error")] == []
    assert {failure.check for report in reports for failure in report.failures} <= WARNED


def test_a_swapped_date_in_a_real_season_is_found(table: pd.DataFrame) -> None:
    kickoff = table["kickoff"]
    row = table.index[(kickoff.dt.month == 12) & (kickoff.dt.day <= 3) & table["season"].str.contains("-")][7]
    table = table.copy()
    table.loc[row, "kickoff"] = kickoff[row].replace(month=kickoff[row].day, day=12)

    report = gates.check("raw", table.sort_values(["kickoff", "match_id"]))
    assert [failure.check for failure in report.of("error")] == ["outside season"]
    assert report.of("error")[0].count == 1
