"""What is wrong with the pods of manifests, one small rule each."""

from collections.abc import Iterator
from typing import Any, Final

Document = dict[str, Any]

_PODS: Final = {
    "Service": ("spec", "template", "spec"),
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "JobSink": ("spec", "job", "spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_HOST: Final = ("hostNetwork", "hostPID", "hostIPC")


def at(document: Document, *path: str) -> Any:
    """What lies at a path of keys, None if nothing does."""
    found: Any = document
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def pod_of(document: Document) -> Document | None:
    """The pod that a manifest asks for, None if it asks for none."""
    path = _PODS.get(document.get("kind", ""))
    found = at(document, *path) if path else None
    return found if isinstance(found, dict) else None


def template_of(document: Document) -> Document:
    """What its pods are made after, empty if it has none."""
    path = _PODS.get(document.get("kind", ""))
    return (at(document, *path[:-1]) if path else None) or {}


def containers(pod: Document) -> list[Document]:
    """Its containers, those that come first included."""
    return [*(pod.get("initContainers") or ()), *(pod.get("containers") or ())]


def faults(pod: Document) -> Iterator[str]:
    """What a pod may that it should not, or lacks."""
    if pod.get("automountServiceAccountToken") is not False:
        yield "mounts a token of the cluster: automountServiceAccountToken is not false"
    for key in _HOST:
        if pod.get(key):
            yield f"{key}: shares the machine's own"
    for volume in pod.get("volumes") or ():
        if "hostPath" in volume:
            yield f"volume {volume.get('name')}: a folder of the machine"
        if "emptyDir" in volume and not (volume["emptyDir"] or {}).get("sizeLimit"):
            yield f"volume {volume.get('name')}: no sizeLimit"
    for one in containers(pod):
        yield from (f"container {one.get('name')}: {what}" for what in _container(pod, one))


def _container(pod: Document, one: Document) -> Iterator[str]:
    around, own = pod.get("securityContext") or {}, one.get("securityContext") or {}
    if (own.get("runAsNonRoot", around.get("runAsNonRoot"))) is not True or own.get("runAsUser") == 0:
        yield "may run as root"
    if own.get("readOnlyRootFilesystem") is not True:
        yield "may write to its root file system"
    if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
        yield "may gain privileges"
    dropped, added = at(own, "capabilities", "drop") or [], at(own, "capabilities", "add") or []
    if "ALL" not in dropped or added:
        yield "keeps capabilities"
    profile = at(own, "seccompProfile", "type") or at(around, "seccompProfile", "type")
    if profile != "RuntimeDefault":
        yield "no seccomp profile RuntimeDefault"
    if not at(one, "resources", "limits", "memory"):
        yield "no limit of memory"
    if not any(mount.get("mountPath") == "/tmp" for mount in one.get("volumeMounts") or ()):  # noqa: S108
        yield "no /tmp to write to"
