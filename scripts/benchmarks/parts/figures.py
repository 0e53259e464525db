"""What the benchmarks of forecasts share: where the matches are, the seasons, one line of the answer."""

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from touchline.ports import Payload
from touchline.sources import tidy

DATA = Path(os.environ.get("TOUCHLINE_REAL_DATA", Path(__file__).parents[4] / "shared" / "data"))
REPORT = date(2021, 7, 1), date(2024, 7, 1)
VALIDATION = date(2016, 7, 1), date(2021, 7, 1)
TOP = ("E0", "D1", "SP1", "I1", "F1")


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the answer."""

    figure: str
    measured: Any
    reference: Any = None
    goal: Any = None
    reached: bool | None = None
    n: int | None = None


def matches(path: Path) -> pd.DataFrame:
    """The tidy table of a file."""
    return tidy.parse(Payload("benchmark", path.name, path.read_bytes(), datetime.now(UTC))).rows


def tell(figure: Figure, *, with_goals: bool = True) -> None:
    """Print one line; goals are those of the report, so they say nothing of other seasons."""
    shown = figure if with_goals else Figure(figure=figure.figure, measured=figure.measured, n=figure.n)
    print(json.dumps(msgspec.to_builtins(shown)), flush=True)
