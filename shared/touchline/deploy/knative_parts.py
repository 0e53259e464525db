"""What the manifests of all functions share: names, labels, the container and what it may do."""

from typing import Any, Final

from touchline.wiring import Function

Manifest = dict[str, Any]

NAMESPACE: Final = "touchline"
BROKER: Final = "default"
BRIDGE: Final = "bridge"
"""The part of the platform that takes dead letters, and events that are sent again."""
SETTINGS: Final = "touchline"
"""ConfigMap with the settings that all functions share; it is written by hand, in knative/base."""
PORT: Final = 8080
TMP: Final = "tmp"
STORE_SECRETS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""What a store outside the clouds wants to know of who asks; each function has a user of its own there."""
_CPUS: Final = {"service": "1", "job": "2"}
_TMP_SIZE: Final = {"service": "1Gi", "job": "4Gi"}
SECURITY: Final[Manifest] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def image(function: Function) -> str:
    """Name of its image; kustomize puts the registry and the digest in its place."""
    return f"touchline-{function.name}"


def account_name(function: Function) -> str:
    """Name of its service account, and of the Secret with what it may know."""
    return f"touchline-{function.name}"


def labels(function: Function, *, policies: bool = False) -> dict[str, str]:
    """Labels of what belongs to a function; on its pods also those that the network policies select by."""
    found = {"app.kubernetes.io/name": function.name, "app.kubernetes.io/part-of": "touchline"}
    return found | ({f"touchline.dev/needs-{slug(need)}": "true" for need in function.needs} if policies else {})


def slug(text: str) -> str:
    """Text as part of a Kubernetes name.

    >>> slug("requests/retrain/"), slug("object_store")
    ('requests-retrain', 'object-store')
    """
    return "-".join(text.replace("/", " ").replace("_", " ").replace(".", " ").split())


def named(kind: str, version: str, name: str, function: Function) -> Manifest:
    """The head of a manifest."""
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels(function)}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def secrets(function: Function) -> tuple[str, ...]:
    """Keys of the Secret `touchline-<function>`, which are the variables that its container finds."""
    return (*function.secrets, *(STORE_SECRETS if "object_store" in function.needs else ()))


def container(function: Function, *, probes: Manifest) -> Manifest:
    """The one container of a pod: no root, nothing to write to but /tmp, no capability."""
    held = {"name": account_name(function)}
    return {
        "name": "function",
        "image": image(function),
        "envFrom": [{"configMapRef": {"name": SETTINGS}}],
        "env": [{"name": key, "valueFrom": {"secretKeyRef": held | {"key": key}}} for key in secrets(function)],
        "resources": {
            "requests": {"cpu": "100m", "memory": f"{function.memory_mib // 2}Mi"},
            "limits": {"cpu": _CPUS[function.kind], "memory": f"{function.memory_mib}Mi"},
        },
        "securityContext": SECURITY,
        "volumeMounts": [{"name": TMP, "mountPath": "/tmp"}],  # noqa: S108 - the pod's own
        **probes,
    }


def pod(function: Function, *, probes: Manifest) -> Manifest:
    """What every pod of a function has; it may not ask the cluster for anything."""
    return {
        "serviceAccountName": account_name(function),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "containers": [container(function, probes=probes)],
        "volumes": [{"name": TMP, "emptyDir": {"sizeLimit": _TMP_SIZE[function.kind]}}],
    }


def account(function: Function) -> Manifest:
    """The function's own service account, without a token."""
    made = named("ServiceAccount", "v1", account_name(function), function)
    return made | {"automountServiceAccountToken": False}
