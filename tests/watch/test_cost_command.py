"""`touchline cost` over run records as functions leave them."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from touchline import bootstrap
from touchline.cli.main import main
from touchline.domain import receipts
from touchline.manifest import encode
from touchline.telemetry import RunRecord
from touchline.watch.observing import SAMPLE, observe

BEGIN = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)


def record(function: str, started: datetime, seconds: float, schedule: str = "", **summary: object) -> RunRecord:
    mark = f"{int(started.timestamp()):08x}"
    return RunRecord(
        run_id=receipts.run_id(started, "0123456789abcdef", mark, 204, schedule), function=function, work="w",
        event_id="e", event_kind="cron", key="", generation=0, traceparent="", started=started,
        ended=started + timedelta(seconds=seconds), duration_s=seconds, peak_memory_mib=100.0, cold=False, status=204,
        outcome="done", summary=dict(summary),
    )  # fmt: skip


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> bootstrap.Container:
    """Ten days: a sweep every two hours, each 2 s; a forecast a day of 4 s, with a hundred matches."""
    ports = bootstrap.ports({"TOUCHLINE_HOME": str(tmp_path_factory.mktemp("home"))})
    runs = [record("sweep", BEGIN + timedelta(hours=2 * many), 2.0, "quarter-hourly") for many in range(12 * 10 + 1)]
    days = [BEGIN + timedelta(days=day, hours=6) for day in range(10)]
    for one in (*runs, *(record("forecast", day, 4.0, forecasts=100) for day in days)):
        path = ports.home / "objects" / one.object_key  # as the folder keeps them, without waiting for the disk
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(one))
    return ports


def test_runs_are_counted_by_name_and_their_times_are_sampled(watched: bootstrap.Container) -> None:
    found = observe(watched.store, watched.wiring, 30)
    assert (found.days, found.used["sweep"].runs) == (10.0, 121)
    assert found.used["sweep"].seconds == pytest.approx(242)
    assert (found.used["forecast"].runs, found.used["forecast"].forecasts) == (10, 1000)
    assert SAMPLE < 241
    assert found.stored["sweep"].size > 121 * 100


def test_only_the_days_that_are_asked_for_count(watched: bootstrap.Container) -> None:
    found = observe(watched.store, watched.wiring, 2)
    assert (found.days, found.used["sweep"].runs, found.used["forecast"].runs) == (2.0, 25, 2)


def test_a_record_of_another_version_is_counted_and_not_read(ports: bootstrap.Container) -> None:
    one = record("drift", BEGIN, 5.0)
    ports.store.create(one.object_key, b'{"from": "the future"}')
    assert observe(ports.store, ports.wiring, 30).used["drift"].runs == 1


def test_a_month_is_told_for_scripts_and_for_people(
    watched: bootstrap.Container, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(watched.home)]
    assert main([*home, "cost", "--json"]) == 0
    told = {one["platform"]: one for one in json.loads(capsys.readouterr().out)}
    assert set(told) == {"aws", "gcp", "node"}
    assert told["aws"]["days"] == 10
    assert told["aws"]["forecasts_month"] == 3000
    seconds = {line["function"]: line["units"] for line in told["aws"]["lines"] if line["meter"] == "lambda_gb_s"}
    assert seconds["sweep"] == pytest.approx(242 * 3 * 0.5)
    assert seconds["forecast"] == pytest.approx(40 * 3 * 1.0)
    assert main([*home, "cost", "--platform", "gcp", "--requests", "1000000"]) == 0
    shown = capsys.readouterr().out
    assert "from 10.0 days of runs" in shown
    assert "1,005,073.0" in shown  # requests, ticks and runs
    assert main([*home, "cost"]) == 0
    assert "one node of your own" in capsys.readouterr().out


def test_an_unknown_platform_is_refused(ports: bootstrap.Container, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(ports.home), "cost", "--platform", "azure"]) == 2
    assert "aws, gcp, node" in capsys.readouterr().err
