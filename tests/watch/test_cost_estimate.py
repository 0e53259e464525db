"""What a month costs, reckoned by hand beside it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline import wiring
from touchline.errors import ConfigurationError
from touchline.ports import ObjectInfo
from touchline.watch import prices
from touchline.watch.cost import Estimate, estimate
from touchline.watch.spending import Spending
from touchline.watch.tally import Run
from touchline.watch.usage import Stored, Usage, Used, stored_by, together, used

WIRING = """
version: 1
bucket: test
defaults: {own: [runs/], needs: [object_store], memory_mib: 1024}
functions:
  export:
    about: a service
    triggers: [{prefix: incoming/, external: true}, {cron: "0 6 * * *", name: daily}]
    writes: [raw/]
  train: {about: a job, kind: job, memory_mib: 2048, triggers: [{prefix: raw/}], writes: [models/]}
  predict: {about: a site, triggers: [{http: "/"}], memory_mib: 512, own: []}
"""
PRICES = """
as_of: 2026-01-02
currency: USD
assumed: {cold_start_s: 2, call_s: 0.5, reads_per_run: 10, reads_per_call: 1, cpu_service: 1, cpu_job: {aws: 1, gcp: 2},
  versions: 2, polls_per_queue: 1000}
platforms:
  aws:
    about: a cloud
    prices:
      lambda_gb_s: {what: time, unit: GB-s, usd: 0.01, free: 100}
      lambda_requests: {what: requests, unit: requests, usd: 0.001}
      fargate_vcpu_s: {what: processors, unit: vCPU-s, usd: 0.001}
      fargate_gb_s: {what: memory, unit: GB-s, usd: 0.002}
      gateway_requests: {what: gateway, unit: requests, usd: 0.01}
      object_writes: {what: writes, unit: requests, usd: 0.01}
      object_reads: {what: reads, unit: requests, usd: 0.0001}
      object_gb: {what: storage, unit: GB, usd: 1}
      queue_requests: {what: queues, unit: requests, usd: 0.002}
      alarms: {what: alarms, unit: alarms, usd: 0.1, free: 10}
    always: {alarms: 4}
  gcp:
    about: another cloud
    prices:
      run_vcpu_s: {what: processors, unit: vCPU-s, usd: 0.01}
      run_gib_s: {what: memory, unit: GiB-s, usd: 0.001}
      run_requests: {what: requests, unit: requests, usd: 0.1}
      job_vcpu_s: {what: processors of jobs, unit: vCPU-s, usd: 0.001}
      job_gib_s: {what: memory of jobs, unit: GiB-s, usd: 0.0001}
      object_writes: {what: writes, unit: requests, usd: 0.01}
      object_reads: {what: reads, unit: requests, usd: 0}
      object_gb: {what: storage, unit: GB, usd: 1}
      schedules: {what: schedules, unit: schedules, usd: 0.1}
  node:
    about: a machine
    prices:
      node: {what: a server, unit: months, usd: 12}
      backup_gb: {what: backups, unit: GB, usd: 0.5}
reference: {forecasts: 1, requests: 1, stored_gb: 1, writes: 1, runs: {}}
"""
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
TEN_DAYS = Usage(
    since=SINCE,
    until=SINCE + timedelta(days=10),
    used={
        "export": used(1.23).times(10).plus(used(2.0, cold=True, forecasts=4)),  # 14.3 s in 11 runs, one of them cold
        "train": used(30.0).plus(used(90.0)),  # a minute at least: 150 s
        "gone": used(5.0),
    },
    stored={"export": Stored(size=500_000_000, writes=20), "": Stored(size=1_000_000_000)},
    calls={"predict": 100.0},
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[prices.Platform, Estimate]:
    folder = tmp_path_factory.mktemp("prices")
    (folder / "prices.yaml").write_text(PRICES)
    (folder / "wiring.yaml").write_text(WIRING)
    listed = prices.load(folder / "prices.yaml")
    return {one: estimate(TEN_DAYS, wiring.load(folder), listed, one) for one in prices.PLATFORMS}


def units(found: Estimate, function: str) -> dict[str, float]:
    return {line.meter: line.units for line in found.lines if line.function == function}


def test_a_lambda_is_charged_by_its_memory_and_time_with_its_starts(told: dict[prices.Platform, Estimate]) -> None:
    aws = told["aws"]
    # ten days to a month: three times as much; 14.3 s and a start of 2 s, 1 GB
    assert units(aws, "export") == pytest.approx(
        {"lambda_gb_s": 48.9, "lambda_requests": 33, "object_reads": 330, "object_gb": 1.0, "object_writes": 60}
    )
    assert units(aws, "predict") == pytest.approx(
        {"lambda_gb_s": 25, "lambda_requests": 100, "gateway_requests": 100, "object_reads": 100}
    )
    by_function = {one.function: one for one in aws.functions}
    assert by_function["export"].usd_month == pytest.approx(0.489 + 0.033 + 0.033 + 1.0 + 0.6)
    assert (by_function["export"].runs, by_function["export"].seconds) == (11, pytest.approx(14.3))


def test_a_task_is_charged_for_a_minute_at_least(told: dict[prices.Platform, Estimate]) -> None:
    assert units(told["aws"], "train") == {"fargate_vcpu_s": 450, "fargate_gb_s": 900, "object_reads": 60}
    assert units(told["gcp"], "train") == {"job_vcpu_s": 900, "job_gib_s": 900, "object_reads": 60}


def test_what_is_there_whatever_runs_belongs_to_nobody(told: dict[prices.Platform, Estimate]) -> None:
    assert units(told["aws"], "") == {"alarms": 4, "queue_requests": 1000, "object_gb": 2.0}  # one queue: export's
    assert units(told["gcp"], "") == {"schedules": 1, "object_gb": 2.0}


def test_cloud_run_rounds_each_request_up_to_a_tenth_of_a_second(told: dict[prices.Platform, Estimate]) -> None:
    seconds = 3 * (10 * 1.3 + 2.0 + 2)
    found = units(told["gcp"], "export")
    assert (found["run_vcpu_s"], found["run_gib_s"], found["run_requests"]) == pytest.approx((seconds, seconds, 33))


def test_what_is_free_is_told_apart_and_no_more_than_was_used(told: dict[prices.Platform, Estimate]) -> None:
    aws = told["aws"]
    assert {one.meter: one.units for one in aws.free} == pytest.approx({"lambda_gb_s": 73.9, "alarms": 4})
    assert aws.free_month == pytest.approx(0.739 + 0.4)
    assert aws.month == pytest.approx(aws.list_month - aws.free_month)
    assert aws.forecasts_month == 12
    assert aws.per_1000_forecasts == pytest.approx(1000 * aws.month / 12)


def test_a_node_costs_what_it_costs_and_functions_share_it(told: dict[prices.Platform, Estimate]) -> None:
    node = told["node"]
    assert node.list_month == node.month == pytest.approx(12 + 0.5 * 3)
    weights = {"export": 42.9 * 1024, "train": 360 * 2048, "predict": 50 * 512}
    shares = {name: units(node, name)["node"] for name in weights}
    assert shares == pytest.approx({name: one / sum(weights.values()) for name, one in weights.items()})


def test_nothing_that_ran_costs_what_is_there_anyway(tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text(PRICES)
    (tmp_path / "wiring.yaml").write_text(WIRING)
    listed, declared = prices.load(tmp_path / "prices.yaml"), wiring.load(tmp_path)
    months = {one: estimate(Usage(), declared, listed, one) for one in prices.PLATFORMS}
    assert {one: round(found.month, 6) for one, found in months.items()} == {"aws": 2.0, "gcp": 0.1, "node": 12.0}
    assert months["aws"].per_1000_forecasts is None
    assert "nothing ran" in months["aws"].notes[0]


def test_the_days_of_a_running_month_are_counted_whole(tmp_path: Path) -> None:
    (tmp_path / "wiring.yaml").write_text(WIRING)
    spending = Spending(wiring.load(tmp_path))
    for quarter in range(40 * 96 + 48):  # forty days and a half, a run of a second each quarter of an hour
        at = SINCE + timedelta(minutes=15 * quarter)
        spending.take(
            Run(function="export", started=at, ended=at, duration_s=1.0, peak_memory_mib=1.0, cold=False, status=204,
                outcome="done")
        )  # fmt: skip
    [family] = spending.families()
    [told] = [one.value for one in family.samples if one.labels == {"platform": "aws", "function": "export"}]
    listed = prices.load()
    month = Usage(since=SINCE, until=SINCE + timedelta(days=30), used={"export": used(1.0).times(30 * 96)})
    [expected] = estimate(month, wiring.load(tmp_path), listed, "aws").functions
    assert told == pytest.approx(expected.usd_month, rel=0.002)


def test_few_days_are_said(told: dict[prices.Platform, Estimate]) -> None:
    assert (told["aws"].days, len(told["aws"].notes)) == (10, 1)
    hour = Usage(since=SINCE, until=SINCE + timedelta(hours=1), used={"export": used(1)})
    assert hour.days == 1.0


def test_prices_for_what_nobody_prices_are_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "prices.yaml"
    wrong.write_text(PRICES.replace("always: {alarms: 4}", "always: {alarms: 4, dogs: 2}"))
    with pytest.raises(ConfigurationError, match="dogs"):
        prices.load(wrong)
    wrong = tmp_path / "cheaper.yaml"
    wrong.write_text(PRICES.replace("currency: USD", "currency: EUR"))
    with pytest.raises(ConfigurationError, match="currency"):
        prices.load(wrong)


def test_objects_belong_to_who_writes_their_prefix(tmp_path: Path) -> None:
    (tmp_path / "wiring.yaml").write_text(WIRING)
    old, new = SINCE - timedelta(days=1), SINCE + timedelta(days=1)
    objects = [
        ObjectInfo("raw/a.parquet", 100, "e", old),
        ObjectInfo("runs/export/20260301/x.json", 7, "e", new),
        ObjectInfo("incoming/b.csv", 30, "e", new),
    ]
    found = stored_by(wiring.load(tmp_path), objects, SINCE)
    assert found == {"export": Stored(size=107, writes=1), "": Stored(size=30, writes=1)}


@given(st.lists(st.floats(0, 10_000), max_size=20))
def test_rounding_never_makes_it_less(seconds: list[float]) -> None:
    total = together(map(used, seconds))
    assert total.runs == len(seconds)
    assert total.seconds <= total.tenths + 1e-6 <= total.seconds + 0.1 * len(seconds) + 2e-6
    assert total.minutes >= max(total.seconds, 60.0 * len(seconds)) - 1e-6
    assert together([total, Used()]) == total
