"""The system's clock, and one that is set by hand."""

from datetime import UTC, datetime

from touchline.domain.vocabulary import Mode
from touchline.errors import ConfigurationError


class SystemClock:
    """Real time."""

    mode: Mode = "live"

    def now(self) -> datetime:
        """Current moment in UTC."""
        return datetime.now(UTC)


class VirtualClock:
    """Time that stands still until it is moved; whatever runs by it is marked as simulated."""

    mode: Mode = "simulated"

    def __init__(self, moment: datetime) -> None:
        self._moment = moment.astimezone(UTC)

    def now(self) -> datetime:
        """The moment that was set."""
        return self._moment

    def move(self, moment: datetime) -> None:
        """Set the time forward.

        Raises:
            ValueError: the moment lies before the current one.
        """
        if moment < self._moment:
            raise ValueError(f"time does not run back from {self._moment} to {moment}")
        self._moment = moment.astimezone(UTC)


def parse_moment(text: str, variable: str = "TOUCHLINE_NOW") -> datetime:
    """An ISO 8601 moment with its offset.

    Raises:
        ConfigurationError: it is none, or has no offset.

    >>> parse_moment("2024-05-19T13:00:00+00:00").isoformat()
    '2024-05-19T13:00:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is no ISO 8601 moment", where=variable) from error
    if moment.tzinfo is None:
        raise ConfigurationError(f"{text!r} has no offset", where=variable, hint="add +00:00 for UTC")
    return moment.astimezone(UTC)
