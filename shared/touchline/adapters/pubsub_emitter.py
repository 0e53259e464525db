"""Hands events to functions on Google Cloud: one topic for all, whose subscriptions choose by an attribute."""

from typing import Final

from touchline.adapters.pubsub_calls import Pubsub, parts_of
from touchline.dialects.cloudevents import to_json
from touchline.errors import ConfigurationError, NotFound
from touchline.work import Event

FUNCTION: Final = "function"
"""Attribute that says for whom an event is."""


class PubsubEmitter:
    """An `Emitter`: a structured CloudEvent as the data of a message.

    Args:
        address: `pubsub://<project>/<topic>`.
        backoff_seconds: pause before the second attempt; it doubles.
    """

    def __init__(self, address: str, *, backoff_seconds: float = 0.5) -> None:
        project, self._topic = parts_of(address, "TOUCHLINE_SINK")
        self._pubsub = Pubsub(project, backoff_seconds=backoff_seconds)

    def emit(self, function: str, event: Event) -> None:
        """Hand an event over.

        Raises:
            Unavailable: Pub/Sub does not answer, or is busy, after all attempts.
            ConfigurationError: there is no such topic, or we may not publish there.
        """
        try:
            self._pubsub.publish(self._topic, to_json(event), {FUNCTION: function})
        except NotFound as error:
            hint = "apply terraform/gcp, or mend TOUCHLINE_SINK"
            raise ConfigurationError("no such topic", where=error.where, hint=hint) from error
