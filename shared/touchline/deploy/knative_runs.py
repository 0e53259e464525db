"""How a function runs on Knative: a Service that scales, a JobSink that starts Jobs, a Deployment that always runs."""

from datetime import timedelta
from typing import Any, Final

from touchline.deploy import budget, scale
from touchline.deploy.knative_parts import NAMESPACE, PORT, Manifest, labels, named, pod
from touchline.wiring import Function

_AUTOSCALING: Final = "autoscaling.knative.dev/"
KEPT: Final = timedelta(days=7)
"""A finished Job is kept for so long: until then the same event starts no second one."""
_ALIVE: Final[Manifest] = {"httpGet": {"path": "/healthz", "port": PORT}}
_WATCHED: Final[Manifest] = {**_ALIVE, "periodSeconds": 15, "timeoutSeconds": 5, "failureThreshold": 4}


def service(function: Function) -> Manifest:
    """A Knative Service.

    Who works on events has no liveness probe: a long computation may keep its threads from answering, and the time-out
    ends what hangs. The time to the first byte is said, since it would be cut to 300 s otherwise.
    """
    made = named("Service", "serving.knative.dev/v1", function.name, function)
    if not function.http:
        made["metadata"]["labels"]["networking.knative.dev/visibility"] = "cluster-local"
    probes: Manifest = {
        "ports": [{"name": "http1", "containerPort": PORT}],
        "readinessProbe": {"httpGet": {"path": "/healthz"}, "successThreshold": 1},
    }
    if function.http:
        probes["livenessProbe"] = {**_WATCHED, "httpGet": {"path": "/healthz"}}
    limits = {
        "containerConcurrency": function.concurrency,
        "timeoutSeconds": function.timeout_s,
        "responseStartTimeoutSeconds": function.timeout_s,
    }
    metadata = {"annotations": annotations(function), "labels": labels(function, policies=True)}
    made["spec"] = {"template": {"metadata": metadata, "spec": {**limits, **pod(function, probes=probes)}}}
    return made


def annotations(function: Function) -> dict[str, str]:
    """How the autoscaler treats it; see `scale`."""
    wanted: dict[str, Any] = {
        "class": "kpa.autoscaling.knative.dev",
        "metric": "concurrency",
        "target": scale.target(function),
        "target-utilization-percentage": 100,  # the target is no limit that wants a reserve below it
        "min-scale": function.scale.min,
        "max-scale": function.scale.max,
        "scale-to-zero-pod-retention-period": f"{scale.awake_seconds(function)}s",
    }
    return {_AUTOSCALING + key: str(value) for key, value in wanted.items()}


def jobsink(function: Function) -> Manifest:
    """A JobSink: every event starts a Job, the same event no second one.

    Each attempt has the function's time; the Job's own deadline ends what waits for ever for its event.
    """
    made = named("JobSink", "sinks.knative.dev/v1alpha1", function.name, function)
    template = {
        "metadata": {"labels": labels(function, policies=True)},
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": function.timeout_s,
            **pod(function, probes={}),
        },
    }
    made["spec"] = {
        "job": {
            "metadata": {"labels": labels(function)},
            "spec": {
                "completions": 1,
                "parallelism": 1,
                "backoffLimit": function.retries.attempts - 1,
                "activeDeadlineSeconds": budget.job_seconds(function),
                "ttlSecondsAfterFinished": int(KEPT.total_seconds()),
                "template": template,
            },
        }
    }
    return made


def crew(function: Function) -> Manifest:
    """A template that never runs by itself: Jobs made of it help with a search for parameters, all at the same time.

    `kubectl -n touchline create job <name> --from=cronjob/<function>-crew` starts one.
    """
    made = named("CronJob", "batch/v1", f"{function.name}-crew", function)
    helper = pod(function, probes={})
    helper["containers"][0]["env"].insert(0, {"name": "TOUCHLINE_CREW", "value": "join"})
    made["spec"] = {
        "suspend": True,
        "schedule": "0 0 1 1 *",
        "jobTemplate": {
            "metadata": {"labels": labels(function)},
            "spec": {
                "completionMode": "Indexed",
                "completions": function.workers,
                "parallelism": function.workers,
                "backoffLimit": function.workers * (function.retries.attempts - 1),
                "activeDeadlineSeconds": budget.job_seconds(function),
                "ttlSecondsAfterFinished": int(KEPT.total_seconds()),
                "template": {
                    "metadata": {"labels": labels(function, policies=True)},
                    "spec": {"restartPolicy": "Never", "activeDeadlineSeconds": function.timeout_s, **helper},
                },
            },
        },
    }
    return made


def always(function: Function) -> list[Manifest]:
    """A Deployment with its Service: what the platform itself needs does not scale to zero."""
    selector = {"app.kubernetes.io/name": function.name}
    deployment = named("Deployment", "apps/v1", function.name, function)
    probes = {"ports": [{"name": "http", "containerPort": PORT}], "readinessProbe": _ALIVE, "livenessProbe": _WATCHED}
    deployment["spec"] = {
        "replicas": function.scale.min,
        "strategy": {"type": "Recreate" if function.scale.max == 1 else "RollingUpdate"},
        "selector": {"matchLabels": selector},
        "template": {
            "metadata": {"labels": labels(function, policies=True)},
            "spec": {"terminationGracePeriodSeconds": function.timeout_s, **pod(function, probes=probes)},
        },
    }
    front = named("Service", "v1", function.name, function)
    front["spec"] = {"selector": selector, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}
    return [deployment, front]


def address(part: Function) -> str:
    """Where the other parts of the cluster find it."""
    return f"http://{part.name}.{NAMESPACE}.svc.cluster.local"
