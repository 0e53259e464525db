"""What the documents show can be typed, followed and trusted."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import codebase
from touchline import wiring
from touchline.cli import picture
from touchline.cli.main import app
from touchline.errors import TouchlineError

DOCUMENTS = codebase.tracked("*.md")
PICTURED = [path for path in DOCUMENTS if picture.START in path.read_text()]
IN_CODE = re.compile(r"^(?:    |\$ |)((?:touchline|\./scripts/|scripts/).*)$", re.MULTILINE)
IN_TEXT = re.compile(r"`((?:touchline [a-z]|\./scripts/|scripts/)[^`]*)`")
IN_TESTS = re.compile(r"`(tests/[\w/.]+)::(\w+)`")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


def commands(path: Path) -> list[str]:
    """Command lines that a document shows, comments cut off."""
    text = path.read_text()
    blocks = re.findall(r"^```(?:sh|bash|console)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    shown = [line for block in blocks for line in IN_CODE.findall(block)]
    return [re.sub(r"\s+#.*", "", line) for line in [*shown, *IN_TEXT.findall(text)]]


SHOWN = [(path, line) for path in DOCUMENTS for line in commands(path)]


def asks(words: list[str]) -> Result:
    """Ask for the help of a command line: its options are parsed, nothing is run."""
    return CliRunner().invoke(app, [*words, "--help"])


def named(pair: tuple[Path, str] | Path) -> str:
    """Name of a case."""
    return codebase.relative(pair) if isinstance(pair, Path) else f"{pair[0].name}: {pair[1]}"


def test_the_reader_is_shown_commands() -> None:
    assert {path.name for path, _ in SHOWN} >= {"README.md", "CONTRIBUTING.md", "operations.md"}


@pytest.mark.parametrize("shown", SHOWN, ids=named)
def test_a_shown_command_exists(shown: tuple[Path, str]) -> None:
    program, *words = shlex.split(shown[1])
    if program == "touchline":
        answer = asks(words)
        assert answer.exit_code == 0, answer.output
    else:
        script = codebase.ROOT / program
        assert script.is_dir() or script.stat().st_mode & 0o111, f"{program} cannot be run"


def test_an_unknown_option_would_be_found() -> None:
    assert asks(["wiring", "--no-such-option"]).exit_code != 0


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_links_lead_somewhere(path: Path) -> None:
    assert [link for link in LINK.findall(path.read_text()) if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", PICTURED, ids=named)
def test_the_picture_shows_the_wiring(path: Path) -> None:
    found = wiring.load(codebase.ROOT / "functions")
    assert picture.insert(path.read_text(), picture.mermaid(found), str(path)) == path.read_text(), (
        "touchline wiring --write"
    )


def test_a_document_without_a_place_for_the_picture_is_refused() -> None:
    with pytest.raises(TouchlineError):
        picture.insert("no marks", "graph", "a.md")


def test_tests_that_documents_name_exist() -> None:
    tests = {f"{codebase.relative(path)}": path.read_text() for path in codebase.tracked("tests/*.py")}
    named_tests = [found for path in DOCUMENTS for found in IN_TESTS.findall(path.read_text())]
    assert named_tests
    assert [f"{file}::{name}" for file, name in named_tests if f"def {name}(" not in tests.get(file, "")] == []
