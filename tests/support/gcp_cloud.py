"""Google Cloud in one process: a bucket that tells of its objects, pushes, schedules and a job, as Terraform made them.

What it does comes from the resources that Terraform's test made, so a wrong filter, a missing right or a wrong schedule
shows in what the functions do. They are the real ones; only identity is taken at its word.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import gcp_rights
import gcp_workflow
from gcp_terraform import Made
from pubsub import ACKNOWLEDGED, Pubsub, Push, Subscription
from touchline import events, job
from touchline.adapters.clock import VirtualClock
from touchline.entrypoint import Surroundings, surrounded
from touchline.errors import ConfigurationError
from touchline.testing.functions import Call, handle
from touchline.testing.league import Page

_JSON = {"content-type": "application/json"}


class Refused(ConfigurationError):
    """The account of a function may not do this."""


class Cloud:
    """What Terraform made, at work.

    Args:
        made: resources.
        folder: of the functions.
        settings: of the functions, as the variable `settings` gives them; they hide what cannot be had here.
        clock: what time it is for them.
        disorder: of deliveries.
    """

    def __init__(
        self, made: Made, folder: Path, settings: Mapping[str, str], clock: VirtualClock, disorder: Random | None = None
    ) -> None:
        self.made, self.folder, self.settings, self.clock = made, folder, settings, clock
        self.pubsub = Pubsub(disorder)
        self.refused: list[str] = []
        self.lose: Callable[[str], bool] = lambda key: False
        """Notifications of which objects are lost."""
        self.crash: Callable[[str, str], bool] = lambda function, body: False
        """Deliveries of which a function dies."""
        self._around = {name: self._surroundings(name) for name in self._containers()}
        self._subscribe()

    # -- what is there ------------------------------------------------------------------------------------------------

    def _containers(self) -> dict[str, dict[str, Any]]:
        services = {
            name: one["template"][0]["containers"][0] for name, one in self.made.of("cloud_run_v2_service").items()
        }
        jobs = self.made.of("cloud_run_v2_job").items()
        return services | {name: one["template"][0]["template"][0]["containers"][0] for name, one in jobs}

    def _surroundings(self, name: str) -> Surroundings:
        """Environment of a function as its container has it, and only the objects that its account may touch."""
        rendered = {one["name"]: one["value"] for one in self._containers()[name]["env"] if not one["value_source"]}
        guard = {right: gcp_rights.prefixes(self.made, name, right) for right in ("read", "list", "write")}
        guard["read"] += guard["write"]  # whose role reads, too

        def around(port: str, part: Any) -> Any:
            if port == "reporter":
                return Page()
            return Guarded(part, name, guard, self) if port == "store" else part

        return Surroundings({**rendered, **self.settings}, self.clock, around)

    def _subscribe(self) -> None:
        topics = {one["id"]: one["name"] for one in self.made.of("pubsub_topic").values()}
        self.pubsub.topics |= set(topics.values())
        for key, one in self.made.of("pubsub_subscription", "function").items():
            dead, retry = one["dead_letter_policy"][0], one["retry_policy"][0]
            self.pubsub.subscribe(
                Subscription(
                    one["name"], topics[one["topic"]], one["filter"], self._service(key.removesuffix("-again")),
                    _seconds(retry["minimum_backoff"]), _seconds(retry["maximum_backoff"]),
                    dead["max_delivery_attempts"], topics[dead["dead_letter_topic"]],
                )
            )  # fmt: skip
        (dead,) = self.made.of("pubsub_subscription", "dead").values()
        self.pubsub.subscribe(Subscription(dead["name"], topics[dead["topic"]]))
        for key, one in self.made.of("eventarc_trigger").items():
            name = topics[one["transport"][0]["pubsub"][0]["topic"]]
            start = self._starter(one["destination"][0]["workflow"])
            self.pubsub.subscribe(Subscription(f"eventarc-{key}", name, push=start))
        (every,) = self.made.of("storage_notification", "objects").values()  # mocks invent what is not set: a prefix
        some = self.made.of("storage_notification", "job").values()
        self._told = [
            (topics[every["topic"]], ""),
            *((topics[one["topic"]], one["object_name_prefix"]) for one in some),
        ]

    # -- what happens -------------------------------------------------------------------------------------------------

    def created(self, key: str) -> None:
        """Tell of an object, as the bucket does."""
        attributes = {
            "notificationConfig": f"projects/_/buckets/{gcp_rights.BUCKET}/notificationConfigs/1",
            "eventType": "OBJECT_FINALIZE", "payloadFormat": "JSON_API_V1", "bucketId": gcp_rights.BUCKET,
            "objectId": key, "eventTime": self.clock.now().isoformat(),
        }  # fmt: skip
        if self.lose(key):
            return
        for topic, prefix in self._told:
            if key.startswith(prefix):
                self.pubsub.publish(topic, b'{"kind": "storage#object"}', attributes)

    def tick(self, name: str) -> None:
        """Let a schedule fire: `<function>-<schedule>`; it is asked again as its retries say."""
        one = self.made.of("cloud_scheduler_job", "tick")[name]
        target = one["http_target"][0]
        body, function = b64decode(target["body"]), name.partition("-")[0]
        if target["oauth_token"]:
            self._workflow(function, json.loads(json.loads(body)["argument"]))
            return
        headers = {**_JSON, "x-cloudscheduler-jobname": one["name"],
                   "x-cloudscheduler-scheduletime": self.clock.now().isoformat()}  # fmt: skip
        message = events.Message("POST", "/", headers, body)
        statuses = list[int]()
        while len(statuses) <= one["retry_config"][0]["retry_count"]:
            statuses.append(self.handled(function, message))
            if statuses[-1] in ACKNOWLEDGED:
                return
        raise AssertionError(f"the tick {name} was answered {statuses}")

    def _service(self, function: str) -> Push:
        def push(told: dict[str, Any]) -> int:
            body = json.dumps(told)
            if self.crash(function, b64decode(told["message"].get("data", "")).decode() + body):
                return 0
            return self.handled(function, events.Message("POST", "/", _JSON, body.encode()))

        return push

    def handled(self, function: str, message: events.Message) -> int:
        """Status of a function's answer to a message."""
        with surrounded(self._around[function]):
            body, status, _ = handle(function, self.folder)(Call(message))
        assert not body, "Pub/Sub gets no body"
        return status

    def _starter(self, workflow: str) -> Push:
        (job_name,) = [key for key, one in self.made.of("workflows_workflow").items() if one["id"] == workflow]

        def push(told: dict[str, Any]) -> int:
            self._workflow(job_name, {"type": "google.cloud.pubsub.topic.v1.messagePublished", "data": told})
            return 204

        return push

    def _workflow(self, name: str, argument: dict[str, Any]) -> None:
        def call(connector: str, given: dict[str, Any]) -> None:
            body = given["body"]
            if connector.endswith("jobs.run"):
                (variable,) = body["overrides"]["containerOverrides"][0]["env"]
                self._job(name, {variable["name"]: variable["value"]})
                return
            (message,) = body["messages"]
            topics = {one["id"]: one["name"] for one in self.made.of("pubsub_topic").values()}
            self.pubsub.publish(topics[given["topic"]], b64decode(message["data"]), dict(message["attributes"]))

        source = self.made.of("workflows_workflow")[name]["source_contents"]
        number = f"execution-{len(self.pubsub.pushed[name])}"
        gcp_workflow.run(source, argument, call, execution=number, now=self.clock.now().isoformat())

    def _job(self, name: str, override: dict[str, str]) -> None:
        """Run a job until it ends well, as often as it may be tried."""
        retries = self.made.of("cloud_run_v2_job")[name]["template"][0]["template"][0]["max_retries"]
        environ = {**self._around[name].environ, **override, "FUNCTION": name}
        for _ in range(retries + 1):
            code = 137 if self.crash(name, override["TOUCHLINE_EVENT"]) else self._worked_off(name, environ)
            self.pubsub.pushed[name].append((self.pubsub.seconds, code))
            if code == job.DONE:
                return
        raise ConnectionError(f"the job {name} failed")

    def _worked_off(self, name: str, environ: Mapping[str, str]) -> int:
        with surrounded(self._around[name]):
            return job.work_off(environ)


class Guarded:
    """A store that lets a function do what its account may, and tells of what it created."""

    def __init__(self, store: Any, function: str, may: Mapping[str, tuple[str, ...]], cloud: Cloud) -> None:
        self._store, self._function, self._may, self._cloud = store, function, may, cloud

    def get(self, key: str) -> Any:
        return self._allowed("read", key).get(key)

    def open(self, key: str) -> Any:
        return self._allowed("read", key).open(key)

    def stat(self, key: str) -> Any:
        return self._allowed("read", key).stat(key)

    def list(self, prefix: str) -> Any:
        return self._allowed("list", prefix).list(prefix)

    def create(self, key: str, data: Any) -> bool:
        return self._written(key, self._allowed("write", key).create(key, data))

    def swap(self, key: str, data: Any, etag: str) -> bool:
        return self._written(key, self._allowed("write", key).swap(key, data, etag))

    def _written(self, key: str, written: bool) -> bool:
        if written:
            self._cloud.created(key)
        return written

    def _allowed(self, right: str, key: str) -> Any:
        if not key.startswith(self._may[right]):
            self._cloud.refused.append(f"{self._function} may not {right} {key}")
            raise Refused(self._cloud.refused[-1])
        return self._store


def _seconds(written: str) -> float:
    return float(written.removesuffix("s"))
