"""Regions, seasons, stages and calendars, as a browser evaluated them and as they stand in the page."""

import pytest

from touchline.errors import DataError, ShapeChanged
from touchline.sources.whoscored import discovery
from touchline.sources.whoscored.discovery import CALENDAR, REGIONS, calendar, seasons, stages, tournaments
from whoscored_pages import REGIONS as HOME
from whoscored_pages import payload, season_page, stage_page, tournament_page

SEASON_URL = "http://replica/Regions/252/Tournaments/2/Seasons/10743/x"


class TestRegions:
    def test_the_literal_is_read_without_a_browser(self):
        found = tournaments(payload("home.html", f"<html>{HOME}</html>"))
        assert found == {
            (248, 290): "Africa: Cup d'Or",
            (252, 2): "England: Premier League",
            (252, 7): "England: ",
            (108, 5): "Italia è: Serie A",
        }

    def test_what_the_browser_saw_is_preferred(self):
        seen = [{"id": 1.0, "name": "Å", "tournaments": [{"id": "3", "name": "B"}]}]
        assert tournaments(payload("home.html", HOME, values={REGIONS: seen})) == {(1, 3): "Å: B"}

    @pytest.mark.parametrize("page", ["<html></html>", "<script>var allRegions = [];</script>"])
    def test_a_page_without_any_has_changed(self, page: str):
        with pytest.raises(ShapeChanged, match="allRegions"):
            tournaments(payload("home.html", page))

    def test_a_list_that_is_cut_off_is_told(self):
        with pytest.raises(DataError, match="no JavaScript literal"):
            tournaments(payload("home.html", HOME[: HOME.index("Serie A")]))


class TestSeasons:
    def test_labels_become_ours_and_odd_ones_stay(self):
        page = tournament_page("2025/2026", "2024/2025", "2019/2021", "2021 Apertura", "2018")
        found = seasons(payload("E0/seasons.html", page))
        assert [season.label for season in found] == ["2025-26", "2024-25", "2019/2021", "2021 Apertura", "2018"]
        assert [season.id for season in found] == [10743, 10742, 10741, 10740, 10739]
        assert found[0].path == "/Regions/252/Tournaments/2/Seasons/10743/England-Premier-League"

    def test_links_may_be_lower_case_and_lists_may_be_called_otherwise(self):
        page = tournament_page("2026").replace(
            "/Regions/252/Tournaments/2/Seasons", "/regions/252/tournaments/2/seasons"
        )
        assert [season.id for season in seasons(payload("x", page.replace('id="seasons"', 'id="page-Seasons-1"')))] == [
            10743
        ]

    def test_a_path_never_leads_to_another_host(self):
        page = tournament_page("2026").replace('value="/', 'value="https://elsewhere.example/')
        assert seasons(payload("x", page))[0].path.startswith("/Regions/")
        for start in ('value="@elsewhere.example/', 'value=".elsewhere.example/'):
            with pytest.raises(ShapeChanged):
                seasons(payload("x", tournament_page("2026").replace('value="/', start)))

    def test_none_at_all_is_a_change(self):
        with pytest.raises(ShapeChanged, match="no seasons"):
            seasons(payload("E0/seasons.html", tournament_page()))


class TestStages:
    def test_the_fixtures_link_leads_to_the_only_one(self):
        found = stages(payload("E0/2025-26/season.html", season_page(), url=SEASON_URL))
        assert [(stage.id, stage.name) for stage in found] == [(24533, "")]

    def test_a_cup_lists_its_stages(self):
        page = season_page((23753, "Group A"), (23752, "Final &amp; more"))
        found = stages(payload("x", page, url=SEASON_URL))
        assert [(stage.id, stage.name) for stage in found] == [(23753, "Group A"), (23752, "Final & more")]

    def test_a_season_without_the_link_is_known_by_another_one(self):
        page = season_page(fixtures=None) + (
            '<a href="/Regions/252/Tournaments/2/Seasons/9999/Stages/1/Show/x">last year</a>'
            '<a href="/regions/252/tournaments/2/seasons/10743/stages/77/teamstatistics/x">Teams</a>'
        )
        assert [stage.id for stage in stages(payload("x", page, url=SEASON_URL))] == [77]

    def test_no_way_on_is_a_change(self):
        with pytest.raises(ShapeChanged, match="no link to the fixtures"):
            stages(payload("x", season_page(fixtures=None), url=SEASON_URL))


class TestCalendar:
    def test_months_count_from_zero(self):
        found = calendar(payload("E0/2025-26/stages/24533.html", stage_page()))
        assert found == {"202508": (15, 16), "202601": (3,)}

    def test_what_the_browser_saw_says_the_same(self):
        mask = {"2025": {"7": {"15": 1, "16": 1, "17": 0}, "8": {}}, "2026": {"0": {"3": 1}}}
        found = calendar(payload("x", "<html></html>", values={CALENDAR: mask}))
        assert found == calendar(payload("x", stage_page()))

    def test_december_stays_in_its_year(self):
        assert calendar(payload("x", stage_page("{2025: {11: {31:1}}}"))) == {"202512": (31,)}

    def test_a_stage_without_days_is_no_fault(self):
        assert calendar(payload("x", stage_page("{}"))) == {}

    @pytest.mark.parametrize(
        ("page", "what"),
        [
            ("<html></html>", "no wsCalendar"),
            ("<script>var wsCalendar = { min: 1 };</script>", "no wsCalendar"),
            (stage_page("{2025: {12: {1:1}}}"), "month 12 of 2025"),
            (stage_page("{2025: {7: {32:1}}}"), "counts months from zero"),
            (stage_page("{2025: {7: new Date()}}"), "cannot be read"),
        ],
    )
    def test_what_is_no_calendar_is_a_change(self, page: str, what: str):
        with pytest.raises(ShapeChanged, match=what):
            calendar(payload("x", page))


def test_what_is_said_in_the_page_is_not_mixed_with_values():
    both = payload("x", "page", values={"a": "allRegions = ["})
    assert discovery.decoded(both) == "page"
