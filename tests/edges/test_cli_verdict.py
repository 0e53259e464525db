"""What the command line says of rows that were refused and of teams that are new."""

from pathlib import Path

import pytest

from touchline.cli.main import main

HEADER = "competition,date,home_team,away_team,home_goals,away_goals"


def test_refused_rows_and_new_teams_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOUCHLINE_HOME", str(tmp_path / "home"))
    good = [f"E0,2025-{month:02}-{day:02},Aldermoor,Foxglove,2,1" for month in (9, 10) for day in range(1, 16)]
    (tmp_path / "e0.csv").write_text("\n".join([HEADER, *good, "E0,2025-11-02,Aldermoor,Foxglove,-1,1"]))
    assert main(["ingest", str(tmp_path / "e0.csv")]) == 2  # too few matches for the gate
    told = capsys.readouterr().err
    assert "rows refused: 1, each with its reason in quarantine/scrape/" in told
    assert "teams not known before: 2: Aldermoor (England), Foxglove (England)" in told
    kept = told.split("reason in ")[1].split()[0]
    assert "impossible" in (tmp_path / "home" / "objects" / kept).read_text()
