"""Posts events to a broker that takes CloudEvents over HTTP, many at a time."""

from typing import TYPE_CHECKING, Any, Final

import msgspec

from touchline.adapters.http_emitter import DIRECT
from touchline.coordination import Posted
from touchline.dialects.cloudevents import binary
from touchline.errors import ConfigurationError

if TYPE_CHECKING:
    import httpx

REACH_SECONDS: Final = 5.0
"""Patience for a connection: a broker that is there takes it at once."""
_NEVER: Final = frozenset({400, 413, 415, 422})
"""Answers about the event itself; all others are about the broker, or about those whom it asks."""


class HttpBroker:
    """A `Broker`.

    Args:
        address: its ingress.
        parallel: connections at most.
        answer_seconds: patience for an answer.

    Raises:
        ConfigurationError: there is no address.
    """

    def __init__(self, address: str, *, parallel: int, answer_seconds: float) -> None:
        if not address.startswith(("http://", "https://")):
            raise ConfigurationError(
                f"no address of a broker: {address!r}",
                where="TOUCHLINE_BROKER",
                hint="http://<host>/<namespace>/<name>",
            )
        self._address, self._parallel, self._answer = address, parallel, answer_seconds
        self._made: httpx.AsyncClient | None = None

    async def post(self, event: bytes) -> Posted:
        """Hand an event over; what came of it."""
        import httpx

        named = msgspec.json.decode(event, type=dict[str, Any])
        message = binary({name: value for name, value in named.items() if name != "data"}, named.get("data") or {})
        try:
            answer = await self._client().post(self._address, headers=dict(message.headers), content=message.body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.RemoteProtocolError, httpx.NetworkError) as error:
            return Posted("unreached", str(error) or type(error).__name__)
        except httpx.TimeoutException:
            return Posted("failed", f"no answer within {self._answer:.0f} s")
        if 200 <= answer.status_code < 300:
            return Posted("done")
        return Posted(
            "refused" if answer.status_code in _NEVER else "failed", f"the broker answers {answer.status_code}"
        )

    async def close(self) -> None:
        """Let go of all connections."""
        if self._made is not None:
            await self._made.aclose()

    def _client(self) -> "httpx.AsyncClient":
        """The client of this event loop, made when it is first needed."""
        if self._made is None:
            import httpx

            patience = httpx.Timeout(self._answer, connect=REACH_SECONDS)
            limits = httpx.Limits(max_connections=self._parallel, max_keepalive_connections=self._parallel)
            self._made = httpx.AsyncClient(timeout=patience, limits=limits, mounts=DIRECT)
        return self._made
