"""Data that libraries choke on: refused by the name of the file, never an error of another kind, never too large."""

import gzip
import io

import pandas as pd
import pytest

from published import PLAIN, csv_of, payload
from touchline.errors import DataError, UnknownName
from touchline.sources import registry
from touchline.sources.packed import unzip

LEAST = "competition,date,home_team,away_team"


def integer_columns() -> bytes:
    stream = io.BytesIO()
    pd.DataFrame({0: ["E0"], 1: ["2024-08-17"]}).to_parquet(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("body", "source"),
    [
        (csv_of(PLAIN, 'E0,"' + "x" * 200_000), "football-data"),
        (b"a" * 200_000 + b"\n", "files"),
        (integer_columns(), "files"),
        (f"{LEAST},season_end_year\nBRA,2024-08-17,A,B,99999\n", "files"),
        (f"{LEAST},season\nE0,2024-08-17,A,B,9999-00\n", "files"),
    ],
    ids=["open quote", "long header", "integer columns", "year 99999", "season 9999-00"],
)
def test_what_a_library_chokes_on_is_bad_data(body: str | bytes, source: str) -> None:
    with pytest.raises(DataError, match="cannot be read: ") as error:
        registry.parse(payload(body, "odd", source))
    assert error.value.where == "odd"


@pytest.mark.parametrize(("code", "right"), [("e0", "E0"), ("E-0", None), ("bra", "BRA"), (" Sim1", "SIM1")])
def test_a_code_that_would_share_identities_with_a_listed_one(code: str, right: str | None) -> None:
    sent = payload(f"{LEAST}\n{code},2024-08-17,A,B\n", "league.csv", "files")
    if right is None:
        assert registry.parse(sent).rows["competition"].tolist() == [code]
        return
    with pytest.raises(UnknownName) as error:
        registry.parse(sent)
    assert error.value.where == "league.csv"
    assert error.value.details == (f"{code.strip()}: did you mean {right}?",)


@pytest.mark.parametrize(("said", "known"), [("TRUE", True), ("1", True), ("false", False), ("0", False)])
def test_whether_a_kickoff_is_known(said: str, known: bool) -> None:
    body = f"competition,kickoff,kickoff_known,home_team,away_team\nE0,2024-08-17T12:00Z,{said},A,B\n"
    assert registry.parse(payload(body, "k.csv", "files")).rows["kickoff_known"].tolist() == [known]


def test_a_kickoff_is_not_maybe_known() -> None:
    body = "competition,kickoff,kickoff_known,home_team,away_team\nE0,2024-08-17T12:00Z,maybe,A,B\n"
    with pytest.raises(DataError, match="line 2: 'maybe' is neither true nor false"):
        registry.parse(payload(body, "k.csv", "files"))


def test_no_more_is_unpacked_than_fits() -> None:
    packed = gzip.compress(b"x" * 1000, mtime=0)
    assert unzip(packed, "x.gz", most=1000) == b"x" * 1000
    with pytest.raises(DataError, match="more than 999 bytes when unpacked"):
        unzip(packed, "x.gz", most=999)
