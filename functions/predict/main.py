"""Entry of the function predict: `app` for uvicorn, `handle` for the functions framework, `lambda_handler` for AWS."""

from touchline.web.entry import asgi as app
from touchline.web.entry import handle, lambda_handler

__all__ = ["app", "handle", "lambda_handler"]
