"""The Odds API: prices by name and not by order, what is left out of them, and what an answer says of itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odds_answers import TRIPLE, bookmaker, event, h2h, odds_payload, totals
from touchline.collecting import Page, Scope, Verdict
from touchline.domain.vocabulary import BOOKMAKERS
from touchline.errors import ConfigurationError, DataError, ShapeChanged
from touchline.ports import Payload
from touchline.sources import leagues, the_odds_api
from touchline.sources.the_odds_api import KEY, QUOTE_COLUMNS, TheOddsApi, bookmaker_code, quotes

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KICKOFF = datetime(2026, 3, 7, 15, tzinfo=UTC)
SOURCE = TheOddsApi("http://api.example")


def meeting(*bookmakers: dict[str, Any], **values: Any) -> dict[str, Any]:
    return event("Northbridge", "Example United", KICKOFF, *bookmakers, **values)


def one_x_two(triple: tuple[float, float, float] = TRIPLE) -> dict[str, Any]:
    return h2h("Northbridge", "Example United", NOW, triple)


def prices(*events: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = quotes(odds_payload(NOW, *events)).prices.to_dict("records")
    return found


def verdict(payload: Payload) -> Verdict:
    return SOURCE.verdict(Page(source="x", endpoint="odds", name=payload.name, url=""), payload, NOW)


def test_a_price_says_all_that_it_is() -> None:
    found = quotes(odds_payload(NOW, meeting(bookmaker("pinnacle", one_x_two(), totals(NOW)))))
    assert tuple(found.prices.columns) == QUOTE_COLUMNS
    assert found.notes == ()
    first = found.prices.iloc[0].to_dict()
    assert first == {
        "competition": "E0", "source_id": "northbridge-example-united", "home_team": "Northbridge",
        "away_team": "Example United", "kickoff": KICKOFF, "bookmaker": "pinnacle", "market": "h2h", "outcome": "home",
        "line": 0.0, "price": 2.1, "quoted_at": NOW,
    }  # fmt: skip
    told = set(found.prices[["market", "outcome", "line", "price"]].itertuples(index=False, name=None))
    assert told == {
        ("h2h", "home", 0.0, 2.1), ("h2h", "draw", 0.0, 3.4), ("h2h", "away", 0.0, 3.6),
        ("totals", "over", 2.5, 1.91), ("totals", "under", 2.5, 1.95),
    }  # fmt: skip


@settings(max_examples=25)
@given(order=st.permutations(range(3)), swapped=st.booleans(), lines=st.sets(st.sampled_from([0.5, 1.5, 2.5, 3.5])))
def test_outcomes_are_told_by_their_names_in_any_order(order: list[int], swapped: bool, lines: set[float]) -> None:
    market = one_x_two()
    market["outcomes"] = [market["outcomes"][place] for place in order]
    goals = [totals(NOW, line, 1.8 + line / 10) for line in sorted(lines)]
    pairs = [outcome for one in goals for outcome in reversed(one["outcomes"])]
    markets = [market, *([totals(NOW) | {"outcomes": pairs}] if pairs else [])]
    found = prices(meeting(bookmaker("pinnacle", *(reversed(markets) if swapped else markets))))
    triple = {one["outcome"]: one["price"] for one in found if one["market"] == "h2h"}
    assert triple == dict(zip(("home", "draw", "away"), TRIPLE, strict=True))
    assert {one["line"]: one["price"] for one in found if one["outcome"] == "over"} == {
        line: 1.8 + line / 10 for line in lines
    }


OPTIONAL = ("title", "last_update", "sport_key", "sport_title", "link", "sid")


@settings(max_examples=25)
@given(absent=st.sets(st.sampled_from(OPTIONAL)), null=st.sets(st.sampled_from(["last_update", "title", "link"])))
def test_keys_may_be_absent_or_null(absent: set[str], null: set[str]) -> None:
    def less(value: dict[str, Any]) -> dict[str, Any]:
        return {key: None if key in null else one for key, one in value.items() if key not in absent}

    book = less(bookmaker("pinnacle", one_x_two()) | {"markets": [less(one_x_two())]})
    found = prices(less(meeting(book)))
    assert [one["price"] for one in found] == [2.1, 3.6, 3.4]
    assert {one["quoted_at"] for one in found} == {NOW}


@pytest.mark.parametrize(
    ("market", "note"),
    [
        (one_x_two((0.5, 3.4, 3.6)), "1x h2h prices are out of bounds"),
        (one_x_two((2000.0, 3.4, 1.2)), "1x h2h prices are out of bounds"),
        (one_x_two((1.1, 1.2, 1.3)), "1x h2h prices sum to an absurd margin"),
        (one_x_two((9.0, 9.0, 9.0)), "1x h2h prices sum to an absurd margin"),
        (totals(NOW, over=1.05, under=1.05), "1x totals prices sum to an absurd margin"),
        (one_x_two() | {"outcomes": one_x_two()["outcomes"][:2]}, "1x h2h prices are incomplete"),
        (totals(NOW) | {"outcomes": totals(NOW)["outcomes"][:1]}, "1x totals prices are incomplete"),
        (
            totals(NOW) | {"outcomes": [{"name": "Over", "price": 1.9}]},
            "1x an outcome of totals that is neither side's",
        ),
        (one_x_two() | {"key": "h2h_lay"}, "1x market h2h_lay is not kept"),
    ],
)
def test_prices_that_cannot_be_are_left_out_and_noted(market: dict[str, Any], note: str) -> None:
    found = quotes(odds_payload(NOW, meeting(bookmaker("pinnacle", market), bookmaker("unibet", one_x_two()))))
    assert found.prices["bookmaker"].unique().tolist() == ["unibet"]
    assert note in found.notes


def test_an_event_that_cannot_be_read_is_left_out_alone() -> None:
    odd = [meeting(home_team=None), 7, {"id": "x"}, meeting(commence_time="soon"), meeting({"key": "pinnacle"})]
    early = meeting(commence_time="0001-01-01T00:00:00+05:00")
    found = quotes(odds_payload(NOW, *odd, early, meeting(bookmaker("pinnacle", one_x_two()), id="good")))
    assert found.prices["source_id"].unique().tolist() == ["good"]
    assert set(found.notes) == {
        "4x an event of another shape than known", "1x a bookmaker of another shape than known",
        "1x an event of a year that cannot be",
    }  # fmt: skip


def test_no_price_is_of_later_than_its_answer() -> None:
    ahead = bookmaker("pinnacle", h2h("Northbridge", "Example United", NOW + timedelta(days=1)))
    assert {one["quoted_at"] for one in prices(meeting(ahead))} == {NOW}


def test_the_same_price_twice_is_one() -> None:
    assert len(prices(meeting(bookmaker("pinnacle", one_x_two()), bookmaker("pinnacle", one_x_two())))) == 3


@pytest.mark.parametrize("body", [b"", b"<html>", b"3", b'"x"', b"[", b'{"other": 1}'])
def test_what_is_no_list_of_events_is_refused(body: bytes) -> None:
    given = Payload(the_odds_api.NAME, "E0/odds.json", body, NOW)
    for read in (quotes, verdict):
        with pytest.raises(DataError):
            read(given)


def test_a_refusal_says_why() -> None:
    body = msgspec.json.encode({"message": "off season", "error_code": "UNKNOWN_SPORT"})
    with pytest.raises(DataError, match=r"off season \(UNKNOWN_SPORT\)"):
        verdict(Payload(the_odds_api.NAME, "E0/odds.json", body, NOW))
    with pytest.raises(ShapeChanged):
        verdict(Payload(the_odds_api.NAME, "E0/odds.json", b'{"message": 3}', NOW))


def test_a_name_without_a_competition_is_refused() -> None:
    with pytest.raises(DataError, match="no competition 'nowhere'"):
        quotes(odds_payload(NOW, name="nowhere/odds.json"))


def test_what_is_left_to_ask_is_noted_and_a_quiet_time_is_asked_seldom() -> None:
    some = odds_payload(NOW, meeting(bookmaker("pinnacle", one_x_two())))
    told = msgspec.structs.replace(some, headers={"x-requests-remaining": "476"})
    assert verdict(told) == Verdict(again=timedelta(hours=1), note="1 matches, 476 credits left")
    assert verdict(odds_payload(NOW)) == Verdict(
        state="expected", again=timedelta(days=1), note="no matches with prices now"
    )


def test_pages_carry_the_place_of_the_key_and_never_a_key() -> None:
    pages = list(SOURCE.pages(Scope(competitions=("E0", "D1"), seasons=("1999-00",)), NOW))
    assert [page.name for page in pages] == ["E0/odds.json", "D1/odds.json"]
    assert pages[0].url.startswith(f"http://api.example/v4/sports/soccer_epl/odds/?apiKey={{{KEY}}}&regions=eu&")
    with pytest.raises(ConfigurationError, match="no competition RUS"):
        next(SOURCE.pages(Scope(competitions=("RUS",)), NOW))


def test_all_competitions_can_be_asked_for_and_bookmakers_have_columns() -> None:
    codes = leagues.codes(the_odds_api.NAME)
    assert len({page.url for page in SOURCE.pages(Scope(competitions=codes), NOW)}) == len(codes)
    known = {bookmaker_code(name) for name in ("pinnacle", "bet365", "betfair_ex_eu", "williamhill", "betvictor")}
    assert known <= set(BOOKMAKERS)
    assert len(known) == 5
