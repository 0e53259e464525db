"""The whole chain on a small simulated league: complete, idempotent, in any order, after corrections and crashes."""

import asyncio
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import httpx
import pandas as pd
import pytest

from rights_seen import Seen
from small_league import NOW, environment, platform, put, season_files, state
from touchline import bootstrap, settings, tracing, wiring
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.deploy.rights import rights
from touchline.domain.forecasts import ForecastSet
from touchline.manifest import current, decode, read_object
from touchline.platform.runner import Platform
from touchline.telemetry import RunRecord
from touchline.trace import trace
from touchline.web.core import create_app

pytestmark = pytest.mark.slow
FILES = season_files()
STAGES = ("scrapes", "raw", "validated", "features", "models", "serving", "predictions")
LATER = NOW + timedelta(seconds=10)


def take_in(world: Platform, clock: VirtualClock, names: Sequence[str]) -> None:
    """Put files down, a second apart, in this order; then let it be LATER."""
    for second, name in enumerate(names, 1):
        clock.move(NOW + timedelta(seconds=second))
        put(world, {name: FILES[name]})
    clock.move(LATER)


@pytest.fixture(scope="module")
def seen() -> Seen:
    """What the functions of `first` did to objects."""
    return Seen()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, seen: Seen) -> Path:
    """Folder of a platform that took the three seasons in, in the order of time."""
    folder = tmp_path_factory.mktemp("first")
    clock = VirtualClock(NOW)
    with platform(folder, clock, watch=seen.watch, around=seen.around) as world:
        take_in(world, clock, list(FILES))
        records = world.drain()
    assert [record for record in records if record.outcome in ("parked", "failed")] == []
    return folder


@pytest.fixture
def folder(first: Path, tmp_path: Path) -> Path:
    """A copy of it, to go on from."""
    return Path(shutil.copytree(first, tmp_path / "copy"))


def ports(folder: Path) -> Container:
    return bootstrap.ports(environment(folder), clock=VirtualClock(LATER))


def told(container: Container) -> ForecastSet:
    ref = current(container.store, "predictions")[1].outputs["forecasts"]
    return decode(read_object(container.store, ref), ForecastSet)


def chances(container: Container) -> dict[str, tuple[float, float, float]]:
    return {match.match_id: (match.home, match.draw, match.away) for match in told(container).matches}


def test_functions_do_nothing_that_they_have_no_right_to(folder: Path, seen: Seen) -> None:
    declared = wiring.load(wiring.root())
    with platform(folder, VirtualClock(LATER), watch=seen.watch, around=seen.around) as world:
        ticked = [world.deliver(name, world.tick(name)) for name in ("promote", "sweep")]
    assert {record.status for record in ticked} == {204}
    assert seen.beyond({name: rights(declared, name) for name in declared.functions}) == []
    assert {name for name, _, _ in seen.done} == set(declared.functions) - {"predict", "answer"}  # nobody asked


def test_every_stage_publishes_and_forecasts_are_sealed_before_kickoff(first: Path) -> None:
    container = ports(first)
    for stage in STAGES:
        current(container.store, stage)
    matches = told(container).matches
    assert matches
    sealed = {forecast.match_id: forecast for forecast in container.ledger.forecasts()}
    for match in matches:
        forecast = sealed[match.match_id]
        assert forecast.sealed_at is not None
        assert forecast.sealed_at < match.kickoff
        assert (forecast.home, forecast.mode) == (match.home, "simulated")


def test_of_several_scrapes_the_newest_that_passes_the_gates_goes_on(first: Path) -> None:
    published = {stage: [i.key for i in ports(first).store.list(f"{stage}/published/")] for stage in STAGES}
    assert len(published["scrapes"]) == 3
    assert [len(published[stage]) for stage in ("raw", "validated")] == [3, 3]
    assert [len(published[stage]) for stage in ("features", "models", "predictions")] == [1, 1, 1]


def test_the_page_and_the_answers_show_the_forecasts(first: Path) -> None:
    container = ports(first)
    app = create_app(container, settings.Predict(access="open"), wiring.root() / "predict")

    async def ask() -> tuple[str, str]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            answers = [await client.get(path) for path in ("/predict/predictions", "/")]
        assert [answer.status_code for answer in answers] == [200, 200]
        return answers[0].text, answers[1].text

    answer, page = asyncio.run(ask())
    match = told(container).matches[0]
    assert match.match_id in answer
    assert match.home_team in page


def test_every_object_lies_under_a_prefix_that_somebody_declared(first: Path) -> None:
    declared = wiring.load(wiring.root()).functions.values()
    prefixes = tuple(prefix for function in declared for prefix in function.all_writes)
    assert [i.key for i in ports(first).store.list("") if not i.key.startswith((*prefixes, "incoming/"))] == [
        "mode.json"
    ]


def test_a_forecast_can_be_traced_to_its_payload(first: Path) -> None:
    container = ports(first)
    found = trace(container.store, told(container).matches[0].match_id)
    keys = [node.key for node in found.tree.walk()]
    for prefix in ("predictions/", "serving/", "models/", "features/", "validated/", "raw/", "payloads/"):
        assert any(key.startswith(prefix) for key in keys), prefix


def test_one_trace_leads_from_a_file_to_the_forecasts_and_to_drift(first: Path) -> None:
    store = ports(first).store
    newest, _ = current(store, "scrapes")
    asked = tracing.trace_id(newest.traceparent)
    records = [decode(store.get(info.key), RunRecord) for info in store.list("runs/") if info.key.count("/") == 3]
    runs = [record for record in records if tracing.trace_id(record.traceparent) == asked]
    assert {run.function for run in runs} >= {"scrape", "export", "validate", "feature", "forecast", "drift"}
    spans = {run.traceparent for run in runs}
    assert len(spans) == len(runs)
    (first_run,) = [run for run in runs if run.parent not in spans]
    assert (first_run.function, first_run.parent) == ("scrape", "")
    assert tracing.trace_id(current(store, "predictions")[0].traceparent) in {
        tracing.trace_id(current(store, stage)[0].traceparent) for stage in ("scrapes", "serving")
    }


def test_the_same_file_again_makes_nothing_new(folder: Path) -> None:
    before = state(ports(folder).store)
    clock = VirtualClock(NOW + timedelta(minutes=10))
    with platform(folder, clock) as world:
        put(world, FILES)
        outcomes = [(record.function, record.outcome) for record in world.drain()]
        assert world.drain() == []
    assert outcomes == [("scrape", "unchanged")] * 3
    assert state(ports(folder).store) == before


def test_files_in_another_order_end_in_the_same_state(first: Path, tmp_path: Path) -> None:
    clock = VirtualClock(NOW)
    names = list(FILES)
    with platform(tmp_path, clock) as world:
        take_in(world, clock, [names[2], names[0], names[1]])
        world.drain()
    assert state(ports(tmp_path).store) == state(ports(first).store)
    one, other = (place.matches.snapshot(place.matches.head()) for place in (ports(first), ports(tmp_path)))
    pd.testing.assert_frame_equal(one, other)


def test_forecasts_follow_a_corrected_score_and_its_revert(folder: Path) -> None:
    before = chances(ports(folder))
    name, body = list(FILES.items())[-1]
    lines = body.decode().splitlines()
    header = lines[0].split(",")
    goals, status = header.index("home_goals"), header.index("status")
    last = max(number for number, line in enumerate(lines) if line.split(",")[status] == "finished")
    cells = lines[last].split(",")
    cells[goals] = str(float(cells[goals]) + 5)
    corrected = "\n".join([*lines[:last], ",".join(cells), *lines[last + 1 :], ""]).encode()
    clock = VirtualClock(NOW + timedelta(minutes=10))
    with platform(folder, clock) as world:
        put(world, {name: corrected})
        world.drain()
        wrong = chances(ports(folder))
        clock.move(NOW + timedelta(minutes=20))
        put(world, {name: body})
        world.drain()
    assert wrong.keys() == before.keys()
    assert wrong != before
    assert chances(ports(folder)) == before


KILLED = '''
import os
import signal
from pathlib import Path

from touchline.entrypoint import expose
from touchline.stages.feature import run as stage


class Fatal:
    """A store that is killed, with all around it, when the manifest is about to be written."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def create(self, key, data):
        if key.endswith("/manifest.json"):
            os.kill(os.getpid(), signal.SIGKILL)
        return self._store.create(key, data)


def run(event, ports, settings):
    ports.store = Fatal(ports.store)
    return stage(event, ports, settings)


handle, lambda_handler = expose("feature", run)
'''


def test_a_run_killed_between_data_and_manifest_shows_nothing_and_the_next_one_completes(
    first: Path, tmp_path: Path
) -> None:
    functions = Path(shutil.copytree(wiring.root(), tmp_path / "functions"))
    (functions / "feature" / "main.py").write_text(KILLED)
    clock = VirtualClock(NOW)
    with platform(tmp_path, clock) as world:
        take_in(world, clock, list(FILES))
    command = [sys.executable, "-m", "touchline.cli.main", "run", "chain"]
    environ = environment(tmp_path, TOUCHLINE_FUNCTIONS=str(functions), TOUCHLINE_NOW=LATER.isoformat())
    died = subprocess.run(command, env=environ, capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    keys = [info.key for info in ports(tmp_path).store.list("features/")]
    assert any(key.endswith("played.parquet") for key in keys)
    assert not [key for key in keys if "manifest" in key or "published" in key or "latest" in key]
    with platform(tmp_path, clock) as world:
        world.drain()
    assert state(ports(tmp_path).store) == state(ports(first).store)
