"""All manifests together: what is wrong with each, with what they say of one another, and with what they give away."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from touchline.deploy import knative_traps
from touchline.deploy.knative_parts import NAMESPACE, account_name, image
from touchline.deploy.knative_pods import Document, at, containers, pod_of, template_of
from touchline.errors import ConfigurationError
from touchline.wiring import Function, Wiring

KUSTOMIZATION: Final = "kustomization.yaml"
_LOCAL: Final = "networking.knative.dev/visibility"
_DIGEST: Final = re.compile(r".+@sha256:[0-9a-f]{64}")
_NEEDS: Final = "touchline.dev/needs-"
_REFERENCES: Final = (("subscriber", "ref"), ("sink", "ref"), ("delivery", "deadLetterSink", "ref"), ("config",))


def read(*folders: Path) -> list[Document]:
    """The manifests in the files of folders.

    Raises:
        ConfigurationError: a file is no YAML.
    """
    found: list[Document] = []
    for path in sorted(path for folder in folders for path in folder.glob("*.yaml") if path.name != KUSTOMIZATION):
        try:
            documents = yaml.load_all(path.read_text(), yaml.CSafeLoader)
            found += [one for one in documents if one]
        except yaml.YAMLError as error:
            raise ConfigurationError(f"cannot be read: {error}", where=str(path)) from error
    return found


def check(wiring: Wiring, documents: Iterable[Document]) -> None:
    """Refuse manifests that would not do what the wiring says.

    Raises:
        ConfigurationError: names everything that is wrong.
    """
    if found := faults(wiring, list(documents)):
        raise ConfigurationError(
            f"{len(found)} fault{'s' * (len(found) > 1)} in the manifests", where="knative", details=tuple(found)
        )


def faults(wiring: Wiring, documents: list[Document], *, pinned: bool = False) -> list[str]:
    """Everything that is wrong with manifests, each with kind and name.

    Args:
        wiring: what they should say.
        documents: all manifests that are applied together.
        pinned: images must be named by their digest; else by their plain name, which kustomize replaces.
    """
    found = [f"{_name(one)}: {what}" for one in documents for what in knative_traps.of(one)]
    rules = (_whole, _references, _walls, _reach)
    found += [fault for rule in rules for fault in rule(wiring, documents)]
    return found + list(_images(wiring, documents, pinned=pinned)) + list(_secrets(wiring, documents))


def _name(document: Document) -> str:
    return f"{document.get('kind')}/{at(document, 'metadata', 'name')}"


def _key(document: Document) -> tuple[str, str, str]:
    group = str(document.get("apiVersion")).rpartition("/")[0]
    return group, str(document.get("kind")), str(at(document, "metadata", "name"))


def _whole(wiring: Wiring, documents: list[Document]) -> Iterator[str]:
    """Each thing once, and in our namespace."""
    for key, count in Counter(map(_key, documents)).items():
        if count > 1:
            yield f"{key[1]}/{key[2]}: {count} of that name"
    for one in documents:
        if one.get("kind") != "Namespace" and at(one, "metadata", "namespace") != NAMESPACE:
            yield f"{_name(one)}: not in the namespace {NAMESPACE}"


def _references(wiring: Wiring, documents: list[Document]) -> Iterator[str]:
    """Whatever is named is there."""
    there = {_key(one) for one in documents}
    for one in documents:
        spec = one.get("spec") if isinstance(one.get("spec"), dict) else {}
        named = [at(spec or {}, *path) for path in _REFERENCES]
        for ref in filter(None, named):
            key = str(ref.get("apiVersion")).rpartition("/")[0], str(ref.get("kind")), str(ref.get("name"))
            if key not in there:
                yield f"{_name(one)}: names {key[1]}/{key[2]}, which is not there"
        if (
            one.get("kind") == "Trigger"
            and ("eventing.knative.dev", "Broker", str(at(one, "spec", "broker"))) not in there
        ):
            yield f"{_name(one)}: no such broker"
        account = (pod_of(one) or {}).get("serviceAccountName")
        if account and ("", "ServiceAccount", str(account)) not in there:
            yield f"{_name(one)}: no service account {account}"


def _walls(wiring: Wiring, documents: list[Document]) -> Iterator[str]:
    """Nobody is reached but by what is let through, and from outside only what answers over HTTP."""
    policies = [one["spec"] for one in documents if one.get("kind") == "NetworkPolicy"]
    closed = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    if closed not in policies:
        yield "NetworkPolicy: none that closes everything first"
    for one in documents:
        if _key(one)[:2] == ("serving.knative.dev", "Service"):
            function = wiring.functions.get(str(at(one, "metadata", "name")))
            outside = (at(one, "metadata", "labels") or {}).get(_LOCAL) != "cluster-local"
            if outside and not (function and function.http):
                yield f"{_name(one)}: can be reached from outside the cluster"


def _pods(wiring: Wiring, documents: list[Document]) -> Iterator[tuple[Document, Function, Document]]:
    for one in documents:
        name = (at(one, "metadata", "labels") or {}).get("app.kubernetes.io/name", at(one, "metadata", "name"))
        pod, part = pod_of(one), wiring.parts.get(str(name))
        if pod is not None and part is not None:
            yield one, part, pod


def _reach(wiring: Wiring, documents: list[Document]) -> Iterator[str]:
    """Pods have the labels of their needs, which open ways in the network, and their own account."""
    for one, part, pod in _pods(wiring, documents):
        given = {key for key in at(template_of(one), "metadata", "labels") or {} if key.startswith(_NEEDS)}
        wanted = {f"{_NEEDS}{need.replace('_', '-')}" for need in part.needs}
        for label in sorted(given ^ wanted):
            yield f"{_name(one)}: label {label} is {'too much' if label in given else 'missing'}"
        if pod.get("serviceAccountName") != account_name(part):
            yield f"{_name(one)}: service account {pod.get('serviceAccountName')} is not its own"


def _images(wiring: Wiring, documents: list[Document], *, pinned: bool) -> Iterator[str]:
    for one, part, pod in _pods(wiring, documents):
        for container in containers(pod):
            named = str(container.get("image"))
            if pinned and not _DIGEST.fullmatch(named):
                yield f"{_name(one)}: image {named} is not named by its digest"
            if not pinned and named != image(part):
                yield f"{_name(one)}: image {named} is not {image(part)}"


def _secrets(wiring: Wiring, documents: list[Document]) -> Iterator[str]:
    """Secrets come by reference alone, and each function gets its own and no others."""
    hidden = {secret for part in wiring.parts.values() for secret in part.secrets}
    for one in documents:
        if one.get("kind") == "ConfigMap":
            for key in sorted(hidden & set(one.get("data") or {})):
                yield f"{_name(one)}: {key} is a secret"
    for one, part, pod in _pods(wiring, documents):
        for entry in (entry for container in containers(pod) for entry in container.get("env") or ()):
            yield from (f"{_name(one)}: {what}" for what in _variable(part, hidden, entry))


def _variable(part: Function, hidden: set[str], entry: dict[str, Any]) -> Iterator[str]:
    name, ref = str(entry.get("name")), at(entry, "valueFrom", "secretKeyRef") or {}
    if name in hidden and not ref:
        yield f"{name}: the value of a secret in the open"
    if name in hidden and name not in part.secrets:
        yield f"{name}: a secret of others"
    if ref and ref.get("name") != account_name(part):
        yield f"{name}: from the Secret {ref.get('name')}, which is not its own"
