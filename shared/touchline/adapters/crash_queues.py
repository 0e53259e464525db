"""Which of the clouds' dead letters an address means."""

from touchline.coordination import Crashes
from touchline.errors import ConfigurationError
from touchline.wiring import Wiring


def open_crashes(address: str, wiring: Wiring) -> Crashes:
    """Dead letters at an address: in queues of AWS (`aws://<name prefix>`), or in a subscription of Google
    (`pubsub://<project>/<subscription>`).

    Raises:
        ConfigurationError: it is no such address.
    """
    if address.startswith("aws://"):
        from touchline.adapters.aws_crashes import AwsCrashes

        return AwsCrashes(address, wiring)
    if address.startswith("pubsub://"):
        from touchline.adapters.pubsub_crashes import PubsubCrashes

        return PubsubCrashes(address)
    hint = "known are aws://<name prefix of the resources> and pubsub://<project>/<subscription>"
    raise ConfigurationError("no address of dead letters", where="TOUCHLINE_CRASHES", hint=hint)
