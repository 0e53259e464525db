"""Names that are suggested for one that nobody knows, of few names and of very many."""

from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.domain.forecasts import resolve, suggestions
from touchline.domain.vocabulary import slug

TEAMS = [
    sha256(bytes([number])).hexdigest()[:9].translate(str.maketrans("0123456789", "ghijklmnop")) for number in range(40)
]
MANY = [f"e0-2025-26-{home}-{away}" for home in TEAMS for away in TEAMS]


@settings(max_examples=20)
@given(st.sampled_from(MANY), st.integers(11, 19))
def test_one_wrong_letter_is_found_among_many(match_id: str, at: int) -> None:
    wrong = match_id[:at] + "x" + match_id[at + 1 :]
    assert suggestions(wrong, MANY)[0] == match_id


@settings(max_examples=20)
@given(st.text(max_size=300))
def test_whatever_is_asked_for_is_answered(name: str) -> None:
    assert set(suggestions(name, MANY[:50])) <= set(MANY)
    assert resolve(name, MANY[:50]) in (None, *MANY)


@given(st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True))
def test_a_slug_is_its_own_slug(name: str) -> None:
    assert slug(name) == name
