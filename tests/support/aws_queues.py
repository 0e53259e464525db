"""Queues as Terraform makes them for functions, in an emulator of AWS: events are handed over, and given up."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import boto3

import s3
from touchline import events
from touchline.work import Event

NAME = "touchline"
DELIVERIES = 2


class Queues:
    """A queue and its dead letters for each service, a queue of what the bus is told for each job.

    Args:
        endpoint: of the emulator.
        services: functions with a queue.
        jobs: functions that the bus starts.
    """

    def __init__(self, endpoint: str, services: Iterable[str], jobs: Iterable[str]) -> None:
        known = s3.environment(endpoint)
        session = boto3.session.Session(
            aws_access_key_id="touchline", aws_secret_access_key="no-secret", region_name=known["AWS_DEFAULT_REGION"]
        )
        self.sqs, self._bus = (session.client(name, endpoint_url=endpoint) for name in ("sqs", "events"))
        self.services, self.jobs = tuple(services), tuple(jobs)
        for name in (*self.services, *self.jobs):
            dead = self._made(f"{NAME}-{name}-dead")
            policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": DELIVERIES})
            arn = self._made(f"{NAME}-{name}", RedrivePolicy=policy)
            if name in self.jobs:
                pattern = json.dumps({"source": ["touchline"], "detail": {"function": [name]}})
                self._bus.put_rule(Name=f"{NAME}-{name}-again", EventPattern=pattern)
                self._bus.put_targets(Rule=f"{NAME}-{name}-again", Targets=[{"Id": "queue", "Arn": arn}])

    def url(self, name: str) -> str:
        return str(self.sqs.get_queue_url(QueueName=f"{NAME}-{name}")["QueueUrl"])

    def bodies(self, name: str) -> list[str]:
        """What lies in a queue; it stays there."""
        found: dict[str, str] = {}
        while True:
            answer = self.sqs.receive_message(QueueUrl=self.url(name), MaxNumberOfMessages=10, VisibilityTimeout=60)
            if not (messages := answer.get("Messages", [])):
                return list(found.values())
            found |= {one["MessageId"]: one["Body"] for one in messages}

    def taken(self) -> list[tuple[str, Event]]:
        """Events that were handed over, as the functions read them."""
        return [(name, _read(body)) for name in (*self.services, *self.jobs) for body in self.bodies(name)]

    def send(self, name: str, body: str, **attributes: str) -> None:
        told = {key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()}
        self.sqs.send_message(QueueUrl=self.url(name), MessageBody=body, MessageAttributes=told)

    def give_up(self, name: str, *bodies: str) -> None:
        """Deliver messages as often as the queue allows, each time in vain."""
        for body in bodies:
            self.send(name, body)
        while self.sqs.receive_message(QueueUrl=self.url(name), VisibilityTimeout=0).get("Messages"):
            pass

    def remove(self) -> None:
        for name in (*self.services, *self.jobs):
            for queue in (name, f"{name}-dead"):
                self.sqs.delete_queue(QueueUrl=self.url(queue))
        for name in self.jobs:
            self._bus.remove_targets(Rule=f"{NAME}-{name}-again", Ids=["queue"])
            self._bus.delete_rule(Name=f"{NAME}-{name}-again")

    def _made(self, name: str, **attributes: str) -> str:
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        told: dict[str, Any] = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        return str(told["QueueArn"])


def _read(body: str) -> Event:
    """An event of a queue, or that which the rule of a job copies out of an event of the bus."""
    told = json.loads(body)
    inner = json.dumps(told["detail"]["event"]) if "detail" in told else body
    return events.from_json(inner.encode(), datetime.min.replace(tzinfo=UTC))
