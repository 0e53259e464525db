"""What watches an installation, as its files say: rules, boards, receivers."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "knative" / "platform" / "observability" / "config"
RULES = sorted(CONFIG.glob("rules-*.yaml"))
"""Those of Prometheus; Loki has a language of its own."""
BOARDS = [CONFIG / name for name in ("operations.json", "models.json", "data.json")]
RUNBOOKS = ROOT / "docs" / "operations.md"
_SELECTOR = re.compile(r"\b((?:touchline|http|prediction|inference|cache|model|up)(?:[_:]\w+)*)\b(\{[^}]*\})?(?!\()")


def rules(*files: Path) -> list[dict[str, Any]]:
    """Rules of files, all of them by default."""
    groups = [group for file in files or RULES for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def alerts(*files: Path) -> list[dict[str, Any]]:
    """Rules that tell somebody."""
    return [rule for rule in rules(*files) if "alert" in rule]


def panels(board: Path) -> list[dict[str, Any]]:
    """Panels that ask for something."""
    return [panel for panel in json.loads(board.read_text())["panels"] if "targets" in panel]


def shown(board: Path) -> Iterator[str]:
    """Expressions of a board for Prometheus: those of its panels and of its annotations."""
    told = json.loads(board.read_text())
    for panel in panels(board):
        yield from (one["expr"] for one in panel["targets"] if one["datasource"]["type"] == "prometheus")
    yield from (one["expr"] for one in told["annotations"]["list"])


def selectors(expression: str) -> set[str]:
    """Series that an expression asks for, as `name{matchers}`; numbers, words and functions of PromQL are none.

    >>> sorted(selectors('sum by (le) (rate(http_requests_total{job="predict"}[5m])) > 2 and up == 0'))
    ['http_requests_total{job="predict"}', 'up']
    """
    bare = re.sub(r"\b(?:by|without|on|ignoring)\s*\([^)]*\)", "", expression)
    return {name + matchers for name, matchers in _SELECTOR.findall(bare)}
