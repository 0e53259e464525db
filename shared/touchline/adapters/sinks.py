"""Which sink an address means: who takes the events that functions send to each other."""

from collections.abc import Callable

from touchline.coordination import Emitter
from touchline.wiring import Wiring


def open_sink(address: str, token: str, wiring: Callable[[], Wiring]) -> Emitter:
    """Whoever takes events at an address: queues of AWS (`aws://<name prefix>`), a topic of Google
    (`pubsub://<project>/<topic>`), else CloudEvents over HTTP.

    Args:
        address: of TOUCHLINE_SINK.
        token: bearer token for HTTP.
        wiring: of the functions; clouds start a job in another way than a service.

    Raises:
        ConfigurationError: it is no such address.
    """
    if address.startswith("aws://"):
        from touchline.adapters.aws_emitter import AwsEmitter

        jobs = frozenset(name for name, one in wiring().functions.items() if one.kind == "job")
        return AwsEmitter(address, jobs)
    if address.startswith("pubsub://"):
        from touchline.adapters.pubsub_emitter import PubsubEmitter

        return PubsubEmitter(address)
    from touchline.adapters.http_emitter import HttpEmitter

    return HttpEmitter(address, token=token)
