"""Headers of football-data.co.uk: the documented grammar, and what lies outside it."""

import pytest

from published import PLAIN, csv_of, match, payload
from touchline.errors import DataError
from touchline.sources.football_data import parse
from touchline.sources.football_data_columns import read_header

OLD_ODDS = (
    "Bb1X2,BbMxH,BbAvH,BbMxD,BbAvD,BbMxA,BbAvA,BbOU,BbMx>2.5,BbAv>2.5,BbMx<2.5,BbAv<2.5,BbAH,BbAHh,BbMxAHH,BbAvAHH"
)
HEADERS = {
    "1993-94": "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,,,,,",
    "2000-01": "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,HTHG,HTAG,HTR,Attendance,Referee,HS,AS,HST,AST,HHW,AHW,HC,AC,"
    "HF,AF,HO,AO,HY,AY,HR,AR,HBP,ABP,GBH,GBD,GBA,IWH,IWD,IWA,LBH,LBD,LBA,SBH,SBD,SBA,WHH,WHD,WHA,SYH,SYD,SYA",
    "2001-02, Greece": "Div,Date,HT,AT,FTHG,FTAG,FTR,HTHG,HTAG,HTR,GBH,GBD,GBA,IWH,IWD,IWA",
    "2004-05": "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,LB,LB,LB,GB>2.5,GB<2.5,GBAHH,GBAHA,GBAH,LBAHH,B365AH,,",
    "2012-13": f"Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,SJH,SJD,SJA,BSH,BSD,BSA,SOH,PSCH,{OLD_ODDS}",
    "2012-13, renamed": "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,BbMx_2_5,BbAv_2_5,BbMx_2_5_1,BbAv_2_5_1",
    "2019-20": "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,MaxH,MaxD,MaxA,B365>2.5,B365<2.5,P>2.5,Max<2.5,AHh,"
    "B365AHH,PAHA,AvgAHH,B365CH,B365CD,B365CA,VCCH,VCCD,VCCA,B365C>2.5,PC<2.5,AHCh,B365CAHH,PCAHA,AvgCAHA",
    "2024-25": "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,BFH,BFD,BFA,1XBH,1XBD,1XBA,BFEH,BFED,BFEA,BFECH,BFE>2.5,"
    "BFEC<2.5,BFEAHH,BFECAHA,1XBCH",
    "2026-27": "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,HxG,AxG,BFDH,BFDD,BFDA,BMGMH,BMGMD,BMGMA,BVH,BVD,BVA,"
    "CLH,CLD,CLA,LBH,PPH,SKBH,BFDCH,BMGMCD,BVCA,CLCH",
    "extra league": "Country,League,Season,Date,Time,Home,Away,HG,AG,Res,PSCH,PSCD,PSCA,MaxCH,AvgCA,BFECH",
    "extra fixtures": "Country,League,Date,Time,Home,Away,PSH,PSD,PSA,MaxH,AvgH",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_headers_of_all_times_are_understood(header):
    names = {name for _, name in read_header(header.split(","), "file").positions}
    assert {"day_text", "home_team", "away_team"} <= names


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("B365H", "odds_b365_home"),
        ("VCH", "odds_vc_home"),
        ("VCCH", "closing_vc_home"),
        ("PSD", "odds_ps_draw"),
        ("PA", "odds_ps_away"),
        ("PSCA", "closing_ps_away"),
        ("BbAvH", "odds_avg_home"),
        ("BbMxA", "odds_max_away"),
        ("AvgCD", "closing_avg_draw"),
        ("BFECH", "closing_bfe_home"),
        ("GBA", "odds_gb_away"),
    ],
)
def test_prices_by_bookmaker(column, name):
    assert dict(read_header([*PLAIN, column], "file").positions)[len(PLAIN)] == name


@pytest.mark.parametrize("column", ["BFH", "LBD", "CLCA", "1XBA", "AHh", "B365>2.5", "Referee", "HTR"])
def test_documented_columns_that_are_not_kept(column):
    columns = read_header([*PLAIN, column], "file")
    assert len(columns.positions) == len(PLAIN)
    assert columns.notes == ()


def test_the_first_of_two_columns_with_one_meaning_counts():
    header = ["Div", "Date", "HomeTeam", "AwayTeam", "PSH", "PH"]
    assert dict(read_header(header, "file").positions)[4] == "odds_ps_home"
    assert len(read_header(header, "file").positions) == 5


def test_prices_of_an_unknown_bookmaker_are_left_out_and_noted():
    body = csv_of((*PLAIN, "NEWH", "NEWD", "NEWA"), match("17/08/2024", "A", "B", "2-1", 1.8, 3.6, 4.5))
    assert parse(payload(body)).notes == ("prices of unknown bookmakers left out: NEW",)


def test_columns_of_one_name_are_left_out_and_noted():
    parsed = parse(payload(csv_of((*PLAIN, "LB", "LB", "LB"), match("17/08/2024", "A", "B", "2-1", 1.8, 3.6, 4.5))))
    assert parsed.notes == ("columns with the same name left out: LB",)


def test_a_column_that_nobody_documents_is_an_error_with_name_and_place():
    with pytest.raises(DataError) as error:
        parse(payload(csv_of((*PLAIN, "Weather", "HS", "Mood"), match()), "E0_2024-25.csv"))
    assert str(error.value).splitlines() == [
        "E0_2024-25.csv: unknown columns Weather, Mood",
        "  column 8 of 10: Weather",
        "  column 10 of 10: Mood",
        "  football-data.co.uk documents no such column; remove it, or tell us what it means",
    ]


@pytest.mark.parametrize("column", ["XYZH", "hometeam", "FTHG2", "B365X", "Div2", "Foo", "Expected goals"])
def test_what_only_looks_like_a_column_of_theirs_is_an_error(column):
    with pytest.raises(DataError, match=f"unknown column {column}"):
        read_header([*PLAIN, column], "file")


def test_an_unknown_column_that_comes_twice_is_an_error_too():
    with pytest.raises(DataError, match="unknown columns Foo, Foo"):
        read_header([*PLAIN, "Foo", "Foo"], "file")


@pytest.mark.parametrize("column", ["FTHG", "Date", "HomeTeam"])
def test_a_column_that_is_read_must_not_come_twice(column):
    with pytest.raises(DataError, match=f"column {column} comes twice"):
        read_header([*PLAIN, column], "file")


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        (["Date", "HomeTeam", "AwayTeam"], r"Div \(or Country\)"),
        (["Div", "HomeTeam", "AwayTeam"], "Date"),
        (["Div", "Date", "FTHG"], "HomeTeam, AwayTeam"),
    ],
)
def test_what_every_file_must_have(header, missing):
    with pytest.raises(DataError, match=f"no column {missing}"):
        read_header(header, "file")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "the file is empty"),
        ("\n \r\n\t", "the file is empty"),
        ("\ufeff", "the file is empty"),
        ("<!DOCTYPE html><title>Just a moment...</title>", "a web page instead of a CSV file"),
        ("\n\n<HTML><body>Not found", "a web page instead of a CSV file"),
        (b"PK\x03\x04workbook", "a workbook instead of a CSV file"),
        (b"\x1f\x8bnot really", "a broken gzip file"),
        ("Fixtures API deactivated", r"no column Div \(or Country\), Date, HomeTeam, AwayTeam"),
    ],
)
def test_what_is_no_csv_file_at_all(body, message):
    with pytest.raises(DataError, match=message) as error:
        parse(payload(body, "mmz4281/2425/E0.csv"))
    assert str(error.value).startswith("mmz4281/2425/E0.csv: ")
    assert error.value.hint
