"""Published names: known spellings, slips that are asked about, and look-alikes that are two clubs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.names import YEARS_APART, resolve

KNOWN = {
    "England": {
        name: name for name in ("Arsenal", "Man United", "Middlesbrough", "Sheffield United", "Nott'm Forest", "Leeds")
    }
    | {"Boro": "Middlesbrough"},
    "Germany": {"Leipzig": "Leipzig", "St Pauli": "St Pauli"},
}
DAY = 739_000


def ask(*names: str, country: str = "England", known=KNOWN, aliases=None, distinct=None, days=None, on=None):
    played = {(country, name): set(on or [DAY]) for name in names}
    return resolve(played, known, aliases or {}, distinct or {}, days or {})


def team(name: str, **options) -> str | None:
    return ask(name, **options).teams.get((options.get("country", "England"), name))


class TestKnownNames:
    @pytest.mark.parametrize(
        "name", ["Arsenal", "ARSENAL", " arsenal ", "Nottm Forest", "nott'm  forest", "Man  United"]
    )
    def test_case_blanks_and_signs_do_not_matter(self, name):
        wanted = {"a": "Arsenal", "n": "Nott'm Forest", "m": "Man United"}[name.strip().lower()[0]]
        assert team(name) == wanted

    def test_a_stored_alias_counts(self):
        assert team("Boro") == team("BORO") == "Middlesbrough"

    def test_an_alias_of_ours_counts(self):
        assert team("Red Devils", aliases={"England": {"Red Devils": "Man United"}}) == "Man United"

    def test_the_target_of_an_alias_is_known_before_it_was_seen(self):
        answer = ask(
            "Zulte Waregem", "Waregem", country="Belgium", known={}, aliases={"Belgium": {"Zulte Waregem": "Waregem"}}
        )
        assert set(answer.teams.values()) == {"Waregem"}
        assert answer.suspects == ()

    def test_what_is_stored_has_the_last_word(self):
        assert team("Boro", aliases={"England": {"Boro": "Leeds"}}) == "Middlesbrough"

    def test_a_new_spelling_is_told(self):
        answer = ask("ARSENAL", "Leeds")
        assert answer.new == {("England", "ARSENAL"): "Arsenal"}


class TestSlips:
    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("Arsenall", "Arsenal"),
            ("Man Utd", "Man United"),
            ("Middlesboro", "Middlesbrough"),
            ("Sheff Utd", "Sheffield United"),
            ("Sheffield Utd", "Sheffield United"),
            ("Nottingham Forest", "Nott'm Forest"),
            ("Leeds United", "Leeds"),
        ],
    )
    def test_a_name_that_looks_like_another_is_asked_about(self, name, meant):
        answer = ask(name)
        assert answer.teams == answer.new == {}
        assert [(one.country, one.name, one.resembles[0]) for one in answer.suspects] == [("England", name, meant)]

    @pytest.mark.parametrize("name", ["Man City", "Sheffield Weds", "Bournemouth", "Chelsea", "Stoke"])
    def test_neighbours_are_new_clubs(self, name):
        answer = ask(name)
        assert answer.new == {("England", name): name}
        assert answer.suspects == ()

    def test_other_countries_do_not_matter(self):
        assert team("Arsenall", country="Scotland") == "Arsenall"

    @pytest.mark.parametrize(
        "names", [("Team A", "Team B"), ("Team 1", "Team 12"), ("Team1", "Team12"), ("U 21", "U 23")]
    )
    def test_marks_and_numbers_tell_teams_apart(self, names):
        played = {("England", name): {DAY + place} for place, name in enumerate(names)}
        assert resolve(played, {}, {}, {}, {}).suspects == ()

    def test_a_number_that_only_one_has_does_not(self):
        assert len(ask("Leeds 04").suspects) == 1

    def test_the_rare_spelling_is_the_slip(self):
        played = {("England", "Everton"): {1, 8, 15}, ("England", "Evertn"): {22}}
        [suspect] = resolve(played, {}, {}, {}, {}).suspects
        assert (suspect.name, suspect.resembles) == ("Evertn", ("Everton",))

    def test_the_most_similar_comes_first(self):
        known = {"England": {"Sheffield United": "Sheffield United", "Man United": "Man United"}}
        [suspect] = ask("Sheffield Untd", known=known).suspects
        assert suspect.resembles[0] == "Sheffield United"

    def test_blanks_of_a_new_name_are_tidied(self):
        assert ask("  Ely  City ").teams == {("England", "  Ely  City "): "Ely City"}


class TestTwoClubs:
    def test_they_played_on_one_day(self):
        assert team("RB Leipzig", country="Germany", days={("Germany", "Leipzig"): {DAY}}) == "RB Leipzig"

    def test_they_played_each_other_in_the_same_file(self):
        answer = ask("Dundee", "Dundee United", country="Scotland")
        assert len(answer.new) == 2

    def test_other_days_prove_nothing(self):
        days = {("Germany", "Leipzig"): {DAY - 7}}
        assert team("RB Leipzig", country="Germany", days=days) is None

    def test_years_lie_between_them(self):
        long_ago = {("Germany", "Leipzig"): {DAY - YEARS_APART * 365 - 1}}
        assert team("RB Leipzig", country="Germany", days=long_ago) == "RB Leipzig"
        assert team("RB Leipzig", country="Germany", days={("Germany", "Leipzig"): {DAY - 365}}) is None

    def test_somebody_listed_them(self):
        distinct = {"Germany": {frozenset(("Leipzig", "RB Leipzig"))}}
        assert team("RB Leipzig", country="Germany", distinct=distinct) == "RB Leipzig"
        assert team("RW Leipzig", country="Germany", distinct=distinct) is None

    def test_a_slip_beside_the_right_spelling_is_no_club(self):
        played = {("England", "Man United"): {DAY, DAY + 14}, ("England", "Man Utd"): {DAY + 7}}
        [suspect] = resolve(played, {}, {}, {}, {}).suspects
        assert suspect.name == "Man Utd"


NAMES = st.lists(st.text("abcdefgh ", min_size=3, max_size=12).filter(str.strip), min_size=1, max_size=8, unique=True)


@given(NAMES, NAMES)
def test_resolving_again_says_the_same_and_finds_nothing_new(first, second):
    names = [name for name in {*first, *second} if any(letter.isalpha() for letter in name)]
    answer = ask(*names, known={})
    known: dict[str, dict[str, str]] = {"England": {}}
    for (_, name), canonical in answer.new.items():
        known["England"] |= {name: canonical, canonical: canonical}
    again = ask(*(name for _, name in answer.teams), known=known)
    assert again.teams == answer.teams
    assert again.new == {}
    assert again.suspects == ()


@given(st.permutations(sorted({"Arsenal", "Arsenall", "Leeds", "Leads", "Hull", "Hull City"})))
def test_the_order_of_names_does_not_matter(names):
    assert ask(*names) == ask(*sorted(names))
