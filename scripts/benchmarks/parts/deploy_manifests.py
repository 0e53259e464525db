"""What is rendered, and how many slips in it are refused: by our check, and by a strict judge where there is one."""

import contextlib
import importlib.util
import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from figures import Figure, tell

import knative_judge
import knative_mutations
from touchline.deploy import knative, knative_check

Say = Callable[[list[dict[str, Any]]], list[Any]]


def figures(folder: Path, options: Any) -> list[dict[str, object]]:
    """Manifests, faults, time of the check; mutations refused."""
    wiring, sound = knative_mutations.WIRING, knative_mutations.SOUND
    begun = time.perf_counter()
    files = knative.render(wiring)
    rendered = time.perf_counter()
    faults = knative_check.faults(wiring, sound)
    checked = time.perf_counter()
    say = judge()
    lines = sum(text.count("\n") for text in files.values())
    told = {
        "manifests": len(sound), "files": len(files), "lines_rendered": lines,
        "render_s": round(rendered - begun, 2), "check_s": round(checked - rendered, 2),
        "faults": len(faults), "faults_judge": len(say(sound)) if say else "no judge",
    }  # fmt: skip
    mutated = [knative_mutations.mutated(*one[:4]) for one in knative_mutations.MUTATIONS]
    ours = sum(bool(knative_check.faults(wiring, one)) for one in mutated)
    theirs = sum(bool(say(one)) for one in mutated) if say else "no judge"
    rows = [
        Figure(
            figure="manifests rendered and written by hand", measured=told, goal="no fault, by us and by the judge",
            reached=not faults and told["faults_judge"] in (0, "no judge"),
        ),
        Figure(
            figure="mutations of manifests refused",
            measured={"mutations": len(mutated), "by our check": ours, "by the judge": theirs},
            goal="all of 30 or more",
            reached=ours == len(mutated) >= 30,
        ),
    ]  # fmt: skip
    for row in rows:
        tell(row)
    return [msgspec.to_builtins(row) for row in rows]


def judge() -> Say | None:
    """The judge in this process, None where there is none."""
    path = Path(os.environ.get("TOUCHLINE_KNATIVE_JUDGE", knative_judge.FILE))
    spec = importlib.util.spec_from_file_location("check_knative", path)
    if not path.is_file() or spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    with contextlib.redirect_stdout(io.StringIO()):
        spec.loader.exec_module(module)
    core = module.Core("1.34")
    kinds = module.load_crds(str(path.parent / "crds"), True, core)
    return lambda documents: module.check([("-", one) for one in documents], kinds, core, True)[0]
