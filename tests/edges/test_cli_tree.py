"""A chain of runs is shown whole: what woke what, how long each waited, how long it took."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

import small_league
from touchline import tracing
from touchline.adapters.clock import VirtualClock
from touchline.bootstrap import Container
from touchline.cli import tree
from touchline.cli.main import main
from touchline.errors import NotFound
from touchline.manifest import encode
from touchline.telemetry import RunRecord

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROOT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SCRAPED, RAW = "scrapes/published/000000000001.json", "raw/published/000000000001.json"


def record(function: str, at: float, took: float, parent: str = "", **changes: Any) -> RunRecord:
    began = START + timedelta(seconds=at)
    own: dict[str, Any] = {
        "run_id": f"{began:%H%M%S}-{function}-{at}", "function": function, "work": "ab" * 16, "event_id": "1",
        "event_kind": "object", "key": "", "generation": 0, "traceparent": tracing.child(parent), "parent": parent,
        "started": began, "ended": began + timedelta(seconds=took), "duration_s": took, "peak_memory_mib": 90.0,
        "cold": False, "status": 204, "outcome": "done",
    }  # fmt: skip
    return RunRecord(**own | changes)


def keep(ports: Container, *records: RunRecord) -> None:
    for one in records:
        assert ports.store.create(one.object_key, encode(one))


def two_runs(**changes: Any) -> list[RunRecord]:
    """A scrape, and the export that it woke."""
    scrape = record("scrape", 0, 2.0, key="incoming/a.csv", event_kind="object", publications=(SCRAPED,))
    told = {"parent": scrape.traceparent, "key": SCRAPED, "publications": (RAW,)} | changes
    return [scrape, record("export", 2.5, 1.5, **told)]


def shape(branch: tree.Branch) -> tuple[str, list[Any]]:
    return branch.run.function, [shape(below) for below in branch.woke]


def shapes(found: tree.Chain) -> list[tuple[str, list[Any]]]:
    return [shape(root) for root in found.roots]


def test_a_run_hangs_below_the_run_whose_span_woke_it_with_its_times() -> None:
    found = tree.chain(two_runs(), tree.LAST)
    assert shapes(found) == [("scrape", [("export", [])])]
    (export,) = found.roots[0].woke
    assert (found.roots[0].waited_s, export.waited_s, found.wall_s) == (None, 0.5, 4.0)
    assert found.trace == tracing.trace_id(found.roots[0].run.traceparent)


def test_without_a_span_the_key_tells_who_woke_a_run() -> None:
    found = tree.chain(two_runs(parent=""), tree.LAST)
    assert shapes(found) == [("scrape", [("export", [])])]


def test_a_key_that_was_published_later_woke_nobody_before() -> None:
    early = record("export", 0, 1.0, key=SCRAPED)
    late = record("scrape", 5, 1.0, publications=(SCRAPED,))
    assert shapes(tree.chain([early, late], SCRAPED)) == [("export", []), ("scrape", [])]


def test_runs_of_a_version_without_traces_are_found_by_their_keys() -> None:
    scrape, export = two_runs(parent="", traceparent="")
    scrape = msgspec.structs.replace(scrape, traceparent="")
    lone = record("drift", 50, 1.0, traceparent="")
    assert shapes(tree.chain([scrape, export, lone], RAW)) == [("scrape", [("export", [])])]


def test_a_run_that_began_before_its_waker_ended_did_not_wait() -> None:
    scrape, export = two_runs()
    overlapping = [scrape, record("export", 1, 1.0, parent=scrape.traceparent, key=SCRAPED)]
    assert tree.chain(overlapping, tree.LAST).roots[0].woke[0].waited_s == 0.0
    assert export.started > scrape.ended


@pytest.mark.parametrize("wanted", ["incoming/a.csv", SCRAPED, RAW])
def test_any_key_of_a_chain_finds_the_whole_chain(wanted: str) -> None:
    other = record("drift", 100, 1.0, key="daily", event_kind="cron")
    assert shapes(tree.chain([*two_runs(), other], wanted)) == [("scrape", [("export", [])])]


def test_a_trace_is_found_by_the_beginning_of_its_identity() -> None:
    asked = [record("promote", at, 1.0, parent=ROOT, key="requests/promotion/cli/1.json") for at in (0, 9)]
    found = tree.chain([*two_runs(), *asked], "0AF76519")
    assert shapes(found) == [("promote", []), ("promote", [])]
    assert found.trace == tracing.trace_id(ROOT)


def test_attempts_that_failed_are_shown_too() -> None:
    scrape, export = two_runs()
    failed = record("export", 2.2, 0.1, parent=scrape.traceparent, key=SCRAPED, status=503, outcome="failed")
    assert shapes(tree.chain([scrape, export, failed], tree.LAST)) == [("scrape", [("export", []), ("export", [])])]


def test_a_sweep_that_found_nothing_is_not_the_last_chain() -> None:
    sweep = record("sweep", 100, 1.0, key="quarter-hourly")
    assert shapes(tree.chain([*two_runs(), sweep], tree.LAST)) == [("scrape", [("export", [])])]
    woken = record("validate", 102, 1.0, parent=sweep.traceparent, key="daily")
    assert shapes(tree.chain([*two_runs(), sweep, woken], tree.LAST)) == [("sweep", [("validate", [])])]
    assert shapes(tree.chain([sweep], tree.LAST)) == [("sweep", [])]


@pytest.mark.parametrize("records", [[], two_runs()], ids=["no run", "other runs"])
def test_a_chain_that_nobody_knows_is_told(records: list[RunRecord]) -> None:
    with pytest.raises(NotFound, match="nothing/like/that"):
        tree.chain(records, "nothing/like/that")


def test_runs_that_name_each_other_do_not_hang_the_tree() -> None:
    one, other = record("export", 0, 1.0), record("validate", 0, 1.0)
    first = record("export", 0, 1.0, traceparent=one.traceparent, parent=other.traceparent, key="a")
    second = record("validate", 0, 1.0, traceparent=other.traceparent, parent=one.traceparent)
    assert shapes(tree.chain([first, second], "a")) == [("validate", [("export", [])])]


def test_the_picture_has_the_figures_and_the_places(ports: Container, capsys: pytest.CaptureFixture[str]) -> None:
    scrape, export = two_runs()
    parked = record("validate", 4.25, 0.5, parent=export.traceparent, key=RAW, outcome="parked", reason="no [E0]\nmore")
    keep(ports, scrape, export, parked)
    assert main(["--home", str(ports.home), "runs", "--tree", "last"]) == 0
    shown = capsys.readouterr().out
    assert "3 runs in 4.75 s" in shown
    lines = [line.strip("│├└─ ") for line in shown.splitlines()[1:]]
    assert lines == [
        "scrape done  took 2.00 s  incoming/a.csv",
        SCRAPED,
        "export done  waited 0.50 s, took 1.50 s",
        RAW,
        "validate parked  waited 0.25 s, took 0.50 s  no [E0]",
    ]


def test_nothing_found_is_exit_code_2(ports: Container, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(ports.home), "runs", "--tree", "last"]) == 2
    assert "no run of such a trace" in capsys.readouterr().err


@pytest.mark.slow
def test_the_chain_of_a_file_is_one_tree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chain = ["scrape", "export", "validate", "feature"]
    with small_league.platform(tmp_path, VirtualClock(small_league.NOW)) as world:
        name, body = next(iter(small_league.season_files().items()))
        small_league.put(world, {name: body})
        for function in chain:
            for event in list(world.pending(function)):
                world.deliver(function, event)
    assert main(["--home", str(tmp_path / "home"), "runs", "--tree", "last", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["runs"] == len(chain)
    (branch,) = told["roots"]
    assert branch["key"].startswith("incoming/")
    for function in chain:
        assert branch["function"] == function
        assert tracing.trace_id(branch["traceparent"]) == told["trace"]
        below = branch["woke"]
        assert [one["key"] for one in below] == list(branch["publications"])[: len(below)]
        branch = below[0] if below else branch
