"""`touchline status`: every part in its place, problems first, and what cannot be read stops nothing else."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from touchline import bootstrap
from touchline.cli.main import main
from touchline.cli.status_command import look
from touchline.cli.status_problems import problems
from touchline.cli.status_show import span
from touchline.cli.status_told import (
    DriftState,
    ForecastsState,
    FunctionState,
    LedgerState,
    ModelState,
    RecordState,
    SourceState,
    StageState,
    Status,
)
from touchline.domain import receipts
from touchline.domain.drift_findings import Record
from touchline.domain.health import Health, Signal
from touchline.domain.trials import TrialState
from touchline.domain.views import POINTER, Leaderboard, ViewsPointer
from touchline.manifest import Manifest, encode, publish, write_object
from touchline.telemetry import RunRecord

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def record(function: str, started: datetime, status: int = 204, reason: str = "") -> RunRecord:
    return RunRecord(
        run_id=receipts.run_id(started, "0123456789abcdef", "00c0ffee", status), function=function, work="w",
        event_id="e", event_kind="cron", key="", generation=0, traceparent="", started=started, ended=started,
        duration_s=1.0, peak_memory_mib=100.0, cold=False, status=status,
        outcome="failed" if status >= 500 else "done", reason=reason,
    )  # fmt: skip


def views(ports: bootstrap.Container, **titles: Any) -> None:
    outputs = {
        title: write_object(ports.store, f"views/v1/{title}.json", encode(view))
        for title, view in {"leaderboard": Leaderboard(seq=4, mode="live"), **titles}.items()
    }
    made = Manifest(stage="views", id="v1", inputs=(), outputs=outputs, parameters={}, versions={}, counts={})
    ref = write_object(ports.store, "views/v1/manifest.json", encode(made))
    ports.store.create(POINTER, encode(ViewsPointer(seq=4, manifest=ref.key, sha256=ref.sha256)))


@pytest.fixture
def environ(ports: bootstrap.Container) -> dict[str, str]:
    """A home whose clock stands at NOW, with an export that failed today, a dead letter and an alarm."""
    for one in (
        record("scrape", NOW - timedelta(hours=2)),
        record("export", NOW - timedelta(days=1)),
        record("export", NOW - timedelta(minutes=5), 503, "no answer\nat all"),
    ):
        ports.store.create(one.object_key, encode(one))
    ports.store.create("deadletter/export/0123456789abcdef0123456789abcdef.json", b"{}")
    signal = Signal(model_version="m1", n=300, settled=1.05, expected=0.98, gap_z=3.2, alarm=True, leaning="too sure")
    views(ports, health=Health(seq=4, mode="live", signals=(signal,)))
    return {"TOUCHLINE_HOME": str(ports.home), "TOUCHLINE_NOW": NOW.isoformat()}


def test_every_part_has_its_place(environ: dict[str, str]) -> None:
    status = look(environ)
    assert (status.at, status.mode, status.unread) == (NOW, "simulated", {})
    export = next(one for one in status.functions if one.function == "export")
    assert (export.outcome, export.about, export.failed_today, export.dead) == ("failed", "no answer", 1, 1)
    assert next(one for one in status.functions if one.function == "drift").last is None
    assert {one.stage: one.seq for one in status.chain}["views"] == 4
    assert status.record is not None
    assert (status.record.settled, status.record.alarm, status.record.leaning) == (300, True, "too sure")
    assert (status.model, status.forecasts, status.drift) == (None, None, None)
    assert status.cost is not None
    assert set(status.cost.month) == {"aws", "gcp", "node"}
    told = [(one.severity, one.part) for one in status.problems]
    assert told[:2] == [("critical", "export"), ("critical", "record")]
    assert ("warning", "model") in told
    assert not status.healthy


def test_the_record_of_a_model_that_serves_no_more_calls_nobody(environ: dict[str, str]) -> None:
    store = bootstrap.ports(environ).store
    parameters = {"model_id": "m2", "model_version": "m2"}
    made = Manifest(stage="serving", id="s", inputs=(), outputs={}, parameters=parameters, versions={}, counts={})
    publish(store, made, 1)
    status = look(environ)
    assert status.record is not None
    assert (status.record.model_version, status.record.settled, status.record.alarm) == ("m2", 0, False)
    assert "record" not in {one.part for one in status.problems}


def test_the_screen_has_problems_first_and_the_exit_code_says_so(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHLINE_NOW", environ["TOUCHLINE_NOW"])
    home = ["--home", environ["TOUCHLINE_HOME"]]
    assert main([*home, "status"]) == 1
    shown = capsys.readouterr().out
    assert shown.index("not healthy") < shown.index("dead letters") < shown.index("function") < shown.index("cost")
    assert "touchline deadletters list" in shown
    assert "300 settled, log-loss 1.0500, promised 0.9800, gap +3.2 standard errors, ALARM" in shown
    assert main([*home, "status", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["healthy"], told["record"]["gap_z"]) == (False, 3.2)


def test_a_new_home_is_healthy_and_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(tmp_path / "new"), "status"]) == 0
    shown = capsys.readouterr().out
    assert "none serves yet" in shown
    assert "touchline run chain" in shown


def test_what_cannot_be_read_is_said_and_the_rest_is_shown(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    broken = look({**environ, "TOUCHLINE_DATABASE": f"sqlite:///{tmp_path}/file/none.db"})
    assert not broken.healthy
    assert broken.unread
    assert all("file/none.db" in why or "log" in why for why in broken.unread.values())
    assert {one.part for one in broken.problems if "cannot be read" in one.what} == set(broken.unread)
    assert next(one for one in broken.functions if one.function == "export").dead == 1
    without = look({**environ, "TOUCHLINE_STORE": "s3://no-such-bucket", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert {"functions", "chain", "model", "drift", "cost"} <= set(without.unread)


def state(**parts: Any) -> Status:
    return Status(at=NOW, mode="live", where="here", healthy=True, **parts)


TRIAL = TrialState(model_version="m2", against="m1", role="champion", n=300, verdict="rollback", reason="it loses")


def model(**changes: Any) -> ModelState:
    return ModelState(model_id="m2", version="m2", promotion=2, **changes)


@pytest.mark.parametrize(
    ("parts", "severity", "part", "todo"),
    [
        ({"functions": (FunctionState(function="drift", dead=2),)}, "critical", "drift", "deadletters"),
        ({"functions": (FunctionState(function="drift", quarantined=2),)}, "warning", "drift", "deadletters"),
        ({"functions": (FunctionState(function="drift", outcome="failed"),)}, "warning", "drift", "--failed"),
        ({"chain": (StageState(stage="raw", seq=1, lag_seconds=7200.0),)}, "critical", "raw", "run chain"),
        ({"sources": (SourceState(source="s", state="stale", notes=("old",)),)}, "warning", "s", "sources"),
        ({"model": model(since=NOW - timedelta(days=121))}, "warning", "model", "run train"),
        ({"model": model(trials=(TRIAL,))}, "critical", "model", "rollback"),
        ({"record": RecordState(alarm=True)}, "critical", "record", "rollback"),
        ({"forecasts": ForecastsState(sealed=0, reason="no fixtures")}, "warning", "forecasts", "run scrape"),
        ({"ledger": LedgerState(gaps=1)}, "critical", "ledger", "verify-ledger"),
        ({"ledger": LedgerState(unsettled=3)}, "warning", "ledger", "run drift"),
        ({"unread": {"model": "gone"}}, "critical", "model", "doctor"),
    ],
)  # fmt: skip
def test_each_trouble_says_what_to_do(parts: dict[str, Any], severity: str, part: str, todo: str) -> None:
    (problem,) = problems(state(**{"model": model(), **parts})) if "unread" not in parts else problems(state(**parts))
    assert (problem.severity, problem.part) == (severity, part)
    assert todo in problem.todo


def test_all_is_well_where_nothing_is_wrong() -> None:
    drift = DriftState(
        id="r", page="p", report="r", reference="m1", matches={}, until=NOW, drifted=(), share=0.0,
        record=Record(0, 0), retrain="",
    )  # fmt: skip
    well = state(
        model=model(), drift=drift, ledger=LedgerState(unsettled=0, gaps=0), record=RecordState(settled=40),
        forecasts=ForecastsState(sealed=4), sources=(SourceState(source="s", state="ok"),),
        chain=(StageState(stage="raw", seq=4, lag_seconds=0.0),), functions=(FunctionState(function="drift"),),
    )  # fmt: skip
    assert problems(well) == ()


def test_a_length_of_time_is_never_below_zero() -> None:
    assert span(-5) == "0 s"
