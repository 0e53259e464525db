"""The tables of the docs say what the price lists say."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from touchline import wiring
from touchline.cli.cost_command import calls
from touchline.watch import prices
from touchline.watch.cost import Estimate, estimate
from touchline.watch.usage import Stored, Usage, Used, used

ROOT = Path(__file__).parents[2]
TABLES: tuple[tuple[str, prices.Platform, dict[str, tuple[str, ...]]], ...] = (
    ("terraform/README.md", "aws", {
        "Lambda": ("lambda_gb_s", "lambda_requests"), "SQS": ("queue_requests",),
        "Fargate": ("fargate_vcpu_s", "fargate_gb_s"), "logs, alarms": ("log_gb", "alarms"),
        "S3, API": ("object_gb", "object_writes", "object_reads", "gateway_requests"), "ECR": ("image_gb",),
    }),
    ("terraform/gcp/README.md", "gcp", {
        "Cloud Run": ("run_vcpu_s", "run_gib_s", "run_requests", "job_vcpu_s", "job_gib_s"),
        "Cloud Storage": ("object_gb", "object_writes", "object_reads"), "Cloud Scheduler": ("schedules",),
        "Secret Manager": ("secrets",), "Artifact Registry": ("image_gb",), "Pub/Sub, logs": ("topic_gb", "log_gb"),
    }),
    ("knative/README.md", "node", {"VPS": ("node",), "backups": ("backup_gb",), "a name": ("names",)}),
)  # fmt: skip
NAMES: dict[prices.Platform, str] = {"aws": "AWS", "gcp": "Google Cloud", "node": "Knative"}


def month(platform: prices.Platform) -> Estimate:
    """The month of the docs."""
    listed, declared = prices.load(), wiring.load(ROOT / "functions")
    told, begin = listed.reference, datetime(2026, 11, 1, tzinfo=UTC)
    runs = {name: used(one.seconds).times(one.runs) for name, one in told.runs.items()}
    runs["forecast"] = runs["forecast"].plus(Used(forecasts=told.forecasts))
    usage = Usage(
        since=begin, until=begin + timedelta(days=30), used=runs, calls=calls(declared, told.requests),
        stored={"": Stored(size=int(told.stored_gb * 1e9), writes=told.writes)},
    )  # fmt: skip
    return estimate(usage, declared, listed, platform)


def paid(found: Estimate) -> dict[str, float]:
    """USD of each meter that are to be paid."""
    free = {one.meter: one.usd for one in found.free}
    listed: dict[str, float] = {}
    for line in found.lines:
        listed[line.meter] = listed.get(line.meter, 0.0) + line.usd
    return {meter: usd - free.get(meter, 0.0) for meter, usd in listed.items()}


@pytest.mark.parametrize(("page", "platform", "rows"), TABLES, ids=[table[1] for table in TABLES])
def test_a_table_of_costs_follows_from_the_price_list(
    page: str, platform: prices.Platform, rows: dict[str, tuple[str, ...]]
) -> None:
    found, text = month(platform), (ROOT / page).read_text()
    cells = dict(re.findall(r"^\| (.+?) \| \**([0-9.]+)\** \|", text, re.MULTILINE))
    meters = paid(found)
    assert set(meters) == {meter for names in rows.values() for meter in names}
    expected = {name: sum(meters[meter] for meter in names) for name, names in rows.items()}
    expected["**together**"] = found.month
    assert {name: cells[name] for name in expected} == {name: f"{usd:.1f}" for name, usd in expected.items()}
    assert str(found.as_of) in text


@pytest.mark.parametrize("platform", prices.PLATFORMS)
def test_the_comparison_says_the_same(platform: prices.Platform) -> None:
    text = (ROOT / "docs/deploy.md").read_text()
    assert f"| {NAMES[platform]} | about {month(platform).month:.0f} |" in text


def test_every_function_with_runs_has_a_place_in_the_month_of_the_docs() -> None:
    declared = wiring.load(ROOT / "functions")
    silent = {name for name, one in declared.functions.items() if one.http}
    assert set(prices.load().reference.runs) == set(declared.functions) - silent
