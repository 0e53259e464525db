"""A connection of pg8000 that tells a broken wire by one error wherever it breaks, so that the pool opens another."""

import contextlib
from collections.abc import Iterator
from typing import Any

from pg8000 import legacy


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise legacy.InterfaceError(f"network error: {error}") from error


class Connection(legacy.Connection):  # type: ignore[misc]  # the driver has no types
    """The driver's connection, but for broken wires."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Connect; where the server hangs up on the way, it is told as below."""
        with _translated():
            super().__init__(*arguments, **named)

    def handle_messages(self, context: Any) -> None:
        """Read what the server says; the driver translates a broken wire in most places, and forgot this one.

        Raises:
            InterfaceError: the wire is broken; "network error" in its text is what SQLAlchemy knows it by.
        """
        with _translated():
            super().handle_messages(context)

    def close(self) -> None:
        """Say goodbye and hang up; where the wire is broken nobody hears it, which is no error."""
        with contextlib.suppress(legacy.InterfaceError):
            super().close()
