"""openfootball's season files: both layouts, times without a zone, what is missing, what a broken file looks like."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.collecting import Page, Scope, Verdict
from touchline.errors import ConfigurationError, DataError, ShapeChanged
from touchline.ports import Payload
from touchline.sources import openfootball, registry
from touchline.sources.openfootball import OpenFootball
from touchline.sources.table import Parsed

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SOURCE = OpenFootball("http://files.example/")


def match(home: str = "Northbridge FC", away: str = "Example FC", **values: Any) -> dict[str, Any]:
    return {"round": "Matchday 1", "date": "2025-08-16", "time": "15:00", "team1": home, "team2": away} | values


def payload(*matches: Any, name: str = "E0/2025-26/season.json", **layout: Any) -> Payload:
    content = {"name": "Premier League 2025/26"} | (layout or {"matches": matches})
    return Payload(openfootball.NAME, name, msgspec.json.encode(content), NOW)


def parse(*matches: Any, **options: Any) -> Parsed:
    return registry.parse(payload(*matches, **options))


def verdict(given: Payload, now: datetime = NOW) -> Verdict:
    return SOURCE.verdict(Page(source="openfootball", endpoint="season", name=given.name, url=""), given, now)


def league(teams: int, **values: Any) -> list[dict[str, Any]]:
    return [match(f"Club {home}", f"Club {away}", **values) for home, away in permutations(range(teams), 2)]


def row(parsed: Parsed) -> dict[str, Any]:
    assert not parsed.rejected
    return parsed.rows.iloc[0].to_dict()


def test_a_result_and_a_match_to_come() -> None:
    parsed = parse(match(score={"ht": [0, 1], "ft": [2, 1]}), match("Ash", "Elm", score={}), match("Fir", "Oak"))
    assert parsed.rows["status"].tolist() == ["finished", "scheduled", "scheduled"]
    first = row(parsed)
    goals = [first[f"{side}_{what}"] for what in ("goals", "goals_half_time") for side in ("home", "away")]
    assert goals == [2.0, 1.0, 0.0, 1.0]
    assert (first["competition"], first["season"], first["home_team"]) == ("E0", "2025-26", "Northbridge FC")


def test_the_old_layout_with_rounds_and_clubs_as_objects() -> None:
    old = match({"key": "ash", "name": "Ash", "code": "ASH"}, {"name": "Elm"}, score1=3, score2=0)
    parsed = parse(rounds=[{"name": "1", "matches": [old]}, {"matches": [match(date="2025-08-23")]}])
    assert parsed.rows["home_team"].tolist() == ["Ash", "Northbridge FC"]
    assert parsed.rows[["home_goals", "away_goals"]].iloc[0].tolist() == [3.0, 0.0]


@pytest.mark.parametrize(
    ("code", "day", "utc"),
    [
        ("E0", "2025-08-16", "2025-08-16T14:00Z"),
        ("E0", "2025-12-26", "2025-12-26T15:00Z"),
        ("D1", "2025-08-16", "2025-08-16T13:00Z"),
        ("SP1", "2026-03-29", "2026-03-29T13:00Z"),  # clocks went forward that night
    ],
)
def test_times_are_local_where_a_country_has_one_zone(code: str, day: str, utc: str) -> None:
    found = row(parse(match(date=day), name=f"{code}/2025-26/season.json"))
    assert found["kickoff"] == datetime.fromisoformat(utc)
    assert found["kickoff_known"]


@pytest.mark.parametrize("time", [None, "", "tbd", "25:00", "15.00"])
def test_without_a_readable_time_only_the_day_is_known(time: str | None) -> None:
    found = row(parse(match(time=time)))
    assert found["kickoff"] == datetime(2025, 8, 16, 12, tzinfo=UTC)
    assert not found["kickoff_known"]


def test_where_the_zone_is_not_known_only_the_day_is() -> None:
    found = row(parse(match(), name="USA/2025/season.json"))
    assert found["kickoff"] == datetime(2025, 8, 16, 12, tzinfo=UTC)
    assert not found["kickoff_known"]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (match(date="16.8.2025"), "'16.8.2025' is no day"),
        (match(score={"ft": [2]}), "another shape"),
        (match(score={"ft": [2, "x"]}), "another shape"),
        (match(status="ANNULLED"), "unknown status 'ANNULLED'"),
        (match(""), "no home team"),
        (match(date="2024-01-01"), "outside the season"),
        ({"team1": "Ash"}, "another shape"),
        (7, "another shape"),
    ],
)
def test_a_row_that_cannot_be_is_refused_by_itself(bad: Any, why: str) -> None:
    parsed = parse(match(), bad)
    assert len(parsed.rows) == 1
    assert [refused.line for refused in parsed.rejected] == [2]
    assert why in parsed.rejected[0].reason
    assert parsed.rejected[0].text


def test_status_words_are_ours_in_any_case() -> None:
    parsed = parse(match(status="POSTPONED"), match("Ash", "Elm", status="awarded", score={"ft": [3, 0]}))
    assert parsed.rows["status"].tolist() == ["postponed", "awarded"]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"name": "x"}', b'{"matches": 3}', b"\xff", b'{"matches":[{']
)
def test_what_is_no_season_file_is_refused_whole(body: bytes) -> None:
    with pytest.raises(DataError):
        registry.parse(Payload(openfootball.NAME, "E0/2025-26/season.json", body, NOW))


def test_a_name_without_season_is_refused() -> None:
    with pytest.raises(DataError, match="no page of a season"):
        parse(match(), name="en.1.json")


OPTIONAL = st.fixed_dictionaries(
    {},
    optional={
        "time": st.sampled_from(["15:00", "", None]),
        "score": st.sampled_from([None, {}, {"ft": [1, 0]}, {"ft": [1, 0], "ht": [0, 0]}, {"ft": [1, 0], "p": [4, 3]}]),
        "status": st.sampled_from([None, "", "finished"]),
        "group": st.text(max_size=3),
        "stadium": st.none() | st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=2),
    },
)


@settings(max_examples=15)
@given(given=st.lists(OPTIONAL, min_size=5, max_size=20))
def test_keys_may_be_absent_and_others_come(given: list[dict[str, Any]]) -> None:
    bare = {key: value for key, value in match().items() if key not in ("time", "round")}
    rows = [bare | {"team1": f"Club {place}"} | values for place, values in enumerate(given)]
    scored = [bool((values.get("score") or {}).get("ft")) for values in given]
    empty = [values.get("status") == "finished" and not score for values, score in zip(given, scored, strict=True)]
    parsed = parse(*rows)
    expected = [score for score, refused in zip(scored, empty, strict=True) if not refused]
    assert (parsed.rows["status"] == "finished").tolist() == expected
    assert {refused.reason for refused in parsed.rejected} <= {"finished without a score"}
    assert len(parsed.rejected) == sum(empty)


def test_one_page_a_competition_and_season() -> None:
    scope = Scope(competitions=("E0", "BRA"), seasons=("2024-",))
    pages = list(SOURCE.pages(scope, NOW))
    assert [page.url for page in pages] == [
        f"http://files.example/{path}.json"
        for path in ("2024-25/en.1", "2025-26/en.1", "2024/br.1", "2025/br.1", "2026/br.1")
    ]
    assert all(page.optional and page.leaf for page in pages)
    assert [openfootball.parse(payload(match(date="2026-02-01"), name=page.name)).rows.shape[0] for page in pages[1::3]]


def test_days_narrow_the_seasons() -> None:
    scope = Scope(competitions=("E0",), seasons=("2020-",), last=date(2021, 5, 1))
    assert [page.name for page in SOURCE.pages(scope, NOW)] == ["E0/2020-21/season.json"]


@pytest.mark.parametrize(
    ("scope", "what"),
    [
        (Scope(competitions=("SIM1",)), "no competition SIM1"),
        (Scope(competitions=("E0",), seasons=("1998/2001",)), "no season"),
        (Scope(competitions=("E0",), seasons=("2031-32",)), "not begun"),
    ],
)
def test_what_the_source_cannot_have_is_said_before_anything_is_asked(scope: Scope, what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        next(SOURCE.pages(scope, NOW))


def test_a_running_season_is_asked_for_again_and_one_that_is_over_is_not() -> None:
    assert verdict(payload(*league(4))) == Verdict(again=timedelta(hours=12), note="12 matches of 4 teams")
    assert verdict(payload(*league(4)), datetime(2027, 1, 1, tzinfo=UTC)).again is None


def test_a_file_that_lost_most_of_its_matches_is_told_from_a_whole_one() -> None:
    kept = payload(*league(10)[:40])
    assert verdict(kept).state == "partial"
    assert verdict(kept).again
    with pytest.raises(ShapeChanged, match="only 40 matches of 10 teams"):
        verdict(kept, datetime(2027, 1, 1, tzinfo=UTC))
    assert verdict(payload()).state == "empty"
    with pytest.raises(ShapeChanged):
        verdict(payload(), datetime(2027, 1, 1, tzinfo=UTC))
