"""Competitions: all that the sources speak of, each known once."""

from touchline.domain.competitions import (
    COMPETITIONS,
    EXTRA_BY_COUNTRY,
    EXTRA_LEAGUES,
    MAIN_DIVISIONS,
    competition,
    is_simulated,
    listed_as,
)


def test_all_divisions_and_leagues_are_listed():
    assert (len(MAIN_DIVISIONS), len(EXTRA_LEAGUES), len(COMPETITIONS)) == (22, 16, 39)
    assert all(code == entry.code for code, entry in COMPETITIONS.items())


def test_divisions_of_a_country_stand_in_tiers_without_gaps():
    for country in {entry.country for entry in COMPETITIONS.values()}:
        tiers = sorted(entry.tier for entry in COMPETITIONS.values() if entry.country == country)
        assert tiers == list(range(1, len(tiers) + 1)), country


def test_only_extra_leagues_play_within_one_year():
    calendar = {entry.code for entry in COMPETITIONS.values() if entry.calendar_year}
    assert calendar == {"ARG", "BRA", "CHN", "FIN", "IRL", "JPN", "NOR", "SWE", "USA"}


def test_extra_leagues_are_found_by_their_country():
    assert EXTRA_BY_COUNTRY["Switzerland"] == "SWZ"
    assert set(EXTRA_BY_COUNTRY.values()) == set(EXTRA_LEAGUES)


def test_an_unlisted_competition_has_a_country_of_its_own():
    assert competition("my-league").country == "my-league"
    assert not is_simulated("my-league")


def test_only_the_simulated_league_is_simulated():
    assert [code for code in COMPETITIONS if is_simulated(code)] == ["SIM1"]


def test_a_code_is_listed_by_its_slug():
    assert all(listed_as(code.lower()) == code for code in COMPETITIONS)
    assert (listed_as("village-cup"), listed_as("?"), listed_as("")) == ("", "", "")
