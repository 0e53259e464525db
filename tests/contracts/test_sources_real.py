"""The parsers on real files, compared match by match with a table that others made of them."""

import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from touchline.domain.competitions import competition
from touchline.domain.identity import identify
from touchline.domain.names import resolve
from touchline.domain.vocabulary import MATCH_COLUMNS
from touchline.ports import MatchRef, Payload
from touchline.sources import files
from touchline.sources.clubs import distinct, spellings
from touchline.sources.table import LONDON, Parsed

pytestmark = pytest.mark.real

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FINISHED = {
    "B1_2022-23": 306, "D1_2012-13": 306, "D2_2004-05": 306, "E0_1993-94": 462, "E0_2004-05": 380, "E0_2017-18": 353,
    "F2_2022-23_BOM": 380, "G1_2001-02": 182, "I1_2019-20": 380, "N1_1994-95": 306, "SC0_2018-19": 228,
    "SC1_1999-00": 180, "SP1_2023-24": 380,
}  # fmt: skip
"""Sample -> finished matches in it; E0_2017-18 was taken in April."""
KEY = ["date", "home_team", "away_team"]
REVISED = {"E0_2017-18": 7}
"""Sample -> statistics that the site corrected after the sample was taken."""


def read(path: Path) -> Parsed:
    return files.parse(Payload("files", path.name, path.read_bytes(), NOW))


@pytest.fixture(scope="module")
def table(real_data: Path) -> Parsed:
    return read(real_data / "football_data_uk.parquet")


@pytest.fixture(scope="module")
def extra(real_data: Path) -> Parsed:
    return read(real_data / "football_data_uk_extra_leagues.csv.gz")


def dated(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with their day in London, teams under our names, in the order of KEY."""
    country = competition(rows["competition"].iloc[0]).country
    names = {side: rows[side].replace(spellings().get(country, {})) for side in ("home_team", "away_team")}
    day = rows["kickoff"].dt.tz_convert(LONDON).dt.strftime("%Y-%m-%d")
    return rows.assign(date=day, **names).sort_values(KEY, ignore_index=True)


@pytest.mark.parametrize("name", FINISHED)
def test_a_sample_says_what_the_table_says(real_data: Path, table: Parsed, name: str):
    parsed = read(real_data / "raw_samples" / f"{name}.csv")
    assert parsed.rejected == ()
    ours = dated(parsed.rows[parsed.rows["status"] == "finished"])
    season = ours[["competition", "season"]].drop_duplicates()
    theirs = dated(table.rows.merge(season)).merge(
        ours[KEY], on=KEY
    )  # the sample may have been taken within the season
    assert len(ours) == len(theirs) == FINISHED[name]
    both = theirs.columns[theirs.notna().any()].intersection([*MATCH_COLUMNS, "date"])
    left, right = ours[both].to_numpy(dtype=object), theirs[both].to_numpy(dtype=object)
    different = (left != right) & ~(pd.isna(left) & pd.isna(right))
    assert different.sum() == REVISED.get(name, 0), both[different.any(axis=0)]


def test_every_row_of_the_table_is_read(table: Parsed):
    assert table.rejected == ()
    assert len(table.rows) == 225_824
    assert set(table.rows["status"]) == {"finished"}
    assert table.rows[["competition", "season"]].drop_duplicates().shape[0] > 600


def test_every_row_of_the_extra_leagues_is_read_but_the_match_that_was_not_played(extra: Parsed):
    assert [(row.line, row.reason) for row in extra.rejected] == [(19913, "impossible goals: -1--1")]
    assert len(extra.rows) == 52_819
    assert extra.rows["competition"].nunique() == 16


def test_prices_survive(real_data: Path, table: Parsed):
    raw = pd.read_parquet(real_data / "football_data_uk.parquet", columns=["b365_h", "psc_a", "avg_d", "home_sot"])
    for theirs, ours in {
        "b365_h": "odds_b365_home",
        "psc_a": "closing_ps_away",
        "avg_d": "odds_avg_draw",
        "home_sot": "home_shots_on_target",
    }.items():
        assert np.array_equal(raw[theirs].astype("float64"), table.rows[ours], equal_nan=True)


def test_no_false_alarm_in_thirty_years_of_names(table: Parsed, extra: Parsed):
    rows = pd.concat([table.rows, extra.rows])
    country = rows["competition"].map({code: competition(code).country for code in rows["competition"].unique()})
    day = rows["kickoff"].dt.date.map(lambda day: day.toordinal())
    sides = [pd.DataFrame({"country": country, "name": rows[side], "day": day}) for side in ("home_team", "away_team")]
    played = pd.concat(sides).groupby(["country", "name"])["day"].agg(set).to_dict()
    answer = resolve(played, {}, spellings(), distinct(), {})
    assert answer.suspects == ()
    assert len(answer.teams) == len(played) == 1272

    known: dict[str, dict[str, str]] = {}
    for (land, name), team in answer.teams.items():
        known.setdefault(land, {})[name] = team
    slips = {
        "Arsenall": "Arsenal",
        "Man Utd": "Man United",
        "Middlesbro": "Middlesbrough",
        "Sheffield Utd": "Sheffield United",
    }
    asked = resolve({("England", name): {738_900} for name in slips}, known, {}, distinct(), {})
    assert {one.name: one.resembles[0] for one in asked.suspects} == slips


@pytest.mark.slow
def test_every_match_gets_an_identity_and_keeps_it(table: Parsed):
    first = identify(table.rows, [], NOW)
    assert first.rows["match_id"].is_unique
    assert (len(first.rows), first.stale, first.repeated) == (225_824, 0, 0)
    fields = ["match_id", "competition", "season", "home_team", "away_team", "kickoff", "status"]
    stored = [MatchRef(*values, NOW) for values in first.rows[fields].itertuples(index=False)]
    again = identify(table.rows.sample(frac=1, random_state=1), stored, NOW)
    assert set(again.rows["match_id"]) == set(first.rows["match_id"])
    assert again.stale == again.repeated == 0


@pytest.mark.slow
def test_thirty_years_are_read_in_seconds(real_data: Path):
    started = time.process_time()
    read(real_data / "football_data_uk.parquet")
    assert time.process_time() - started < 10
