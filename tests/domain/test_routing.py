"""Laws of routing: the same answer everywhere, even shares, and nobody changes sides while a share grows."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.routing import Route, after_promotion, arm_of, fault_of, point, route_of

NAMES = st.text(max_size=12)
SHARES = st.floats(0, 1)


@given(NAMES, NAMES, NAMES)
def test_a_point_lies_in_the_interval_and_stays(salt: str, client: str, match: str) -> None:
    assert 0 <= point(salt, client, match) < 1
    assert point(salt, client, match) == point(salt, client, match)


def test_a_point_is_the_same_in_every_process_and_version() -> None:
    assert point("m2", "key-1", "e0-2025-26-aldermoor-fennimore") == pytest.approx(0.0809874844306403)


@given(NAMES, NAMES, NAMES, SHARES, SHARES)
def test_who_is_in_a_share_is_in_every_larger_one(salt: str, client: str, match: str, one: float, other: float) -> None:
    small, large = sorted((one, other))
    if arm_of(Route("ab", small, salt), client, match) == "challenger":
        assert arm_of(Route("ab", large, salt), client, match) == "challenger"


@given(NAMES, NAMES, NAMES, SHARES)
def test_a_shadow_answers_nobody(salt: str, client: str, match: str, share: float) -> None:
    assert arm_of(Route("shadow", share, salt), client, match) == "champion"


@given(NAMES, NAMES, st.sampled_from(["", "D1", "E1"]))
def test_a_route_that_is_limited_leaves_the_others_alone(client: str, match: str, competition: str) -> None:
    route = Route("ab", 1.0, "", ("E0",))
    assert arm_of(route, client, match, competition) == "champion"
    assert arm_of(route, client, match, "E0") == "challenger"


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("vary", [lambda n: (f"client-{n}", "m"), lambda n: ("c", f"match-{n}")])
def test_shares_are_even_over_clients_and_over_matches(share: float, vary: Callable[[int], tuple[str, str]]) -> None:
    """Of 4,000 the share is within four standard errors."""
    route, n = Route("ab", share, "salt"), 4000
    found = sum(arm_of(route, *vary(number)) == "challenger" for number in range(n)) / n
    assert abs(found - share) < 4 * (share * (1 - share) / n) ** 0.5


def test_another_salt_is_another_draw() -> None:
    ours, theirs = ([point(salt, f"c{n}", "m") < 0.5 for n in range(2000)] for salt in ("a", "b"))
    assert 0.45 < sum(a == b for a, b in zip(ours, theirs, strict=True)) / 2000 < 0.55


def test_no_two_askers_are_taken_for_one_another() -> None:
    assert point("", "ab", "c") != point("", "a", "bc") != point("a", "", "bc")


@pytest.mark.parametrize(
    ("route", "fault"),
    [
        (Route("shadow"), ""),
        (Route("shadow", 0.1), "no share"),
        (Route("canary", 0.5), ""),
        (Route("canary", 0.51), "at most 0.5"),
        (Route("canary"), "above 0"),
        (Route("canary", float("nan")), "above 0"),
        (Route("ab", 0.99), ""),
        (Route("ab", 1.0), "between 0 and 1"),
        (Route("competitions", competitions=("E0",)), ""),
        (Route("competitions", 0.5, competitions=("E0",)), "without a share"),
        (Route("competitions"), "names some"),
    ],
)
def test_a_share_fits_its_mode(route: Route, fault: str) -> None:
    assert fault in fault_of(route)
    assert bool(fault_of(route)) is bool(fault)


def test_no_route_is_none() -> None:
    assert route_of({}) is None
    assert after_promotion(None, "", "m1") == ""


@given(NAMES, NAMES)
def test_competitions_are_answered_by_their_own_model_whoever_asks(client: str, match: str) -> None:
    route = Route("competitions", competitions=("E0",))
    assert [arm_of(route, client, match, code) for code in ("E0", "D1", "")] == ["challenger", "champion", "champion"]


@pytest.mark.parametrize("mode", ["shadow", "canary", "ab", "competitions"])
def test_a_challenger_that_serves_ends_its_route(mode: str) -> None:
    assert after_promotion(Route(mode, 0.1), "m2", "m2") == "the route to m2 ends: it serves now"
    assert bool(after_promotion(Route(mode, 0.1), "m2", "m3")) is (mode in ("canary", "ab"))
