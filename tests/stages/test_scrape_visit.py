"""Manners: how often a host is asked, what its robots.txt says, and what follows of a wall."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from collecting_world import Collecting, Shelf
from small_site import Page, Site, serve
from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.collecting import About
from touchline.errors import BlockedError, PermanentError, Unavailable
from touchline.manifest import payload_bytes, payload_ref

WALL = Page(b"<title>Just a moment...</title><script src='/cdn-cgi/challenge-platform/x.js'>", 403)
ROBOTS = "/robots.txt"
BOOKS = ("one", "two", "three", "four", "five")


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        site.put("/E0", '{"books": ["one", "two", "three", "four", "five"]}')
        for book in BOOKS:
            site.put(f"/E0/{book}", '{"state": "available"}')
        yield site


@pytest.fixture
def collect(ports: Container, site: Site) -> Collecting:
    return Collecting(ports, Shelf(site.url))


def host(site: Site) -> str:
    return site.url.removeprefix("http://")


class TestPace:
    def test_the_source_says_how_long_and_jitter_comes_on_top(self, collect: Collecting) -> None:
        collect.draw = lambda: 0.5
        collect()
        assert collect.waits == [2.5] * 6

    def test_settings_go_before_what_the_source_says(self, ports: Container, site: Site) -> None:
        collect = Collecting(ports, Shelf(site.url), pace_seconds=7.5)
        collect()
        assert set(collect.waits) == {7.5}

    def test_no_pace_is_no_rest_at_all(self, ports: Container, site: Site) -> None:
        collect = Collecting(ports, Shelf(site.url), pace_seconds=0)
        collect.draw = lambda: 1.0
        collect()
        assert collect.waits == []

    def test_the_next_run_rests_too(self, collect: Collecting, clock: VirtualClock) -> None:
        collect()
        clock.move(clock.now() + timedelta(hours=1))
        collect()
        assert collect.waits == []
        clock.move(clock.now() + timedelta(hours=1, milliseconds=1))
        host_state = collect.ports.hosts.all()[0]
        collect.ports.hosts.note(msgspec.structs.replace(host_state, last_asked=clock.now() - timedelta(seconds=0.5)))
        collect()
        assert collect.waits == [1.5]

    def test_a_clock_that_went_back_is_no_reason_to_wait_for_long(
        self, collect: Collecting, clock: VirtualClock
    ) -> None:
        collect()
        state = collect.ports.hosts.all()[0]
        clock.move(clock.now() + timedelta(hours=2))
        collect.ports.hosts.note(msgspec.structs.replace(state, last_asked=clock.now() + timedelta(days=9)))
        collect()
        assert collect.waits == [2.0]

    def test_robots_may_ask_for_more(self, collect: Collecting, site: Site) -> None:
        site.put(ROBOTS, "User-agent: *\nCrawl-delay: 11")
        collect()
        assert set(collect.waits) == {11.0}


class TestCap:
    def test_a_day_has_only_so_many_requests(self, ports: Container, site: Site, clock: VirtualClock) -> None:
        collect = Collecting(ports, Shelf(site.url), pages_per_day=4)
        tally = collect()
        assert (len(site.asked), collect.names) == (4, ["E0/index", "E0/one", "E0/two"])
        assert (tally.left, tally.errors) == (3, [])
        assert tally.stopped == {"shelf": f"{host(site)} was asked 4 times today, 4 are allowed"}
        assert collect().left == 3
        clock.move(clock.now() + timedelta(days=1))
        assert collect().left == 1  # robots.txt and the index are due again
        clock.move(clock.now() + timedelta(days=1))
        assert (collect().left, collect.names) == (0, ["E0/index", "E0/five"])

    def test_the_source_says_how_many_where_nobody_else_does(self, ports: Container, site: Site) -> None:
        class Shy(Shelf):
            about: About = msgspec.structs.replace(Shelf.about, pages_per_day=2)

        assert Collecting(ports, Shy(site.url))().left == 5


class TestRobots:
    def test_none_is_no_rule(self, collect: Collecting, site: Site) -> None:
        assert collect().fetched == 6
        assert site.paths[:2] == [ROBOTS, "/E0"]

    @pytest.mark.parametrize("page", [Page(b""), Page(status=403), Page(status=401), Page(b"<html>hello</html>")])
    def test_what_says_nothing_forbids_nothing(self, collect: Collecting, site: Site, page: Page) -> None:
        site.put(ROBOTS, page)
        tally = collect()
        assert (tally.fetched, tally.blocked) == (6, {})

    def test_a_closed_page_is_not_asked_for_and_the_rule_is_named(self, collect: Collecting, site: Site) -> None:
        site.put(ROBOTS, "User-agent: touchline\nDisallow: /E0/two\n\nUser-agent: *\nDisallow: /")
        tally = collect()
        [error] = tally.errors
        assert isinstance(error, PermanentError)
        assert str(error).startswith(f"{site.url}/E0/two: robots.txt of {host(site)} closes /E0/two to touchline")
        assert (tally.fetched, tally.failed) == (5, 1)
        assert "/E0/two" not in site.paths

    def test_it_is_asked_for_once_a_day_and_kept(self, collect: Collecting, site: Site, clock: VirtualClock) -> None:
        site.put(ROBOTS, "User-agent: *\nDisallow: /private")
        collect()
        [kept] = collect.ports.journal.pages("shelf", "robots")
        assert b"/private" in payload_bytes(collect.ports.store, payload_ref("shelf", kept.payload))
        for hours, times in ((20, 1), (25, 2), (26, 2)):
            clock.move(kept.retrieved + timedelta(hours=hours))
            collect()
            assert site.paths.count(ROBOTS) == times

    def test_one_that_cannot_be_read_closes_everything_for_now(self, collect: Collecting, site: Site) -> None:
        site.put(ROBOTS, Page(status=503))
        tally = collect()
        assert set(site.paths) == {ROBOTS}
        assert tally.stopped == {"shelf": "robots.txt cannot be read, so nothing is asked for: the server answers 503"}
        assert isinstance(tally.errors[0], Unavailable)
        site.put(ROBOTS, "")
        assert collect().fetched == 6

    def test_another_host_has_rules_of_its_own_which_are_read_first(self, ports: Container, site: Site) -> None:
        with serve() as other:
            other.put(ROBOTS, "User-agent: *\nDisallow: /closed")
            other.put("/open", '{"state": "available"}')
            site.put("/E0/one", Page(status=302, headers={"Location": f"{other.url}/open"}))
            site.put("/E0/two", Page(status=302, headers={"Location": f"{other.url}/closed"}))
            ports.environ = {**ports.environ, "A_KEY": "secret"}
            headers = ("X-Kind", "open"), ("X-Auth-Token", "{A_KEY}")
            tally = Collecting(ports, Shelf(site.url, headers=headers), pace_seconds=0)()
            assert dict(site.asked)["/E0/one"]["x-auth-token"] == "secret"
            assert [path for path, _ in other.asked] == [ROBOTS, "/open"]
            assert [other.asked[1][1].get(name) for name in ("x-kind", "x-auth-token")] == ["open", None]
        assert (tally.fetched, tally.failed) == (5, 1)
        assert f"robots.txt of {host(other)} closes /closed" in str(tally.errors[0])

    def test_rules_may_lie_at_another_host(self, collect: Collecting, site: Site) -> None:
        with serve() as other:
            other.put("/rules", "User-agent: *\nDisallow: /E0/two")
            site.put(ROBOTS, Page(status=301, headers={"Location": f"{other.url}/rules"}))
            assert (collect().failed, "/E0/two" in site.paths) == (1, False)

    def test_hosts_that_send_us_round_and_round_are_left(self, collect: Collecting, site: Site) -> None:
        with serve() as other:
            site.put("/E0/one", Page(status=302, headers={"Location": f"{other.url}/one"}))
            other.put("/one", Page(status=302, headers={"Location": f"{site.url}/E0/one"}))
            [error] = collect().errors
        assert "sent on to more than 5 hosts" in str(error)

    def test_a_wall_before_it_is_a_wall(self, collect: Collecting, site: Site) -> None:
        site.put(ROBOTS, WALL)
        assert collect().blocked == {"shelf": "cloudflare_challenge"}
        assert site.paths == [ROBOTS]


class TestBreaker:
    def state(self, collect: Collecting) -> tuple[int, timedelta | None]:
        """Blocks in a row, and how long the host is left alone from now on."""
        [state] = collect.ports.hosts.all()
        return state.failures, state.open_until and state.open_until - collect.ports.clock.now()

    def test_a_wall_ends_the_run_and_what_came_before_stays(self, collect: Collecting, site: Site) -> None:
        site.put("/E0/three", WALL)
        tally = collect()
        assert collect.names == ["E0/index", "E0/one", "E0/two"]
        assert (tally.blocked, tally.failed, tally.left) == ({"shelf": "cloudflare_challenge"}, 0, 3)
        assert site.paths.count("/E0/three") == 1
        assert "/E0/four" not in site.paths
        assert self.state(collect) == (1, timedelta(minutes=15))

    def test_nothing_of_a_wall_is_data_and_evidence_is_kept(self, collect: Collecting, site: Site) -> None:
        site.put("/E0/three", WALL)
        [error] = collect().errors
        assert isinstance(error, BlockedError)
        assert collect.ports.journal.kept("shelf", "E0/three") is None
        assert not collect.keys("quarantine/")
        bodies = [collect.ports.store.get(key) for key in collect.keys("payloads/") if key.endswith(".gz")]
        assert WALL.body not in bodies
        prefix = f"evidence/{host(site).replace(':', '-')}/20260302t090000000000z-cloudflare_challenge/e0-three/"
        assert collect.keys("evidence/") == [f"{prefix}answer.json", f"{prefix}body"]
        assert collect.ports.store.get(f"{prefix}body") == WALL.body
        told = msgspec.json.decode(collect.ports.store.get(f"{prefix}answer.json"))
        assert (told["status"], told["url"]) == (403, f"{site.url}/E0/three")
        assert collect.ports.hosts.all()[0].evidence == prefix

    def test_the_next_run_asks_nothing_before_the_time_has_come(
        self, collect: Collecting, site: Site, clock: VirtualClock
    ) -> None:
        site.put("/E0/three", WALL)
        collect()
        asked = len(site.asked)
        clock.move(clock.now() + timedelta(minutes=14))
        again = Collecting(collect.ports, Shelf(site.url))
        tally = again()
        assert (len(site.asked), tally.blocked) == (asked, {"shelf": "cloudflare_challenge"})
        assert "is left alone until 2026-03-02 09:15 UTC" in str(tally.errors[0])
        assert self.state(collect)[0] == 1  # a door that we did not knock at is no further block

    def test_a_single_probe_decides_and_each_block_lasts_longer(
        self, collect: Collecting, site: Site, clock: VirtualClock
    ) -> None:
        site.put("/E0/three", WALL)
        for failures, minutes in ((1, 15), (2, 30), (3, 60), (4, 60)):
            collect()
            assert self.state(collect) == (failures, timedelta(minutes=minutes))
            clock.move(clock.now() + timedelta(minutes=minutes))
            site.put("/E0", WALL)  # due again after an hour
        assert (site.paths.count("/E0/three"), site.paths.count("/E0")) == (3, 2)
        for path, body in (("/E0", '{"books": ["three"]}'), ("/E0/three", '{"state": "available"}')):
            site.put(path, body)
        assert collect().left == 0
        assert self.state(collect) == (0, None)

    def test_a_page_that_is_not_there_opens_the_door_again(
        self, collect: Collecting, site: Site, clock: VirtualClock
    ) -> None:
        site.put("/E0/three", WALL)
        collect()
        clock.move(clock.now() + timedelta(minutes=15))
        del site.pages["/E0/three"]
        assert collect().left == 0
        assert self.state(collect) == (0, None)

    def test_a_server_that_wants_a_longer_rest_gets_it(self, collect: Collecting, site: Site) -> None:
        site.put("/E0/one", Page(status=429, headers={"Retry-After": "7200"}))
        assert collect().blocked == {"shelf": "rate_limited"}
        assert self.state(collect) == (1, timedelta(hours=2))

    def test_it_outlives_the_process(self, tmp_path: Path, site: Site, clock: VirtualClock) -> None:
        site.put("/E0", WALL)
        for _ in range(2):
            ports = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path / "home")}, clock=clock)
            assert Collecting(ports, Shelf(site.url))().blocked
        assert site.paths == [ROBOTS, "/E0"]


class TestRetries:
    def test_jitter_keeps_retries_off_the_beat(self, ports: Container, site: Site) -> None:
        collect = Collecting(ports, Shelf(site.url), pace_seconds=0, backoff_seconds=4)
        collect.draw = lambda: 1.0
        site.put("/E0/two", Page(status=500), Page(status=504), '{"state": "available"}')
        assert collect().retries == 2
        assert collect.waits == [5.0, 10.0]

    def test_a_page_that_stays_away_fails_and_the_others_come(self, collect: Collecting, site: Site) -> None:
        site.put("/E0/two", Page(b"broken", 500))
        tally = collect()
        assert (tally.fetched, tally.failed, tally.retries) == (5, 1, 3)
        assert [key.rpartition("/")[2] for key in collect.keys("evidence/")] == ["answer.json", "body"]
        assert "20260302t090000000000z-unavailable/e0-two/" in collect.keys("evidence/")[0]

    def test_a_host_that_is_down_is_left_alone(self, collect: Collecting, site: Site) -> None:
        for book in BOOKS:
            site.put(f"/E0/{book}", Page(status=502))
        tally = collect()
        assert [site.paths.count(f"/E0/{book}") for book in BOOKS] == [4, 1, 1, 0, 0]
        assert tally.stopped == {"shelf": "3 pages in a row gave no answer: the server answers 502"}
        assert (tally.failed, tally.left) == (2, 3)

    def test_secrets_of_a_session_are_no_evidence(self, collect: Collecting, site: Site) -> None:
        site.put("/E0/two", Page(b"x", 500, {"Set-Cookie": "session=verysecret", "X-Request": "7"}))
        collect()
        kept = b"".join(collect.ports.store.get(key) for key in collect.keys("evidence/"))
        assert b"verysecret" not in kept
        assert b"x-request" in kept


def test_a_moment_of_real_time_counts_as_rest(tmp_path: Path, site: Site) -> None:
    class Ticking(VirtualClock):
        """Every look at it takes a quarter of a second."""

        def now(self) -> datetime:
            self.move(super().now() + timedelta(seconds=0.25))
            return super().now()

    clock = Ticking(datetime.fromisoformat("2026-03-02T09:00:00+00:00"))
    collect = Collecting(bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path)}, clock=clock), Shelf(site.url))
    collect()
    assert all(0 < seconds < 2.0 for seconds in collect.waits)
