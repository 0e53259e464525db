"""The memory of collecting, the same on every database: pages, hosts, and who may write them."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from touchline import claiming
from touchline.adapters.claims import SqlClaims
from touchline.adapters.journal import SqlHosts, SqlJournal
from touchline.collecting import HostState, Kept
from touchline.errors import Conflict

NOW = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
PAGE = Kept(
    name="E0/2025-26/season.html", endpoint="season", url="https://example.org/a?b=ü", payload="ab" * 32, retrieved=NOW,
    state="partial", tries=2, due=NOW + timedelta(hours=1), taken=False, note="as far as it went",
)  # fmt: skip
HOST = HostState(
    host="example.org:8080", day=NOW.date(), asked=7, last_asked=NOW, failures=2, open_until=NOW + timedelta(hours=1),
    kind="incapsula", evidence="evidence/example.org/x/",
)  # fmt: skip


@pytest.fixture
def journal(engine: sa.Engine) -> SqlJournal:
    return SqlJournal(engine)


@pytest.fixture
def hosts(engine: sa.Engine) -> SqlHosts:
    return SqlHosts(engine)


class TestPages:
    def test_what_nobody_asked_for_is_unknown(self, journal: SqlJournal) -> None:
        assert journal.kept("shelf", "none") is None
        assert journal.pages("shelf") == []

    def test_a_page_comes_back_as_it_was_noted(self, journal: SqlJournal) -> None:
        bare = Kept(name="home.html", endpoint="home", url="", state="not_available")
        for page in (PAGE, bare):
            journal.note("shelf", page)
            assert journal.kept("shelf", page.name) == page

    def test_the_newest_note_stands(self, journal: SqlJournal) -> None:
        journal.note("shelf", PAGE)
        later = msgspec.structs.replace(PAGE, state="available", due=None, tries=0, taken=True)
        journal.note("shelf", later)
        assert journal.pages("shelf") == [later]

    def test_sources_do_not_meet(self, journal: SqlJournal) -> None:
        journal.note("shelf", PAGE)
        journal.note("other", msgspec.structs.replace(PAGE, state="failed"))
        journal.taken("other", [PAGE.name])
        assert journal.kept("shelf", PAGE.name) == PAGE

    def test_pages_come_by_name_and_kind(self, journal: SqlJournal) -> None:
        for name, endpoint in (("b", "book"), ("A", "book"), ("index", "index"), ("a-", "book")):
            journal.note("shelf", msgspec.structs.replace(PAGE, name=name, endpoint=endpoint))
        assert [page.name for page in journal.pages("shelf")] == ["A", "a-", "b", "index"]
        assert [page.name for page in journal.pages("shelf", "index")] == ["index"]

    def test_many_are_taken_at_once(self, journal: SqlJournal, engine: sa.Engine) -> None:
        names = [f"E0/{number}" for number in range(1203)]
        for name in (names[0], names[600], names[-1], "E0/left"):
            journal.note("shelf", msgspec.structs.replace(PAGE, name=name))
        journal.taken("shelf", names)
        assert {page.name: page.taken for page in journal.pages("shelf")} == {
            names[0]: True, names[600]: True, names[-1]: True, "E0/left": False,
        }  # fmt: skip

    def test_nothing_taken_is_no_work(self, journal: SqlJournal) -> None:
        journal.taken("shelf", [])


class TestHosts:
    def test_a_new_host_owes_nothing(self, hosts: SqlHosts) -> None:
        assert hosts.state("example.org", NOW.date()) == HostState(host="example.org", day=NOW.date())

    def test_a_state_comes_back_as_it_was_noted(self, hosts: SqlHosts) -> None:
        hosts.note(HostState(host=HOST.host, day=HOST.day))
        hosts.note(HOST)
        assert hosts.state(HOST.host, HOST.day) == HOST
        assert hosts.all() == [HOST]

    def test_a_new_day_counts_from_the_beginning_and_forgets_nothing_else(self, hosts: SqlHosts) -> None:
        hosts.note(HOST)
        tomorrow = HOST.day + timedelta(days=1)
        assert hosts.state(HOST.host, tomorrow) == msgspec.structs.replace(HOST, day=tomorrow, asked=0)

    def test_all_come_by_name(self, hosts: SqlHosts) -> None:
        for host in ("b.example", "a.example"):
            hosts.note(HostState(host=host, day=date(2026, 3, 2)))
        assert [state.host for state in hosts.all()] == ["a.example", "b.example"]


MOMENTS = st.none() | st.datetimes(datetime(1980, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40), retrieved=MOMENTS, due=MOMENTS,
    tries=st.integers(0, 2**31), taken=st.booleans(),
)  # fmt: skip
def test_any_page_survives(
    journal: SqlJournal, text: str, retrieved: datetime | None, due: datetime | None, tries: int, taken: bool
) -> None:
    page = Kept(
        name=f"E0/{text}", endpoint=text, url=text, retrieved=retrieved, state="empty", tries=tries, due=due,
        taken=taken, note=text,
    )  # fmt: skip
    journal.note(text, page)
    assert journal.kept(text, page.name) == page


def test_a_run_that_lost_its_claim_notes_nothing_more(journal: SqlJournal, hosts: SqlHosts, engine: sa.Engine) -> None:
    claims = SqlClaims(engine)
    with claiming.claimed(claims, "scrape", "first", 30.0):
        journal.note("shelf", PAGE)
        claims.expire("first")
        claims.take("scrape", "second", 30.0)
        with pytest.raises(Conflict):
            journal.note("shelf", msgspec.structs.replace(PAGE, state="failed"))
        with pytest.raises(Conflict):
            journal.taken("shelf", [PAGE.name])
        with pytest.raises(Conflict):
            hosts.note(HOST)
    assert journal.kept("shelf", PAGE.name) == PAGE
    assert hosts.all() == []
