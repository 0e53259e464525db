"""Plays what AWS itself does with what Terraform made there: polls queues, starts tasks, keeps schedules.

Handlers are those of `functions/<name>/main.py`, with the environment that their function or task was given.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import boto3

import s3
from touchline import job
from touchline.entrypoint import Surroundings, surrounded
from touchline.ports import Clock

REGION = "eu-west-1"
ROUNDS = 2000
Client = Callable[[str], Any]


def clients(endpoint: str) -> Client:
    """Clients of the emulator."""
    known = {"endpoint_url": endpoint, "region_name": REGION}
    session = boto3.session.Session(aws_access_key_id="touchline", aws_secret_access_key="no-secret")
    return lambda service: session.client(service, **known)


def environment(endpoint: str) -> dict[str, str]:
    """What a process has in its environment to use the emulator."""
    return {**s3.environment(endpoint), "AWS_DEFAULT_REGION": REGION}


class Call(NamedTuple):
    """That a function was called, with what, and how it ended: `done`, `failed` or `crashed`."""

    function: str
    payload: Any
    end: str


class AwsPlatform:
    """What runs on AWS.

    Args:
        client: makes clients of it.
        name: begins the names of all resources.
        folder: of the functions.
        clock: that they see.
    """

    def __init__(self, client: Client, name: str, folder: Path, clock: Clock) -> None:
        self._name, self._folder, self._clock = name, folder, clock
        self._sqs, self._lambda, self._ecs, self._ssm, self._scheduler = map(
            client, ("sqs", "lambda", "ecs", "ssm", "scheduler")
        )
        self._mappings = self._lambda.list_event_source_mappings()["EventSourceMappings"]
        self._handlers: dict[str, Any] = {}
        self._environs: dict[str, dict[str, str]] = {}
        self._urls: dict[str, str] = {}
        self.calls: list[Call] = []

    def settle(self) -> None:
        """Work until no queue holds anything that is due, and no task runs."""
        for _ in range(ROUNDS):
            polled = [self._drained(mapping) for mapping in self._mappings]
            worked = [self._work(arn) for arn in self._running()]
            if not any(polled) and not worked:
                return
        raise AssertionError(f"it never comes to rest: {[call[0::2] for call in self.calls[-50:]]}")

    def _drained(self, mapping: Mapping[str, Any]) -> int:
        """Poll a queue until it holds nothing that is due; how often something was."""
        polls = 0
        while self.poll(mapping):
            polls += 1
        return polls

    def poll(self, mapping: Mapping[str, Any]) -> bool:
        """Receive a batch as Lambda does, and remove what its function does not give back; whether there was any.

        Time passes at once: what is given back can be received again.
        """
        arn = mapping["EventSourceArn"]
        url = self._url(arn)
        answer = self._sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=mapping["BatchSize"], VisibilityTimeout=0, AttributeNames=["All"]
        )
        found = answer.get("Messages", [])
        if not found:
            return False
        function = mapping["FunctionArn"].rpartition(":")[2].removeprefix(f"{self._name}-")
        kept = self._kept(self.invoke(function, {"Records": [_record(one, arn) for one in found]}), mapping)
        for message in found:
            if kept is not None and message["MessageId"] not in kept:
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return True

    def _kept(self, answer: Any, mapping: Mapping[str, Any]) -> set[str] | None:
        """Messages that a function gives back; None, which is all of them, if it died."""
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        return None if answer is None else {one["itemIdentifier"] for one in answer["batchItemFailures"]}

    def invoke(self, function: str, payload: Any) -> Any:
        """Answer of a function, None if it died."""
        if function not in self._handlers:
            told = self._lambda.get_function_configuration(FunctionName=f"{self._name}-{function}")
            self._environs[function] = told["Environment"]["Variables"]
            self._handlers[function] = job.load(function, self._folder).lambda_handler
        try:
            with surrounded(Surroundings(self._environs[function], self._clock)):
                answer = self._handlers[function](payload, None)
        except Exception:
            self.calls.append(Call(function, payload, "crashed"))
            return None
        failed = bool(answer.get("batchItemFailures"))
        self.calls.append(Call(function, payload, "failed" if failed else "done"))
        return answer

    def tick(self, schedule: str, moment: datetime) -> None:
        """Let a schedule fire, as it stands there."""
        target = self._scheduler.get_schedule(Name=f"{self._name}-{schedule}")["Target"]
        text = target["Input"].replace("<aws.scheduler.execution-id>", f"{schedule}-{moment:%Y%m%d%H%M}")
        text = text.replace("<aws.scheduler.scheduled-time>", f"{moment:%Y-%m-%dT%H:%M:%SZ}")
        if "EcsParameters" not in target:
            self._sqs.send_message(QueueUrl=self._url(target["Arn"]), MessageBody=text)
            return
        wanted = target["EcsParameters"]
        network = wanted["NetworkConfiguration"]["awsvpcConfiguration"]
        self._ecs.run_task(
            cluster=target["Arn"], taskDefinition=wanted["TaskDefinitionArn"].rpartition("/")[2], launchType="FARGATE",
            overrides=json.loads(text), networkConfiguration={"awsvpcConfiguration": _lower(network)},
        )  # fmt: skip

    def _running(self) -> Iterator[str]:
        yield from self._ecs.list_tasks(cluster=f"{self._name}-jobs", desiredStatus="RUNNING")["taskArns"]

    def _work(self, arn: str) -> int:
        """Run a task to its end; its exit code."""
        cluster = f"{self._name}-jobs"
        (task,) = self._ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
        told = self._ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])["taskDefinition"]
        (container,) = told["containerDefinitions"]
        (override,) = task["overrides"]["containerOverrides"]
        assert override["name"] == container["name"]
        environ = {one["name"]: one["value"] for one in (*container["environment"], *override["environment"])}
        environ |= {one["name"]: self._secret(one["valueFrom"]) for one in container.get("secrets", [])}
        with surrounded(Surroundings(environ, self._clock)):
            code = job.work_off(environ)
        self._ecs.stop_task(cluster=cluster, task=arn)
        self.calls.append(Call(environ["FUNCTION"], environ["TOUCHLINE_EVENT"], "failed" if code else "done"))
        return code

    def _url(self, arn: str) -> str:
        if arn not in self._urls:
            self._urls[arn] = self._sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
        return self._urls[arn]

    def _secret(self, arn: str) -> str:
        name = arn.partition(":parameter")[2]
        return str(self._ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])


def _record(message: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """A message as Lambda shows it to a function."""
    return {
        "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
        "attributes": message["Attributes"], "messageAttributes": {}, "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs", "eventSourceARN": arn, "awsRegion": REGION,
    }  # fmt: skip


def _lower(values: Mapping[str, Any]) -> dict[str, Any]:
    """Names as ECS has them, which Scheduler writes with capitals."""
    return {name[0].lower() + name[1:]: value for name, value in values.items()}
