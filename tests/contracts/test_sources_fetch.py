"""Fetching over HTTP, against a real server: what is asked for, how politely, and what comes of bad answers."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from published import PLAIN, csv_of, match
from small_site import Page, Site, serve
from touchline.errors import ConfigurationError, DataError, NotFound, PermanentError, Unavailable
from touchline.ports import Payload
from touchline.settings import Scrape
from touchline.sources import registry
from touchline.sources.football_data import FootballData
from touchline.sources.web import Web

NOW = datetime(2025, 11, 3, 9, tzinfo=UTC)
SEASON = csv_of(PLAIN, match("16/08/2025"))
FIXTURES = csv_of(PLAIN, match("08/11/2025", score=""))
E0 = "/mmz4281/2526/E0.csv"


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        site.put(E0, SEASON)
        site.put("/fixtures.csv", FIXTURES)
        yield site


class Waits(list[float]):
    """Seconds that a fetch would have rested."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def source(site: Site, waits: Waits) -> FootballData:
    return FootballData(
        Web("tester/1.0 (+mailto:me@example.org)", 2.5, attempts=3, max_bytes=10_000, rest=waits), site.url
    )


def fetch(source: FootballData, competitions=("E0",), seasons=(), now: datetime = NOW) -> list[Payload]:
    return list(source.fetch(competitions, seasons, now))


class TestWhatIsAskedFor:
    def test_the_current_season_and_fixtures(self, site, source):
        payloads = fetch(source)
        assert [(payload.name, payload.body.decode()) for payload in payloads] == [
            ("mmz4281/2526/E0.csv", SEASON),
            ("fixtures.csv", FIXTURES),
        ]
        assert payloads[0].url == site.url + E0
        assert {payload.retrieved for payload in payloads} == {NOW}
        assert {payload.source for payload in payloads} == {"football-data"}

    def test_seasons_and_divisions(self, site, source):
        wanted = [f"/mmz4281/{season}/{code}.csv" for season in ("9900", "0001", "2526") for code in ("E0", "SC3")]
        for path in wanted:
            site.put(path, SEASON)
        fetch(source, ["E0", "SC3"], ["1999-2000", "2025-"])
        assert site.paths == [*wanted, "/fixtures.csv"]

    def test_extra_leagues_come_in_one_file(self, site, source):
        site.put("/new/BRA.csv", SEASON)
        site.put("/new_league_fixtures.csv", FIXTURES)
        fetch(source, ["BRA"], ["2018-"])
        assert site.paths == ["/new/BRA.csv", "/new_league_fixtures.csv"]

    def test_nothing_is_asked_before_it_is_wanted(self, site, source):
        payloads = source.fetch(["E0"], [], NOW)
        next(payloads)
        assert site.paths == [E0]

    def test_unknown_competitions_and_seasons_are_named(self, source):
        with pytest.raises(ConfigurationError, match="no competition X9, MLS"):
            fetch(source, ["E0", "X9", "MLS"])
        with pytest.raises(ConfigurationError, match="season 2030-31 has not begun"):
            fetch(source, seasons=["2030-31"])


class TestManners:
    def test_it_says_who_asks(self, site, source):
        fetch(source)
        assert {headers["user-agent"] for _, headers in site.asked} == {"tester/1.0 (+mailto:me@example.org)"}

    def test_it_rests_between_requests(self, source, waits):
        fetch(source)
        assert waits == [2.5]

    def test_redirects_are_followed(self, site, source):
        site.put(E0, Page(status=302, headers={"Location": "/elsewhere.csv"}))
        site.put("/elsewhere.csv", SEASON)
        assert fetch(source)[0].body.decode() == SEASON

    def test_a_busy_server_is_asked_again_after_longer_and_longer_rests(self, site, source, waits):
        site.put(E0, Page(status=503), Page(status=429), SEASON)
        assert fetch(source)[0].body.decode() == SEASON
        assert waits[:2] == [2.0, 4.0]

    def test_the_server_may_say_how_long(self, site, source, waits):
        site.put(
            E0,
            Page(status=429, headers={"Retry-After": "7"}),
            Page(status=503, headers={"Retry-After": "60"}),
            SEASON,
        )
        fetch(source)
        assert waits[:2] == [7.0, 60.0]

    def test_a_server_that_wants_to_be_left_alone_for_long_is_not_asked_again(self, site, source, waits):
        site.put(E0, Page(status=429, headers={"Retry-After": "9000"}), SEASON)
        with pytest.raises(Unavailable, match="asks not to come back within 9,000 seconds"):
            fetch(source)
        assert (site.paths, waits) == ([E0], [])

    def test_settings_make_the_source(self, site):
        settings = Scrape(football_data_url=site.url + "/", user_agent="me", pace_seconds=0)
        payloads = list(registry.build(settings)["football-data"].fetch(["E0"], [], NOW))
        assert len(payloads) == 2
        assert site.asked[0][1]["user-agent"] == "me"


class TestBadAnswers:
    def test_it_gives_up_in_time(self, site, source):
        site.put(E0, Page(status=503))
        with pytest.raises(Unavailable, match="the server answers 503"):
            fetch(source)
        assert len(site.asked) == 3

    def test_a_file_that_does_not_exist(self, site, source):
        with pytest.raises(NotFound, match=r"no such file \(status 404\)"):
            fetch(source, seasons=["1999-2000"])
        assert len(site.asked) == 1

    def test_the_file_of_a_season_about_to_begin_may_be_missing(self, site, source):
        payloads = fetch(source, now=datetime(2026, 7, 20, tzinfo=UTC))
        assert site.paths[0] == "/mmz4281/2627/E0.csv"
        assert [payload.name for payload in payloads] == ["fixtures.csv"]

    @pytest.mark.parametrize("status", [400, 401, 403])
    def test_a_refusal_is_not_asked_again(self, site, source, status):
        site.put(E0, Page(status=status))
        with pytest.raises(PermanentError, match=f"the server refuses with status {status}"):
            fetch(source)
        assert len(site.asked) == 1

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"<html><title>Just a moment...</title>", "a web page instead of a CSV file"),
            (b"", "the file is empty"),
            (b"\r\n", "the file is empty"),
            (b"x" * 10_001, "more than 10,000 bytes"),
        ],
    )
    def test_something_else_than_a_file(self, site, source, body, message):
        site.put(E0, Page(body))
        with pytest.raises(DataError, match=message):
            fetch(source)

    def test_nobody_listens(self, waits):
        with serve() as site:
            url = site.url
        with pytest.raises(Unavailable, match="no answer") as error:
            fetch(FootballData(Web("me", attempts=2, rest=waits), url))
        assert str(error.value).startswith(url)
        assert waits == [2.0]

    def test_no_answer_in_time(self, site, waits):
        site.put(E0, Page(SEASON.encode(), headers={"Content-Length": "100000"}))
        with pytest.raises(Unavailable, match="no answer"):
            fetch(FootballData(Web("me", attempts=1, timeout_seconds=0.2, rest=waits), site.url))

    @pytest.mark.parametrize("url", ["ftp://example.org", "http://", "nonsense"])
    def test_an_address_that_cannot_be_asked(self, url, waits):
        with pytest.raises(PermanentError, match="cannot be asked for"):
            fetch(FootballData(Web("me", attempts=1, rest=waits), url))

    def test_redirects_without_end(self, site, source):
        site.put(E0, Page(status=302, headers={"Location": E0}))
        with pytest.raises(PermanentError, match="cannot be asked for"):
            fetch(source)
