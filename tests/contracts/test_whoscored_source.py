"""Which pages the source asks for, what it makes of each answer, and when it wants it again."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from collecting_world import Collecting
from small_site import Site, serve
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.collecting import Page, Scope, Verdict
from touchline.errors import ConfigurationError, DataError, NotFound, ShapeChanged
from touchline.sources.whoscored.source import ACKNOWLEDGE, WhoScored
from touchline.sources.whoscored.targets import code_of
from whoscored_pages import (
    MATCH,
    NOW,
    REGIONS,
    centre,
    feed,
    header,
    match_page,
    payload,
    row,
    season_page,
    stage_page,
    tournament_page,
)  # fmt: skip

URL = "http://replica"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LIST = "/Regions/252/Tournaments/2"
SEASON = f"{LIST}/Seasons/10743/England-Premier-League"
STAGE = f"{LIST}/Seasons/10743/Stages/24533/Fixtures"
AUGUST, JANUARY = "/tournaments/24533/data/?d=202508", "/tournaments/24533/data/?d=202601"
MATCHES = (
    row(1, startTimeUtc="2025-08-15T14:00:00Z"),
    row(2, startTimeUtc="2025-08-16T14:00:00Z", homeTeamName="Other"),
    row(3, startTimeUtc="2025-08-16T23:30:00Z", homeTeamName="Third"),  # the 17th in London
    row(4, startTimeUtc="2025-08-16T15:00:00Z", homeTeamName="Fourth", status=1, homeScore=None, awayScore=None),
    row(5, startTimeUtc="2025-08-16T15:00:00Z", homeTeamName="Fifth", homeScore=None),
)
SITE = {
    "/": REGIONS,
    LIST: tournament_page("2025/2026", "2024/2025", "2023/2025"),
    SEASON: season_page(),
    STAGE: stage_page(),
    AUGUST: feed(*MATCHES),
    JANUARY: feed(row(9, startTimeUtc="2026-01-03T14:00:00Z", status=1, homeScore=None, awayScore=None)),
}
SOURCE = WhoScored(URL + "/", True)


def ask(
    scope: Scope | None = None, site: dict[str, str] | None = None, now: datetime = NOW, asked: list[Page] | None = None
) -> list[Page]:
    """All pages that are asked for; those that the site lacks are answered by nothing."""
    answers, asked = SITE if site is None else site, [] if asked is None else asked
    pages = SOURCE.pages(scope or Scope(competitions=("E0",)), now)
    page = next(pages)
    while True:
        asked.append(page)
        body = answers.get(page.url.removeprefix(URL))
        try:
            page = pages.send(payload(page.name, body, url=page.url) if body is not None else None)
        except StopIteration:
            return asked


def paths(pages: list[Page]) -> list[str]:
    return [page.url.removeprefix(URL) for page in pages]


class TestPages:
    def test_lists_then_months_then_matches_the_newest_first(self):
        asked = ask()
        assert [(page.name, page.url.removeprefix(URL)) for page in asked] == [
            ("home.html", "/"),
            ("E0/seasons.html", LIST),
            ("E0/2025-26/season.html", SEASON),
            ("E0/2025-26/stages/24533.html", STAGE),
            ("E0/2025-26/months/24533-202508.json", AUGUST),
            ("E0/2025-26/months/24533-202601.json", JANUARY),
            ("E0/2025-26/matches/3.html", "/Matches/3/Live"),
            ("E0/2025-26/matches/2.html", "/Matches/2/Live"),
            ("E0/2025-26/matches/1.html", "/Matches/1/Live"),
        ]
        assert [page.leaf for page in asked] == [False] * 6 + [True] * 3
        assert [page.wants for page in asked] == ["document"] * 4 + ["json"] * 2 + ["file"] * 3
        assert {page.source for page in asked} == {"whoscored"}

    def test_a_browser_evaluates_what_cannot_be_read_as_json(self):
        values = {page.endpoint: page.values for page in ask()}
        assert values["home"] == ("allRegions",)
        assert values["stage"] == ("wsCalendar.mask",)
        assert len(values["match"]) == 2
        assert values["month"] == ()

    @pytest.mark.parametrize(
        ("first", "last", "months", "matches"),
        [
            (date(2025, 8, 16), date(2025, 8, 16), ["08"], [2]),
            (date(2025, 8, 17), None, ["08", "01"], [3]),
            (None, date(2025, 8, 15), ["08"], [1]),
            (date(2025, 9, 1), date(2025, 12, 1), [], []),
            (date(2026, 1, 1), None, ["01"], []),
        ],
    )
    def test_days_narrow_it(self, first: date | None, last: date | None, months: list[str], matches: list[int]):
        asked = paths(ask(Scope(competitions=("E0",), first=first, last=last)))
        assert [path[-2:] for path in asked if "data" in path] == months
        assert [int(path.split("/")[2]) for path in asked if "Matches" in path] == matches

    def test_several_seasons_and_stages(self):
        other = SEASON.replace("10743", "10742")
        site = SITE | {other: season_page((7, "East"), (8, "West"))}
        for stage in (7, 8):
            site[f"{LIST}/Seasons/10742/Stages/{stage}/Fixtures"] = stage_page("{2024: {8: {1:1}}}")
        asked = [page.name for page in ask(Scope(competitions=("E0",), seasons=("2024-",)), site)]
        assert asked[2:7] == [
            "E0/2024-25/season.html",
            "E0/2024-25/stages/7.html",
            "E0/2024-25/months/7-202409.json",
            "E0/2024-25/stages/8.html",
            "E0/2024-25/months/8-202409.json",
        ]
        assert asked[7] == "E0/2025-26/season.html"

    def test_two_seasons_of_one_name_are_both_read(self):
        site = SITE | {LIST: tournament_page("2025/2026", "2025/26")}
        asked = [page.name for page in ask(site=site)]
        assert asked[2] == "E0/2025-26/season.html"
        assert "E0/2025-26/season-10742.html" in asked

    def test_a_match_that_is_in_two_stages_is_asked_for_once(self):
        site = SITE | {SEASON: season_page((24533, "A"), (24534, "B"))}
        site[STAGE.replace("24533", "24534")] = stage_page()
        site[AUGUST.replace("24533", "24534")] = feed(*MATCHES)
        assert [path for path in paths(ask(site=site)) if "Matches" in path] == [
            f"/Matches/{at}/Live" for at in (3, 2, 1)
        ]

    @pytest.mark.parametrize(("gone", "last"), [("/", 9), (LIST, 2), (SEASON, 3), (STAGE, 4), (AUGUST, 6)])
    def test_what_does_not_depend_on_a_page_that_failed_is_asked_for(self, gone: str, last: int):
        asked = ask(site={path: body for path, body in SITE.items() if path != gone})
        assert len(asked) == last

    def test_before_the_current_season_is_listed_the_one_before_is_read(self):
        asked = ask(now=datetime(2026, 7, 2, tzinfo=UTC))
        assert asked[2].name == "E0/2025-26/season.html"


class TestRefusals:
    def test_nobody_acknowledged_the_terms(self):
        source = WhoScored(URL, False)
        for wanted in (lambda: source.pages(Scope(competitions=("E0",)), NOW), lambda: source.live_page(NOW.date())):
            with pytest.raises(ConfigurationError, match="forbid automated reading") as told:
                wanted()
            assert f"{ACKNOWLEDGE}=acknowledged" in told.value.hint
            assert "football-data" in told.value.hint

    @pytest.mark.parametrize(("code", "seasons"), [("SIM1", ()), ("XX", ()), ("E0", ("2030-31",)), ("E0", ("soon",))])
    def test_what_it_cannot_have(self, code: str, seasons: tuple[str, ...]):
        with pytest.raises(ConfigurationError):
            SOURCE.pages(Scope(competitions=(code,), seasons=seasons), NOW)

    def test_a_season_that_is_not_listed_is_told_with_those_that_are(self):
        with pytest.raises(NotFound) as told:
            ask(Scope(competitions=("E0",), seasons=("2026-27",)))
        assert told.value.what == (
            "season 2026-27 of E0 is not listed; listed are 2025-26, 2024-25, 2023/2025; read at 2025-09-01 12:00 UTC"
        )

    def test_a_tournament_that_the_site_renumbered_is_told_with_its_neighbours(self):
        with pytest.raises(NotFound, match="no tournament 2 in region 252") as told:
            ask(site=SITE | {"/": REGIONS.replace("{id:2,", "{id:22,")})
        assert told.value.details == ("22: England: Premier League", "7: England: ")

    def test_the_other_competitions_are_collected_first(self):
        asked: list[Page] = []
        site = SITE | {"/Regions/108/Tournaments/5": tournament_page("2019/2020")}
        with pytest.raises(NotFound, match="of I1"):
            ask(Scope(competitions=("I1", "E0"), seasons=("2025-26",)), site, asked=asked)
        assert [page.name for page in asked[:3]] == ["home.html", "I1/seasons.html", "E0/seasons.html"]
        assert asked[-1].name == "E0/2025-26/matches/1.html"

    def test_what_is_wrong_with_several_is_told_together(self):
        with pytest.raises(NotFound) as told:
            ask(
                Scope(competitions=("E0", "E1"), seasons=("2026-27",)),
                SITE | {f"{LIST[:-1]}7": tournament_page("2025/2026")},
            )
        assert "season 2026-27 of E0" in str(told.value)
        assert "season 2026-27 of E1" in str(told.value)


def judge(endpoint: str, name: str, body: str, now: datetime = NOW, **more: Any) -> Verdict:
    page = Page(source="whoscored", endpoint=endpoint, name=name, url=URL)
    return SOURCE.verdict(page, payload(name, body, url=URL + SEASON, **more), now)


class TestLists:
    def test_home(self):
        assert judge("home", "home.html", REGIONS) == Verdict(again=7 * DAY)
        with pytest.raises(ShapeChanged):
            judge("home", "home.html", "<html></html>")

    def test_seasons_are_looked_up_sooner_while_the_current_one_is_missing(self):
        page = tournament_page("2025/2026", "2024/2025")
        assert judge("seasons", "E0/seasons.html", page).again == DAY
        assert judge("seasons", "E0/seasons.html", page, now=datetime(2026, 7, 2, tzinfo=UTC)).again == HOUR

    @pytest.mark.parametrize(("label", "again"), [("2025-26", DAY), ("2023-24", None)])
    def test_those_of_a_season_that_is_over_stay(self, label: str, again: timedelta | None):
        assert judge("season", f"E0/{label}/season.html", season_page()).again == again
        assert judge("stage", f"E0/{label}/stages/1.html", stage_page()).again == again


class TestMonths:
    OPEN = row(1, status=1, homeScore=None, awayScore=None)

    @pytest.mark.parametrize(
        ("now", "again"),
        [
            (datetime(2025, 7, 1, tzinfo=UTC), DAY),
            (datetime(2025, 7, 24, 22, 59, tzinfo=UTC), DAY),
            (datetime(2025, 7, 24, 23, 0, tzinfo=UTC), 6 * HOUR),
            (datetime(2025, 8, 31, tzinfo=UTC), 6 * HOUR),
            (datetime(2025, 9, 7, 22, 59, tzinfo=UTC), 6 * HOUR),
            (datetime(2025, 9, 7, 23, 0, tzinfo=UTC), None),
        ],
    )
    def test_a_month_is_closed_a_week_after_its_end(self, now: datetime, again: timedelta | None):
        assert judge("month", "E0/2025-26/months/24533-202508.json", feed(row(1)), now).again == again

    @pytest.mark.parametrize(("days", "again"), [(8, 2 * DAY), (40, 10 * DAY), (364, 91 * DAY), (366, None)])
    def test_one_with_a_match_that_is_not_over_is_asked_for_ever_less(self, days: int, again: timedelta | None):
        now = datetime(2025, 8, 31, 23, tzinfo=UTC) + days * DAY
        verdict = judge(
            "month", "E0/2025-26/months/24533-202508.json", feed(row(2), self.OPEN | {"homeTeamName": "O"}), now
        )
        assert verdict.again == again
        assert "kick-off has passed" in verdict.note

    def test_an_empty_one_is_no_answer(self):
        with pytest.raises(ShapeChanged, match="no match in a month"):
            judge("month", "E0/2025-26/months/24533-202508.json", '{"tournaments": []}')


class TestMatches:
    NAME = f"E0/2025-26/matches/{MATCH}.html"
    KICKOFF = datetime(2025, 8, 16, 14, tzinfo=UTC)

    @pytest.mark.parametrize(("hours", "again"), [(3, DAY), (25, DAY), (27, None), (24 * 400, None)])
    def test_one_that_is_whole_is_read_once_more_after_its_day(self, hours: int, again: timedelta | None):
        verdict = judge("match", self.NAME, match_page(), self.KICKOFF + hours * HOUR)
        assert (verdict.state, verdict.again) == ("available", again)

    @pytest.mark.parametrize(("hours", "again"), [(3, 6 * HOUR), (48, 12 * HOUR), (24 * 400, 30 * DAY)])
    def test_one_that_lacks_something_comes_again_ever_less(self, hours: int, again: timedelta):
        now = self.KICKOFF + hours * HOUR
        partial = judge("match", self.NAME, match_page(centre(fill=400)), now)
        assert (partial.state, partial.again) == ("partial", again)
        assert "400 events, the last in minute" in partial.note
        assert judge("match", self.NAME, match_page(None), now) == Verdict(
            state="empty", again=again, note="over, but without data"
        )

    def test_one_that_has_not_begun_comes_again(self):
        verdict = judge("match", self.NAME, match_page(None, head=header(status=1)), self.KICKOFF - DAY)
        assert (verdict.state, verdict.again) == ("expected", 6 * HOUR)

    def test_what_never_will_be_there_is_not_asked_for_again(self):
        verdict = judge("match", self.NAME, match_page(args="initialMatchDataForScrappers: [[1]]"))
        assert (verdict.state, verdict.again) == ("not_available", None)

    def test_one_that_does_not_say_when_it_was_is_not_asked_for_for_ever(self):
        head = header(start="")
        assert judge("match", self.NAME, match_page(centre(startTime=""), head=head)).again is None
        assert judge("match", self.NAME, match_page(head=head), self.KICKOFF + 3 * HOUR).again == DAY

    def test_another_match_is_no_answer(self):
        with pytest.raises(DataError, match="a page about match 7"):
            judge("match", self.NAME, match_page(head=header(number=7)))


def test_tournaments_are_known_by_their_numbers():
    assert (code_of(252, 2), code_of(None, 2), code_of(1, 2), code_of(252, 999)) == ("E0", "E0", "", "")


def test_what_people_want_to_know_before_they_use_it():
    about = WhoScored.about
    assert (about.pace_seconds, about.jitter_seconds, about.pages_per_day) == (6, 3, 500)
    assert (about.transport, about.acknowledge) == ("browser", "TOUCHLINE_SCRAPE_WHOSCORED_TERMS")
    assert about.alternative.startswith("football-data")


class Plain(WhoScored):
    """The same source over plain requests, for pages that need no browser."""

    about = msgspec.structs.replace(WhoScored.about, transport="http")


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        for path, body in SITE.items():
            site.put(path, body)
        for number in (1, 2, 3):
            page = match_page().replace(str(MATCH), str(number))
            site.put(f"/Matches/{number}/Live", page)
        yield site


class TestCollected:
    @pytest.fixture
    def clock(self) -> VirtualClock:
        return VirtualClock(NOW)

    def test_a_new_season_is_found_once_it_is_listed(self, ports: Container, site: Site, clock: VirtualClock):
        collect = Collecting(ports, Plain(site.url, True), pace_seconds=0)
        before = collect(seasons=["2026-27"])
        assert [type(error) for error in before.errors] == [NotFound]
        assert collect(seasons=["2026-27"]).fetched == 0
        site.put(LIST, tournament_page("2026/2027", "2025/2026"))
        site.put(STAGE, stage_page("{}"))
        clock.move(NOW + DAY + HOUR)
        assert collect(seasons=["2026-27"]).errors == []
        assert "E0/2026-27/season.html" in collect.names

    def test_what_is_settled_is_not_asked_for_again(self, ports: Container, site: Site, clock: VirtualClock):
        collect = Collecting(ports, Plain(site.url, True), pace_seconds=0)
        assert collect().errors == []
        assert len(collect.taken) == 9
        clock.move(NOW + 30 * DAY)
        site.asked.clear()
        collect()
        assert [path for path in site.paths if "Matches" in path or "202508" in path] == [AUGUST]
