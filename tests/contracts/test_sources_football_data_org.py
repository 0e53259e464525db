"""football-data.org: what its pages say, status by status, and how matches of a day stand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.collecting import LIVE_COLUMNS, Page, Scope, Verdict
from touchline.errors import ConfigurationError, DataError, ShapeChanged
from touchline.ports import Payload
from touchline.sources import football_data_org, registry
from touchline.sources.football_data_org import KEY, FootballDataOrg
from touchline.sources.table import Parsed

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SOURCE = FootballDataOrg("http://api.example/")
SEASON = "E0/2025-26/matches.json"


def score(home: int | None = 2, away: int | None = 1, **values: Any) -> dict[str, Any]:
    winner = None if home is None or away is None else "HOME_TEAM" if home > away else "AWAY_TEAM"
    return {
        "winner": "DRAW" if home == away and home is not None else winner, "duration": "REGULAR",
        "fullTime": {"home": home, "away": away}, "halfTime": {"home": 1 if home else home, "away": away and 0},
    } | values  # fmt: skip


def match(
    number: int = 391882, home: str = "Northbridge FC", away: str = "Example FC", **values: Any
) -> dict[str, Any]:
    return {
        "area": {"id": 2072, "name": "England", "code": "ENG", "flag": None},
        "competition": {"id": 2021, "name": "Premier League", "code": "PL", "type": "LEAGUE", "emblem": None},
        "season": {"id": 1, "startDate": "2025-08-15", "endDate": "2026-05-24", "currentMatchday": 6, "winner": None},
        "id": number, "utcDate": "2025-08-16T14:00:00Z", "status": "FINISHED", "matchday": 1, "group": None,
        "stage": "REGULAR_SEASON", "lastUpdated": "2025-08-17T08:20:35Z",
        "homeTeam": {"id": 1, "name": home, "shortName": home[:5], "tla": None, "crest": None},
        "awayTeam": {"id": 2, "name": away, "shortName": away[:5], "tla": None, "crest": None},
        "score": score(), "odds": {"msg": "no package"}, "referees": [],
    } | values  # fmt: skip


def payload(*matches: Any, name: str = SEASON, code: str = "PL", count: int | None = None) -> Payload:
    said = {
        "filters": {"season": "2025"}, "resultSet": {"count": len(matches) if count is None else count, "played": 1},
        "competition": {"id": 2021, "name": "Premier League", "code": code}, "matches": matches,
    }  # fmt: skip
    return Payload(football_data_org.NAME, name, msgspec.json.encode(said), NOW)


def parse(*matches: Any, **options: Any) -> Parsed:
    return registry.parse(payload(*matches, **options))


DAY = "days/20250816.json"


def live(*matches: Any) -> list[dict[str, Any]]:
    frame = SOURCE.live_rows(payload(*matches, name=DAY))
    assert list(frame.columns) == list(LIVE_COLUMNS)
    found: list[dict[str, Any]] = frame.to_dict("records")
    return found


def row(parsed: Parsed) -> dict[str, Any]:
    assert not parsed.rejected
    return parsed.rows.iloc[0].to_dict()


def verdict(given: Payload, now: datetime = NOW) -> Verdict:
    return SOURCE.verdict(Page(source="x", endpoint="season", name=given.name, url=""), given, now)


def test_a_result_with_its_number_and_status_as_the_site_has_them() -> None:
    found = row(parse(match()))
    assert (found["source_id"], found["raw_status"], found["status"]) == ("391882", "FINISHED", "finished")
    assert found["kickoff"] == datetime(2025, 8, 16, 14, tzinfo=UTC)
    assert found["kickoff_known"]
    goals = [found[f"{side}_{what}"] for what in ("goals", "goals_half_time") for side in ("home", "away")]
    assert goals == [2, 1, 1, 0]


@pytest.mark.parametrize(
    ("status", "ours", "scored"),
    [
        ("SCHEDULED", "scheduled", False),
        ("TIMED", "scheduled", False),
        ("IN_PLAY", "scheduled", False),
        ("PAUSED", "scheduled", False),
        ("FINISHED", "finished", True),
        ("POSTPONED", "postponed", False),
        ("SUSPENDED", "abandoned", False),
        ("CANCELLED", "cancelled", False),
        ("AWARDED", "awarded", True),
    ],
)
def test_every_status_has_its_word_and_only_results_a_score(status: str, ours: str, scored: bool) -> None:
    found = row(parse(match(status=status)))
    assert (found["status"], found["raw_status"]) == (ours, status)
    assert (found["home_goals"] == found["home_goals"]) == scored


def test_a_status_that_nobody_knows_refuses_its_row_alone() -> None:
    parsed = parse(match(), match(2, "Ash", "Elm", status="ABOLISHED"))
    assert len(parsed.rows) == 1
    assert parsed.rejected[0].reason == "unknown status 'ABOLISHED'"


def test_after_extra_time_the_score_of_90_minutes_counts() -> None:
    longer = score(3, 2, duration="EXTRA_TIME", regularTime={"home": 2, "away": 2}, extraTime={"home": 1, "away": 0})
    found = row(parse(match(score=longer)))
    assert (found["home_goals"], found["away_goals"]) == (2, 2)


@pytest.mark.parametrize("duration", ["EXTRA_TIME", "PENALTY_SHOOTOUT", "PENALTIES"])
def test_without_the_score_of_90_minutes_the_row_is_refused(duration: str) -> None:
    parsed = parse(match(score=score(5, 4, duration=duration)))
    assert "the score after 90 minutes is not given" in parsed.rejected[0].reason


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"score": score(None, None)}, "finished without a score"),
        ({"score": score(1, 2, winner="HOME_TEAM")}, "do not make the result H"),
        ({"score": score(), "homeTeam": {"id": None, "name": None}}, "no home team"),
        ({"utcDate": "yesterday"}, "another shape"),
        ({"id": "x"}, "another shape"),
        ({"utcDate": "2023-08-16T14:00:00Z"}, "outside the season"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_reason(values: dict[str, Any], why: str) -> None:
    assert why in parse(match(**values)).rejected[0].reason


def test_a_fixture_at_midnight_without_a_time_has_a_day_only() -> None:
    found = row(parse(match(status="SCHEDULED", utcDate="2026-05-24T00:00:00Z", score=score(None, None))))
    assert (found["kickoff"], found["kickoff_known"]) == (datetime(2026, 5, 24, 12, tzinfo=UTC), False)
    assert row(parse(match(status="TIMED", utcDate="2026-05-24T00:00:00Z")))["kickoff_known"]


NULLABLE = ("score", "season", "competition", "minute", "area", "referees", "odds", "group", "matchday")


LACKING = st.tuples(st.sets(st.sampled_from(NULLABLE)), st.sets(st.sampled_from([*NULLABLE, "venue"])))


@settings(max_examples=10)
@given(lacking=st.lists(LACKING, min_size=3, max_size=12))
def test_keys_may_be_absent_or_null(lacking: list[tuple[set[str], set[str]]]) -> None:
    whole = [match(place, f"Club {place}", status="TIMED") for place in range(len(lacking))]
    rows = [
        {key: None if key in null else value for key, value in one.items() if key not in absent}
        for one, (absent, null) in zip(whole, lacking, strict=True)
    ]
    parsed = parse(*rows)
    assert not parsed.rejected
    assert (parsed.rows["status"] == "scheduled").all()
    assert len(live(*rows)) == sum("competition" not in absent | null for absent, null in lacking)


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"message": "x", "errorCode": 403}', b'{"matches": null}'])
def test_what_is_no_list_of_matches_is_refused_whole(body: bytes) -> None:
    given = Payload(football_data_org.NAME, SEASON, body, NOW)
    with pytest.raises(DataError):
        registry.parse(given)
    with pytest.raises(DataError):
        verdict(given)


def test_pages_carry_the_place_of_the_key_and_never_a_key() -> None:
    pages = list(SOURCE.pages(Scope(competitions=("E0", "BRA"), seasons=("2025-",)), NOW))
    assert [page.url.removeprefix("http://api.example/v4/competitions/") for page in pages] == [
        "PL/matches?season=2025", "BSA/matches?season=2025", "BSA/matches?season=2026",
    ]  # fmt: skip
    assert {page.headers for page in (*pages, SOURCE.live_page(date(2026, 3, 2)))} == {
        (("X-Auth-Token", f"{{{KEY}}}"),)
    }


def test_a_competition_that_the_site_lacks_is_said_before_anything_is_asked() -> None:
    with pytest.raises(ConfigurationError, match="no competition SC0"):
        next(SOURCE.pages(Scope(competitions=("SC0",)), NOW))


@pytest.mark.parametrize(
    ("given", "now", "expected"),
    [
        (payload(match(), match(2, status="TIMED")), NOW, Verdict(again=timedelta(hours=1), note="2 matches")),
        (payload(match()), NOW, Verdict(again=timedelta(days=1), note="1 matches")),
        (payload(match()), NOW + timedelta(days=365), Verdict(note="1 matches")),
        (payload(match(), count=380), NOW, Verdict(state="partial", again=timedelta(hours=1), note="1 matches of 380")),
        (payload(), NOW, Verdict(state="expected", again=timedelta(days=1), note="0 matches")),
        (payload(), NOW + timedelta(days=365), Verdict(state="not_available", note="0 matches")),
    ],
)
def test_how_complete_a_season_is(given: Payload, now: datetime, expected: Verdict) -> None:
    assert verdict(given, now) == expected


def test_an_answer_of_another_competition_is_no_answer() -> None:
    with pytest.raises(ShapeChanged, match="of BL1, not of E0"):
        verdict(payload(match(), code="BL1"))


@pytest.mark.parametrize(
    ("status", "state", "minute"),
    [("TIMED", "scheduled", ""), ("IN_PLAY", "live", "67"), ("PAUSED", "live", "HT"), ("FINISHED", "finished", ""),
     ("SUSPENDED", "other", ""), ("NEW_WORD", "other", "")],
)  # fmt: skip
def test_how_a_match_of_the_day_stands(status: str, state: str, minute: str) -> None:
    (found,) = live(match(status=status, minute=67))
    assert (found["state"], found["minute"], found["raw_status"]) == (state, minute, status)
    assert (found["competition"], found["season"], found["source_id"]) == ("E0", "2025-26", "391882")
    assert (found["home_goals"] == 2) == (status != "TIMED")


def test_a_day_is_that_of_the_united_kingdom_and_strangers_are_left_out() -> None:
    late = match(2, utcDate="2025-08-16T23:30:00Z")  # half past midnight in London
    early = match(3, utcDate="2025-08-15T23:30:00Z")
    foreign = match(4, competition={"code": "WC"})
    assert [found["source_id"] for found in live(match(), late, early, foreign, 7)] == ["391882", "3"]
    assert live() == []


def test_a_page_of_a_day_is_read_as_rows_too() -> None:
    other = match(2, "Ahorn", "Birke", competition={"code": "BL1"})
    parsed = parse(match(), other, match(3, competition={"code": "WC"}), name=DAY)
    assert parsed.rows[["competition", "season", "source_id"]].to_numpy().tolist() == [
        ["E0", "2025-26", "391882"], ["D1", "2025-26", "2"],
    ]  # fmt: skip
    assert len(parse(match(), {"id": "x"}, name=DAY).rejected) == 1
