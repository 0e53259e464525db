"""How events reach a function on Knative: Triggers of the broker, and PingSources for the schedules.

Every Trigger has a complete `delivery`, since it takes the place of the broker's as a whole; and one dialect in each
entry of its filters, since two in one are refused.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from touchline.deploy import budget
from touchline.deploy.knative_parts import BRIDGE, BROKER, Manifest, named, slug
from touchline.dialects import cloudevents
from touchline.platform.inbox import FILES
from touchline.wiring import Function, Wiring

DEAD_LETTERS: Final = "/deadletters"
"""Each function has an address of its own below it."""
_BROKER: Final = {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": BROKER}
Filters = list[dict[str, Any]]


def triggers(wiring: Wiring, function: Function) -> Iterator[Manifest]:
    """One Trigger for each prefix, one for the schedules, and one for what is sent to this function again.

    Who takes in files takes in rows of a message, too, as at the door of the local platform.
    """
    for prefix in function.prefixes:
        created = {"prefix": {"type": f"{cloudevents.S3}ObjectCreated:"}}
        filters: Filters = [created, {"exact": {"bucket": wiring.bucket}}, {"prefix": {"subject": prefix}}]
        yield _trigger(function, f"on-{slug(prefix)}", filters)
    mine = {"exact": {"function": function.name}}
    if any(trigger.cron for trigger in function.triggers):
        yield _trigger(function, "on-schedule", [{"exact": {"type": cloudevents.PING}}, mine])
    if FILES in function.prefixes:
        kinds = [{"exact": {"type": kind}} for kind in (cloudevents.BATCH, cloudevents.KAFKA)]
        yield _trigger(function, "on-rows", [{"any": kinds}])
    yield _trigger(function, "again", [{"prefix": {"type": "touchline."}}, {"suffix": {"type": ".again"}}, mine])


def _trigger(function: Function, name: str, filters: Filters) -> Manifest:
    made = named("Trigger", "eventing.knative.dev/v1", f"{function.name}-{name}", function)
    made["spec"] = {
        "broker": BROKER,
        "filters": filters,
        "subscriber": {"ref": subscriber(function)},
        "delivery": delivery(function),
    }
    return made


def subscriber(function: Function) -> dict[str, str]:
    """Who gets the events of a function."""
    if function.kind == "job":
        return {"apiVersion": "sinks.knative.dev/v1alpha1", "kind": "JobSink", "name": function.name}
    return {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": function.name}


def delivery(function: Function) -> dict[str, Any]:
    """How often an event is delivered, with what pauses, and where it goes then.

    That address names the function: where nothing answered, the broker does not say whom it asked.
    """
    seconds, retries = budget.delivery(function)
    bridge = {"apiVersion": "v1", "kind": "Service", "name": BRIDGE}
    return {
        "timeout": f"PT{seconds}S",
        "retry": retries.attempts - 1,
        "backoffPolicy": retries.policy,
        "backoffDelay": f"PT{retries.backoff_s}S",
        "deadLetterSink": {"ref": bridge, "uri": f"{DEAD_LETTERS}/{function.name}"},
    }


def pings(function: Function) -> Iterator[Manifest]:
    """A PingSource for each schedule; by way of the broker, so that ticks are repeated as other events are."""
    for trigger in function.triggers:
        if trigger.cron:
            source = named("PingSource", "sources.knative.dev/v1", f"{function.name}-{trigger.name}", function)
            source["spec"] = {
                "schedule": trigger.cron,
                "timezone": "UTC",
                "contentType": "application/json",
                "data": json.dumps({"schedule": trigger.name}),
                "ceOverrides": {"extensions": {"function": function.name}},
                "sink": {"ref": _BROKER},
            }
            yield source


def wakers(function: Function) -> Iterator[Manifest]:
    """A PingSource that asks for a sign of life, so that what answers over HTTP does not fall asleep."""
    if function.warm:
        source = named("PingSource", "sources.knative.dev/v1", f"{function.name}-warm", function)
        source["spec"] = {
            "schedule": function.warm,
            "timezone": "UTC",
            "sink": {"ref": subscriber(function), "uri": "/readyz"},
        }
        yield source
