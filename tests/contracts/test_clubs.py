"""Facts about the names of clubs: no spelling stands for two of them, and ours are those of the real matches."""

from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest

from touchline.domain.competitions import COMPETITIONS, competition
from touchline.domain.names import resolve
from touchline.domain.vocabulary import slug
from touchline.sources import clubs

COUNTRIES = sorted(clubs.clubs())
TOP = ("E0", "E1", "SP1", "D1", "I1", "F1", "N1", "P1")


@pytest.fixture(scope="module")
def played(real_data: Path) -> dict[str, set[str]]:
    """Country -> names of its clubs in the real matches."""
    main = pd.read_parquet(real_data / "football_data_uk.parquet", columns=["league", "season", "home", "away"])
    extra = pd.read_csv(real_data / "football_data_uk_extra_leagues.csv.gz", usecols=["league", "home", "away"])
    found: dict[str, set[str]] = defaultdict(set)
    for league, rows in pd.concat([main, extra]).groupby("league"):
        found[competition(str(league)).country].update(rows["home"], rows["away"])
    return found


@pytest.fixture(scope="module")
def recent(real_data: Path) -> dict[str, set[str]]:
    """League -> clubs that played in one of its last three seasons."""
    table = pd.read_parquet(real_data / "football_data_uk.parquet", columns=["league", "season", "home"])
    table = table[table["season"] >= sorted(table["season"].unique())[-3]]
    return {str(league): set(rows["home"]) for league, rows in table.groupby("league")}


@pytest.mark.parametrize("country", COUNTRIES)
def test_no_spelling_stands_for_two_clubs(country: str) -> None:
    meant: dict[str, set[str]] = defaultdict(set)
    for team, spellings in clubs.clubs()[country].spellings.items():
        for spelling in (team, *spellings):
            meant[slug(spelling)].add(team)
    assert {spelling: teams for spelling, teams in meant.items() if len(teams) > 1} == {}


@pytest.mark.parametrize("country", COUNTRIES)
def test_a_spelling_is_told_once_and_is_not_our_name(country: str) -> None:
    for team, spellings in clubs.clubs()[country].spellings.items():
        assert len({*spellings}) == len(spellings) > 0
        assert team not in spellings


def test_countries_are_those_of_competitions() -> None:
    assert set(COUNTRIES) <= {known.country for known in COMPETITIONS.values()}


@pytest.mark.real
@pytest.mark.parametrize("country", COUNTRIES)
def test_our_names_are_those_of_the_real_matches_and_no_other_spelling_is(
    country: str, played: dict[str, set[str]]
) -> None:
    names = {slug(name): name for name in played[country]}
    for team, spellings in clubs.clubs()[country].spellings.items():
        assert not played[country].isdisjoint((team, *spellings))
        for spelling in spellings:
            assert names.get(slug(spelling), team) in (team, spelling)


@pytest.mark.real
@pytest.mark.parametrize("league", TOP)
def test_every_recent_club_of_the_larger_leagues_has_its_other_names(league: str, recent: dict[str, set[str]]) -> None:
    known = clubs.clubs()[competition(league).country].spellings
    assert recent[league] - known.keys() <= {"Sparta Rotterdam", "Estrela"}  # who have no other, or no certain one


@pytest.mark.parametrize(
    ("name", "country", "team"),
    [
        ("Wolverhampton Wanderers FC", "England", "Wolves"),
        ("Man Utd", "England", "Man United"),
        ("Brighton & Hove Albion FC", "England", "Brighton"),
        ("Atletico Madrid", "Spain", "Ath Madrid"),
        ("Borussia Mönchengladbach", "Germany", "M'gladbach"),
        ("BORUSSIA M.GLADBACH", "Germany", "M'gladbach"),
        ("1. FC Koln", "Germany", "FC Koln"),
        ("Paris Saint Germain", "France", "Paris SG"),
        ("FC Internazionale Milano", "Italy", "Inter"),
        ("Sporting CP", "Portugal", "Sp Lisbon"),
    ],
)
def test_a_club_is_known_by_what_other_sources_call_it(name: str, country: str, team: str) -> None:
    known = {country: {team: team}}
    answer = resolve({(country, name): {1}}, known, clubs.spellings(), clubs.distinct(), {}, closed=[country])
    assert answer.teams == {(country, name): team}


def test_suggestions_are_known_teams_the_best_first_and_not_many() -> None:
    stored = ("Sheffield United", "Sheffield Weds", "Brighton", "Man United", "Man City", "Newcastle", "West Ham")
    known = {name: name for name in stored}
    assert clubs.suggest("Sheffield W", "England", known)[0] == "Sheffield Weds"
    assert clubs.suggest("Brighton Hove", "England", known)[0] == "Brighton"
    assert clubs.suggest("Mánchester Unitd", "England", known)[0] == "Man United"
    assert len(clubs.suggest("United", "England", known)) <= clubs.SUGGESTED
    assert clubs.suggest("Brighton Hove", "England", {}) == ()
