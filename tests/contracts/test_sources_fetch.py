"""Collecting files over HTTP, against a real server: what is asked for, how politely, and what comes of bad answers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from collecting_world import Collecting
from published import PLAIN, csv_of, match
from small_site import Page, Site, serve
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.errors import BlockedError, ConfigurationError, DataError, NotFound, PermanentError, Unavailable
from touchline.settings import Scrape
from touchline.sources import registry
from touchline.sources.football_data import FootballData

NOW = datetime(2025, 11, 3, 9, tzinfo=UTC)
SEASON = csv_of(PLAIN, match("16/08/2025"))
FIXTURES = csv_of(PLAIN, match("08/11/2025", score=""))
E0 = "/mmz4281/2526/E0.csv"
ROBOTS = "/robots.txt"


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        site.put(E0, SEASON)
        site.put("/fixtures.csv", FIXTURES)
        yield site


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def collect(ports: Container, site: Site) -> Collecting:
    return Collecting(ports, FootballData(site.url), attempts=3, pace_seconds=2.5)


class TestWhatIsAskedFor:
    def test_the_current_season_and_fixtures(self, site: Site, collect: Collecting) -> None:
        collect()
        assert [(payload.name, payload.body.decode()) for payload in collect.taken] == [
            ("mmz4281/2526/E0.csv", SEASON),
            ("fixtures.csv", FIXTURES),
        ]
        assert collect.taken[0].url == site.url + E0
        assert {payload.retrieved for payload in collect.taken} == {NOW}
        assert {payload.source for payload in collect.taken} == {"football-data"}

    def test_seasons_and_divisions(self, site: Site, collect: Collecting) -> None:
        wanted = [f"/mmz4281/{season}/{code}.csv" for season in ("9900", "0001", "2526") for code in ("E0", "SC3")]
        for path in wanted:
            site.put(path, SEASON)
        collect(["E0", "SC3"], ["1999-2000", "2000-01", "2025-"])
        assert site.paths == [ROBOTS, *wanted, "/fixtures.csv"]

    def test_extra_leagues_come_in_one_file(self, site: Site, collect: Collecting) -> None:
        site.put("/new/BRA.csv", SEASON)
        site.put("/new_league_fixtures.csv", FIXTURES)
        collect(["BRA"], ["2018-"])
        assert site.paths == [ROBOTS, "/new/BRA.csv", "/new_league_fixtures.csv"]

    def test_nothing_but_the_next_page_is_asked_for_while_one_is_read(self, site: Site, collect: Collecting) -> None:
        seen: list[list[str]] = []
        collect.refuses = lambda _: bool(seen.append(list(site.paths)))
        collect()
        assert seen[0][:2] == [ROBOTS, E0]
        assert len(seen[0]) <= 3

    def test_unknown_competitions_and_seasons_are_named_and_nothing_is_asked(
        self, site: Site, collect: Collecting
    ) -> None:
        """Other sources go on, so the run ends; it says what this one could not make sense of."""
        competitions = collect(["E0", "X9", "MLS"])
        seasons = collect(seasons=["2030-31"])
        assert [type(error) for run in (competitions, seasons) for error in run.errors] == [ConfigurationError] * 2
        assert "no competition X9, MLS" in competitions.told()[0]
        assert "season 2030-31 has not begun" in seasons.told()[0]
        assert not site.paths

    def test_a_season_that_is_over_is_never_asked_for_again_and_fixtures_soon_are(
        self, site: Site, collect: Collecting, clock: VirtualClock
    ) -> None:
        site.put("/mmz4281/2324/E0.csv", SEASON)
        collect(seasons=["2023-24", "2025-26"])
        del site.asked[:]
        clock.move(NOW + timedelta(hours=3))
        collect(seasons=["2023-24", "2025-26"])
        assert site.paths == ["/fixtures.csv"]
        clock.move(NOW + timedelta(hours=20))
        collect(seasons=["2023-24", "2025-26"])
        assert site.paths[1:] == [E0, "/fixtures.csv"]


class TestManners:
    def test_it_says_who_asks(self, site: Site, ports: Container) -> None:
        Collecting(ports, FootballData(site.url))()
        assert {headers["user-agent"] for _, headers in site.asked} == {Scrape().user_agent}

    def test_it_rests_between_requests(self, collect: Collecting) -> None:
        collect()
        assert collect.waits == [2.5, 2.5]  # robots.txt is a request, too

    def test_redirects_are_followed(self, site: Site, collect: Collecting) -> None:
        site.put(E0, Page(status=302, headers={"Location": "/elsewhere.csv"}))
        site.put("/elsewhere.csv", SEASON)
        collect()
        assert collect.taken[0].body.decode() == SEASON

    def test_a_busy_server_is_asked_again_after_longer_and_longer_rests(self, site: Site, collect: Collecting) -> None:
        site.put(E0, Page(status=503), Page(status=502), SEASON)
        tally = collect()
        assert (collect.taken[0].body.decode(), tally.retries) == (SEASON, 2)
        assert collect.waits == [2.5, 2.0, 0.5, 4.0, 2.5]

    def test_the_server_may_say_how_long(self, site: Site, collect: Collecting) -> None:
        site.put(
            E0,
            Page(status=429, headers={"Retry-After": "7"}),
            Page(status=503, headers={"Retry-After": "60"}),
            SEASON,
        )
        collect()
        assert collect.waits[1:3] == [7.0, 60.0]

    def test_a_server_that_wants_to_be_left_alone_for_long_is_not_asked_again(
        self, site: Site, collect: Collecting
    ) -> None:
        site.put(E0, Page(status=503, headers={"Retry-After": "9000"}), SEASON)
        [error] = collect().errors
        assert isinstance(error, Unavailable)
        assert "asks not to come back within 9,000 seconds" in str(error)
        assert site.paths.count(E0) == 1

    def test_settings_make_the_source(self, site: Site, ports: Container) -> None:
        settings = Scrape(football_data_url=site.url + "/")
        collect = Collecting(ports, registry.build(settings)["football-data"], pace_seconds=0)
        assert collect().fetched == 2
        assert collect.waits == []


class TestBadAnswers:
    def fault(self, collect: Collecting, **scope: object) -> Exception:
        """What went wrong with the season file."""
        return collect(**scope).errors[0]  # type: ignore[arg-type]

    def test_it_gives_up_in_time(self, site: Site, collect: Collecting) -> None:
        site.put(E0, Page(status=503))
        error = self.fault(collect)
        assert isinstance(error, Unavailable)
        assert str(error) == f"{site.url}{E0}: the server answers 503"
        assert (site.paths.count(E0), collect.names) == (3, ["fixtures.csv"])

    def test_a_file_that_does_not_exist(self, site: Site, collect: Collecting) -> None:
        error = self.fault(collect, seasons=["1999-2000"])
        assert isinstance(error, NotFound)
        assert "no such page (status 404)" in str(error)
        assert site.paths.count("/mmz4281/9900/E0.csv") == 1

    def test_the_file_of_a_season_about_to_begin_may_be_missing(
        self, site: Site, collect: Collecting, clock: VirtualClock
    ) -> None:
        clock.move(datetime(2026, 7, 20, tzinfo=UTC))
        tally = collect()
        assert site.paths[1] == "/mmz4281/2627/E0.csv"
        assert (collect.names, tally.errors) == (["fixtures.csv"], [])

    @pytest.mark.parametrize(("status", "kind"), [(400, PermanentError), (401, BlockedError), (403, BlockedError)])
    def test_a_refusal_is_not_asked_again(
        self, site: Site, collect: Collecting, status: int, kind: type[Exception]
    ) -> None:
        site.put(E0, Page(status=status))
        error = self.fault(collect)
        assert isinstance(error, kind)
        assert f"status {status}" in str(error)
        assert site.paths.count(E0) == 1
        assert ("/fixtures.csv" in site.paths) == (status == 400)

    @pytest.mark.parametrize(
        ("body", "kind", "message"),
        [
            (b"<html><title>Not what you want</title>", DataError, "a web page instead of a CSV file"),
            (b"", Unavailable, "the answer is empty"),
            (b"\r\n", Unavailable, "the answer is empty"),
            (b"x" * 20_000_001, DataError, "more than 20,000,000 bytes"),
        ],
    )
    def test_something_else_than_a_file(
        self, site: Site, collect: Collecting, body: bytes, kind: type[Exception], message: str
    ) -> None:
        site.put(E0, Page(body))
        error = self.fault(collect)
        assert isinstance(error, kind)
        assert message in str(error)
        assert collect.names == ["fixtures.csv"]

    def test_nobody_listens(self, ports: Container) -> None:
        with serve() as site:
            url = site.url
        collect = Collecting(ports, FootballData(url), attempts=2)
        error = self.fault(collect)
        assert isinstance(error, Unavailable)
        assert "no answer" in str(error)
        assert str(error).startswith(url)
        assert collect.waits == [2.0]

    @pytest.mark.parametrize("url", ["ftp://example.org", "http://", "nonsense"])
    def test_an_address_that_cannot_be_asked(self, url: str, ports: Container) -> None:
        error = self.fault(Collecting(ports, FootballData(url)))
        assert isinstance(error, PermanentError)
        assert "cannot be asked for" in str(error)

    def test_redirects_without_end(self, site: Site, collect: Collecting) -> None:
        site.put(E0, Page(status=302, headers={"Location": E0}))
        assert "cannot be asked for" in str(self.fault(collect))
