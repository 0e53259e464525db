"""A connection of pg8000 that tells a broken wire by one error wherever it breaks, so that the pool opens another."""

import contextlib
from typing import Any

from pg8000 import legacy


class Connection(legacy.Connection):  # type: ignore[misc]  # the driver has no types
    """The driver's connection, but for broken wires."""

    def handle_messages(self, context: Any) -> None:
        """Read what the server says; the driver translates a broken wire in most places, and forgot this one.

        Raises:
            InterfaceError: the wire is broken; "network error" in its text is what SQLAlchemy knows it by.
        """
        try:
            super().handle_messages(context)
        except OSError as error:
            raise legacy.InterfaceError(f"network error: {error}") from error

    def close(self) -> None:
        """Say goodbye and hang up; where the wire is broken nobody hears it, which is no error."""
        with contextlib.suppress(legacy.InterfaceError):
            super().close()
