"""What the tests of the code itself look at; `python -m codebase` prints the measures."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "shared" / "touchline"


class Span(NamedTuple):
    """A function and the lines that it takes."""

    where: str
    lines: int


def tracked(*patterns: str) -> list[Path]:
    """Files of the tree that git knows or would add; without git (an unpacked archive) all that match."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode == 0:
        return [ROOT / line for line in answer.stdout.splitlines() if (ROOT / line).is_file()]
    return [path for pattern in patterns or ("*",) for path in ROOT.rglob(pattern) if ".venv" not in path.parts]


def code() -> list[Path]:
    """Modules of the package and the functions, but the migrations, which are lists of tables."""
    files = tracked("shared/*.py", "functions/*.py")
    return [path for path in files if path.parent.name != "versions" and path.read_text().strip()]


def tests() -> list[Path]:
    """Test modules and their helpers."""
    return tracked("tests/*.py")


def relative(path: Path) -> str:
    """Path as the reader of a failure wants it."""
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[Span]:
    """Every function of a file, from `def` to its last line, decorators and docstring included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield Span(f"{relative(path)}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1)


def code_lines(path: Path) -> int:
    """Lines that hold code: no blanks, comments or docstrings."""
    text = path.read_text()
    lines = {number for number, line in enumerate(text.splitlines(), 1) if line.strip() and line.strip()[0] != "#"}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            assert node.end_lineno is not None
            lines -= set(range(node.lineno, node.end_lineno + 1))
    return len(lines)


def report() -> str:
    """Medians, extremes and the share of tests, in a few lines."""
    files = [len(path.read_text().splitlines()) for path in code()]
    spans = sorted(span.lines for path in code() for span in functions(path))
    own, checks = sum(map(code_lines, code())), sum(map(code_lines, tests()))
    return "\n".join(
        (
            f"files: {len(files)}, lines median {median(files):.0f}, most {max(files)}",
            f"functions: {len(spans)}, lines median {median(spans):.0f}, "
            f"p95 {spans[int(len(spans) * 0.95)]}, most {spans[-1]}",
            f"code lines: {own}, of tests {checks}, tests : code {checks / own:.2f}",
        )
    )


if __name__ == "__main__":
    print(report())
