"""Errors that nobody foresaw arrive at a tracker: with their trace, without secrets; all other errors stay at home."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tracker as trackers
from asgi_client import Client
from asking import ASSETS, Elapsed
from small_platform import environment
from touchline import bootstrap, tracing
from touchline.error_reports import ErrorReports
from touchline.manifest import decode
from touchline.platform.runner import Platform
from touchline.ports import ObjectStore
from touchline.settings import Common, Predict
from touchline.telemetry import RunRecord
from touchline.web.core import create_app

PASSWORD = "hunter2-of-the-database"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def tracker() -> Iterator[trackers.Tracker]:
    with trackers.serve() as found:
        yield found


def kept(store: ObjectStore) -> list[RunRecord]:
    """Records of all attempts of the second function, oldest first."""
    return [decode(store.get(info.key), RunRecord) for info in store.list("runs/validate/")]


def told(tracker: trackers.Tracker, folder: Path, order: str) -> list[RunRecord]:
    """What came of an order to the small platform that reports its errors."""
    environ = environment(folder) | {
        "TOUCHLINE_SENTRY_DSN": tracker.dsn,
        "TOUCHLINE_SENTRY_ENVIRONMENT": "rehearsal",
        "TOUCHLINE_FOOTBALL_DATA_ORG_KEY": PASSWORD,
    }
    with Platform(environ) as platform:
        platform.ports.store.create("incoming/order.txt", order.encode())
        platform.drain()
        return kept(platform.ports.store)


def test_an_error_that_nobody_foresaw_is_told_once_with_its_trace(tracker: trackers.Tracker, tmp_path: Path) -> None:
    runs = told(tracker, tmp_path, f"break: no answer with {PASSWORD} from postgresql://me:letmein@db/x")
    assert [run.status for run in runs] == [503, 503, 503]
    (report,) = tracker.reports
    assert report["exception"]["values"][0]["type"] == "RuntimeError"
    tags = {(run.object_key, tracing.trace_id(run.traceparent)) for run in runs}
    assert (report["tags"]["run"], report["tags"]["trace_id"]) in tags
    assert report["tags"]["function"] == "validate"
    assert (report["environment"], report["release"].partition("@")[0]) == ("rehearsal", "touchline")
    text = json.dumps(report)
    for secret in (PASSWORD, "letmein", trackers.KEY, "order.txt"):
        assert secret not in text
    assert not {"request", "breadcrumbs", "extra", "user", "server_name", "modules"} & set(report)
    frames = report["exception"]["values"][0]["stacktrace"]["frames"]
    assert not any("vars" in frame or "abs_path" in frame for frame in frames)


@pytest.mark.parametrize("order", ["refuse", "park", "wait", "fine"])
def test_what_was_foreseen_is_no_crash(tracker: trackers.Tracker, tmp_path: Path, order: str) -> None:
    told(tracker, tmp_path, order)
    assert tracker.reports == []


@pytest.mark.parametrize("dsn", ["", "http://nobody@127.0.0.1:9/7", "not an address"])
def test_a_tracker_that_is_not_there_changes_nothing(tmp_path: Path, dsn: str) -> None:
    with Platform(environment(tmp_path) | {"TOUCHLINE_SENTRY_DSN": dsn}) as platform:
        platform.ports.store.create("incoming/order.txt", b"break")
        platform.drain()
        assert [run.status for run in kept(platform.ports.store)] == [503, 503, 503]


class Broken:
    """A store that has a bug where live scores lie."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def stat(self, key: str) -> Any:
        return 1 // 0 if key.startswith("live/") else self._store.stat(key)


def test_a_request_that_breaks_the_service_is_told_without_the_request(
    tracker: trackers.Tracker, tmp_path: Path
) -> None:
    home = {"TOUCHLINE_HOME": str(tmp_path / "home")}
    ports = bootstrap.ports(home, around=lambda name, port: Broken(port) if name == "store" else port)
    reports = ErrorReports(Common(sentry_dsn=tracker.dsn), {})
    client = Client(create_app(ports, Predict(access="open"), ASSETS, elapsed=Elapsed(), reports=reports))
    headers = {"traceparent": PARENT, "x-secret": PASSWORD}
    assert client.get("/livescores?competition=E0", headers=headers).status_code == 500
    (report,) = tracker.reports
    assert report["tags"] == {
        "function": "predict", "route": "/livescores", "trace_id": tracing.trace_id(PARENT),
    }  # fmt: skip
    assert PASSWORD not in json.dumps(report)
    assert "request" not in report


def test_the_sdk_is_loaded_only_when_there_is_something_to_tell() -> None:
    code = "import sys, touchline.entrypoint, touchline.web.entry; print('sentry_sdk' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
