"""Drift reports by Evidently: the page that people look at. Whether something drifted is decided in `domain.drift`."""

import json
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    import pandas as pd


_RANDOM: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|"
    r"(?<![0-9a-f])[0-9a-f]{12}[47][0-9a-f]{3}[89ab][0-9a-f]{15}(?![0-9a-f])"
)
"""Identifiers that are random or tell the time (versions 4 and 7), with hyphens or without."""


class EvidentlyReporter:
    """Compares every column that says something in both tables; Evidently is imported with the first report."""

    def report(self, reference: "pd.DataFrame", current: "pd.DataFrame") -> tuple[str, dict[str, Any]]:
        """Self-contained HTML (several megabytes: it carries its plotting library), and the same findings as data.

        Columns that are constant, or missing everywhere in one of the tables, are left out: Evidently refuses them.
        """
        columns = [name for name in reference if _varies(reference[name]) and _varies(current[name])]
        with _quiet():
            from evidently import Report
            from evidently.presets import DataDriftPreset

            snapshot = Report([DataDriftPreset()]).run(current[columns], reference[columns])
            html: str = snapshot.get_html_str(as_iframe=False)
            findings: dict[str, Any] = json.loads(snapshot.json())
        return _settled(html), findings


def _settled(html: str) -> str:
    """The page with numbers for its random ids, in the order in which they appear: same tables, same bytes."""
    numbers: dict[str, UUID] = {}

    def number(found: re.Match[str]) -> str:
        known = numbers.setdefault(found[0].replace("-", ""), UUID(int=len(numbers) + 1))
        return str(known) if "-" in found[0] else known.hex

    return _RANDOM.sub(number, html)


def _varies(column: "pd.Series[float]") -> bool:
    return int(column.nunique()) > 1


@contextmanager
def _quiet() -> Iterator[None]:
    """No telemetry, and no word about names that Evidently's own dependencies have given up."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"numpy\.core is deprecated", DeprecationWarning)
        warnings.filterwarnings("ignore", r"(Call to|Use of) deprecated .*Deprecated in litestar", DeprecationWarning)
        yield
