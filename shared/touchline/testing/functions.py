"""Functions of a folder, called as their platform calls them."""

import importlib.util
from functools import cache
from pathlib import Path

from touchline.entrypoint import Handle
from touchline.errors import ConfigurationError
from touchline.events import Message


class Call:
    """A delivery, in the shape of the request objects that functions get from their platforms."""

    def __init__(self, message: Message) -> None:
        self.method, self.path, self.headers = message.method, message.path, message.headers
        self._body = message.body

    def get_data(self) -> bytes:
        """The body."""
        return self._body


@cache
def handle(name: str, folder: Path) -> Handle:
    """The HTTP entry of `<folder>/<name>/main.py`, which is loaded once.

    Raises:
        ConfigurationError: there is no such file.
    """
    path = folder / name / "main.py"
    spec = importlib.util.spec_from_file_location(f"touchline_tested_{name}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ConfigurationError(f"{name} has no main.py", where=str(path), hint="TOUCHLINE_FUNCTIONS names the folder")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Handle = module.handle
    return found
