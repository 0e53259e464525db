"""`touchline verify-ledger`: whole or broken, from the store or from a file, with names and exit codes."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import settled_ledger
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.cli import ledger_file, ledger_material, verify_command
from touchline.cli.ledger_file import read
from touchline.cli.main import main
from touchline.cli.verify_command import verified
from touchline.domain.ledger_batches import key_of
from touchline.ports import Forecast
from touchline.stages import settlement_exports
from touchline.stages.forecast_ledger import export_batches


@pytest.fixture
def ledger(own_home: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Container:
    """A settled ledger that the command finds."""
    own_home.mkdir()
    shutil.copy(sqlite_template, own_home / "touchline.db")
    monkeypatch.setenv("TOUCHLINE_NOW", "2026-03-02T09:00:00Z")
    return settled_ledger.filled({"TOUCHLINE_HOME": str(own_home)})


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A ledger as a file."""
    home = tmp_path_factory.mktemp("exported")
    ports = settled_ledger.filled({"TOUCHLINE_HOME": str(home)})
    material = ledger_material.of_store(ports)
    ledger_file.write(home / "ledger.jsonl", material, list(material.batches))
    ports.engine.dispose()
    return (home / "ledger.jsonl").read_bytes()


def exports(ledger: Container) -> list[str]:
    return [info.key for info in ledger.store.list(settlement_exports.FOLDER)]


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["verify-ledger", "--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def test_a_whole_ledger_is_said_to_be(ledger: Container, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify-ledger"]) == 0
    shown = capsys.readouterr().out
    assert "3 batches, 12 forecasts, 10 settlements: whole" in shown
    code, plain = told(capsys)
    assert (code, plain["whole"], plain["faults"], plain["late"]) == (0, True, [], [])
    assert main(["verify-ledger", "--head"]) == 0
    number, head = capsys.readouterr().out.split()
    assert {"number": int(number), "hash": head} == plain["head"]
    assert told(capsys, "--anchor", head)[0] == 0
    code, plain = told(capsys, "--anchor", "0" * 64)
    assert (code, [fault["where"] for fault in plain["faults"]]) == (1, ["the chain"])


def test_what_a_batch_took_in_after_kickoff_is_said_and_is_no_fault(
    ports: Container, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock.move(datetime(2026, 8, 1, tzinfo=UTC))
    kickoff = datetime(2026, 3, 3, tzinfo=UTC)
    row = Forecast("m", "1", 1, 1, kickoff, 0.5, 0.3, 0.2, "f", "simulated")
    ports.ledger.seal([row], kickoff - timedelta(days=1))
    export_batches(ports)
    monkeypatch.setenv("TOUCHLINE_HOME", str(ports.home))
    assert main(["verify-ledger"]) == 0
    assert "1 forecasts came into it after kick-off" in capsys.readouterr().out


def test_what_is_being_written_is_no_fault(
    ledger: Container, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A forecast is sealed first and exported then; who looks between the two looks again."""
    kickoff = datetime(2026, 4, 1, tzinfo=UTC)
    ledger.ledger.seal([Forecast("m-new", "1", 1, 1, kickoff, 0.5, 0.3, 0.2, "f", "simulated")], ledger.clock.now())
    code, plain = told(capsys)
    assert (code, [fault["match"] for fault in plain["faults"]]) == (1, ["m-new"])
    monkeypatch.setattr(verify_command.time, "sleep", lambda _: export_batches(ledger))
    code, plain = told(capsys)
    assert (code, plain["faults"], plain["forecasts"]) == (0, [], 13)


def test_an_empty_ledger_is_whole(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, plain = told(capsys)
    assert (code, plain["batches"], plain["head"]) == (0, 0, {"number": 0, "hash": ""})


def test_a_file_holds_all_that_is_needed(
    ledger: Container, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(tmp_path / "ledger.jsonl")
    _, here = told(capsys, "--export", file)
    monkeypatch.setenv("TOUCHLINE_HOME", str(tmp_path / "nowhere"))
    code, there = told(capsys, "--from", file)
    assert (code, there) == (0, here)
    assert not (tmp_path / "nowhere").exists()
    assert main(["verify-ledger", "--from", str(tmp_path / "none")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert main(["verify-ledger", "--from", file, "--export", str(tmp_path / "no" / "folder")]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("key", [key_of(1), key_of(3), "settlements"])
def test_one_byte_of_an_object_is_named_and_nothing_is_exported(
    ledger: Container, tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    key = exports(ledger)[0] if key == "settlements" else key
    path = ledger.home / "objects" / key
    data = bytearray(path.read_bytes())
    place = data.index(b'"home":0.4' if "forecasts" in key else b'"rps":0.') + 9
    data[place] ^= 1
    path.write_bytes(bytes(data))
    code, plain = told(capsys, "--export", str(tmp_path / "ledger.jsonl"))
    named = {(fault["where"], bool(fault["match"])) for fault in plain["faults"]}
    assert code == 1
    assert (key, True) in named
    assert not (tmp_path / "ledger.jsonl").exists()
    assert main(["verify-ledger", "--head"]) == 1
    assert key in capsys.readouterr().out


def test_more_faults_than_fit_are_counted(ledger: Container, capsys: pytest.CaptureFixture[str]) -> None:
    for number in (1, 2, 3):
        (ledger.home / "objects" / key_of(number)).unlink()
    assert main(["verify-ledger"]) == 1
    shown = capsys.readouterr().out
    assert "... and " in shown
    assert "faults" in shown.splitlines()[-1]


def test_settlements_that_differ_from_their_results_are_named(
    ledger: Container, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever changes table and export alike is found out by recomputing."""
    engine = ledger.engine
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE settlements SET log_loss = 0.1, rps = 0.01 WHERE number = 3")
        match = connection.exec_driver_sql("SELECT match_id FROM settlements WHERE number = 3").scalar_one()
        connection.exec_driver_sql("UPDATE settlements SET replaced_at = 1 WHERE number = 4")
    settlement_exports.export(ledger.store, 1, ledger.ledger.settlements())
    code, plain = told(capsys)
    assert code == 1
    assert {fault["where"] for fault in plain["faults"]} == {"the table settlements"}
    assert [fault["what"].split()[0] for fault in plain["faults"] if fault["match"] == match][:2] == ["log_loss", "rps"]
    assert any("not settled" in fault["what"] for fault in plain["faults"])


def test_results_that_cannot_be_read_are_said(ledger: Container, capsys: pytest.CaptureFixture[str]) -> None:
    (ledger.home / "objects" / "features/scores/played.parquet").write_bytes(b"?")
    code, plain = told(capsys)
    assert code == 1
    assert any("results cannot be read" in fault["what"] for fault in plain["faults"])


def test_exports_of_settlements_are_looked_at(ledger: Container, capsys: pytest.CaptureFixture[str]) -> None:
    key, *others = exports(ledger)
    unread = ledger.home / "objects" / key
    misnamed = unread.with_name("000000000001-0123456789ab.json")
    misnamed.write_bytes(b"[]")
    assert [fault["where"].rpartition("/")[2] for fault in told(capsys)[1]["faults"]] == [misnamed.name]
    misnamed.unlink()
    whole = unread.read_bytes()
    for data, what in ((b"?", "cannot be read"), (whole + b"\n", "its bytes are not those")):
        unread.write_bytes(data)
        assert any(what in fault["what"] for fault in told(capsys)[1]["faults"])
    unread.unlink()
    assert others == []
    assert "settled, and exported nowhere" in {fault["what"] for fault in told(capsys)[1]["faults"]}


@given(where=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_law_one_changed_byte_of_a_file_is_caught(exported: bytes, tmp_path: Path, where: float, change: int) -> None:
    data = bytearray(exported)
    place = int(where * len(data))
    data[place] ^= change
    file = tmp_path / "ledger.jsonl"
    file.write_bytes(bytes(data))
    faults = verified(read(file))[1]
    line = exported[:place].count(b"\n")
    lines = exported.splitlines()
    key = json.loads(lines[line])["told"].get("key", "")
    assert any(not key or key == fault.where or f"line {line + 1}" in fault.where + fault.what for fault in faults)


@given(data=st.data())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_law_lines_that_go_missing_or_change_places_are_noticed(exported: bytes, tmp_path: Path, data: Any) -> None:
    lines = exported.splitlines(keepends=True)
    first, second = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    other = [*lines[:first], *lines[first + 1 :]]
    if first != second:
        other = lines.copy()
        other[first], other[second] = lines[second], lines[first]
    (tmp_path / "ledger.jsonl").write_bytes(b"".join(other))
    assert read(tmp_path / "ledger.jsonl").faults


def test_a_changed_forecast_in_a_file_is_named_by_its_match(exported: bytes, tmp_path: Path) -> None:
    place = exported.index(b'"home":0.4') + 9
    file = tmp_path / "ledger.jsonl"
    file.write_bytes(exported[:place] + bytes([exported[place] ^ 1]) + exported[place + 1 :])
    assert any(fault.where == key_of(1) and fault.match for fault in read(file).faults)


def test_a_price_of_nothing_is_named_and_stops_nobody(exported: bytes, tmp_path: Path) -> None:
    """Its logarithm would: the closing-line value is one of prices."""
    assert b"[2.4,3.2,3.0]" in exported
    file = tmp_path / "ledger.jsonl"
    file.write_bytes(exported.replace(b"[2.4,3.2,3.0]", b"[0.0,3.2,3.0]"))
    assert any("cannot be read" in fault.what and fault.match for fault in verified(read(file))[1])
