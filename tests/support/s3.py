"""An S3 server of our own (`s3_server`), for as long as a test session lasts."""

import contextlib
import functools
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import serving

_numbers = itertools.count()


@contextlib.contextmanager
def server(page: int = 100) -> Iterator[str]:
    """Start a server whose lists come in pages of this length; gives its address.

    Raises:
        Missing: it cannot be had here.
    """
    with serving.server("moto", Path(__file__).with_name("s3_server.py"), page) as endpoint:
        yield endpoint


def bucket(endpoint: str) -> str:
    """Make an empty bucket; gives its name."""
    name = f"touchline-{os.getpid()}-{next(_numbers)}"
    client(endpoint).create_bucket(Bucket=name)
    return name


def environment(endpoint: str) -> dict[str, str]:
    """What a process has in its environment to use the server."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "touchline",
        "AWS_SECRET_ACCESS_KEY": "no-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@functools.cache
def client(endpoint: str) -> Any:
    """A client of the server, whatever this process has in its environment."""
    import boto3

    known = environment(endpoint)
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name=known["AWS_DEFAULT_REGION"],
        aws_access_key_id=known["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=known["AWS_SECRET_ACCESS_KEY"],
    )
