"""A server of Google Cloud Storage of our own (`gcs_server`), for as long as a test session lasts."""

import contextlib
import itertools
import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import serving

_numbers = itertools.count()


@contextlib.contextmanager
def server(page: int = 100) -> Iterator[str]:
    """Start a server whose lists come in pages of this length; gives its address.

    Raises:
        Missing: it cannot be had here.
    """
    with serving.server("gcp_storage_emulator", Path(__file__).with_name("gcs_server.py"), page) as endpoint:
        yield endpoint


def bucket(endpoint: str, kind: str = "touchline") -> str:
    """Make an empty bucket; gives its name, which begins with its kind."""
    name = f"{kind}-{os.getpid()}-{next(_numbers)}"
    asked = urllib.request.Request(
        f"{endpoint}/storage/v1/b", json.dumps({"name": name}).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(asked).close()
    return name


def environment(endpoint: str) -> dict[str, str]:
    """What a process has in its environment to use the server."""
    return {"STORAGE_EMULATOR_HOST": endpoint}
