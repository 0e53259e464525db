"""Small files, small functions, thin entry points."""

import ast
from pathlib import Path

import pytest

import codebase

MAINS = sorted((codebase.ROOT / "functions").glob("*/main.py"))


def test_there_is_code_to_measure() -> None:
    assert len(codebase.code()) > 20


def test_no_file_is_longer_than_400_lines() -> None:
    files = [*codebase.code(), *codebase.tests(), *codebase.tracked("scripts/*")]
    lengths = {codebase.relative(path): len(path.read_text().splitlines()) for path in files}
    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}


def test_no_function_is_longer_than_50_lines() -> None:
    spans = [span for path in codebase.code() for span in codebase.functions(path)]
    assert [span for span in spans if span.lines > 50] == []


def test_the_middle_function_and_file_are_small() -> None:
    lines = sorted(span.lines for path in codebase.code() for span in codebase.functions(path))
    sizes = sorted(len(path.read_text().splitlines()) for path in codebase.code())
    assert lines[len(lines) // 2] <= 10, codebase.report()
    assert 40 <= sizes[len(sizes) // 2] <= 120, codebase.report()


@pytest.mark.parametrize("path", MAINS, ids=lambda path: path.parent.name)
def test_a_main_only_exposes_one_stage(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 20
    imported = [
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    assert {name.split(".")[0] for name in imported} == {"touchline"}
    assert not list(codebase.functions(path)), "logic belongs to touchline/stages"


def test_a_main_has_no_siblings() -> None:
    assert [path for path in codebase.tracked("functions/*.py") if path.name != "main.py"] == []


def test_packages_say_nothing_of_their_own() -> None:
    spoken = {path.parent.name for path in codebase.PACKAGE.rglob("__init__.py") if path.read_text().strip()}
    assert spoken == {"testing"}  # which others import as a whole
