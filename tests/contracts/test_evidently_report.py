"""What the drift stage relies on of Evidently: a page that stands alone, and findings as plain data."""

import json
import os
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from touchline.adapters.evidently_report import EvidentlyReporter

pytestmark = pytest.mark.slow  # the import alone takes seconds


def sample(rows: int, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(rows)
    table = pd.DataFrame(rng.normal(size=(rows, 2)), columns=["moved", "stayed"])
    table["moved"] += shift
    return table.assign(constant=1.0, absent=np.nan)


@pytest.fixture(scope="module")
def report() -> tuple[str, dict[str, Any]]:
    return EvidentlyReporter().report(sample(400), sample(150, shift=2.0))


def scores(findings: dict[str, Any]) -> dict[str, float]:
    return {
        metric["config"]["column"]: metric["value"] for metric in findings["metrics"] if "column" in metric["config"]
    }


def test_the_page_stands_alone(report: tuple[str, dict[str, Any]]) -> None:
    html, _ = report
    assert html.lstrip().lower().startswith("<!doctype html>")
    assert not re.findall(r"<(?:script|link)[^>]+(?:src|href)=[\"']https?:", html)
    assert "<iframe" not in html


def test_the_findings_are_plain_data(report: tuple[str, dict[str, Any]]) -> None:
    _, findings = report
    assert json.loads(json.dumps(findings)) == findings


def test_what_moved_is_found(report: tuple[str, dict[str, Any]]) -> None:
    found = scores(report[1])
    assert set(found) == {"moved", "stayed"}, "columns that say nothing are left out"
    assert found["moved"] < 0.001 < found["stayed"], "p-values at this size"


def test_telemetry_is_off(report: tuple[str, dict[str, Any]]) -> None:
    assert os.environ["DO_NOT_TRACK"]


def test_the_same_tables_give_the_same_page(report: tuple[str, dict[str, Any]]) -> None:
    assert EvidentlyReporter().report(sample(400), sample(150, shift=2.0)) == report
