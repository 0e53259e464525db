"""Time and environment come in by one door each; nothing of a machine stays in the tree."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import codebase

CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns", "time.sleep"}
MAY_ASK_THE_TIME = {"adapters/clock.py"}
MAY_READ_THE_ENVIRONMENT = {
    "entrypoint.py",
    "crew.py",
    "job.py",
    "web/entry.py",
    "bridge/entry.py",
    "wiring.py",
    "cli/",
    "deploy/backup.py",
    "deploy/prepare.py",
    "deploy/restore.py",
    "adapters/pubsub_calls.py",
    "adapters/evidently_report.py",
    "adapters/mlflow_registry.py",
}
"""The last two switch the telemetry of a library off, which has no other switch; before them is asked where Google's
own tools would find an emulator."""
DOMAIN = [path for path in sorted((codebase.PACKAGE / "domain").glob("*.py")) if path.read_text().strip()]
# The empty groups keep this file from holding what it looks for.
MACHINE = re.compile(r"/ro(?:)ot/|/ho(?:)me/[a-z]|/wo(?:)rk/|/Us(?:)ers/[a-z]|/o(?:)pt/wheels")
REGISTRY = re.compile(r"py(?:)pi\.org|python(?:)hosted\.org|registry\.np(?:)mjs|deb(?:)ian\.org")


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an attribute chain, empty for anything else."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def chains(path: Path) -> Iterator[tuple[str, int]]:
    """Attribute chains of a file by their last two parts, with their lines."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            yield ".".join(dotted(node).split(".")[-2:]), node.lineno


def uses(names: set[str], allowed: set[str]) -> list[str]:
    """Places outside the allowed modules that use one of the names."""
    return [
        f"{codebase.relative(path)}:{line} {chain}"
        for path in codebase.PACKAGE.rglob("*.py")
        if not path.relative_to(codebase.PACKAGE).as_posix().startswith(tuple(allowed))
        for chain, line in chains(path)
        if chain in names
    ]


def test_only_the_clock_asks_for_the_time() -> None:
    assert uses(CLOCKS - {"time.sleep"}, MAY_ASK_THE_TIME) == []


def test_the_clock_does_ask() -> None:
    assert uses(CLOCKS, set())


def test_only_the_edges_read_the_environment() -> None:
    assert uses({"os.environ", "os.getenv"}, MAY_READ_THE_ENVIRONMENT) == []


def test_only_those_wait_who_ask_others() -> None:
    collecting = {"stages/scrape_visit.py", "stages/scrape_collect.py"}
    assert uses({"time.sleep"}, {"adapters/", "platform/", "cli/", *collecting}) == []


@pytest.mark.parametrize("path", DOMAIN, ids=lambda path: path.stem)
def test_a_domain_module_shows_a_run(path: Path) -> None:
    assert ">>> " in path.read_text()


@pytest.mark.parametrize("pattern", [MACHINE, REGISTRY], ids=["machine", "registry"])
def test_the_tree_names_no_machine_and_no_registry(pattern: re.Pattern[str]) -> None:
    found = []
    for path in codebase.tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{codebase.relative(path)}: {hit.group()}" for hit in pattern.finditer(text)]
    assert found == []


def test_comments_that_silence_a_check_say_why() -> None:
    silent = re.compile(r"#\s*(type:\s*ignore(?!\[[^]]+\])|noqa(?!:)|pragma: no cover)")
    found = [codebase.relative(path) for path in codebase.code() if silent.search(path.read_text())]
    assert found == []
