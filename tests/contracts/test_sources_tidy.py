"""Tidy tables: three spellings of the columns, CSV or parquet, and what is told when they are wrong."""

import gzip
import io
from datetime import UTC, datetime

import pandas as pd
import pytest

from published import csv_of, payload, reasons
from touchline.domain.simulation import simulate
from touchline.domain.vocabulary import MATCH_COLUMNS, ODDS_COLUMNS
from touchline.errors import DataError
from touchline.sources.table import Parsed
from touchline.sources.tidy import parse

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LEAST = ("competition", "date", "home_team", "away_team", "home_goals", "away_goals")


def read(header: str | tuple[str, ...], *rows: str) -> Parsed:
    names = header.split(",") if isinstance(header, str) else header
    return parse(payload(csv_of(names, *rows), "history.csv", "files"))


def parquet(table: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    table.to_parquet(stream, index=False)
    return stream.getvalue()


class TestTheLeast:
    def test_results_and_fixtures(self):
        parsed = read(LEAST, "E0,2024-08-17,Aldermoor,Foxglove,2,1", "E0,2024-09-01,Foxglove,Aldermoor,,")
        assert parsed.rows["status"].tolist() == ["finished", "scheduled"]
        assert parsed.rows["season"].tolist() == ["2024-25"] * 2
        assert parsed.rows["kickoff"].tolist() == [pd.Timestamp("2024-08-17 12:00Z"), pd.Timestamp("2024-09-01 12:00Z")]
        assert not parsed.rows["kickoff_known"].any()
        assert list(parsed.rows.columns) == [*MATCH_COLUMNS, "payload"]

    def test_goals_may_be_left_out(self):
        assert read(LEAST[:4], "E0,2024-08-17,Aldermoor,Foxglove").rows["status"].tolist() == ["scheduled"]

    def test_a_league_of_ones_own(self):
        row = read(LEAST, "village-cup,2024-08-17,Aldermoor,Foxglove,2,1").rows.iloc[0]
        assert (row["competition"], row["season"]) == ("village-cup", "2024-25")

    def test_calendar_year_leagues_have_calendar_year_seasons(self):
        assert read(LEAST, "BRA,2024-05-17,Aldermoor,Foxglove,2,1").rows["season"].item() == "2024"

    def test_blanks_around_names_and_headers_go(self):
        row = read("competition , date,home_team, away_team", " E0 ,2024-08-17,  Ely   City , Foxglove ").rows.iloc[0]
        assert (row["competition"], row["home_team"], row["away_team"]) == ("E0", "Ely City", "Foxglove")

    def test_a_club_may_be_called_na(self):
        assert read(LEAST, "E0,2024-08-17,NA,None,2,1").rows[["home_team", "away_team"]].iloc[0].tolist() == [
            "NA",
            "None",
        ]

    def test_blank_lines_are_passed_over(self):
        assert len(read(LEAST, "E0,2024-08-17,A,B,2,1", "", ",,,,,").rows) == 1


class TestShortNames:
    HEADER = (
        "league,season,date,time,home,away,home_goals,away_goals,result,ht_home_goals,ht_away_goals,home_sot,away_sot"
    )

    def test_they_stand_for_ours(self):
        parsed = read(
            self.HEADER + ",home_red,away_red,b365_h,b365_d,b365_a,psc_h,psc_d,psc_a,referee,source",
            "E0,2019-20,2020-07-26,16:00,Aldermoor,Foxglove,2,1,H,1,0,5,3,0,1,1.8,3.6,4.5,1.9,3.5,4.4,M Dean,mirror",
        )
        row = parsed.rows.iloc[0]
        assert row["season"] == "2019-20"
        assert (row["kickoff"], row["kickoff_known"]) == (pd.Timestamp("2020-07-26 15:00Z"), True)
        assert (row["home_goals_half_time"], row["home_shots_on_target"], row["away_red_cards"]) == (1, 5, 1)
        assert (row["odds_b365_home"], row["closing_ps_away"]) == (1.8, 4.4)

    def test_a_result_that_disagrees_is_refused(self):
        parsed = read("league,date,home,away,home_goals,away_goals,result", "E0,2024-08-17,A,B,2,1,A")
        assert reasons(parsed) == {2: "the goals 2-1 do not make the result A"}

    def test_country_and_end_year_of_the_extra_leagues(self):
        header = "league,season_end_year,date,home,away,home_goals,away_goals"
        parsed = read(
            header,
            "Brazil,2020,2020-08-08,A,B,1,0",
            "Brazil,2020,2021-02-25,B,A,1,0",
            "Denmark,2013,2012-07-13,C,D,1,0",
            "Denmark,2013,2013-05-13,D,C,1,0",
            "Argentina,2013,2012-08-13,E,F,1,0",
            "Argentina,2013,2013-05-13,F,E,1,0",
            "Argentina,2014,2013-08-13,E,F,1,0",
            "Argentina,2014,2014-11-13,F,E,1,0",
            "Argentina,2016,2016-03-13,E,F,1,0",
        )
        assert parsed.rejected == ()
        assert parsed.rows["competition"].unique().tolist() == ["BRA", "DNK", "ARG"]
        assert parsed.rows["season"].tolist() == [
            "2020", "2020", "2012-13", "2012-13", "2012-13", "2012-13", "2013-14", "2014", "2016",
        ]  # fmt: skip


class TestOurOwnSnapshots:
    LEAGUE = simulate(7, NOW, seasons=1)

    @pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
    def test_they_come_back_as_they_were(self, kind):
        text = self.LEAGUE.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%SZ").encode()
        body = {"csv": text, "csv.gz": gzip.compress(text, mtime=0), "parquet": parquet(self.LEAGUE)}[kind]
        parsed = parse(payload(body, f"matches.{kind}", "files"))
        assert (parsed.rejected, parsed.notes) == ((), ())
        columns = [column for column in MATCH_COLUMNS if column != "match_id"]
        pd.testing.assert_frame_equal(parsed.rows[columns], self.LEAGUE[columns])

    def test_a_status_counts(self):
        parsed = read(
            "competition,date,home_team,away_team,status", "E0,2024-08-17,A,B,Postponed", "E0,2024-08-17,C,D,lost"
        )
        assert parsed.rows["status"].tolist() == ["postponed"]
        assert reasons(parsed) == {3: "unknown status 'lost'"}

    @pytest.mark.parametrize(
        ("status", "goals", "reason"),
        [("finished", ",", "finished without a score"), ("scheduled", "1,0", "scheduled, yet with a score")],
    )
    def test_a_status_that_disagrees_with_the_score(self, status, goals, reason):
        header = "competition,date,home_team,away_team,status,home_goals,away_goals"
        assert reasons(read(header, f"E0,2024-08-17,A,B,{status},{goals}")) == {2: reason}

    @pytest.mark.parametrize("moment", ["2024-08-17T14:00:00+00:00", "2024-08-17 15:00+01:00", "2024-08-17T14:00Z"])
    def test_moments_with_an_offset(self, moment):
        parsed = read("competition,kickoff,home_team,away_team", f"E0,{moment},A,B")
        assert parsed.rows["kickoff"].item() == pd.Timestamp("2024-08-17 14:00Z")
        assert parsed.rows["kickoff_known"].item()

    @pytest.mark.parametrize("moment", ["2024-08-17 15:00", "2024-08-17", "", "soon"])
    def test_moments_without_one_are_refused(self, moment):
        parsed = read("competition,kickoff,home_team,away_team", f"E0,{moment},A,B")
        assert reasons(parsed) == {2: f"'{moment}' is no moment with its offset (2024-05-19T15:00Z)"}

    def test_an_unknown_time_stays_unknown(self):
        parsed = read("competition,kickoff,kickoff_known,home_team,away_team", "E0,2024-08-17T12:00Z,False,A,B")
        assert not parsed.rows["kickoff_known"].item()


class TestRefused:
    @pytest.mark.parametrize("day", ["17/08/2024", "17-08-2024", "2024-02-30", "", "yesterday"])
    def test_only_one_way_to_write_a_day(self, day):
        parsed = read(LEAST, f"E0,{day},A,B,2,1")
        assert reasons(parsed) == {2: f"'{day}' is no day written as yyyy-mm-dd"}

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("E0,2024-08-17,A,B,2,", "half a score: the goals of one side are missing"),
            ("E0,2024-08-17,A,B,-1,-1", "impossible goals: -1--1"),
            ("E0,2024-08-17,A,B,two,1", "impossible goals: two-1"),
            (",2024-08-17,A,B,2,1", "no competition"),
            ("E0,2024-08-17,,B,2,1", "no home team"),
        ],
    )
    def test_rows_that_cannot_be_true(self, row, reason):
        assert reasons(read(LEAST, "E0,2024-08-18,C,D,1,1", row)) == {3: reason}

    @pytest.mark.parametrize(
        ("season", "reason"),
        [
            ("2024", "'2024-25' and"),
            ("2021-22", "2024-08-17 lies outside the season 2021-22"),
            ("x", "'x' is no season"),
        ],
    )
    def test_seasons(self, season, reason):
        parsed = read("competition,season,date,home_team,away_team", f"E0,{season},2024-08-17,A,B")
        assert list(reasons(parsed).values()) == ([] if season == "2024" else [reason])

    def test_an_empty_season_follows_from_the_day(self):
        parsed = read("competition,season,date,home_team,away_team", "E0,,2024-08-17,A,B", "E0,2024-25,2024-08-18,C,D")
        assert parsed.rows["season"].tolist() == ["2024-25"] * 2

    def test_a_number_that_names_no_year(self):
        parsed = read("league,season_end_year,date,home,away", "Brazil,soon,2024-08-17,A,B")
        assert reasons(parsed) == {2: "'soon' is no season"}

    def test_prices_are_checked(self):
        header = "competition,date,home_team,away_team,avg_h,avg_d,avg_a"
        parsed = read(header, "E0,2024-08-17,A,B,1.1,1.1,1.1", "E0,2024-08-18,C,D,1.8,3.6,4.5")
        assert parsed.rows["odds_avg_home"].isna().tolist() == [True, False]
        assert len(parsed.notes) == 1
        assert parsed.rows[list(ODDS_COLUMNS[:3])].isna().all(axis=None)


class TestErrors:
    def test_missing_columns_are_named_with_what_was_found(self):
        with pytest.raises(DataError) as error:
            read("competition,home_team", "E0,A")
        assert str(error.value).splitlines() == [
            "history.csv: no column date, away_team",
            "  found: competition, home_team",
            "  a header such as competition,date,home_team,away_team,home_goals,away_goals is enough",
        ]

    def test_unknown_columns_are_named_with_a_guess(self):
        with pytest.raises(DataError) as error:
            read("competition,date,home_team,away_team,home_shotz,weather", "E0,2024-08-17,A,B,1,sun")
        assert str(error.value).splitlines() == [
            "history.csv: unknown columns home_shotz, weather",
            "  home_shotz: did you mean home_shots?",
            "  weather: fits nothing that we know",
            "  rename or remove them; the least that is needed is "
            "competition,date,home_team,away_team,home_goals,away_goals",
        ]

    def test_two_columns_of_one_meaning(self):
        with pytest.raises(DataError, match="several columns mean home_team"):
            read("competition,date,home_team,home,away_team", "E0,2024-08-17,A,A,B")

    @pytest.mark.parametrize(
        "body",
        [
            b"PAR1 cut off",
            b"\x1f\x8b cut off",
            gzip.compress(b"a,b\n1,2\n", mtime=0)[:-6],
            b"\xff\xfe\x00",
            b"",
            b'a,"b\n1,2',
        ],
    )
    def test_bytes_that_are_no_table(self, body):
        with pytest.raises(DataError) as error:
            parse(payload(body, "history.csv", "files"))
        assert str(error.value).startswith("history.csv: ")
        assert error.value.hint

    def test_rows_longer_than_the_header_lose_nothing_silently(self):
        with pytest.raises(DataError, match="rows are longer than the header"):
            read(LEAST, "E0,2024-08-17,A,B,2,1,7,8")

    def test_a_parquet_file_of_something_else(self):
        with pytest.raises(DataError, match="unknown columns x, y"):
            parse(payload(parquet(pd.DataFrame({"x": [1], "y": [2]})), "other.parquet", "files"))
