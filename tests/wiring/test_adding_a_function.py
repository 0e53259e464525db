"""CONTRIBUTING's walk through a new function, done to the letter in a copy of the checkout."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

import codebase
from touchline import bootstrap, tables
from touchline.manifest import Manifest, publish
from touchline.ports import ObjectStore

FENCE = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
HEAD = re.compile(r"# (?P<path>[\w./]+)(?:, (?P<how>under|before) `(?P<place>[^`]+)`)?")
NEEDED = ("shared/touchline", "functions", "knative", "docs", "pyproject.toml", "README.md", "requirements*.txt")
"""Of the checkout, what the steps touch or read."""
TOUCHLINE = "import sys; from touchline.cli.main import main; sys.exit(main())"
PUBLISHED = "raw/published/000000000001.json"


pytestmark = pytest.mark.slow


class Block(NamedTuple):
    """A block of the walk: the file it belongs to, where in it, and its text."""

    path: str
    how: str | None
    place: str
    text: str


def walk() -> list[tuple[str, str]]:
    """(language, text) of each block of the section."""
    section = (
        (codebase.ROOT / "CONTRIBUTING.md").read_text().partition("\n## Add a function\n")[2].partition("\n## ")[0]
    )
    return [(kind, textwrap.dedent(text)) for kind, text in FENCE.findall(section)]


def blocks() -> list[Block]:
    """Blocks that are put into files, in their order."""
    found = []
    for kind, text in walk():
        if kind != "sh":
            head, _, body = text.partition("\n")
            told = HEAD.fullmatch(head)
            assert told, f"no file in {head!r}"
            found.append(Block(told["path"], told["how"], told["place"] or "", body))
    return found


def apply(block: Block, root: Path) -> None:
    """Do what a block of the walk asks for."""
    path = root / block.path
    if block.how is None:
        assert not path.exists(), f"{block.path} is there already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)
        return
    lines = path.read_text().splitlines(keepends=True)
    (place,) = (number for number, line in enumerate(lines) if line.startswith(block.place))
    if block.how == "under":
        lines.insert(place + 1, block.text)
    else:
        lines.insert(place, block.text + "\n\n")
    path.write_text("".join(lines))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout in which the walk was followed."""
    root = tmp_path_factory.mktemp("copy")
    for path in codebase.tracked(*NEEDED):
        there = root / path.relative_to(codebase.ROOT)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, there)
    for block in blocks():
        apply(block, root)
    return root


def environ(root: Path) -> dict[str, str]:
    """Settings of this machine left out; what is imported is the copy."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHLINE_")}
    return {**kept, "PYTHONPATH": str(root / "shared"), "TOUCHLINE_HOME": str(root / "home")}


def touchline(root: Path, *words: str) -> str:
    """What a command of the copy says; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-c", TOUCHLINE, *words],
        cwd=root,
        env=environ(root),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def snapshot(store: ObjectStore) -> None:
    """A snapshot of three matches, published as export does it."""
    table = pd.DataFrame({"match_id": ["a", "b", "c"], "competition": ["E0", "E0", "D1"]})
    outputs = {"matches": tables.write(store, "raw/made/matches.parquet", table)}
    made = Manifest(stage="raw", id="made", inputs=(), outputs=outputs, parameters={}, versions={}, counts={})
    assert publish(store, made, 1)[0] == PUBLISHED


def test_the_walk_has_all_parts() -> None:
    assert [(block.path, block.how) for block in blocks()] == [
        ("shared/touchline/stages/tally.py", None),
        ("shared/touchline/settings.py", "before"),
        ("shared/touchline/settings.py", "under"),
        ("functions/tally/main.py", None),
        ("functions/wiring.yaml", "under"),
        ("pyproject.toml", "under"),
    ]


def test_what_the_walk_writes_is_formatted_and_clean(copy: Path) -> None:
    ruff = str(Path(sys.executable).parent / "ruff")
    paths = [str(copy / block.path) for block in blocks() if block.path.endswith(".py")]
    for command in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [ruff, *command, "--no-cache", *paths], capture_output=True, text=True, check=False, cwd=copy
        )
        assert done.returncode == 0, done.stdout


def test_the_wiring_takes_it_draws_it_and_gives_it_its_rights_only(copy: Path) -> None:
    touchline(copy, "wiring", "--check")
    touchline(copy, "wiring", "--write")
    assert 'export -- "raw/published/" --> tally' in (copy / "docs/architecture.md").read_text()
    rights = json.loads(touchline(copy, "wiring", "--rights", "--json"))
    assert set(rights["tally"]["object_writes"]) == {"tallies/", "runs/tally/", "quarantine/tally/"}


def test_its_manifests_are_rendered(copy: Path) -> None:
    touchline(copy, "render")
    assert "touchline-tally" in (copy / "knative/generated/tally.yaml").read_text()
    touchline(copy, "render", "--check")


def test_nothing_is_missing_but_the_compiled_requirements(copy: Path) -> None:
    """To compile them takes a package index; that they would be compiled, and nothing else changes, needs none."""
    shutil.copytree(codebase.ROOT / "scripts/tools", copy / "scripts/tools")
    command = [sys.executable, str(copy / "scripts/tools/requirements.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=copy)
    assert done.stdout.splitlines()[:-1] == ["functions/tally/requirements.txt is missing"], done.stdout + done.stderr


def test_it_runs_on_an_event_and_knows_its_work_again(copy: Path) -> None:
    store = bootstrap.ports(environ(copy)).store
    snapshot(store)
    (first,) = json.loads(touchline(copy, "run", "tally", "--json"))
    assert (first["outcome"], first["summary"]) == ("done", {"D1": 1, "E0": 2})
    made = json.loads(store.get("tallies/published/000000000001.json"))
    tally = json.loads(store.get(made["manifest"]))["outputs"]["tally"]
    assert json.loads(store.get(tally["key"])) == {"D1": 1, "E0": 2}
    (second,) = json.loads(touchline(copy, "run", "tally", "--key", PUBLISHED, "--json"))
    assert second["outcome"] == "unchanged"
