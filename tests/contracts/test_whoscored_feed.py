"""The feed of a month and of a day: statuses, scores, moments, and rows that are not what they seem."""

import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from touchline.collecting import LIVE_COLUMNS
from touchline.domain.vocabulary import MATCH_COLUMNS
from touchline.errors import DataError, ShapeChanged
from touchline.sources.registry import parse
from touchline.sources.table import Parsed
from touchline.sources.whoscored.source import WhoScored
from whoscored_pages import MONTH_NAME, feed, payload, row


def read(*rows: dict[str, Any], name: str = MONTH_NAME, **changed: Any) -> Parsed:
    return parse(payload(name, feed(*rows, **changed)))


def one(**changed: Any) -> pd.Series:
    return read(row(**changed)).rows.iloc[0]


OTHERS: tuple[dict[str, int], ...] = ({}, {"tournamentId": 7}, {"tournamentId": 26}, {"regionId": 206})
"""The Premier League, the Championship, a cup, and a league of the same number elsewhere."""


def score(found: pd.Series) -> tuple[float, float] | None:
    return None if pd.isna(found["home_goals"]) else (found["home_goals"], found["away_goals"])


class TestARow:
    def test_a_finished_match(self):
        parsed = read(row())
        assert parsed.rejected == ()
        assert list(parsed.rows.columns) == [*MATCH_COLUMNS, "payload", "source_id", "raw_status"]
        found = parsed.rows.iloc[0]
        said = ["competition", "season", "status", "source_id", "raw_status", "home_team", "away_team", "kickoff_known"]
        assert found[said].tolist() == [
            "E0", "2025-26", "finished", "1900001", "6/FT", "Northbridge", "Köln Athletic & Co", True,
        ]  # fmt: skip
        assert score(found) == (2, 1)
        assert found["kickoff"] == pd.Timestamp("2025-08-16 14:00Z")

    def test_a_match_to_come(self):
        found = one(status=1, homeScore=None, awayScore=None, elapsed="", startTimeUtc="2026-05-24T15:00:00Z")
        assert found["status"] == "scheduled"
        assert found["raw_status"] == "1"
        assert score(found) is None

    @pytest.mark.parametrize("number", [1900001.0, 1900001])
    def test_numbers_of_matches_are_the_same_however_written(self, number: object):
        assert one(id=number)["source_id"] == "1900001"

    def test_signs_that_no_table_keeps_are_left_out(self):
        body = feed(row()).replace("Northbridge", r" North\u00a0bridge\u0000\ud83d ")
        assert parse(payload(MONTH_NAME, body)).rows["home_team"].tolist() == ["North bridge"]

    def test_a_browser_may_have_kept_a_mark_at_the_beginning(self):
        assert len(parse(payload(MONTH_NAME, b"\xef\xbb\xbf" + feed(row()).encode())).rows) == 1


class TestMoments:
    @pytest.mark.parametrize(
        ("stated", "local", "utc"),
        [
            ("2020-09-12T14:00:00Z", "2020-09-12T15:00:00", "2020-09-12 14:00Z"),
            (None, "2020-09-12T15:00:00", "2020-09-12 14:00Z"),
            (None, "2020-12-12T15:00:00", "2020-12-12 15:00Z"),
            ("soon", "2020-12-12T15:00:00", "2020-12-12 15:00Z"),
            ("2020-09-12T14:00:00", "2020-09-12T15:00:00", "2020-09-12 14:00Z"),
            ("2020-09-12T16:00:00+02:00", "nonsense", "2020-09-12 14:00Z"),
            (None, "2025-10-26T01:30:00", "2025-10-26 00:30Z"),  # comes twice: the first
            (None, "2025-10-26T02:30:00", "2025-10-26 02:30Z"),
            (None, "2026-03-29T01:30:00", "2026-03-29 01:30Z"),  # does not exist: an hour on
            (None, "2026-03-29T14:00:00", "2026-03-29 13:00Z"),
            ("9999-12-31T23:30:00Z", "2025-08-16T15:00:00", "2025-08-16 14:00Z"),
            ("2025-08-16", "2025-08-16T15:00:00", "2025-08-16 14:00Z"),
            ("0001-01-01T00:00:00+09:00", "2025-08-16T15:00:00", "2025-08-16 14:00Z"),
            ("2025-10-26T01:30:00Z", "2025-10-26T01:30:00", "2025-10-26 01:30Z"),
        ],
    )
    def test_utc_where_it_is_stated_else_london(self, stated: str | None, local: str, utc: str):
        season = {"2020": "2020-21"}.get(local[:4], "2020-21" if "2020" in str(stated) else "2025-26")
        name = MONTH_NAME.replace("2025-26", season)
        found = read(row(startTimeUtc=stated, startTime=local), name=name, seasonName="").rows
        assert found["kickoff"].tolist() == [pd.Timestamp(utc)]

    def test_a_match_without_any_is_refused(self):
        parsed = read(row(), row(2, startTimeUtc=None, startTime="tba", homeTeamName="Other"))
        assert [(refused.line, refused.reason) for refused in parsed.rejected] == [(2, "'tba' is no day")]


class TestStatus:
    @pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 5])
    def test_what_is_not_over_has_no_score(self, code: int):
        found = one(status=code, elapsed="55'")
        assert found["status"] == "scheduled"
        assert found["raw_status"] == f"{code}/55'"
        assert score(found) is None

    @pytest.mark.parametrize("code", [7, 8, 9, 23, -1])
    def test_what_nobody_knows_is_neither_played_nor_void(self, code: int):
        found = one(status=code, elapsed="Abd")
        assert found["status"] == "postponed"
        assert score(found) is None
        assert found["raw_status"] == f"{code}/Abd"

    def test_a_missing_status_is_not_known_either(self):
        parsed = read(row(2, homeTeamName="Other"), row(status=None, elapsed=None))
        assert parsed.rows["status"].tolist() == ["finished", "postponed"]
        assert parsed.rows["raw_status"].tolist() == ["6/FT", ""]

    @pytest.mark.parametrize("missing", ["homeScore", "awayScore"])
    def test_over_without_both_scores_is_not_finished(self, missing: str):
        found = one(**{missing: None})
        assert found["status"] == "postponed"
        assert score(found) is None
        assert found["raw_status"] == "6/FT"

    def test_what_is_odd_is_told(self):
        notes = read(
            row(1, status=1, homeScore=None, awayScore=None, elapsed="", startTimeUtc="2025-08-02T14:00:00Z"),
            row(2, status=8, homeTeamName="Other", xg=1.2),
            row(3, homeScore=None, homeTeamName="Third"),
        ).notes
        assert [note.partition(":")[2] for note in notes] == [
            " kick-off has passed, and there is no result (1 1)",
            " over, but the score after 90 minutes is not known (3 6/FT)",
            " of a status that is not known (2 8/FT)",
            " xg",
        ]


class TestExtraTime:
    @pytest.mark.parametrize(
        ("shown", "extra", "ninety"),
        [
            ((2, 1), (None, None), (2, 1)),
            ((2, 1), (1, 0), (1, 1)),
            ((1, 1), (0, 0), (1, 1)),
            ((0, 0), (0, 0), (0, 0)),
            ((3, 3), (1, 1), (2, 2)),
            ((1, 0), (1, 0), None),  # all goals in extra time, or the score after it
            ((1, 2), (0, 2), None),  # seen: the winner's goals against nothing
            ((1, 1), (2, 1), None),
            ((2, 1), (1, None), None),
        ],
    )
    def test_goals_are_those_of_ninety_minutes_or_unknown(
        self, shown: tuple[int, int], extra: tuple[int | None, int | None], ninety: tuple[int, int] | None
    ):
        found = one(
            homeScore=shown[0],
            awayScore=shown[1],
            homeExtratimeScore=extra[0],
            awayExtratimeScore=extra[1],
            elapsed="AET",
        )
        assert score(found) == ninety
        assert found["status"] == ("finished" if ninety else "postponed")

    def test_penalties_change_no_score(self):
        found = one(homeScore=1, awayScore=1, homePenaltyScore=5, awayPenaltyScore=4)
        assert score(found) == (1, 1)


class TestAMonth:
    def test_a_match_that_comes_twice_is_taken_once(self):
        parsed = read(row(), row(2, homeTeamName="Other"), row(homeScore=3))
        assert parsed.rows["source_id"].tolist() == ["2", "1900001"]
        assert score(parsed.rows.iloc[1]) == (3, 1)

    @pytest.mark.parametrize("number", [None, 10**30, 1.5, "x"])
    def test_rows_without_a_number_are_refused(self, number: object):
        parsed = read(row(id=number), row(2, homeTeamName="Other"))
        assert [refused.reason for refused in parsed.rejected] == ["no number of a match"]
        assert "Northbridge" in parsed.rejected[0].text

    def test_an_empty_month_is_an_error(self):
        for body in ('{"tournaments": []}', feed()):
            with pytest.raises(ShapeChanged, match="no match in a month"):
                parse(payload(MONTH_NAME, body))

    def test_matches_of_other_tournaments_are_none_of_it(self):
        both = [
            json.loads(feed(row(at, homeTeamName=f"T{at}"), **more))["tournaments"][0] for at, more in enumerate(OTHERS)
        ]
        parsed = parse(payload(MONTH_NAME, json.dumps({"tournaments": both})))
        assert parsed.rows["home_team"].tolist() == ["T0"]
        with pytest.raises(ShapeChanged, match="no match in a month"):
            parse(payload(MONTH_NAME, json.dumps({"tournaments": both[1:]})))

    def test_another_season_than_asked_for_is_an_error(self):
        with pytest.raises(DataError, match="season 2024-25, not 2025-26"):
            read(row(), seasonName="2024/2025")

    @pytest.mark.parametrize(
        ("body", "what"),
        [
            ("[]", "no list of tournaments"),
            ("null", "no list of tournaments"),
            ('{"tournaments": null}', "no list of tournaments"),
            ('{"tournaments": [{"stageId": 1}]}', "no tournament has matches"),
            (feed({key: value for key, value in row().items() if key != "homeTeamName"}), "no match has homeTeamName"),
            (feed({key: value for key, value in row().items() if not key.endswith("Score")}), "not even an empty one"),
            (feed(row(status="6")), "no match has status"),
        ],
    )
    def test_a_changed_shape_is_told_with_its_fingerprint(self, body: str, what: str):
        with pytest.raises(ShapeChanged, match=what) as told:
            parse(payload(MONTH_NAME, body))
        assert "fingerprint" in str(told.value)
        assert told.value.where == MONTH_NAME

    @pytest.mark.parametrize("body", ["", "<html></html>", '{"tournaments": [', "\ufeff", "[" * 100_000])
    def test_what_is_no_json_is_told(self, body: str):
        with pytest.raises(DataError, match="no JSON"):
            parse(payload(MONTH_NAME, body))


class TestADay:
    def body(self) -> str:
        known = json.loads(feed(row(), row(2, status=3, elapsed="55'", homeScore=1, awayScore=0, homeTeamName="Other")))
        other = json.loads(feed(row(3), regionId=1))
        third = json.loads(
            feed(row(4, status=1, homeScore=0, awayScore=0, elapsed="x", seasonName="")),
        )
        third["tournaments"][0] |= {"tournamentId": 5, "regionId": None, "seasonName": None}
        return json.dumps({"tournaments": [*known["tournaments"], *other["tournaments"], *third["tournaments"]]})

    def test_how_matches_stand(self):
        found = WhoScored("http://replica", True).live_rows(payload("days/20250816.json", self.body()))
        assert list(found.columns) == list(LIVE_COLUMNS)
        rows = found.astype(object).where(found.notna(), None)
        columns = ["source_id", "competition", "season", "state", "raw_status", "minute", "home_goals", "away_goals"]
        assert rows[columns].to_numpy().tolist() == [
            ["1900001", "E0", "2025-26", "finished", "6/FT", "FT", 2, 1],
            ["2", "E0", "2025-26", "live", "3/55'", "55'", 1, 0],
            ["4", "I1", "2025-26", "scheduled", "1/x", "", None, None],
        ]
        assert found["kickoff"].dt.tz_convert("UTC").tolist() == [pd.Timestamp("2025-08-16 14:00Z")] * 3

    def test_a_day_without_matches_is_a_day(self):
        source = WhoScored("http://replica", True)
        empty = payload("days/20250816.json", '{"tournaments": []}')
        assert list(source.live_rows(empty).columns) == list(LIVE_COLUMNS)
        assert len(parse(empty).rows) == 0

    def test_it_can_be_taken_in_like_a_month(self):
        parsed = parse(payload("days/20250816.json", self.body()))
        assert parsed.rows["source_id"].tolist() == ["1900001", "2", "4"]
        assert parsed.rows["status"].tolist() == ["finished", "scheduled", "scheduled"]

    def test_its_address(self):
        page = WhoScored("http://replica/", True).live_page(datetime(2025, 8, 16, tzinfo=UTC).date())
        assert (page.name, page.url) == (
            "days/20250816.json",
            "http://replica/livescores/data?d=20250816&isSummary=true",
        )
        assert page.wants == "json"
