"""Deliveries that Google Cloud gave up: messages of one subscription, in which Pub/Sub says where they came from.

To read a subscription is to take from it: what is read stays hidden from others for a short while, and is then given
back. A letter is sent again over the topic of events for one function: `<prefix>-dead` has `<prefix>-again` beside it.
"""

from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from touchline.adapters.pubsub_calls import Pubsub, parts_of
from touchline.adapters.pubsub_emitter import FUNCTION
from touchline.coordination import Crash
from touchline.errors import ConfigurationError, NotFound, TouchlineError

SUFFIX: Final = "-dead"
AGAIN: Final = "-again"
MOST: Final = 1000
"""Letters that are read."""
_EMPTY: Final = 3
"""Answers without a message in a row until we believe it: Pub/Sub answers so now and then though there are some."""
_ORIGIN: Final = "CloudPubSubDeadLetterSource"
_DIED: Final = "it was not acknowledged: the function died of it, ran out of time or memory, or stayed busy"


class _Held(NamedTuple):
    """A letter, the message in it as it was published, and by what it is acknowledged."""

    crash: Crash
    data: bytes
    attributes: dict[str, str]
    receipt: str


class PubsubCrashes:
    """`Crashes` in a subscription of Pub/Sub.

    Args:
        address: `pubsub://<project>/<prefix>-dead`.
    """

    def __init__(self, address: str) -> None:
        project, self._name = parts_of(address, "TOUCHLINE_CRASHES")
        if not self._name.endswith(SUFFIX):
            hint = f"name the subscription of terraform/gcp, which ends in {SUFFIX}"
            raise ConfigurationError("no subscription of dead letters", where="TOUCHLINE_CRASHES", hint=hint)
        self._pubsub = Pubsub(project)

    def letters(self) -> list[Crash]:
        """All of them, oldest first.

        Raises:
            Unavailable: Pub/Sub does not answer.
            ConfigurationError: it refuses us, or there is no such subscription.
        """
        with self._held() as held:
            return sorted((one.crash for one in held), key=lambda crash: (crash.when, crash.id))

    def redrive(self, crash_id: str) -> None:
        """Publish a letter again, for its function alone; then remove it.

        Raises:
            NotFound: there is no such letter (any more).
        """
        with self._found(crash_id) as found:
            topic = self._name.removesuffix(SUFFIX) + AGAIN
            self._pubsub.publish(topic, found.data, found.attributes | {FUNCTION: found.crash.function})
            self._call("acknowledge", ackIds=[found.receipt])

    def discard(self, crash_id: str) -> None:
        """Remove a letter.

        Raises:
            NotFound: there is no such letter (any more).
        """
        with self._found(crash_id) as found:
            self._call("acknowledge", ackIds=[found.receipt])

    @contextmanager
    def _found(self, crash_id: str) -> Iterator[_Held]:
        with self._held() as held:
            for one in held:
                if one.crash.id == crash_id:
                    yield one
                    return
        raise NotFound("no such letter (any more)", where=crash_id)

    @contextmanager
    def _held(self) -> Iterator[list[_Held]]:
        """All letters, hidden from others until the context is left."""
        held: dict[str, _Held] = {}
        try:
            empty = 0
            while empty < _EMPTY and len(held) < MOST:
                answer = self._call("pull", maxMessages=100, returnImmediately=True)
                batch = [_letter(one) for one in msgspec.convert(answer, _Pulled).receivedMessages]
                empty = 0 if batch else empty + 1
                held |= {one.crash.id: one for one in batch}
            yield list(held.values())
        finally:
            with suppress(TouchlineError):  # what cannot be given back comes back by itself
                if receipts := [one.receipt for one in held.values()]:
                    self._call("modifyAckDeadline", ackIds=receipts, ackDeadlineSeconds=0)

    def _call(self, verb: str, **asked: Any) -> dict[str, Any]:
        try:
            return self._pubsub.call("subscriptions", self._name, verb, asked)
        except NotFound as error:
            hint = "apply terraform/gcp, or mend TOUCHLINE_CRASHES"
            raise ConfigurationError("no such subscription", where=error.where, hint=hint) from error


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    messageId: str
    publishTime: Annotated[datetime, msgspec.Meta(tz=True)]
    data: str = ""
    attributes: dict[str, str] = {}


class _Received(msgspec.Struct, frozen=True):
    ackId: str
    message: _Message


class _Pulled(msgspec.Struct, frozen=True):
    """Messages that were pulled."""

    receivedMessages: tuple[_Received, ...] = ()


def _letter(received: _Received) -> _Held:
    """A dead letter without what Pub/Sub wrote on it: that becomes what is told of it."""
    message = received.message
    origin = {name.removeprefix(_ORIGIN): value for name, value in message.attributes.items() if _is_origin(name)}
    attributes = {name: value for name, value in message.attributes.items() if not _is_origin(name)}
    source = origin.get("Subscription", "")
    told = {"data": message.data, "attributes": attributes, "messageId": message.messageId}
    crash = Crash(
        id=message.messageId,
        function=source.rpartition("/")[2].removesuffix(AGAIN).rpartition("-")[2],
        when=message.publishTime,
        attempts=int(origin.get("DeliveryCount", "0")),
        body=msgspec.json.encode({"message": told, "subscription": source}).decode(),
        why=origin.get("DeliveryErrorMessage") or _DIED,
    )
    return _Held(crash, b64decode(message.data), attributes, received.ackId)


def _is_origin(name: str) -> bool:
    return name.startswith(_ORIGIN)
