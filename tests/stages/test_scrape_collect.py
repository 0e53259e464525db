"""Collecting: what is asked for again and what is not, what is remembered, and where a run goes on that was cut off."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import msgspec
import pytest

from collecting_world import Collecting, Shelf
from small_site import Page, Site, serve
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.collecting import Page as Wanted
from touchline.collecting import Progress, Scope, watcher
from touchline.errors import NotFound, ShapeChanged
from touchline.manifest import payload_bytes, payload_ref
from touchline.ports import Payload
from touchline.settings import Scrape
from touchline.stages.scrape_collect import Collector
from touchline.stages.scrape_plan import plan

BOOKS = ("one", "two", "three")
INDEX = '{"books": ["one", "two", "three"]}'
GOOD = '{"state": "available"}'


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        site.put("/E0", INDEX)
        for book in BOOKS:
            site.put(f"/E0/{book}", GOOD)
        yield site


@pytest.fixture
def collect(ports: Container, site: Site) -> Collecting:
    return Collecting(ports, Shelf(site.url), pace_seconds=0, backoff_seconds=0, attempts=2)


def books(site: Site) -> list[str]:
    """What was asked for since the last look, but robots.txt."""
    found = [path for path in site.paths if path != "/robots.txt"]
    del site.asked[:]
    return found


class TestRemembering:
    def test_each_page_is_kept_compressed_under_the_hash_of_its_body(self, collect: Collecting, site: Site) -> None:
        tally = collect()
        assert (tally.fetched, tally.kept, tally.left, tally.errors) == (4, 0, 0, [])
        kept = collect.ports.journal.kept("shelf", "E0/one")
        assert kept is not None
        assert (kept.state, kept.due, kept.taken, kept.url) == ("available", None, True, f"{site.url}/E0/one")
        assert payload_bytes(collect.ports.store, payload_ref("shelf", kept.payload)) == GOOD.encode()

    def test_a_leaf_that_was_taken_is_never_seen_again(self, collect: Collecting, site: Site) -> None:
        collect()
        del site.asked[:]
        tally = collect()
        assert (books(site), collect.names) == ([], [])
        assert (tally.fetched, tally.kept) == (0, 4)

    def test_a_list_is_asked_for_again_in_time_and_what_is_new_on_it(
        self, collect: Collecting, site: Site, clock: VirtualClock
    ) -> None:
        collect()
        site.put("/E0", '{"books": ["one", "two", "three", "four"]}')
        site.put("/E0/four", GOOD)
        clock.move(clock.now() + timedelta(minutes=59))
        del site.asked[:]
        collect()
        assert books(site) == []
        clock.move(clock.now() + timedelta(minutes=1))
        collect()
        assert books(site) == ["/E0", "/E0/four"]

    def test_rows_that_were_not_stored_are_taken_again_without_asking(self, collect: Collecting, site: Site) -> None:
        collect(stored=False)
        first = [(payload.name, payload.body, payload.retrieved) for payload in collect.taken]
        del site.asked[:]
        collect()
        assert books(site) == []
        assert [(payload.name, payload.body, payload.retrieved) for payload in collect.taken] == first
        collect()
        assert collect.names == []

    def test_what_the_intake_refuses_is_offered_again(self, collect: Collecting, site: Site) -> None:
        collect.refuses = lambda payload: payload.name == "E0/two"
        for _ in range(2):
            collect()
            assert "E0/two" in collect.names
        assert site.paths.count("/E0/two") == 1

    def test_bytes_that_are_lost_are_asked_for_again(self, collect: Collecting, site: Site) -> None:
        collect()
        kept = collect.ports.journal.kept("shelf", "E0/index")
        (collect.ports.home / "objects" / payload_ref("shelf", kept.payload).key).unlink()
        del site.asked[:]
        assert collect().left == 0
        assert books(site) == ["/E0"]

    def test_competitions_do_not_meet(self, collect: Collecting, site: Site) -> None:
        site.put("/D1", '{"books": ["one"]}')
        site.put("/D1/one", GOOD)
        collect(["E0"])
        collect(["E0", "D1"])
        assert collect.names == ["D1/index", "D1/one"]


class TestIncomplete:
    def test_a_partial_page_is_taken_and_asked_for_again_ever_later(
        self, collect: Collecting, site: Site, clock: VirtualClock
    ) -> None:
        site.put("/E0/two", '{"state": "partial"}')
        rests = []
        for _ in range(6):
            collect()
            assert "E0/two" in collect.names
            kept = collect.ports.journal.kept("shelf", "E0/two")
            rests.append((kept.tries, kept.due - clock.now()))
            clock.move(kept.due - timedelta(seconds=1))
            del site.asked[:]
            collect()
            assert "/E0/two" not in books(site)
            clock.move(kept.due)
        assert rests == [(tries, timedelta(hours=hours)) for tries, hours in enumerate((2, 4, 8, 16, 16, 16), 1)]
        site.put("/E0/two", GOOD)
        collect()
        kept = collect.ports.journal.kept("shelf", "E0/two")
        assert (kept.state, kept.tries, kept.due) == ("available", 0, None)

    def test_a_new_shape_is_kept_aside_and_the_others_go_on(
        self, collect: Collecting, site: Site, clock: VirtualClock
    ) -> None:
        site.put("/E0/two", '{"status": 6}')
        tally = collect()
        [error] = tally.errors
        assert isinstance(error, ShapeChanged)
        assert collect.names == ["E0/index", "E0/one", "E0/three"]
        assert collect.keys("quarantine/") == [
            "quarantine/scrape/w1/e0-two/body.gz",
            "quarantine/scrape/w1/e0-two/reason.json",
        ]
        kept = collect.ports.journal.kept("shelf", "E0/two")
        assert (kept.state, kept.payload, kept.note) == ("failed", "", "no state")
        del site.asked[:]
        assert (collect().waiting, books(site)) == (1, [])
        assert (collect(retry_failed=True).failed, books(site)) == (1, ["/E0/two"])
        site.put("/E0/two", GOOD)
        clock.move(clock.now() + timedelta(hours=2))
        collect()
        assert collect.names == ["E0/index", "E0/two"]

    def test_a_page_whose_text_is_not_enough_is_opened(self, ports: Container, site: Site, clock: VirtualClock) -> None:
        site.put("/E0/two", '{"state": "available", "opens": true}')
        plain, opening = Collecting(ports, Shelf(site.url)), Collecting(ports, Shelf(site.url, values=("window.book",)))
        assert (plain().failed, plain.names) == (1, ["E0/index", "E0/one", "E0/three"])
        assert books(site).count("/E0/two") == 1
        clock.move(clock.now() + timedelta(hours=1))
        assert (opening().failed, opening.names) == (0, ["E0/index", "E0/two"])
        assert books(site).count("/E0/two") == 2

    def test_a_key_that_does_not_do_ends_the_source_and_not_the_run(self, ports: Container, site: Site) -> None:
        keyed = Collecting(ports, Shelf(site.url, headers=(("X-Key", "{TOUCHLINE_NO_SUCH_KEY}"),)), pace_seconds=0)
        tally = keyed()
        assert (keyed.names, tally.failed, tally.left) == (["E0/index"], 1, 2)
        assert "TOUCHLINE_NO_SUCH_KEY" in tally.stopped["shelf"]
        assert books(site) == ["/E0"]
        assert keyed().waiting == 1

    def test_an_old_list_stands_in_for_one_that_fails(
        self, collect: Collecting, site: Site, clock: VirtualClock
    ) -> None:
        site.put("/E0/three", Page(status=500))
        collect()
        clock.move(clock.now() + timedelta(hours=1))
        site.put("/E0", Page(status=500))
        site.put("/E0/three", GOOD)
        tally = collect()
        assert (tally.failed, collect.names) == (1, ["E0/three"])
        kept = collect.ports.journal.kept("shelf", "E0/index")
        assert (kept.state, kept.taken) == ("failed", True)
        assert kept.payload

    def test_a_page_that_may_be_missing_is_no_fault(self, ports: Container, site: Site, clock: VirtualClock) -> None:
        class Sparse(Shelf):
            def book(self, code: str, book: str) -> Wanted:
                return msgspec.structs.replace(super().book(code, book), optional=True)

        collect = Collecting(ports, Sparse(site.url), pace_seconds=0)
        del site.pages["/E0/two"]
        assert (collect().errors, collect.names) == ([], ["E0/index", "E0/one", "E0/three"])
        assert ports.journal.kept("shelf", "E0/two").state == "not_available"
        site.put("/E0/two", GOOD)
        del site.asked[:]
        collect()
        assert books(site) == []
        clock.move(clock.now() + timedelta(hours=20))
        collect()
        assert books(site) == ["/E0", "/E0/two"]

    def test_a_source_that_does_not_find_what_is_wanted_keeps_what_came(self, ports: Container, site: Site) -> None:
        class Strict(Shelf):
            def pages(self, scope: Scope, now: datetime) -> Any:
                yield from super().pages(scope, now)
                raise NotFound("no season 1066-67", where="index")

        collect = Collecting(ports, Strict(site.url), pace_seconds=0)
        assert [str(error) for error in collect().errors] == ["index: no season 1066-67"]
        assert len(collect.names) == 4


class TestBudget:
    def test_a_run_stops_in_time_and_the_next_one_goes_on(self, ports: Container, site: Site) -> None:
        collect = Collecting(ports, Shelf(site.url), pace_seconds=0, budget_seconds=2.5)
        tally = collect(ticks=lambda: float(len(site.asked)))  # a second for each request, robots.txt among them
        assert (tally.fetched, tally.left) == (2, 2)
        assert tally.told() == ["time is up, 2 pages are left"]
        assert books(site) == ["/E0", "/E0/one"]
        assert (collect().left, books(site)) == (0, ["/E0/two", "/E0/three"])


class TestBreakingOff:
    def test_it_waits_for_no_rest(self, ports: Container, site: Site) -> None:
        """The page after the one that is read rests for minutes already."""

        def take(payload: Payload) -> bool:
            if payload.name == "E0/one":
                raise KeyboardInterrupt
            return True

        draws = iter([0.0, 0.0])
        run = Collector(ports, Scrape(pace_seconds=0.1), "w1", take, draw=lambda: next(draws, 600.0))
        begun = perf_counter()
        with pytest.raises(KeyboardInterrupt):
            run.collect(Shelf(site.url), Scope(competitions=("E0",)))
        assert perf_counter() - begun < 60
        assert "/E0/two" not in site.paths


class TestProgress:
    def test_every_page_is_told_with_all_that_are_known(self, ports: Container, site: Site) -> None:
        news: list[Progress] = []
        token = watcher.set(news.append)
        try:
            collect = Collecting(ports, Shelf(site.url), pace_seconds=3, backoff_seconds=0, attempts=1)
            site.put("/E0/two", Page(status=500))
            collect()
            collect()
        finally:
            watcher.reset(token)
        waits = [one for one in news if one.state == "waiting"]
        assert {one.wait_seconds for one in waits} == {3.0}
        told = [(one.page, one.state, one.fetched, one.kept, one.expected) for one in news if one not in waits]
        assert told == [
            ("E0/index", "fetched", 1, 0, 1),
            ("E0/one", "fetched", 2, 0, 4),
            ("E0/two", "failed", 2, 0, 4),
            ("E0/three", "fetched", 3, 0, 4),
            ("E0/index", "kept", 0, 1, 4),
            ("E0/one", "kept", 0, 2, 4),
            ("E0/two", "failed", 0, 2, 4),
            ("E0/three", "kept", 0, 3, 4),
        ]


class TestPlan:
    def test_nothing_is_asked_for(self, ports: Container, site: Site) -> None:
        found = plan(Shelf(site.url), Scope(competitions=("E0", "D1")), ports, Scrape())
        assert (found.needed, found.kept, found.following) == ({"index": ("E0/index", "D1/index")}, {}, None)
        assert found.seconds == 5.0  # two pages, 2 s and half of a second's jitter
        assert site.paths == []
        assert ports.journal.pages("shelf") == []

    def test_it_goes_as_far_as_is_known(self, collect: Collecting, site: Site, clock: VirtualClock) -> None:
        site.put("/E0/two", Page(status=500))
        site.put("/E0/three", '{"status": 6}')
        collect()
        found = plan(collect.source, Scope(competitions=("E0",)), collect.ports, collect.settings)
        assert (found.needed, found.kept) == ({"book": ("E0/two",)}, {"index": 1, "book": 1})
        assert (found.waiting, found.following, found.pages, found.seconds) == (1, 0, 1, 0.0)
        clock.move(clock.now() + timedelta(hours=1))
        found = plan(collect.source, Scope(competitions=("E0",)), collect.ports, collect.settings)
        assert found.needed == {"index": ("E0/index",), "book": ("E0/two", "E0/three")}

    def test_other_seasons_tell_how_much_will_follow(self, collect: Collecting) -> None:
        class Seasons(Shelf):
            def pages(self, scope: Scope, now: datetime) -> Any:
                yield from super().pages(msgspec.structs.replace(scope, competitions=("E0/2024-25",)), now)

        collect()
        kept = collect.ports.journal.kept("shelf", "E0/index")
        for name in ("index", "a", "b", "c"):
            collect.ports.journal.note("shelf", msgspec.structs.replace(kept, name=f"E0/2023-24/{name}"))
        found = plan(Seasons("http://nowhere"), Scope(competitions=("E0",)), collect.ports, collect.settings)
        assert (found.needed, found.following) == ({"index": ("E0/2024-25/index",)}, 3)
