"""Files and folders, their keys under incoming/, which parser they get; and the simulated league as a source."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from published import PLAIN, csv_of, match, payload
from touchline.collecting import Scope
from touchline.domain.simulation import simulate
from touchline.domain.vocabulary import KEY_ALPHABET, MATCH_COLUMNS
from touchline.errors import ConfigurationError, DataError, NotFound
from touchline.ports import Payload
from touchline.settings import Scrape
from touchline.sources import files, registry

NOW = datetime(2026, 3, 2, 9, 0, 5, tzinfo=UTC)
SEASON = csv_of(PLAIN, match("16/08/2025"))
TIDY = "competition,date,home_team,away_team\nE0,2025-08-16,Aldermoor,Foxglove\n"


class TestReading:
    def test_one_file(self, tmp_path: Path):
        (tmp_path / "E0.csv").write_text(SEASON)
        assert files.read(tmp_path / "E0.csv", NOW) == [Payload("files", "E0.csv", SEASON.encode(), NOW)]

    def test_a_folder_in_the_order_of_its_paths(self, tmp_path: Path):
        for name in ("b.csv", "a/x.parquet", "a.csv.gz", "notes.txt", "a/E0.CSV"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(SEASON)
        assert [found.name for found in files.read(tmp_path, NOW)] == ["a/E0.CSV", "a/x.parquet", "a.csv.gz", "b.csv"]

    @pytest.mark.parametrize("name", ["notes.txt", "season.xlsx", "E0"])
    def test_other_endings_are_refused(self, tmp_path: Path, name):
        (tmp_path / name).write_text(SEASON)
        with pytest.raises(DataError, match="not a kind of file that is read"):
            files.read(tmp_path / name, NOW)

    def test_nothing_there(self, tmp_path: Path):
        with pytest.raises(NotFound, match="no file to read in this folder"):
            files.read(tmp_path, NOW)
        with pytest.raises(NotFound, match="no such file or folder"):
            files.read(tmp_path / "absent", NOW)


class TestKeys:
    def test_a_key_tells_when_what_and_how_it_was_called(self):
        key = files.incoming_key("mmz4281/2526/E0.csv", b"body", NOW)
        assert key == "incoming/20260302t090005z-230d8358dc8e-mmz4281-2526-e0.csv"
        found = files.from_incoming(key, b"body", datetime(2027, 1, 1, tzinfo=UTC))
        assert found == Payload("files", "mmz4281-2526-e0.csv", b"body", NOW)

    @given(st.text(max_size=30), st.binary(max_size=20))
    def test_any_name_makes_a_key(self, name, body):
        key = files.incoming_key(name, body, NOW)
        assert KEY_ALPHABET.fullmatch(key)
        assert files.from_incoming(key, body, NOW).retrieved == NOW

    def test_other_keys_are_taken_as_received(self):
        received = datetime(2027, 1, 1, tzinfo=UTC)
        assert files.from_incoming("incoming/e0.csv", b"body", received) == Payload(
            "files", "e0.csv", b"body", received
        )

    def test_a_body_that_is_not_the_promised_one(self):
        with pytest.raises(DataError, match="not the one in its name"):
            files.from_incoming(files.incoming_key("e0.csv", b"body", NOW), b"other", NOW)


class TestParsers:
    @pytest.mark.parametrize(
        ("body", "name"),
        [
            (SEASON, "e0.csv"),
            (SEASON, "mmz4281-2526-e0.csv"),
            (gzip.compress(SEASON.encode(), mtime=0), "e0.csv.gz"),
            ("\ufeff" + SEASON, "e0.csv"),
            (TIDY, "history.csv"),
            (gzip.compress(TIDY.encode(), mtime=0), "history.csv.gz"),
        ],
    )
    def test_the_first_line_tells_the_format(self, body, name):
        row = registry.parse(payload(body, name, "files")).rows.iloc[0]
        assert (row["competition"], row["season"], row["home_team"]) == ("E0", "2025-26", "Aldermoor")

    def test_an_unfinished_header_gets_the_right_complaint(self):
        with pytest.raises(DataError, match="no column Date"):
            registry.parse(payload("Div,HomeTeam,AwayTeam\nE0,A,B\n", "e0.csv", "files"))
        with pytest.raises(DataError, match="no column away_team"):
            registry.parse(payload("competition,date,home_team\nE0,2024-08-17,A\n", "e0.csv", "files"))

    def test_what_a_site_sends_is_never_taken_for_a_tidy_table(self):
        with pytest.raises(DataError, match="no column Div"):
            registry.parse(payload(TIDY, "fixtures.csv", "football-data"))

    @pytest.mark.parametrize("body", [b"", b"<html>", b"PK\x03\x04", b"PAR1"])
    def test_what_fits_no_format(self, body):
        with pytest.raises(DataError):
            registry.parse(payload(body, "x.csv", "files"))


class TestSimulated:
    SOURCE = registry.build(Scrape(simulated_seed=11))["simulated"]

    def made(self, *seasons: str) -> Payload:
        [page] = self.SOURCE.pages(Scope(competitions=("E0",), seasons=seasons), NOW)
        return Payload(page.source, page.name, self.SOURCE.make(page, NOW), NOW, page.url)

    def test_it_is_the_league_of_its_seed(self):
        found = self.made()
        assert (found.source, found.name, found.retrieved) == ("simulated", "SIM1-11.csv", NOW)
        parsed = registry.parse(found)
        assert (parsed.rejected, parsed.notes) == ((), ())
        columns = [column for column in MATCH_COLUMNS if column != "match_id"]
        pd.testing.assert_frame_equal(parsed.rows[columns], simulate(11, NOW)[columns])

    def test_seasons_may_be_chosen(self):
        found = self.made("2018-2019", "2024-")
        assert registry.parse(found).rows["season"].unique().tolist() == ["2018-19", "2019-20", "2024-25", "2025-26"]

    def test_the_future_cannot_be_chosen(self):
        with pytest.raises(ConfigurationError, match="has not begun"):
            self.made("2026-27")


def test_sources_by_name():
    sources = registry.build(Scrape())
    assert {name: source.name for name, source in sources.items()} == {name: name for name in sources}
    assert set(sources) == {
        "football-data", "simulated", "openfootball", "football-data-org", "the-odds-api", "whoscored",
    }  # fmt: skip
