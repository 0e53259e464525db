"""Deliveries that AWS gave up: those in the dead-letter queue of each function, `<name prefix>-<function>-dead`.

To read a queue is to take from it: what is read stays hidden from others for a short while, and is then given back.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final, NamedTuple

import msgspec

from touchline.adapters import aws_calls
from touchline.adapters.aws_emitter import AwsEmitter, queue_url
from touchline.coordination import Crash
from touchline.dialects.aws import EVENTBRIDGE
from touchline.dialects.cloudevents import CLOUDEVENT
from touchline.dialects.reading import JSON, Message, Reading
from touchline.errors import DataError, NotFound
from touchline.wiring import Function, Wiring
from touchline.work import Event

HIDDEN_SECONDS: Final = 60
MOST: Final = 1000
"""Letters of one function that are read."""
_COUNTS: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
_EVENT: Final = "TOUCHLINE_EVENT"
_DIED: Final = "the function died of it, ran out of time or memory, or stayed busy; its log says which"


class _Held(NamedTuple):
    """A letter, and by what it is deleted."""

    crash: Crash
    receipt: str


class AwsCrashes:
    """`Crashes` in queues of SQS.

    Args:
        address: `aws://<name prefix>`.
        wiring: whose functions have such queues; those behind HTTP have none, whoever asks them is told.
    """

    def __init__(self, address: str, wiring: Wiring) -> None:
        self._prefix = aws_calls.prefix_of(address, "TOUCHLINE_CRASHES")
        self._functions = [one for one in wiring.functions.values() if not one.http]
        self._jobs = frozenset(one.name for one in self._functions if one.kind == "job")
        self._emitter = AwsEmitter(address, self._jobs)

    def letters(self) -> list[Crash]:
        """All of them, oldest first.

        Raises:
            Unavailable: AWS does not answer.
            ConfigurationError: it refuses us, or there is no such queue.
        """
        found: list[Crash] = []
        for function in self._functions:
            with self._held(function) as held:
                found += [one.crash for one in held]
        return sorted(found, key=lambda crash: (crash.when, crash.id))

    def redrive(self, crash_id: str) -> None:
        """Put a letter into the queue of its function again, or start its job again; then remove it.

        Raises:
            NotFound: there is no such letter (any more).
            DataError: an event of a job that cannot be read.
        """
        with self._found(crash_id) as (crash, receipt):
            if crash.function in self._jobs:
                self._emitter.emit(crash.function, _event(crash))
            else:
                url = self._url(crash.function, "")
                self._client.send_message(QueueUrl=url, MessageBody=crash.body)
            self._remove(crash, receipt)

    def discard(self, crash_id: str) -> None:
        """Remove a letter.

        Raises:
            NotFound: there is no such letter (any more).
        """
        with self._found(crash_id) as (crash, receipt):
            self._remove(crash, receipt)

    @contextmanager
    def _found(self, crash_id: str) -> Iterator[_Held]:
        for function in self._functions:
            with self._held(function) as held:
                for one in held:
                    if one.crash.id == crash_id:
                        with aws_calls.translated(f"{self._prefix}-{function.name}"):
                            yield one
                        return
        raise NotFound("no such letter (any more)", where=crash_id)

    @contextmanager
    def _held(self, function: Function) -> Iterator[list[_Held]]:
        """Letters of a function, hidden from others until the context is left."""
        url, held = self._url(function.name, "-dead"), list[_Held]()
        with aws_calls.translated(url):
            try:
                while len(held) < MOST and (batch := self._received(url, len(held))):
                    held += [_Held(_crash(function, one), one["ReceiptHandle"]) for one in batch]
                yield held
            finally:
                self._give_back(url, [one.receipt for one in held])

    def _received(self, url: str, held: int) -> list[dict[str, Any]]:
        """More of a queue; nobody waits for a queue that is empty, or in which there is no more than what we hold.

        Hidden letters count, too: SQS takes its time to see that those which were given back are hidden no more.
        """
        told = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))
        if sum(int(told["Attributes"][name]) for name in _COUNTS) <= held:
            return []
        answer = self._client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN_SECONDS, WaitTimeSeconds=1,
            AttributeNames=["SentTimestamp"], MessageAttributeNames=["All"],
        )  # fmt: skip
        return list(answer.get("Messages", ()))

    def _give_back(self, url: str, receipts: list[str]) -> None:
        """Show letters to others again; those that were removed meanwhile are refused, and the time does the rest."""
        for start in range(0, len(receipts), 10):
            part = receipts[start : start + 10]
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for number, receipt in enumerate(part)
            ]
            with suppress(Exception):
                self._client.change_message_visibility_batch(QueueUrl=url, Entries=entries)

    def _remove(self, crash: Crash, receipt: str) -> None:
        self._client.delete_message(QueueUrl=self._url(crash.function, "-dead"), ReceiptHandle=receipt)

    def _url(self, function: str, suffix: str) -> str:
        return queue_url(self._client, f"{self._prefix}-{function}{suffix}", "TOUCHLINE_CRASHES")

    @cached_property
    def _client(self) -> Any:
        return aws_calls.client("sqs")


def _crash(function: Function, message: dict[str, Any]) -> Crash:
    told = {name: one.get("StringValue", "") for name, one in message.get("MessageAttributes", {}).items()}
    refused = ": ".join(filter(None, (told.get("ERROR_CODE"), told.get("ERROR_MESSAGE"))))
    body, ended = _delivered(message["Body"])
    return Crash(
        id=message["MessageId"],
        function=function.name,
        when=datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
        attempts=1 if function.kind == "job" else function.retries.attempts,
        body=body,
        why=refused or ended or _DIED,
    )


def _delivered(body: str) -> tuple[str, str]:
    """The event in a message, and how its task ended, if the message tells of one.

    A job's events are wrapped: in how its task ended, in what its task was to be started with, or in an event of ours.
    """
    try:
        told = msgspec.json.decode(body, type=_Told)
    except msgspec.DecodeError:
        return body, ""
    overrides = told.detail.overrides or told
    inner = [
        one.value for container in overrides.containerOverrides for one in container.environment if one.name == _EVENT
    ]
    ended = told.detail.stoppedReason
    if inner:
        return inner[0], ended
    return (bytes(told.detail.event).decode() if told.detail.event else body), ended


class _Variable(msgspec.Struct, frozen=True):
    name: str = ""
    value: str = ""


class _Container(msgspec.Struct, frozen=True):
    environment: tuple[_Variable, ...] = ()


class _Overrides(msgspec.Struct, frozen=True):
    containerOverrides: tuple[_Container, ...] = ()


class _Detail(msgspec.Struct, frozen=True):
    event: msgspec.Raw = msgspec.Raw()
    overrides: _Overrides | None = None
    stoppedReason: str = ""


class _Told(msgspec.Struct, frozen=True):
    """As much of a message as is looked at."""

    detail: _Detail = _Detail()
    containerOverrides: tuple[_Container, ...] = ()


def _event(crash: Crash) -> Event:
    """The event that a job was started for.

    Raises:
        DataError: it cannot be read.
    """
    reading = Reading(Message("POST", crash.id, {"content-type": JSON}, crash.body.encode()), crash.when)
    for dialect in (CLOUDEVENT, EVENTBRIDGE):
        if dialect.recognises(reading):
            (event,) = dialect.read(reading)
            return event
    raise DataError("has no event that could be delivered again", where=crash.id, hint="discard it, and send it anew")
