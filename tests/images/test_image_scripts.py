"""How images are tagged, sent and looked through: the scripts with a buildah that only says how it was called."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DIGEST = f"sha256:{'b' * 64}"
FUNCTIONS = ("predict", "train")
BUILDAH = """#!{python}
import sys
from pathlib import Path
words = sys.argv[1:]
with Path({log!r}).open("a") as log:
    log.write(" ".join(words) + "\\n")
if "--digestfile" in words:
    Path(words[words.index("--digestfile") + 1]).write_text({digest!r})
if words[0] == "images":
    print("localhost/touchline-base:latest", "localhost/touchline-predict:" + "c" * 40, sep="\\n")
if words[0] == "from":
    print("scanner-working-container")
if words[0] == "run":
    sys.exit({scan})
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of two functions, all of it committed, and a stand-in for buildah."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("benchmarks", "__pycache__"))
    for name in FUNCTIONS:
        (tmp_path / "functions" / name).mkdir(parents=True)
        (tmp_path / "functions" / name / "main.py").write_text("")
    (tmp_path / "functions/predict/requirements-google.txt").write_text("")
    (tmp_path / ".gitignore").write_text("bin/\nlog\nimages.json\n")
    (tmp_path / "bin").mkdir()
    stand_in(tmp_path)
    for words in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "a"],
    ):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


def stand_in(checkout: Path, scan: int = 0) -> None:
    """Put down a buildah whose containers end with `scan`."""
    program = checkout / "bin" / "buildah"
    program.write_text(BUILDAH.format(python=sys.executable, log=str(checkout / "log"), digest=DIGEST, scan=scan))
    program.chmod(0o755)


def run(checkout: Path, script: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the checkout."""
    around = os.environ | {"PATH": f"{checkout / 'bin'}:{os.environ['PATH']}"}
    command = [str(checkout / "scripts" / script), *words]
    return subprocess.run(command, env=around, capture_output=True, text=True, check=False)


def called(checkout: Path, what: str) -> list[str]:
    """Calls of buildah."""
    return [line for line in (checkout / "log").read_text().splitlines() if line.startswith(f"{what} ")]


def commit(checkout: Path) -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=checkout, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_all_functions_are_built_and_tagged_with_the_commit(checkout: Path) -> None:
    assert run(checkout, "build-images").returncode == 0
    for line, name in zip(called(checkout, "build"), FUNCTIONS, strict=True):
        assert f"--build-arg FUNCTION={name} --build-arg COMMIT={commit(checkout)}" in line
        assert line.endswith(f"-t localhost/touchline-{name}:{commit(checkout)} .")
        assert "--timestamp 0" in line
        assert "BASE" not in line
    assert called(checkout, "push") == []


def test_what_was_sent_is_told_by_digest(checkout: Path) -> None:
    done = run(checkout, "build-images", "--push", "r.example:5000/us", "--digests", "images.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((checkout / "images.json").read_text()) == {
        "images": {name: f"r.example:5000/us/touchline-{name}@{DIGEST}" for name in FUNCTIONS}
    }
    assert called(checkout, "push")[0].endswith(
        f"r.example:5000/us/touchline-predict:{commit(checkout)} "
        f"docker://r.example:5000/us/touchline-predict:{commit(checkout)}"
    )


def test_what_is_not_committed_says_so_and_is_not_sent(checkout: Path) -> None:
    (checkout / "functions/train/main.py").write_text("changed")
    assert run(checkout, "build-images", "train").returncode == 0
    assert called(checkout, "build")[0].endswith(f"localhost/touchline-train:{commit(checkout)}-changed .")
    refused = run(checkout, "build-images", "--push", "r.example", "train")
    assert (refused.returncode, called(checkout, "push")) == (1, [])
    assert "not committed" in refused.stderr


def test_a_base_and_other_requirements_can_be_chosen(checkout: Path) -> None:
    assert run(checkout, "build-images", "--base", "localhost/small", "--google").returncode == 0
    predict, train = called(checkout, "build")
    assert "--build-arg BASE=localhost/small --pull-never" in predict
    assert "REQUIREMENTS=requirements-google.txt" in predict
    assert "REQUIREMENTS" not in train


def test_a_machine_without_pip_builds_with_the_index_that_all_know(checkout: Path) -> None:
    (checkout / "bin" / "python3").write_text("#!/bin/sh\nexit 127\n")
    (checkout / "bin" / "python3").chmod(0o755)
    done = run(checkout, "build-images", "train")
    assert (done.returncode, len(called(checkout, "build"))) == (0, 1), done.stderr


@pytest.mark.parametrize(("words", "why"), [(("no-such",), "no function no-such"), (("--what",), "--push REGISTRY")])
def test_what_it_does_not_know_it_refuses(checkout: Path, words: tuple[str, ...], why: str) -> None:
    refused = run(checkout, "build-images", *words)
    assert refused.returncode == 2
    assert why in refused.stderr


def test_images_of_ours_are_looked_through(checkout: Path) -> None:
    assert run(checkout, "scan-images").returncode == 0
    (scanned,) = called(checkout, "push")
    assert f"localhost/touchline-predict:{'c' * 40} docker-archive:" in scanned


def test_a_hole_fails_the_scan_and_names_the_image(checkout: Path) -> None:
    stand_in(checkout, scan=1)
    refused = run(checkout, "scan-images", "localhost/one:1", "localhost/two:2")
    assert refused.returncode == 1
    assert "not clean: localhost/one:1 localhost/two:2" in refused.stderr
    assert called(checkout, "rm") == ["rm scanner-working-container"]
