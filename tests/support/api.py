"""The API as a whole: the small league with players and keys, and its description."""

from pathlib import Path
from typing import Any

import boards
from asgi_client import Client
from asking import ASSETS
from keyring import Keyring
from touchline.settings import Predict
from touchline.web.core import create_app

JSON = "application/json"
CSV = "text/csv"


class Api:
    """A service that is asked with an admin's key, or without one."""

    def __init__(self, folder: Path, access: str = "keys") -> None:
        self.ports = boards.home(folder)
        self.key = Keyring(self.ports.store).add("admin", per_minute=10_000_000)
        settings = Predict(refresh_seconds=0, access="open" if access == "open" else "keys")
        self.app: Any = create_app(self.ports, settings, ASSETS)
        self.client = Client(self.app)

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> Any:
        """An answer to the holder of the key."""
        return self.client.ask(method, path, headers={"x-api-key": self.key, **(headers or {})}, **options)

    def get(self, path: str, **options: Any) -> Any:
        """An answer to GET."""
        return self.ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> Any:
        """An answer to POST."""
        return self.ask("POST", path, **options)

    @property
    def description(self) -> dict[str, Any]:
        """The OpenAPI description."""
        return dict(self.get("/openapi.json").json())
