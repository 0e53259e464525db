"""Entry of the event bridge: `app` for uvicorn, with its lifespan."""

from touchline.bridge.entry import asgi as app

__all__ = ["app"]
