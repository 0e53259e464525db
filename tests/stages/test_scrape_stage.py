"""Scrape: payloads become matches under one number; what is wrong is kept apart, and nothing is guessed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from published import PLAIN, csv_of, match
from scrape_world import NOW, ROUND, World, world_at
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.domain.simulation import simulate
from touchline.errors import DataError, EventError, NotFound, UnknownName
from touchline.manifest import payload_bytes, payload_ref, read_publication, sha256
from touchline.sources import files


@pytest.fixture
def world(ports: Container, clock: VirtualClock) -> World:
    return World(ports, clock)


@pytest.fixture
def live(tmp_path: Path) -> World:
    """The same with real time: nothing is withheld."""

    class Standing(VirtualClock):
        mode = "live"

    return world_at(tmp_path / "live", Standing(NOW))


class TestFiles:
    def test_a_file_becomes_matches(self, world: World) -> None:
        result = world.season(*ROUND)
        assert (result.outcome, result.publications) == ("done", ("scrapes/published/000000000001.json",))
        assert result.summary["matches_new"] == 2
        row = world.table()["e0-2025-26-aldermoor-foxglove"]
        assert (row["home_goals"], row["away_goals"], row["status"]) == (2, 1, "finished")
        assert row["available_time"] == datetime(2026, 2, 22, 5, tzinfo=UTC)

    def test_the_payload_is_kept_as_received(self, world: World) -> None:
        body = csv_of(PLAIN, *ROUND)
        world.put(body)
        digest = sha256(body.encode())
        assert payload_bytes(world.ports.store, payload_ref("files", digest)).decode() == body
        assert len(world.ports.store.get(f"payloads/files/{digest}.gz")) < len(body)
        assert world.json(f"payloads/files/{digest}.json") == {
            "bytes": len(body),
            "name": "e0_2025-26.csv",
            "retrieved": "2026-03-02T09:00:00Z",
            "url": "",
        }
        assert world.table()["e0-2025-26-aldermoor-foxglove"]["payload"] == sha256(body.encode())

    def test_the_report_leads_back_to_the_payload(self, world: World) -> None:
        [key] = world.season(*ROUND, match("21/02/2026", "Embercliff", "Jessamy", "", "x")).publications
        publication, manifest = read_publication(world.ports.store, key)
        assert publication.seq == 1
        assert manifest.parameters == {
            "simulated": False,
            "as_of": "2026-03-02T09:00:00+00:00",
            "competitions": None,
            "taken": [["files", "e0_2025-26.csv", manifest.inputs[0].sha256]],
        }
        assert manifest.counts == {"rows": 3, "rejected": 0, "withheld": 0, "payloads": 1}
        report = world.json(manifest.outputs["report"].key)
        assert [payload["payload"] for payload in report["payloads"]] == [manifest.inputs[0].sha256]
        assert report["payloads"][0]["notes"] == ["1 rows have values beyond the named columns: those are left out"]

    def test_the_same_again_changes_nothing(self, world: World) -> None:
        world.season(*ROUND)
        before = {key: world.ports.store.get(key) for key in world.keys("")}
        result = world.season(*ROUND)
        assert (result.outcome, result.publications) == ("unchanged", ("scrapes/published/000000000001.json",))
        assert {key: world.ports.store.get(key) for key in world.keys("")} == before

    def test_a_correction_gets_the_next_number(self, world: World) -> None:
        world.season(*ROUND)
        world.clock.move(NOW + timedelta(hours=1))
        result = world.season(match("21/02/2026", "Aldermoor", "Foxglove", "2-2"), ROUND[1])
        assert result.publications == ("scrapes/published/000000000002.json",)
        assert result.summary["matches_changed"] == 1
        assert world.table()["e0-2025-26-aldermoor-foxglove"]["away_goals"] == 2

    def test_the_same_bytes_may_come_back_under_another_name(self, live: World) -> None:
        wrong = match("21/02/2026", "Aldermoor", "Foxglove", "2-2")
        keys: list[str] = []
        for hour, (name, row) in enumerate((("first.csv", ROUND[0]), ("second.csv", wrong), ("third.csv", ROUND[0]))):
            live.clock.move(NOW + timedelta(hours=hour))
            keys += live.put(csv_of(PLAIN, row), name).publications
        assert [int(key[-17:-5]) for key in keys] == [1, 2, 3]
        names = [read_publication(live.ports.store, key)[1].parameters["taken"][0][1] for key in keys]
        assert names == ["first.csv", "second.csv", "third.csv"]

    def test_an_older_file_does_not_undo_a_newer_one(self, world: World) -> None:
        old = csv_of(PLAIN, *ROUND).encode()
        key = files.incoming_key("e0_2025-26.csv", old, NOW - timedelta(days=3))
        world.season(match("21/02/2026", "Aldermoor", "Foxglove", "2-2"))
        world.ports.store.create(key, old)
        world.wake("object", key)
        assert world.table()["e0-2025-26-aldermoor-foxglove"]["away_goals"] == 2

    def test_a_fixture_gets_its_result_on_another_day(self, world: World) -> None:
        world.season(match("07/03/2026", "Aldermoor", "Foxglove", ""))
        world.clock.move(NOW + timedelta(days=20))
        world.season(match("14/03/2026", "Aldermoor", "Foxglove", "1-0"))
        assert {name: row["status"] for name, row in world.table().items()} == {
            "e0-2025-26-aldermoor-foxglove": "finished"
        }

    def test_a_lost_publication_is_made_up_for(self, world: World) -> None:
        [key] = world.season(*ROUND).publications
        path = world.ports.home / "objects" / key
        published = path.read_bytes()
        path.unlink()
        assert world.season(*ROUND).outcome == "done"
        assert path.read_bytes() == published

    def test_nothing_in_it_and_nothing_stored(self, world: World) -> None:
        result = world.season()
        assert (result.outcome, result.publications) == ("skipped", ())

    def test_nothing_in_it_leaves_what_is_stored(self, world: World) -> None:
        world.season(*ROUND)
        assert world.put(csv_of(PLAIN), "fixtures.csv").outcome == "unchanged"


class TestRefused:
    def test_few_refused_rows_are_kept_with_their_reason(self, world: World) -> None:
        rows = [match(f"{day:02}/02/2026", f"Home{day}", f"Away{day}", "1-0") for day in range(1, 22)]
        result = world.season(*rows, match("22/02/2026", "Aldermoor", "Foxglove", "1-", result=""))
        assert (result.outcome, result.summary["rejected"], result.summary["matches_new"]) == ("done", 1, 21)
        [key] = world.keys("quarantine/scrape/")
        assert key.endswith("/rejected.json")
        [payload] = world.json(key)
        assert payload["rejected"] == [
            {
                "line": 23,
                "reason": "half a score: the goals of one side are missing",
                "text": "E0,22/02/2026,Aldermoor,Foxglove,1,,",
            }
        ]
        assert "Aldermoor" not in world.ports.matches.teams()["England"]

    def test_too_many_refuse_the_whole_file(self, world: World) -> None:
        with pytest.raises(DataError) as error:
            world.season(*ROUND, match("31/02/2026"), match("22/02/2026", "A", "A"))
        assert str(error.value).splitlines() == [
            "e0_2025-26.csv: 2 of 4 rows are refused, more than 5%: nothing of this file is stored",
            "  line 4: '31/02/2026' is no day (E0,31/02/2026,Aldermoor,Foxglove,2,1,H)",
            "  line 5: A against itself (E0,22/02/2026,A,A,2,1,H)",
            "  mend these rows and send the file again",
        ]
        assert world.ports.matches.head() == 0
        assert len(world.keys("payloads/files/")) == 2
        assert len(world.keys("quarantine/scrape/")) == 2
        assert world.keys("scrapes/") == []

    def test_a_long_list_is_cut(self, world: World) -> None:
        with pytest.raises(DataError) as error:
            world.season(*[match("31/02/2026", "A", f"B{place}") for place in range(15)])
        assert error.value.details[-1] == "... and 5 more"
        [rejected] = [key for key in world.keys("quarantine/") if key.endswith("rejected.json")]
        assert len(world.json(rejected)[0]["rejected"]) == 15

    @pytest.mark.parametrize("body", ["", "<html>blocked</html>", "a,b\n1,2\n", b"PAR1", b"\x1f\x8b"])
    def test_what_cannot_be_read_is_kept(self, world: World, body: str | bytes) -> None:
        with pytest.raises(DataError):
            world.put(body)
        data = body.encode() if isinstance(body, str) else body
        assert payload_bytes(world.ports.store, payload_ref("files", sha256(data))) == data
        assert world.ports.matches.head() == 0

    def test_a_body_that_is_not_the_promised_one(self, world: World) -> None:
        key = files.incoming_key("e0.csv", b"promised", NOW)
        world.ports.store.create(key, b"sent")
        with pytest.raises(DataError, match="not the one in its name"):
            world.wake("object", key)

    def test_events_of_others_are_refused(self, world: World) -> None:
        with pytest.raises(EventError, match="takes objects under incoming/"):
            world.wake("object", "raw/published/000000000001.json")
        with pytest.raises(EventError):
            world.wake("http", "")
        with pytest.raises(NotFound):
            world.wake("object", "incoming/gone.csv")


class TestNames:
    def test_an_alias_of_ours_is_applied_and_stored(self, world: World) -> None:
        world.season(match("21/02/2026", "Middlesboro", "Foxglove"))
        assert "e0-2025-26-middlesbrough-foxglove" in world.table()
        assert world.ports.matches.teams()["England"]["Middlesboro"] == "Middlesbrough"

    def test_a_slip_stops_the_file_and_says_what_to_do(self, world: World) -> None:
        world.season(match("21/02/2026", "Arsenal", "Man United"))
        with pytest.raises(UnknownName) as error:
            world.season(match("28/02/2026", "Man Unitd", "Arsenall"))
        assert str(error.value).splitlines() == [
            "e0_2025-26.csv: 2 unknown teams with the look of known ones",
            "  Arsenall (England): did you mean Arsenal?",
            "  Man Unitd (England): did you mean Man United?",
            '  mend the file, or say who that is: touchline teams accept "Arsenall" "Arsenal" --country "England", '
            'or touchline teams new "Arsenall" --country "England"',
        ]
        assert world.ports.matches.head() == 1
        assert set(world.ports.matches.teams()["England"]) == {"Arsenal", "Man United"}

    def test_a_word_from_somebody_settles_it(self, world: World) -> None:
        world.season(match("21/02/2026", "Arsenal", "Man United"))
        world.ports.matches.add_alias("England", "Man Unitd", "Man United")
        world.ports.matches.add_alias("England", "Arsenall", "Arsenall")
        assert world.season(match("28/02/2026", "Man Unitd", "Arsenall")).outcome == "done"
        assert "e0-2025-26-man-united-arsenall" in world.table()

    def test_clubs_that_played_on_one_day_are_two(self, world: World) -> None:
        world.season(match("21/02/2026", "Redmoor", "Foxglove"), match("14/02/2026", "Redmoor", "Ironmead"))
        assert world.season(match("21/02/2026", "Red Redmoor", "Honeyfell")).outcome == "done"
        with pytest.raises(UnknownName):
            world.season(match("22/02/2026", "Old Redmoor", "Honeyfell"))

    def test_clubs_of_another_country_are_not_meant(self, world: World) -> None:
        world.season(match("21/02/2026", "Arsenal", "Foxglove"))
        assert world.season(match("21/02/2026", "Arsenall", "Foxglove", div="SC0")).outcome == "done"


class TestSimulatedTime:
    LEAGUE = simulate(7, NOW + timedelta(days=60), seasons=1)
    BODY = LEAGUE.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%SZ").encode()

    def test_the_future_is_withheld(self, world: World) -> None:
        result = world.put(self.BODY, "league.csv")
        snapshot = world.ports.matches.snapshot(1)
        later = snapshot["available_time"] > NOW
        assert (
            result.summary["withheld"]
            == ((self.LEAGUE["available_time"] > NOW) & self.LEAGUE["home_goals"].notna()).sum()
        )
        assert result.summary["withheld"] > 50
        assert snapshot.loc[later, ["home_goals", "home_shots", "closing_avg_home"]].isna().all(axis=None)
        assert set(snapshot.loc[later, "status"]) == {"scheduled"}
        assert set(snapshot.loc[~later, "status"]) == {"finished"}
        assert snapshot.loc[snapshot["kickoff"] > NOW + timedelta(hours=1), "odds_avg_home"].isna().all()

    def test_it_is_told_when_the_clock_moves(self, world: World) -> None:
        world.put(self.BODY, "league.csv")
        world.clock.move(NOW + timedelta(days=8))
        result = world.put(self.BODY, "league.csv")
        assert result.outcome == "done"
        assert 9 <= result.summary["matches_changed"] <= 22
        assert result.summary["matches_new"] == 0

    def test_real_time_withholds_nothing(self, live: World) -> None:
        result = live.put(self.BODY, "league.csv")
        assert result.summary["withheld"] == 0
        _, manifest = read_publication(live.ports.store, result.publications[0])
        assert manifest.parameters | {"simulated": True, "as_of": None, "competitions": None} == manifest.parameters
        assert (live.ports.matches.snapshot(1)["status"] == "finished").sum() == self.LEAGUE["home_goals"].notna().sum()

    def test_a_store_that_once_held_invented_matches_says_so(self, world: World) -> None:
        world.put(self.BODY, "league.csv")
        [key] = world.season(*ROUND).publications
        assert read_publication(world.ports.store, key)[1].parameters["simulated"] is True
