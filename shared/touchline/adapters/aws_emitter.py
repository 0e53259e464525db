"""Hands events to functions on AWS: through the queue of a service, and for a job over the event bus that starts it."""

from functools import cached_property
from typing import Any, Final

import msgspec

from touchline.adapters import aws_calls
from touchline.dialects.cloudevents import to_json
from touchline.errors import ConfigurationError, DataError, NotFound, Unavailable
from touchline.work import Event

SOURCE: Final = "touchline"
"""Source of our events on the bus; the rule that starts a job asks for it, and for the function."""
EMPTY: Final = {"sha256": "", "generation": 0, "traceparent": ""}
"""What a rule copies into the task must be there."""


class AwsEmitter:
    """An `Emitter`: a structured CloudEvent in the queue `<name prefix>-<function>`, or in an event of the bus.

    Args:
        address: `aws://<name prefix>`.
        jobs: functions that have no queue.
    """

    def __init__(self, address: str, jobs: frozenset[str]) -> None:
        self._prefix, self._jobs = aws_calls.prefix_of(address, "TOUCHLINE_SINK"), jobs
        self._urls: dict[str, str] = {}

    def emit(self, function: str, event: Event) -> None:
        """Hand an event over.

        Raises:
            Unavailable: AWS does not answer, or is busy, after all attempts.
            ConfigurationError: there is no such queue, or it refuses us.
            DataError: a job is given an event with data, for which a task has no room.
        """
        where = f"aws://{self._prefix}-{function}"
        with aws_calls.translated(where):
            if function in self._jobs:
                self._announce(function, event, where)
            else:
                self._queue.send_message(QueueUrl=self._url(function), MessageBody=to_json(event).decode())

    def _announce(self, function: str, event: Event, where: str) -> None:
        if event.data:
            raise DataError("an event of a job carries no data", where=event.id, hint="write them into an object")
        detail = {"function": function, "event": EMPTY | msgspec.json.decode(to_json(event))}
        entry = {"Source": SOURCE, "DetailType": "again", "Detail": msgspec.json.encode(detail).decode()}
        answer = self._bus.put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise Unavailable(f"the event bus refuses: {answer['Entries'][0].get('ErrorMessage', '')}", where=where)

    def _url(self, function: str) -> str:
        if function not in self._urls:
            self._urls[function] = queue_url(self._queue, f"{self._prefix}-{function}", "TOUCHLINE_SINK")
        return self._urls[function]

    @cached_property
    def _queue(self) -> Any:
        return aws_calls.client("sqs")

    @cached_property
    def _bus(self) -> Any:
        return aws_calls.client("events")


def queue_url(client: Any, name: str, setting: str) -> str:
    """Address of a queue.

    Raises:
        ConfigurationError: there is none of that name.
        Unavailable: AWS does not answer.
    """
    try:
        with aws_calls.translated(name):
            return str(client.get_queue_url(QueueName=name)["QueueUrl"])
    except NotFound as error:
        raise ConfigurationError(f"no queue {name}", where=setting, hint="apply terraform/aws, or mend it") from error
