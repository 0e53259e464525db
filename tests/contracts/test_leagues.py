"""Names of competitions: from what anybody writes to our code, and from our code to what a source calls it."""

from collections import Counter

import pytest

from touchline.domain.competitions import COMPETITIONS, SIMULATED
from touchline.errors import UnknownName
from touchline.sources import leagues

SOURCES = ("whoscored", "football-data-org", "openfootball", "the-odds-api")


@pytest.mark.parametrize("code", COMPETITIONS)
def test_a_competition_is_found_by_its_code_and_by_its_country_and_name(code: str) -> None:
    known = COMPETITIONS[code]
    for text in (code, code.lower(), f"{known.country} {known.name}", f"{known.name} ({known.country})"):
        assert leagues.find(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("PL", "E0"),
        ("ENG-Premier League", "E0"),
        ("laliga", "SP1"),
        ("Brasileirao", "BRA"),
        ("süper lig", "T1"),
        ("soccer_italy_serie_a", "I1"),
        ("en.1", "E0"),
        ("252/2", "E0"),
        ("2. Bundesliga", "D2"),
    ],
)
def test_a_competition_is_found_by_what_people_and_sources_call_it(text: str, code: str) -> None:
    assert leagues.find(text) == code


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("Premier League", {"E0", "RUS"}),
        ("Bundesliga", {"D1", "AUT"}),
        ("Serie A", {"I1", "BRA"}),
        ("Super League", {"G1", "CHN", "SWZ"}),
    ],
)
def test_a_name_that_several_have_is_not_guessed(text: str, choices: set[str]) -> None:
    with pytest.raises(UnknownName, match="several") as refused:
        leagues.find(text)
    assert {detail.partition(":")[0] for detail in refused.value.details} == choices


def test_a_slip_of_the_pen_is_answered_with_what_may_be_meant() -> None:
    with pytest.raises(UnknownName, match="Eredivsie") as refused:
        leagues.find("Eredivsie")
    assert refused.value.details[0].startswith("N1:")


@pytest.mark.parametrize("text", ["", "  ", "???", "Sunday League of the Village"])
def test_what_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(UnknownName):
        leagues.find(text)


@pytest.mark.parametrize("source", SOURCES)
def test_each_source_has_a_name_of_its_own_for_each_of_its_competitions(source: str) -> None:
    called = {code: leagues.known_as(source, code) for code in leagues.codes(source)}
    assert {code: leagues.find(name) for code, name in called.items()} == {code: code for code in called}
    assert max(Counter(called.values()).values()) == 1
    assert {"E0", "SP1", "I1", "D1", "F1"} <= called.keys()
    assert SIMULATED.code not in called


def test_a_competition_that_a_source_lacks_is_answered_with_those_that_it_has() -> None:
    with pytest.raises(UnknownName, match="SC3") as refused:
        leagues.known_as("football-data-org", "SC3")
    assert len(refused.value.details) == len(leagues.codes("football-data-org"))


def test_nothing_is_known_of_a_source_that_does_not_exist() -> None:
    assert leagues.codes("nowhere") == ()
    with pytest.raises(UnknownName):
        leagues.known_as("nowhere", "E0")
