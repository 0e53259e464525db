"""Fills the templates; autoescaping is on, an undefined name is an error."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


class Templates:
    """The templates of a folder, each compiled once a process."""

    def __init__(self, folder: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def render(self, name: str, values: Mapping[str, Any]) -> bytes:
        """A page as it is sent."""
        return self._environment.get_template(name).render(values).encode()
