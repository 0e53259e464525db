"""A match page: which match, how much of it there is, and that both ways of reading it agree."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from touchline.errors import DataError, ShapeChanged
from touchline.ports import Payload
from touchline.sources.whoscored.match_page import CENTRE, HEADER, MatchPage, read
from whoscored_pages import MATCH, centre, header, match_page, matches, passes

SEEN_HEADER = {
    "input": [901, 902, "Northbridge", "K", "16/08/2025 15:00:00", "16/08/2025 00:00:00", 6, "FT", "1 : 0", None],
    "matchId": MATCH,
}
NON_OPTA = "initialMatchDataForScrappers: [[[901,902,'Northbridge',,'x'],[[[1,'goal']]],[['a']]],'x']"


def browser(data: Any, head: Any = SEEN_HEADER, body: str = "<html></html>") -> Payload:
    """The payload of a browser that evaluated both expressions."""
    return matches(body, {HEADER: head, CENTRE: data})


def page(**changed: Any) -> MatchPage:
    return read(matches(match_page(centre(**changed))))


class TestWhichMatch:
    def test_the_header_is_read_with_its_holes(self):
        found = read(matches(match_page())).header
        assert (found.match, found.home_id, found.away_id, found.status) == (MATCH, 901, 902, 6)
        assert found.kickoff == datetime(2025, 8, 16, 14, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("start", "utc"),
        [
            ("13/08/2022 20:00:00", datetime(2022, 8, 13, 19, tzinfo=UTC)),
            ("26/10/2025 01:30:00", datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
            ("29/03/2026 14:00:00", datetime(2026, 3, 29, 13, tzinfo=UTC)),
            ("01/01/2026 15:00:00", datetime(2026, 1, 1, 15, tzinfo=UTC)),
            ("", None),
        ],
    )
    def test_its_start_is_london_time(self, start: str, utc: datetime | None):
        assert read(matches(match_page(head=header(start=start)))).header.kickoff == utc

    @pytest.mark.parametrize(
        "body",
        [
            match_page(head=header(number=7)),
            match_page().replace(f"matchId:{MATCH},", "matchId:7,"),
        ],
    )
    def test_another_match_than_asked_for_is_an_error(self, body: str):
        with pytest.raises(DataError, match=f"match 7, not {MATCH}"):
            read(matches(body))

    def test_other_teams_than_the_header_names_are_an_error(self):
        with pytest.raises(DataError, match="teams 903 and 902 in the data, 901 and 902 in the header"):
            page(home=centre()["home"] | {"teamId": 903})

    @pytest.mark.parametrize(
        "head",
        [
            "",
            "require.config.params['matchheader'] = {};",
            "require.config.params['matchheader'] = {input:[1,2],matchId:1900001};",
        ],
    )
    def test_without_a_header_nothing_is_believed(self, head: str):
        with pytest.raises(ShapeChanged, match="matchheader"):
            read(matches(match_page(head=head or "var none = 1;")))


class TestBothWays:
    def test_browser_and_page_agree(self):
        data = centre()
        without, with_browser = read(matches(match_page(data))), read(browser(data))
        assert without.data == with_browser.data
        assert without.state == with_browser.state == "available"
        assert without.header == with_browser.header

    def test_what_the_browser_saw_is_preferred(self):
        seen = centre(venueName="Seen")
        assert read(browser(seen, body=match_page(centre(venueName="Written")))).data["venueName"] == "Seen"

    def test_where_the_browser_saw_nothing_the_page_is_read(self):
        assert read(matches(match_page(), {HEADER: SEEN_HEADER})).state == "available"
        assert read(browser(None, body=match_page("x", args="matchCentreData: null"))).state == "empty"

    @pytest.mark.parametrize("quote", ["'", '"'])
    def test_the_marker_may_be_quoted_either_way(self, quote: str):
        body = match_page().replace('params["args"]', f"params[{quote}args{quote}]")
        assert read(matches(body)).state == "available"

    def test_older_pages_had_a_variable(self):
        body = f"<script>{header()}\nvar matchCentreData = {json.dumps(centre())};\nvar more = 1;</script>"
        assert read(matches(body)).state == "available"

    def test_texts_that_look_like_markers_do_not_mislead(self):
        data = centre(venueName='x}, matchCentreData: {"events": [] }; </script>')
        assert read(matches(match_page(data))).data == data


class TestHowMuch:
    def test_all_of_it(self):
        assert page().state == "available"

    @pytest.mark.parametrize(
        ("events", "state"),
        [
            (passes(1000), "available"),
            (passes(999), "partial"),
            ([one | {"minute": one["minute"] * 74 // 94} for one in passes(1400)], "partial"),
            ([one | {"minute": one["minute"] * 76 // 93} for one in passes(1400)], "available"),
            (passes(40), "partial"),
        ],
    )
    def test_a_part_of_it(self, events: list[dict[str, Any]], state: str):
        found = page(events=events)
        assert found.state == state
        assert any("events, the last in minute" in note for note in found.notes) == (state == "partial")

    def test_an_event_that_comes_twice_counts_once(self):
        once = passes(600)
        assert page(events=[*once, *({**event, "id": int(event["id"])} for event in once)]).state == "partial"

    @pytest.mark.parametrize("args", ["matchCentreData: null", "matchCentreData: {}", "something: 1"])
    def test_nothing_although_it_is_over(self, args: str):
        assert read(matches(match_page(args=args))).state == "empty"

    def test_no_events_although_it_is_over(self):
        assert page(events=[]).state == "empty"

    def test_only_the_older_kind_for_good(self):
        assert read(matches(match_page(args=NON_OPTA))).state == "not_available"

    def test_null_beside_the_older_kind_may_change(self):
        assert read(matches(match_page(args=f"matchCentreData: null, {NON_OPTA}"))).state == "empty"

    @pytest.mark.parametrize("args", ["matchCentreData: null", "something: 1"])
    def test_not_yet(self, args: str):
        assert read(matches(match_page(head=header(status=1, elapsed=""), args=args))).state == "expected"

    def test_not_yet_although_there_is_something(self):
        data = centre(statusCode=1, events=[])
        assert read(matches(match_page(data, head=header(status=1)))).state == "expected"


class TestShape:
    def test_no_data_block_is_a_change_and_no_empty_match(self):
        with pytest.raises(ShapeChanged, match="no data for the match centre"):
            read(matches(f"<script>{header()}</script>"))

    @pytest.mark.parametrize("gone", ["home", "away", "events", "statusCode"])
    def test_what_every_page_has(self, gone: str):
        data = {key: value for key, value in centre().items() if key != gone}
        with pytest.raises(ShapeChanged, match=f"no {gone}") as told:
            read(matches(match_page(data)))
        assert "fingerprint" in str(told.value)

    @pytest.mark.parametrize("renamed", ["passesTotal", "shotsTotal", "foulsCommited"])
    def test_a_statistic_that_was_renamed_is_not_taken_for_none(self, renamed: str):
        with pytest.raises(ShapeChanged, match=renamed):
            read(matches(match_page().replace(renamed, "renamed")))

    @pytest.mark.parametrize("renamed", ['"minute":', '"players":', '"teamId":', '"type":'])
    def test_keys_of_sides_and_events_that_were_renamed(self, renamed: str):
        with pytest.raises(ShapeChanged):
            read(matches(match_page().replace(renamed, '"renamed":')))

    def test_new_keys_are_told_and_no_fault(self):
        data = centre(passes(1400)[0] | {"xG": 0.1, "id": 1.0}, weather=3)
        assert read(matches(match_page(data))).notes == ("new keys of page: weather", "new keys of events: xG")

    def test_a_page_that_is_cut_off_is_told(self):
        body = match_page()
        for end in (body.index("events") + 5000, body.index("matchCentreEventTypeJson") - 5):
            with pytest.raises(DataError):
                read(matches(body[:end]))
