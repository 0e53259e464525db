"""The wiring as manifests of Knative, a file for each function.

Handwritten is only what no function changes: namespace, broker, settings, what the network lets through (knative/base).
"""

from pathlib import Path
from typing import Final

import yaml

from touchline.deploy import knative_events, knative_runs
from touchline.deploy.knative_parts import NAMESPACE, Manifest, account
from touchline.errors import ConfigurationError
from touchline.wiring import Function, Wiring

KUSTOMIZATION: Final = "kustomization.yaml"
_HEAD: Final = "# Rendered from functions/wiring.yaml by `touchline render`: change that, and render again.\n"


def manifests(wiring: Wiring, function: Function) -> list[Manifest]:
    """All that one function, or part of the platform, needs."""
    if function.name in wiring.platform:
        return [account(function), *knative_runs.always(function)]
    run = knative_runs.jobsink if function.kind == "job" else knative_runs.service
    crew = [knative_runs.crew(function)] if function.workers else []
    events = () if function.http else knative_events.triggers(wiring, function)
    ticks = (*knative_events.pings(function), *knative_events.wakers(function))
    return [account(function), run(function), *crew, *events, *ticks]


def render(wiring: Wiring) -> dict[str, str]:
    """Content of every file by its name."""
    files = {f"{part.name}.yaml": _text(*manifests(wiring, part)) for part in wiring.parts.values()}
    listed = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": NAMESPACE,
        "resources": sorted(files),
    }
    return {KUSTOMIZATION: _text(listed), **files}


def write(wiring: Wiring, folder: Path) -> list[str]:
    """Write the manifests, and remove those of functions that are no more; names of the files that changed."""
    files = render(wiring)
    stale = differing(files, folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in files:
            (folder / name).write_text(files[name])
        else:
            (folder / name).unlink()
    return stale


def check(wiring: Wiring, folder: Path) -> None:
    """Refuse a folder that does not hold what would be rendered.

    Raises:
        ConfigurationError: names the files that differ, are missing, or are too many.
    """
    if stale := differing(render(wiring), folder):
        raise ConfigurationError(
            "the manifests are not those of the wiring", where=str(folder), details=tuple(stale),
            hint="run `touchline render`",
        )  # fmt: skip


def differing(files: dict[str, str], folder: Path) -> list[str]:
    """Names of files of a folder that are not as they should be."""
    there = {path.name: path.read_text() for path in folder.glob("*.yaml")}
    return sorted(name for name in {*files, *there} if files.get(name) != there.get(name))


def _text(*documents: Manifest) -> str:
    class Dumper(yaml.SafeDumper):
        """Writes out what occurs twice, instead of a reference to it."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    return _HEAD + yaml.dump_all(documents, Dumper=Dumper, sort_keys=False, width=120)
