"""Ways to break manifests that Knative would take, or take for something else."""

from copy import deepcopy
from pathlib import Path
from typing import Any

from touchline import wiring
from touchline.deploy import knative_check

ROOT = Path(__file__).parents[2]
WIRING = wiring.load(ROOT / "functions")
FOLDERS = (ROOT / "knative" / "base", ROOT / "knative" / "generated")
FILES = [path for folder in FOLDERS for path in folder.glob("*.yaml") if path.name != knative_check.KUSTOMIZATION]
SOUND = knative_check.read(*FOLDERS)
GONE: Any = object()
Step = str | int
Document = dict[str, Any]

SERVICE = ("serving.knative.dev/v1", "Service")
TRIGGER = ("eventing.knative.dev/v1", "Trigger")
BROKER = ("eventing.knative.dev/v1", "Broker")
PING = ("sources.knative.dev/v1", "PingSource")
JOBSINK = ("sinks.knative.dev/v1alpha1", "JobSink")
DEPLOYMENT = ("apps/v1", "Deployment")
POLICY = ("networking.k8s.io/v1", "NetworkPolicy")
POD: tuple[Step, ...] = ("spec", "template", "spec")
BOX: tuple[Step, ...] = (*POD, "containers", 0)
JOB: tuple[Step, ...] = ("spec", "job", "spec")
NOTES: tuple[Step, ...] = ("spec", "template", "metadata", "annotations")
SCALING = "autoscaling.knative.dev/"
DELIVERY: tuple[Step, ...] = ("spec", "delivery")
EXPORT = "export-on-scrapes-published"

MUTATIONS: list[tuple[tuple[str, str], str, tuple[Step, ...], Any, str]] = [
    (SERVICE, "scrape", (*POD, "responseStartTimeoutSeconds"), GONE, "silent runs are cut at 300"),
    (SERVICE, "scrape", (*POD, "responseStartTimeoutSeconds"), 300, "silent runs are cut at 300"),
    (SERVICE, "scrape", (*POD, "timeoutSeconds"), 900, "timeoutSeconds 900"),
    (SERVICE, "predict", (*POD, "containerConcurrency"), 0, "takes any number of requests"),
    (SERVICE, "predict", (*NOTES, f"{SCALING}target"), "400", "target 400"),
    (SERVICE, "predict", (*NOTES, f"{SCALING}minScale"), "1", "no such annotation"),
    (SERVICE, "predict", (*NOTES, f"{SCALING}max-scale"), 4, "4 is no text"),
    (SERVICE, "predict", (*NOTES, f"{SCALING}max-scale"), "0", "some instance must be allowed"),
    (SERVICE, "predict", ("metadata", "annotations"), {f"{SCALING}min-scale": "1"}, "belongs to spec.template"),
    (SERVICE, "export", ("metadata", "labels", "networking.knative.dev/visibility"), GONE, "from outside the cluster"),
    (SERVICE, "export", ("metadata", "namespace"), "default", "not in the namespace touchline"),
    (SERVICE, "export", (*POD, "automountServiceAccountToken"), True, "mounts a token"),
    (SERVICE, "export", (*POD, "serviceAccountName"), "touchline-scrape", "is not its own"),
    (SERVICE, "export", (*POD, "hostNetwork"), True, "shares the machine's own"),
    (SERVICE, "export", (*POD, "volumes", 0, "emptyDir"), {}, "no sizeLimit"),
    (SERVICE, "export", (*BOX, "securityContext", "runAsNonRoot"), GONE, "may run as root"),
    (SERVICE, "export", (*BOX, "securityContext", "readOnlyRootFilesystem"), False, "write to its root file system"),
    (SERVICE, "export", (*BOX, "securityContext", "allowPrivilegeEscalation"), GONE, "may gain privileges"),
    (SERVICE, "export", (*BOX, "securityContext", "capabilities"), {"drop": ["NET_RAW"]}, "keeps capabilities"),
    (SERVICE, "export", (*BOX, "securityContext", "seccompProfile"), GONE, "no seccomp profile"),
    (SERVICE, "export", (*BOX, "resources", "limits"), {"cpu": "1"}, "no limit of memory"),
    (SERVICE, "export", (*BOX, "volumeMounts"), [], "no /tmp to write to"),
    (SERVICE, "export", (*BOX, "image"), "touchline-export:latest", "is not touchline-export"),
    (SERVICE, "export", (*BOX, "env", 0), {"name": "TOUCHLINE_DATABASE", "value": "x"}, "in the open"),
    (SERVICE, "export", (*BOX, "env", 0, "valueFrom", "secretKeyRef", "name"), "touchline-train", "not its own"),
    (SERVICE, "export", (*BOX, "env", 0, "name"), "TOUCHLINE_SINK_TOKEN", "a secret of others"),
    (
        SERVICE, "feature", ("spec", "template", "metadata", "labels", "touchline.dev/needs-database"), "true",
        "needs-database is too much",
    ),
    (
        SERVICE, "export", ("spec", "template", "metadata", "labels", "touchline.dev/needs-database"), GONE,
        "needs-database is missing",
    ),
    (TRIGGER, EXPORT, ("spec", "filters"), GONE, "takes every event"),
    (TRIGGER, EXPORT, ("spec", "filters"), {"prefix": {"subject": "scrapes/published/"}}, "takes every event"),
    (TRIGGER, EXPORT, ("spec", "filters", 0, "exact"), {"bucket": "touchline"}, "is not one dialect"),
    (TRIGGER, EXPORT, ("spec", "filters", 2, "prefix"), {"Subject": "scrapes/"}, "an attribute is lower-case"),
    (TRIGGER, EXPORT, ("spec", "filters", 2, "prefix"), {"subject": ""}, "has a text that is not empty"),
    (TRIGGER, EXPORT, ("spec", "filter"), {"attributes": {"type": "x"}}, "filters take its place"),
    (TRIGGER, EXPORT, ("spec", "broker"), "defalt", "no such broker"),
    (TRIGGER, EXPORT, ("spec", "subscriber", "ref", "name"), "exprot", "names Service/exprot"),
    (TRIGGER, EXPORT, DELIVERY, {"timeout": "PT60S"}, "none of the broker's comes in its place"),
    (TRIGGER, EXPORT, DELIVERY, GONE, "delivery without"),
    (TRIGGER, EXPORT, (*DELIVERY, "deadLetterSink"), GONE, "delivery without deadLetterSink"),
    (TRIGGER, EXPORT, (*DELIVERY, "deadLetterSink", "ref", "name"), "bin", "names Service/bin"),
    (TRIGGER, EXPORT, (*DELIVERY, "retry"), 9, "the broker gives up after 900"),
    (TRIGGER, EXPORT, (*DELIVERY, "timeout"), "PT1H", "the broker gives up after 900"),
    (TRIGGER, EXPORT, (*DELIVERY, "backoffDelay"), "2s", "no ISO 8601"),
    (TRIGGER, EXPORT, (*DELIVERY, "backoffPolicy"), "linear", "begins without a pause"),
    (PING, "drift-daily", ("spec", "data"), '["daily"]', "no JSON object"),
    (PING, "drift-daily", ("spec", "contentType"), GONE, "no JSON object"),
    (PING, "drift-daily", ("spec", "schedule"), "30 6 * * 7", "no day 7"),
    (PING, "drift-daily", ("spec", "timezone"), "Europe/Berlin", "schedules are in UTC"),
    (PING, "drift-daily", ("spec", "sink", "ref", "name"), "defalt", "names Broker/defalt"),
    (JOBSINK, "train", (*JOB, "ttlSecondsAfterFinished"), GONE, "Jobs pile up"),
    (JOBSINK, "train", (*JOB, "activeDeadlineSeconds"), GONE, "wait for ever"),
    (JOBSINK, "train", (*JOB, "backoffLimit"), GONE, "tried seven times"),
    (JOBSINK, "train", (*JOB, *POD[1:], "restartPolicy"), "Always", "only Never"),
    (JOBSINK, "train", (*JOB, *BOX[1:], "securityContext"), GONE, "may run as root"),
    (BROKER, "default", ("metadata", "annotations"), {}, "MTChannelBasedBroker"),
    (BROKER, "default", (*DELIVERY, "deadLetterSink"), GONE, "delivery without deadLetterSink"),
    (DEPLOYMENT, "bridge", (*POD, "volumes", 0), {"name": "tmp", "hostPath": {"path": "/tmp"}}, "of the machine"),
    (("v1", "ServiceAccount"), "touchline-train", ("automountServiceAccountToken",), GONE, "a token of the cluster"),
    (("v1", "ServiceAccount"), "touchline-train", ("metadata", "name"), "touchline", "no service account"),
    (("v1", "ConfigMap"), "touchline", ("data", "TOUCHLINE_DATABASE"), "postgresql://", "is a secret"),
    (POLICY, "default-deny", ("spec", "policyTypes"), ["Ingress"], "closes everything"),
]  # fmt: skip


def mutated(what: tuple[str, str], name: str, path: tuple[Step, ...], value: Any) -> list[Document]:
    """The sound manifests with one thing changed."""
    place = next(n for n, d in enumerate(SOUND) if (d["apiVersion"], d["kind"], d["metadata"]["name"]) == (*what, name))
    here: Any = deepcopy(SOUND[place])
    documents = [*SOUND[:place], here, *SOUND[place + 1 :]]
    for step in path[:-1]:
        here = here[step]
    if value is GONE:
        del here[path[-1]]
    else:
        here[path[-1]] = value
    return documents
