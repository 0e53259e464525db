"""What each platform can run at most; a wiring that one of them cannot run is refused, and told which.

Sources: Knative Serving and Eventing 1.22 (defaults of their config maps), quotas of AWS Lambda, EventBridge, SQS and
Fargate, of Google Cloud Run, Pub/Sub and IAM. Parts of the platform run on Knative alone: the clouds have their own.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from touchline import wiring_rules
from touchline.deploy import budget
from touchline.wiring import Function, Wiring
from touchline.wiring_rules import Fault

Platform = Literal["local", "knative", "aws", "gcp"]
PLATFORMS: Final[tuple[Platform, ...]] = ("local", "knative", "aws", "gcp")
_DAY: Final = 24 * 3600


class Limit(msgspec.Struct, frozen=True):
    """Bounds of one field of one kind of function, and whose they are."""

    platform: Platform
    kind: Literal["service", "http", "job", "any"]
    field: str
    low: int
    high: int
    why: str


LIMITS: Final = (
    Limit("local", "any", "timeout_s", 1, _DAY, "the local platform ends what takes longer than a day"),
    Limit("local", "any", "concurrency", 1, 1000, "threads of one process"),
    Limit("knative", "service", "timeout_s", 1, 600, "max-revision-timeout-seconds of Knative Serving"),
    Limit("knative", "http", "timeout_s", 1, 600, "max-revision-timeout-seconds of Knative Serving"),
    Limit("knative", "job", "timeout_s", 1, _DAY, "deadline of a Job"),
    Limit("knative", "any", "event_s", 1, 899, "the broker gives an event up after 15 minutes, all deliveries counted"),
    Limit("knative", "any", "concurrency", 1, 1000, "containerConcurrency; 0 would be no limit at all"),
    Limit("knative", "any", "name", 1, 63, "a DNS label"),
    Limit("knative", "any", "linear", 0, 0, "its linear back-off begins without a pause; use exponential"),
    Limit("aws", "service", "timeout_s", 1, 900, "time of a Lambda function"),
    Limit("aws", "http", "timeout_s", 1, 29, "an HTTP API answers after 30 s"),
    Limit("aws", "job", "timeout_s", 1, _DAY, "we let no Fargate task run longer"),
    Limit("aws", "service", "memory_mib", 128, 10_240, "memory of a Lambda function"),
    Limit("aws", "http", "memory_mib", 128, 10_240, "memory of a Lambda function"),
    Limit("aws", "job", "memory_mib", 512, 30_720, "memory of a Fargate task with up to 4 CPUs"),
    Limit("aws", "job", "memory_step", 0, 0, "Fargate has 512 MiB or whole GiB"),
    Limit("aws", "any", "schedule_name", 1, 64, "name of a schedule, touchline-<function>-<schedule>"),
    Limit("aws", "any", "name", 1, 54, "name of a Lambda function, touchline-<function>"),
    Limit("gcp", "service", "timeout_s", 1, 540, "Pub/Sub repeats what takes 600 s; a minute is spare"),
    Limit("gcp", "http", "timeout_s", 1, 3600, "time of a Cloud Run request"),
    Limit("gcp", "job", "timeout_s", 1, _DAY, "time of a Cloud Run task"),
    Limit("gcp", "any", "memory_mib", 128, 32_768, "memory of a Cloud Run instance"),
    Limit("gcp", "any", "concurrency", 1, 1000, "requests at a Cloud Run instance"),
    Limit("gcp", "any", "name", 1, 20, "a service account has 30 characters, touchline-<function>"),
    Limit("gcp", "service", "filter", 0, 256, "a filter of Pub/Sub has 256 bytes, for all prefixes of a function"),
)  # fmt: skip
"""All of them; `any` stands for every kind. Fields beyond those of the wiring are worked out from it, see `_VALUES`."""

_VALUES: Final[dict[str, Callable[[Function], Iterator[int]]]] = {
    "timeout_s": lambda f: iter((f.timeout_s,)),
    "memory_mib": lambda f: iter((f.memory_mib,)),
    "concurrency": lambda f: iter((f.concurrency,)),
    "name": lambda f: iter((len(f.name),)),
    "filter": lambda f: iter((len(" OR ".join(f'hasPrefix(attributes.objectId, "{one}")' for one in f.prefixes)),)),
    "schedule_name": lambda f: (len(f"touchline-{f.name}-{one.name}") for one in f.triggers if one.cron),
    "event_s": lambda f: iter(() if f.http else (budget.event_seconds(f),)),
    "memory_step": lambda f: iter((f.memory_mib % 1024 if f.memory_mib != 512 else 0,)),
    "linear": lambda f: iter((int(f.retries.policy == "linear"),)),
}
_FIELDS: Final = {
    "event_s": "retries", "memory_step": "memory_mib", "linear": "retries", "filter": "triggers",
    "schedule_name": "triggers",
}  # fmt: skip


def of(wiring: Wiring, platform: Platform) -> dict[str, Function]:
    """The functions that run on a platform; what runs beside them is needed on Knative alone."""
    return wiring.parts if platform == "knative" else wiring.functions


def kind_of(function: Function) -> str:
    """The kind by which limits tell functions apart."""
    return "http" if function.http else function.kind


def faults(wiring: Wiring) -> list[Fault]:
    """What the platforms cannot run, each with the platform's name."""
    return [fault for limit in LIMITS for function in of(wiring, limit.platform).values()
            for fault in _broken(limit, function)]  # fmt: skip


def check(wiring: Wiring, folder: Path | None = None) -> None:
    """Refuse a wiring that cannot work, or that one of the platforms cannot run.

    Raises:
        ConfigurationError: names all faults at once.
    """
    wiring_rules.refuse([*wiring_rules.faults(wiring, folder), *faults(wiring)])


def _broken(limit: Limit, function: Function) -> Iterator[Fault]:
    if limit.kind not in ("any", kind_of(function)):
        return
    for value in _VALUES[limit.field](function):
        if not limit.low <= value <= limit.high:
            bound = f"at most {limit.high}" if value > limit.high else f"at least {limit.low}"
            what = f"{limit.platform} cannot run it: {limit.field} {value}, {bound} ({limit.why})"
            yield Fault(function.name, _FIELDS.get(limit.field, limit.field), what)


def most(wiring: Wiring, limit: Limit) -> tuple[int, str]:
    """The highest value that a function has where a limit applies, and whose it is; 0 of nobody, if to none."""
    values = [
        (value, function.name)
        for function in of(wiring, limit.platform).values()
        if limit.kind in ("any", kind_of(function))
        for value in _VALUES[limit.field](function)
    ]
    return max(values, default=(0, ""))
