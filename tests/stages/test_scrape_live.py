"""Live scores: what is asked for and when, what everybody is told, and what the match tables hear of it."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from live_world import DAY, FIXTURES, KICKOFF, Watched, told
from small_site import Site, serve
from touchline.domain.live import POINTER
from touchline.errors import ConfigurationError

HONEYFELL = "e0-2025-26-honeyfell-ironmead"
ALDERMOOR = "e0-2025-26-aldermoor-foxglove"


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        yield site


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the fixtures, to be copied."""
    home = tmp_path_factory.mktemp("prepared") / "home"
    with serve() as nobody:
        Watched(home, nobody).put(FIXTURES)
    return home


@pytest.fixture
def watched(prepared: Path, tmp_path: Path, site: Site) -> Watched:
    return Watched(Path(shutil.copytree(prepared, tmp_path / "home")), site)


def test_nothing_is_asked_without_a_source(watched: Watched) -> None:
    result = watched.tick(10, live_source="")
    assert (result.outcome, watched.site.asked, watched.scores) == ("skipped", [], {})


@pytest.mark.parametrize(("minutes", "asked"), [(-166, False), (-165, True), (180, True), (181, False)])
def test_the_source_is_asked_only_while_a_match_may_be_in_play(watched: Watched, minutes: int, asked: bool) -> None:
    watched.says()
    result = watched.tick(minutes)
    assert (DAY in watched.site.paths) is asked
    assert result.outcome == ("done" if asked else "skipped")


def test_ticks_that_had_to_wait_are_let_go(watched: Watched) -> None:
    watched.says()
    assert watched.tick(30, waited=1.9).outcome == "done"
    asked = len(watched.site.asked)
    assert watched.tick(31, waited=2.1).outcome == "skipped"
    assert len(watched.site.asked) == asked


def test_matches_of_other_competitions_are_no_reason_to_ask(watched: Watched) -> None:
    assert watched.tick(170, competitions=("SP1",)).outcome == "skipped"
    assert watched.site.asked == []


def test_how_matches_stand_is_told_under_the_names_that_are_stored(watched: Watched) -> None:
    watched.says(
        told(1, "Honeyfell", "Ironmead", "IN_PLAY", 1, 0, minute=31),
        told(2, "Brackenby", "Dunmere", "TIMED", code="ELC"),
        told(3, "Nobody FC", "Ironmead", "IN_PLAY", 0, 0),
        told(4, "Brackenby", "Dunmere", "TIMED", code="PD"),
    )
    result = watched.tick(31)
    assert result.summary["matches"] == 2
    assert watched.scores["as_of"] == "2026-03-07T15:31:00Z"
    assert watched.scores["source"] == "football-data-org"
    assert watched.scores["matches"] == [
        {
            "match_id": HONEYFELL, "competition": "E0", "season": "2025-26", "kickoff": "2026-03-07T15:00:00Z",
            "home_team": "Honeyfell", "away_team": "Ironmead", "state": "live", "raw_status": "IN_PLAY",
            "minute": "31", "home_goals": 1, "away_goals": 0,
        } if match["match_id"] == HONEYFELL else match
        for match in watched.scores["matches"]
    ]  # fmt: skip
    assert [match["state"] for match in watched.scores["matches"]] == ["live", "scheduled"]


def test_no_team_is_made_of_a_name_that_nobody_knows(watched: Watched) -> None:
    before = watched.ports.matches.teams()
    watched.says(told(1, "Honeyfell", "Ironmead", "IN_PLAY", 0, 0), told(3, "Nobody FC", "Ironmead", "IN_PLAY", 0, 0))
    watched.tick(5)
    assert watched.ports.matches.teams() == before
    assert watched.ports.metrics.collect()["live_unlinked"] == 1


def test_a_goal_is_told_and_wakes_nobody(watched: Watched) -> None:
    watched.says(told(1, "Honeyfell", "Ironmead", "IN_PLAY", 0, 0, minute=1))
    watched.tick(1)
    published, payloads = watched.published, [info.key for info in watched.ports.store.list("payloads/")]
    for minute, score in enumerate([(0, 0), (1, 0), (1, 1), (2, 1)], 2):
        watched.says(told(1, "Honeyfell", "Ironmead", "IN_PLAY", *score, minute=minute))
        result = watched.tick(minute)
        assert (result.outcome, result.publications, result.summary["news"]) == ("done", (), [])
        assert [watched.scores["matches"][0][f"{side}_goals"] for side in ("home", "away")] == list(score)
    assert watched.published == published
    assert [info.key for info in watched.ports.store.list("payloads/")] == payloads


def test_the_end_of_a_match_is_stored_and_published_once(watched: Watched) -> None:
    watched.says(told(1, "Honeyfell", "Ironmead", "IN_PLAY", 2, 1, minute=90))
    watched.tick(110)
    before = len(watched.published)
    watched.says(told(1, "Honeyfell", "Ironmead", "FINISHED", 2, 1))
    ended = watched.tick(112)
    assert (ended.outcome, ended.summary["news"], len(ended.publications)) == ("done", [HONEYFELL], 1)
    assert len(watched.published) == before + 1
    row = watched.stored(HONEYFELL)
    assert (row["status"], row["home_goals"], row["away_goals"]) == ("finished", 2, 1)
    assert watched.ports.matches.linked("football-data-org", ["1"]) == {"1": HONEYFELL}
    assert watched.tick(113).summary["news"] == []
    assert len(watched.published) == before + 1


def test_a_final_score_that_is_corrected_is_stored(watched: Watched) -> None:
    for minute, score in ((112, (2, 1)), (114, (2, 2))):
        watched.says(
            told(1, "Honeyfell", "Ironmead", "FINISHED", *score),
            told(2, "Brackenby", "Dunmere", "IN_PLAY", 0, 0, code="ELC"),
        )
        assert HONEYFELL in watched.tick(minute).summary["news"]
    assert watched.stored(HONEYFELL)["away_goals"] == 2


def test_another_kickoff_is_stored(watched: Watched) -> None:
    watched.says(told(1, "Honeyfell", "Ironmead", "TIMED", utcDate="2026-03-07T15:30:00Z"))
    assert watched.tick(-10).summary["news"] == [HONEYFELL]
    assert watched.stored(HONEYFELL)["kickoff"] == KICKOFF + timedelta(minutes=30)
    assert watched.tick(-9).summary["news"] == []


def test_a_match_that_is_stored_with_another_day_is_found_by_its_number(watched: Watched) -> None:
    watched.collected(told(5, "Foxglove", "Honeyfell", "TIMED", utcDate="2026-03-14T15:00:00Z"))
    watched.says(told(5, "Foxglove", "Honeyfell", "IN_PLAY", 0, 0))
    assert watched.tick(10).summary["news"] == ["e0-2025-26-foxglove-honeyfell"]
    assert watched.stored("e0-2025-26-foxglove-honeyfell")["kickoff"] == KICKOFF
    assert watched.tick(11).summary | {"live": 1} == {"matches": 1, "news": [], "live": 1}


def test_nobody_is_asked_once_all_matches_are_over(watched: Watched) -> None:
    watched.says(
        told(1, "Honeyfell", "Ironmead", "FINISHED", 2, 1),
        told(2, "Brackenby", "Dunmere", "FINISHED", 0, 0, code="ELC"),
        told(3, "Aldermoor", "Foxglove", "FINISHED", 0, 3, utcDate="2026-03-07T12:30:00Z"),
    )  # fmt: skip
    watched.tick(115)
    asked = len(watched.site.asked)
    assert watched.tick(116).outcome == "skipped"
    assert len(watched.site.asked) == asked


@pytest.mark.parametrize(("status", "body"), [(500, b""), (403, b"no"), (200, b"<html>")])
def test_a_source_that_fails_leaves_what_was_told_and_tries_nothing_again(
    watched: Watched, status: int, body: bytes
) -> None:
    watched.says(told(1, "Honeyfell", "Ironmead", "IN_PLAY", 1, 0, minute=31))
    watched.tick(31)
    before, asked = watched.scores, watched.site.paths.count(DAY)
    watched.fails(status, body)
    result = watched.tick(32)
    assert (result.outcome, watched.scores) == ("skipped", before)
    assert "football-data-org did not say how matches stand" in result.reason
    assert watched.site.paths.count(DAY) == asked + 1


def test_a_host_that_blocked_us_is_left_alone(watched: Watched) -> None:
    watched.fails(429)
    watched.tick(30)
    asked = len(watched.site.asked)
    assert "left alone until" in watched.tick(31).reason
    assert len(watched.site.asked) == asked


def test_a_page_that_cannot_be_read_is_kept(watched: Watched) -> None:
    watched.fails(200, b'{"matches": 3}')
    watched.tick(30)
    assert len(list(watched.ports.store.list("payloads/football-data-org/"))) > 0


def test_what_is_told_never_goes_back(watched: Watched) -> None:
    watched.says(told(1, "Honeyfell", "Ironmead", "IN_PLAY", 1, 0, minute=31))
    watched.tick(31)
    info, before = watched.ports.store.stat(POINTER), watched.scores
    assert info
    newer = watched.ports.store.get(POINTER).replace(b"T15:31:00Z", b"T15:40:00Z")
    assert watched.ports.store.swap(POINTER, newer, info.etag)
    assert watched.tick(32).outcome == "unchanged"
    assert watched.scores == before | {"as_of": "2026-03-07T15:40:00Z"}


def test_a_score_that_the_tables_refuse_is_told_all_the_same(watched: Watched) -> None:
    watched.says(told(1, "Honeyfell", "Ironmead", "FINISHED", 99, 1))
    result = watched.tick(112)
    assert result.outcome == "parked"
    assert watched.scores["matches"][0]["home_goals"] == 99
    assert watched.stored(HONEYFELL)["status"] == "scheduled"
    assert watched.tick(113).summary["news"] == []


@pytest.mark.parametrize("name", ["openfootball", "nonesuch"])
def test_a_source_without_live_scores_is_named(watched: Watched, name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"'{name}'.*TOUCHLINE|{name}") as refused:
        watched.tick(10, live_source=name)
    assert "football-data-org" in refused.value.hint


def test_the_day_is_that_of_the_united_kingdom(watched: Watched, site: Site) -> None:
    kickoff = datetime(2026, 7, 4, 23, 30, tzinfo=UTC)  # half past midnight of the 5th in London
    watched.put("competition,season,kickoff,home_team,away_team\nE0,2026-27,2026-07-04T23:30Z,Aldermoor,Foxglove\n")
    watched.clock.move(kickoff)
    watched.tick()
    assert any("dateFrom=2026-07-04&dateTo=2026-07-06" in path for path in site.paths)
