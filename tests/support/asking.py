"""Ask the online service: the application over ports, and what one expects of its answers."""

from pathlib import Path
from typing import Any

from asgi_client import Client
from touchline.settings import Predict
from touchline.web.core import create_app
from touchline.work import Ports

ASSETS = Path(__file__).parents[2] / "functions" / "predict"
PROBLEM = "application/problem+json"


class Elapsed:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def client_of(ports: Ports, elapsed: Elapsed | None = None, refresh: float = 0.0) -> Client:
    """A client of the service over these ports; it looks for news at every request."""
    return Client(
        create_app(ports, Predict(refresh_seconds=refresh, access="open"), ASSETS, elapsed=elapsed or Elapsed())
    )


def problem(answer: Any, status: int) -> dict[str, Any]:
    """Body of a refusal, which must be one."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    body = answer.json()
    assert body["status"] == status
    return dict(body)


def listed(client: Client, **query: Any) -> list[dict[str, Any]]:
    """Forecasts that the service lists."""
    return list(client.get("/predict/predictions", params=query).json()["matches"])


def question(client: Client, **changes: Any) -> dict[str, Any]:
    """A what-if about the first match that is listed."""
    match = listed(client)[0]
    usual = {
        "home_team": match["home_team"],
        "away_team": match["away_team"],
        "competition": "SIM1",
        "date": match["kickoff"][:10],
    }
    return {**usual, **changes}
