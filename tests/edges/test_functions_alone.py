"""One function by itself: the lines of the README, in their order, against processes of our own functions."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from framework import Reply, Served, start, stop
from touchline import bootstrap

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lines() -> list[list[str]]:
    """Words of each line of the section's shell block."""
    section = (ROOT / "README.md").read_text().partition("\n## One function by itself\n")[2].partition("\n## ")[0]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block is not None
    return [shlex.split(line, comments=True) for line in block[1].replace("\\\n", " ").splitlines()]


@pytest.fixture(scope="module")
def environ(lines: list[list[str]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    told = dict(word.split("=", 1) for line in lines if line[:1] == ["export"] for word in line[1:])
    return told | {"TOUCHLINE_HOME": str(tmp_path_factory.mktemp("alone") / "home")}


@pytest.fixture(scope="module")
def started(
    lines: list[list[str]], environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Served]]:
    """Port in the README -> the function that stands for it."""
    folder = tmp_path_factory.mktemp("logs")
    asked = {line[2]: line[1] for line in lines if line[:1] == ["start"]}
    found = {port: start(ROOT / "functions" / name / "main.py", environ, folder) for port, name in asked.items()}
    try:
        for served in found.values():
            served.await_start()
        yield found
    finally:
        for served in found.values():
            stop(served)


def curl(words: list[str], started: dict[str, Served]) -> Reply:
    """What curl would do, of the options that the README uses."""
    (url,) = [word for word in words if word.startswith("localhost:")]
    port, slash, path = url.removeprefix("localhost:").partition("/")
    data = words[words.index("-d") + 1] if "-d" in words else ""
    body = (ROOT / data[1:]).read_bytes() if data.startswith("@") else data.encode()
    headers = dict(words[place + 1].split(": ", 1) for place, word in enumerate(words) if word == "-H")
    return started[port].ask("POST" if data else "GET", slash + path or "/", headers, body)


def test_the_lines_of_the_readme_work(
    lines: list[list[str]], started: dict[str, Served], environ: dict[str, str]
) -> None:
    asked = [line for line in lines if line[:1] == ["ask"]]
    assert len(asked) >= 5
    for line in asked:
        reply = curl(line, started)
        assert reply.status == (204 if "-d" in line else 200), (line, reply.body)
        assert "-d" not in line or reply.body == b""
    store = bootstrap.ports(environ).store
    for stage in ("scrapes", "raw", "validated"):
        assert [info.key for info in store.list(f"{stage}/published/")] == [f"{stage}/published/000000000001.json"]
    assert not list(store.list("quarantine/"))
