"""Files of football-data.co.uk: read as published since 1993, and refused loudly where they cannot be true."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from published import PLAIN, csv_of, match, payload, reasons, season
from touchline.domain.vocabulary import MATCH_COLUMNS
from touchline.errors import DataError
from touchline.manifest import sha256
from touchline.sources.football_data import parse


class TestShape:
    def test_rows_are_tidy(self):
        source = season(match(), match("24/08/2024", "Foxglove", "Aldermoor", ""))
        rows = parse(source).rows
        assert list(rows.columns) == [*MATCH_COLUMNS, "payload"]
        assert str(rows["kickoff"].dtype) == "datetime64[us, UTC]"
        assert set(rows[list(MATCH_COLUMNS[8:])].dtypes.astype(str)) == {"float64"}
        assert set(rows["payload"]) == {sha256(source.body)}
        assert rows["match_id"].isna().all()

    def test_a_match_is_read(self):
        [row] = parse(season(match("17/08/2024", "Aldermoor", "Foxglove", "2-1"))).rows.to_dict("records")
        assert (row["competition"], row["season"], row["status"]) == ("E0", "2024-25", "finished")
        assert (row["home_team"], row["away_team"], row["home_goals"], row["away_goals"]) == (
            "Aldermoor",
            "Foxglove",
            2.0,
            1.0,
        )

    def test_a_fixture_has_no_score(self):
        [row] = parse(season(match(score=""))).rows.to_dict("records")
        assert row["status"] == "scheduled"
        assert pd.isna(row["home_goals"])

    def test_statistics_and_prices_find_their_columns(self):
        more = {
            "HTHG": 1, "HTAG": 0, "HS": 12, "AS": 7, "HST": 5, "AST": 2, "HF": 9, "AF": 13, "HC": 6, "AC": 3, "HY": 1,
            "AY": 2, "HR": 0, "AR": 1, "B365H": 1.8, "B365D": 3.6, "B365A": 4.5, "PSCH": 1.9, "PSCD": 3.5, "PSCA": 4.4,
        }  # fmt: skip
        row = parse(season(match("17/08/2024", "A", "B", "2-1", *more.values()), more=list(more))).rows.iloc[0]
        assert row["home_goals_half_time"] == 1
        assert (row["home_shots"], row["away_shots_on_target"], row["away_fouls"]) == (12, 2, 13)
        assert (row["home_corners"], row["away_yellow_cards"], row["away_red_cards"]) == (6, 2, 1)
        assert tuple(row[f"odds_b365_{side}"] for side in ("home", "draw", "away")) == (1.8, 3.6, 4.5)
        assert tuple(row[f"closing_ps_{side}"] for side in ("home", "draw", "away")) == (1.9, 3.5, 4.4)

    def test_no_rows_are_fine(self):
        parsed = parse(payload(csv_of(PLAIN), "fixtures.csv"))
        assert len(parsed.rows) == len(parsed.rejected) == 0


class TestBytes:
    TEXT = csv_of((*PLAIN, "Referee"), match("17/08/2024", "Préville", "Foxglove", "2-1", "\u00a0U Rennie"))

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1"])
    def test_encodings(self, encoding):
        assert parse(payload(self.TEXT.encode(encoding))).rows["home_team"].item() == "Préville"

    def test_a_byte_that_cp1252_does_not_know(self):
        assert len(parse(payload(self.TEXT.encode("latin-1") + b"E0,24/08/2024,Foxglove,\x81x,1,1,D,\n")).rows) == 2

    @pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
    def test_line_endings(self, ending):
        assert len(parse(payload(self.TEXT.replace("\n", ending))).rows) == 1

    def test_a_name_in_quotes(self):
        row = parse(season('E0,17/08/2024,"Ely, City",Foxglove,1,1,D')).rows
        assert row["home_team"].item() == "Ely, City"


class TestDates:
    @pytest.mark.parametrize("day", ["03/09/2024", "03/09/24", "2024-09-03"])
    def test_the_day_stands_before_the_month(self, day):
        assert parse(season(match(day))).rows["kickoff"].item() == datetime(2024, 9, 3, 12, tzinfo=UTC)

    def test_kinds_may_be_mixed(self):
        rows = parse(season(match("03/09/2024"), match("10/09/24", "B", "C"), match("2024-09-17", "D", "E"))).rows
        assert rows["kickoff"].dt.day.tolist() == [3, 10, 17]

    @pytest.mark.parametrize("day", ["", "31/02/2025", "13/13/2024", "3 Sep 2024", "09-03-2024", "20240903"])
    def test_what_is_no_day_is_refused(self, day):
        parsed = parse(season(match(day), *(match(f"{n:02}/09/2024", "B", f"C{n}") for n in range(1, 9))))
        assert reasons(parsed) == {2: f"'{day}' is no day"}

    @pytest.mark.parametrize("day", ["10/06/2024", "02/09/2025", "17/08/2023"])
    def test_a_day_outside_the_season_is_refused(self, day):
        parsed = parse(season(match("17/08/2024", "B", "C"), match(day)))
        assert "lies outside the season 2024-25" in reasons(parsed)[3]

    def test_two_digits_of_the_last_century(self):
        source = season(match("14/08/93"), name="E0_1993-94.csv")
        assert parse(source).rows["kickoff"].dt.year.item() == 1993


class TestTimes:
    def kickoff(self, day: str, time: str) -> tuple[datetime, bool]:
        row = parse(season(match(day, "A", "B", "", time), more=["Time"])).rows.iloc[0]
        return row["kickoff"].to_pydatetime(), bool(row["kickoff_known"])

    @pytest.mark.parametrize(
        ("day", "time", "utc"),
        [
            ("15/01/2025", "20:00", datetime(2025, 1, 15, 20)),
            ("17/08/2024", "15:00", datetime(2024, 8, 17, 14)),
            ("17/08/2024", "00:30", datetime(2024, 8, 16, 23, 30)),
            ("26/10/2024", "23:30", datetime(2024, 10, 26, 22, 30)),
            ("27/10/2024", "00:30", datetime(2024, 10, 26, 23, 30)),
            ("27/10/2024", "01:30", datetime(2024, 10, 27, 0, 30)),
            ("27/10/2024", "02:30", datetime(2024, 10, 27, 2, 30)),
            ("30/03/2025", "00:30", datetime(2025, 3, 30, 0, 30)),
            ("30/03/2025", "01:30", datetime(2025, 3, 30, 1, 30)),
            ("30/03/2025", "14:00", datetime(2025, 3, 30, 13)),
        ],
    )
    def test_uk_local_time_becomes_utc(self, day, time, utc):
        assert self.kickoff(day, time) == (utc.replace(tzinfo=UTC), True)

    def test_without_a_time_it_is_noon_and_unknown(self):
        assert self.kickoff("17/08/2024", "") == (datetime(2024, 8, 17, 12, tzinfo=UTC), False)

    @pytest.mark.parametrize("time", ["25:00", "3pm", "15.00"])
    def test_what_is_no_time_is_noted(self, time):
        parsed = parse(season(match("17/08/2024", "A", "B", "", time), more=["Time"]))
        assert not parsed.rows["kickoff_known"].item()
        assert parsed.notes == ("1 row: what stands as time is none; kick-off is taken as unknown (line 2)",)


class TestRefusedRows:
    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            (match(score="2-"), "half a score: the goals of one side are missing"),
            (match(score="-1-0", result="H"), "impossible goals: -1-0"),
            (match(score="99-0"), "impossible goals: 99-0"),
            (match(score="1.5-0", result="H"), "impossible goals: 1.5-0"),
            (match(score="x-0", result="H"), "impossible goals: x-0"),
            (match(score="2-1", result="A"), "the goals 2-1 do not make the result A"),
            (match(score="1-1", result="X"), "the goals 1-1 do not make the result X"),
            (match(home=""), "no home team"),
            (match(away=""), "no away team"),
            (match(away="Aldermoor"), "Aldermoor against itself"),
            (match(home="???"), "no letter or digit of the Latin alphabet in '???' or 'Foxglove'"),
            (match(div="X9"), "unknown division or country 'X9'"),
            (match(div=""), "no competition"),
        ],
    )
    def test_the_reason_is_told(self, row, reason):
        parsed = parse(season(match("18/08/2024", "Cindervale", "Dunmarrow"), row))
        assert reasons(parsed) == {3: reason}
        assert parsed.rejected[0].text == ",".join(map(str, row))
        assert parsed.rows["home_team"].tolist() == ["Cindervale"]

    def test_more_goals_at_half_time_than_at_full_time(self):
        parsed = parse(season(match("17/08/2024", "A", "B", "1-0", 2, 0), more=["HTHG", "HTAG"]))
        assert reasons(parsed) == {2: "more goals at half-time than at full time"}

    def test_the_same_match_with_another_score(self):
        parsed = parse(season(match(score="2-1"), match(score="2-2")))
        assert reasons(parsed) == {3: "another score than the same match has further up"}

    def test_the_same_match_again_is_noted(self):
        parsed = parse(season(match(), match("18/08/2024", "C", "D"), match()))
        assert len(parsed.rows) == 2
        assert parsed.notes == ("1 row: the same match again further down, which is kept (line 2)",)

    def test_lines_are_counted_as_in_an_editor(self):
        body = csv_of(PLAIN, match(), "", ",,,,,,", match("18/08/2024", "C", "D", "1-"))
        assert list(reasons(parse(payload(body)))) == [5]


class TestLeftOutValues:
    def only(self, column: str, value: object, **more: object):
        cells = {column: value, **more}
        parsed = parse(season(match("17/08/2024", "A", "B", "2-1", *cells.values()), more=list(cells)))
        assert len(parsed.rows) == 1
        return parsed

    @pytest.mark.parametrize("fouls", [145, -1, 1.2, "many"])
    def test_an_impossible_statistic_goes_on_both_sides(self, fouls):
        parsed = self.only("HF", fouls, AF=12)
        assert parsed.rows[["home_fouls", "away_fouls"]].isna().all(axis=None)
        assert parsed.notes == ("1 row: incomplete or impossible fouls, left out (line 2)",)

    def test_half_a_half_time_score_goes(self):
        parsed = self.only("HTHG", 1, HTAG="")
        assert parsed.rows["home_goals_half_time"].isna().all()
        assert "goals half time, left out" in parsed.notes[0]

    def test_one_side_of_another_statistic_stays(self):
        assert self.only("HS", 9, AS="").rows["home_shots"].item() == 9

    @pytest.mark.parametrize(
        "triple",
        [
            (1.8, 3.6, ""),
            (1.8, "", 4.5),
            (0.5, 3.6, 4.5),
            (9.0, 9.0, 9.0),
            (1.1, 1.1, 1.1),
            ("evens", 3.6, 4.5),
            (0, 0, 0),
        ],
    )
    def test_prices_that_make_no_sense_go(self, triple):
        parsed = self.only("B365H", triple[0], B365D=triple[1], B365A=triple[2])
        assert parsed.rows[["odds_b365_home", "odds_b365_draw", "odds_b365_away"]].isna().all(axis=None)
        assert parsed.notes == ("1 row: incomplete or impossible odds_b365 prices, left out (line 2)",)

    def test_a_note_lists_a_few_lines_only(self):
        rows = [match(f"{n:02}/09/2024", "A", f"B{n}", "1-0", 200) for n in range(1, 10)]
        [note] = parse(season(*rows, more=["HF"])).notes
        assert note == "9 rows: incomplete or impossible fouls, left out (line 2, 3, 4, 5, 6, ...)"


class TestRaggedRows:
    MORE = ("HS", "AS", "B365H", "B365D", "B365A")

    def parsed(self, *tail: object):
        return parse(season(match("17/08/2024", "A", "B", "2-1", *tail), more=self.MORE))

    def test_short_rows_lack_their_last_cells(self):
        row = self.parsed(11).rows.iloc[0]
        assert row["home_shots"] == 11
        assert pd.isna(row["away_shots"])

    def test_trailing_commas_say_nothing(self):
        parsed = self.parsed(11, 7, 1.8, 3.6, 4.5, "", "", "")
        assert parsed.notes == ()
        assert parsed.rows["odds_b365_away"].item() == 4.5

    def test_values_beyond_the_header_are_noted(self):
        parsed = self.parsed(11, 7, 1.8, 3.6, 4.5, 6.7)
        assert parsed.rows["odds_b365_away"].item() == 4.5
        assert parsed.notes == ("1 rows have values beyond the named columns: those are left out",)

    def test_a_shifted_row_keeps_no_price_at_all(self):
        cells = match("17/08/2024", "A", "B", "2-1", "x", 1.8, 3.6, 4.5, 1.7, 3.5, 4.4)
        more = ("B365H", "B365D", "B365A", "BWH", "BWD", "BWA")
        parsed = parse(season(cells, match("18/08/2024", "C", "D", "1-1", 1.8, 3.6, 4.5, 1.7, 3.5, 4.4), more=more))
        assert parsed.rows["odds_bw_home"].isna().tolist() == [True, False]
        assert "longer than the header, and prices do not fit their columns: all left out (line 2)" in parsed.notes[-1]

    def test_blank_rows_are_passed_over(self):
        body = csv_of(PLAIN, match(), *["", ",,,,,,", "  ,,,"] * 40)
        parsed = parse(payload(body))
        assert (len(parsed.rows), parsed.rejected, parsed.notes) == (1, (), ())

    @settings(deadline=None, max_examples=15)
    @given(st.integers(0, 6), st.integers(0, 4))
    def test_however_long_a_row_is_no_column_moves(self, missing, extra):
        full = [11, 7, 1.8, 3.6, 4.5]
        tail = full[: len(full) - missing] + [""] * (extra if not missing else 0)
        row = self.parsed(*tail).rows.iloc[0]
        for column, value in zip(("home_shots", "away_shots"), full, strict=False):
            assert row[column] == value or pd.isna(row[column])
        assert row["odds_b365_home"] == 1.8 or pd.isna(row["odds_b365_home"])


class TestSeasons:
    def names(self, name: str, *days: str) -> list[str]:
        rows = [match(day, "A", f"B{number}") for number, day in enumerate(days)]
        return parse(season(*rows, name=name)).rows["season"].tolist()

    def test_the_name_of_the_file_says_it(self):
        for name in ("mmz4281/1920/E0.csv", "mmz4281-1920-e0.csv", "E0_1920.csv", "E0_2019-20.csv", "e0 2019_2020.csv"):
            assert self.names(name, "25/07/2020", "02/08/2020", "03/08/2020") == ["2019-20"] * 3

    def test_else_the_middle_of_its_dates(self):
        assert self.names("E0.csv", "09/08/2019", "01/02/2020", "02/08/2020") == ["2019-20"] * 3

    def test_a_name_of_another_season_is_an_error(self):
        with pytest.raises(
            DataError, match="its name says season 2023-24, but most of its matches are around 2024-11-02"
        ):
            self.names("E0_2023-24.csv", "17/08/2024", "02/11/2024", "09/11/2024")

    def test_several_seasons_in_one_file_are_told_apart(self):
        days = [f"{day:02}/{month:02}/{year}" for year in (2021, 2022, 2023) for month in (3, 9) for day in (1, 8, 15)]
        assert set(self.names("E0.csv", *days)) == {"2020-21", "2021-22", "2022-23", "2023-24"}

    def test_fixtures_of_many_divisions(self):
        body = csv_of(PLAIN, match("02/08/2025", score=""), match("17/05/2025", "C", "D", "", div="SP1"))
        rows = parse(payload(body, "fixtures.csv")).rows
        assert dict(zip(rows["competition"], rows["season"], strict=True)) == {"E0": "2025-26", "SP1": "2024-25"}


class TestExtraLeagues:
    HEADER = ("Country", "League", "Season", "Date", "Time", "Home", "Away", "HG", "AG", "Res", "PSCH", "PSCD", "PSCA")

    def test_country_names_the_competition(self):
        body = csv_of(
            self.HEADER,
            "Brazil,Serie A,2024,13/04/2024,22:30,Foxglove,Honeyfell,2,1,H,1.8,3.6,4.5",
            "Switzerland,Super League,2023/2024,22/07/2023,17:00,Ironmead,Jessamy,0,0,D,1.8,3.6,4.5",
        )
        rows = parse(payload(body, "new/BRA.csv")).rows
        assert rows[["competition", "season"]].to_numpy().tolist() == [["BRA", "2024"], ["SWZ", "2023-24"]]
        assert rows["closing_ps_home"].tolist() == [1.8, 1.8]

    def test_fixtures_have_no_season(self):
        header = [name for name in self.HEADER if name not in ("Season", "HG", "AG", "Res")]
        body = csv_of(header, "Brazil,Serie A,13/04/2026,22:30,Foxglove,Honeyfell,1.8,3.6,4.5")
        [row] = parse(payload(body, "new_league_fixtures.csv")).rows.to_dict("records")
        assert (row["season"], row["status"]) == ("2026", "scheduled")

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("Atlantis,League,2024,13/04/2024,,A,B,1,0,H,,,", "unknown division or country 'Atlantis'"),
            ("Brazil,Serie A,spring,13/04/2024,,A,B,1,0,H,,,", "'spring' is no season"),
        ],
    )
    def test_what_is_unknown_is_refused(self, row, reason):
        assert reasons(parse(payload(csv_of(self.HEADER, row), "new/X.csv"))) == {2: reason}


SCORES = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda goals: f"{goals[0]}-{goals[1]}")
ODDS = st.tuples(*[st.floats(1.9, 4.0).map(lambda price: round(price, 2))] * 3)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.dates(date(2024, 8, 1), date(2025, 5, 30)), SCORES, ODDS), min_size=1, max_size=8))
def test_what_is_written_is_read(matches):
    rows = [
        match(day.strftime("%d/%m/%Y"), f"Home{place}", f"Away{place}", score, *odds)
        for place, (day, score, odds) in enumerate(matches)
    ]
    parsed = parse(season(*rows, more=("AvgH", "AvgD", "AvgA")))
    assert parsed.rejected == ()
    found = parsed.rows
    assert found["kickoff"].dt.date.tolist() == [day for day, _, _ in matches]
    scores = [f"{home:.0f}-{away:.0f}" for home, away in found[["home_goals", "away_goals"]].to_numpy()]
    assert scores == [score for _, score, _ in matches]
    for row, (_, _, odds) in zip(found.to_dict("records"), matches, strict=True):
        kept = 0.95 <= sum(1 / price for price in odds) <= 1.30
        assert (row["odds_avg_home"] == odds[0]) == kept
