"""What Knative takes without a word and does otherwise than meant, one small rule each."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from touchline.deploy.knative_pods import Document, at, faults, pod_of

AUTOSCALING: Final = "autoscaling.knative.dev/"
_KNOWN: Final = frozenset(
    {
        "class", "metric", "target", "target-utilization-percentage", "min-scale", "max-scale", "initial-scale",
        "scale-down-delay", "scale-to-zero-pod-retention-period", "window",
    }
)  # fmt: skip
LONGEST: Final = 600
"""`max-revision-timeout-seconds`."""
EVENT_SECONDS: Final = 15 * 60
_PLAIN: Final = frozenset({"exact", "prefix", "suffix"})
_DIALECTS: Final = _PLAIN | {"all", "any", "not"}
_ATTRIBUTE: Final = re.compile(r"[a-z][a-z0-9]*")
_DURATION: Final = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")
_DELIVERY: Final = ("timeout", "retry", "backoffPolicy", "backoffDelay", "deadLetterSink")


def of(document: Document) -> Iterator[str]:
    """Everything that is wrong with one manifest."""
    pod = pod_of(document)
    if pod is not None:
        yield from faults(pod)
    group = str(document.get("apiVersion", "")).partition("/")[0]
    rule = _RULES.get((group, str(document.get("kind"))))
    if rule:
        yield from rule(document)


def _service(document: Document) -> Iterator[str]:
    for key in at(document, "metadata", "annotations") or {}:
        if key.startswith(AUTOSCALING):
            yield f"{key}: belongs to spec.template.metadata"
    template = at(document, "spec", "template") or {}
    notes = at(template, "metadata", "annotations") or {}
    yield from _annotations(notes)
    spec = template.get("spec") or {}
    longest, first = spec.get("timeoutSeconds"), spec.get("responseStartTimeoutSeconds")
    if not isinstance(longest, int) or longest > LONGEST:
        yield f"timeoutSeconds {longest}: say it, at most {LONGEST}"
    if first != longest:
        yield f"responseStartTimeoutSeconds {first}: not the {longest} of timeoutSeconds, silent runs are cut at 300"
    at_once, target = spec.get("containerConcurrency"), notes.get(f"{AUTOSCALING}target")
    if not at_once:
        yield "containerConcurrency: without it an instance takes any number of requests"
    elif not str(target).isdigit() or int(str(target)) > at_once:
        yield f"target {target}: more than the {at_once} that an instance takes"


def _annotations(notes: Document) -> Iterator[str]:
    for key, value in notes.items():
        if key.startswith(AUTOSCALING):
            if key.removeprefix(AUTOSCALING) not in _KNOWN:
                yield f"{key}: no such annotation, it would be ignored"
            if not isinstance(value, str):
                yield f"{key}: {value!r} is no text"
    low, high = (notes.get(f"{AUTOSCALING}{end}-scale") for end in ("min", "max"))
    if not (str(low).isdigit() and str(high).isdigit() and int(str(low)) <= int(str(high)) and int(str(high)) > 0):
        yield f"min-scale {low}, max-scale {high}: say both, and some instance must be allowed"


def _trigger(document: Document) -> Iterator[str]:
    spec = document.get("spec") or {}
    if spec.get("filter"):
        yield "filter: filters take its place without a word"
    filters = spec.get("filters")
    if not isinstance(filters, list) or not filters:
        yield "filters: no list of them, so it takes every event"
    else:
        for entry in filters:
            yield from _filter(entry)
    yield from _delivery(spec.get("delivery") or {})


def _filter(entry: Any) -> Iterator[str]:
    used = list(entry) if isinstance(entry, dict) else []
    if len(used) != 1 or used[0] not in _DIALECTS:
        yield f"filters: {entry!r:.100} is not one dialect"
    elif used[0] in _PLAIN:
        for name, value in (entry[used[0]] or {}).items():
            if not _ATTRIBUTE.fullmatch(name) or not isinstance(value, str) or not value:
                yield f"filters: {name}: {value!r}: an attribute is lower-case, and has a text that is not empty"


def _delivery(delivery: Document) -> Iterator[str]:
    """Complete, since it takes the place of the broker's as a whole; and short enough for the broker."""
    if missing := [key for key in _DELIVERY if delivery.get(key) is None]:
        yield f"delivery without {', '.join(missing)}: none of the broker's comes in its place"
        return
    each, pause = seconds(delivery["timeout"]), seconds(delivery["backoffDelay"])
    if each is None or pause is None:
        yield "delivery: a duration is no ISO 8601, such as PT30S"
        return
    if delivery["backoffPolicy"] != "exponential":
        yield "delivery: linear back-off begins without a pause"
    retry = int(delivery["retry"])
    whole = (1 + retry) * each + pause * ((1 << retry) - 1)
    if whole >= EVENT_SECONDS:
        yield f"delivery: may take {whole:.0f} s in all, the broker gives up after {EVENT_SECONDS}"


def seconds(text: Any) -> float | None:
    """Seconds of an ISO 8601 duration, None if it is none.

    >>> seconds("PT1M30S"), seconds("30s")
    (90.0, None)
    """
    read = _DURATION.fullmatch(str(text))
    if not read or not any(read.groups()):
        return None
    hours, minutes, rest = (float(part or 0) for part in read.groups())
    return hours * 3600 + minutes * 60 + rest


def _ping(document: Document) -> Iterator[str]:
    spec = document.get("spec") or {}
    if spec.get("timezone") != "UTC":
        yield f"timezone {spec.get('timezone')!r}: schedules are in UTC"
    fields = str(spec.get("schedule", "")).split()
    if len(fields) != 5 or "7" in fields[-1]:
        yield f"schedule {spec.get('schedule')!r}: five fields, and no day 7"
    if "data" in spec:
        try:
            read = json.loads(spec["data"])
        except ValueError:
            read = None
        if spec.get("contentType") != "application/json" or not isinstance(read, dict):
            yield "data: no JSON object of contentType application/json"


def _jobsink(document: Document) -> Iterator[str]:
    job = at(document, "spec", "job", "spec") or {}
    for key in ("ttlSecondsAfterFinished", "activeDeadlineSeconds"):
        if not job.get(key):
            yield f"{key}: without it Jobs pile up, or wait for ever"
    if job.get("backoffLimit") is None:
        yield "backoffLimit: without it a Job is tried seven times"
    if at(job, "template", "spec", "restartPolicy") != "Never":
        yield "restartPolicy: only Never makes each attempt a pod of its own"


def _broker(document: Document) -> Iterator[str]:
    kind = (at(document, "metadata", "annotations") or {}).get("eventing.knative.dev/broker.class")
    if kind != "MTChannelBasedBroker":
        yield f"broker.class {kind}: filters by prefix are those of MTChannelBasedBroker"
    yield from _delivery(at(document, "spec", "delivery") or {})


def _account(document: Document) -> Iterator[str]:
    if document.get("automountServiceAccountToken") is not False:
        yield "gives its pods a token of the cluster"


_RULES: Final = {
    ("serving.knative.dev", "Service"): _service,
    ("eventing.knative.dev", "Trigger"): _trigger,
    ("eventing.knative.dev", "Broker"): _broker,
    ("sources.knative.dev", "PingSource"): _ping,
    ("sinks.knative.dev", "JobSink"): _jobsink,
    ("v1", "ServiceAccount"): _account,
}
