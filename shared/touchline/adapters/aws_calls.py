"""Clients of AWS beside the store, and their errors in our words.

Region, endpoint and credentials come from where every tool of AWS has them. The clients repeat what did not get
through.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import boto3
from botocore import exceptions as aws
from botocore.config import Config

from touchline.errors import ConfigurationError, NotFound, Unavailable

_CONFIG: Final = Config(
    connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 5}
)  # fmt: skip
_BUSY: Final = frozenset(
    {"RequestThrottled", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyUpdates", "InternalError"}
)
_ABSENT: Final = frozenset({"ParameterNotFound", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})


def client(service: str) -> Any:
    """A client of a service, such as `sqs`.

    Raises:
        ConfigurationError: there is no region, or no such profile.
    """
    with translated(service):
        return boto3.session.Session().client(service, config=_CONFIG)


def prefix_of(address: str, setting: str) -> str:
    """Name prefix in an address `aws://<name prefix>`.

    Raises:
        ConfigurationError: it holds anything else.
    """
    parts = urlsplit(address)
    if parts.scheme != "aws" or not parts.netloc or address != f"aws://{parts.netloc}":
        raise ConfigurationError("no such address", where=setting, hint="known is aws://<name prefix of the resources>")
    return parts.netloc


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Errors of a client as ours.

    Raises:
        Unavailable: the service does not answer, or is busy.
        NotFound: it has no such thing.
        ConfigurationError: it refuses us, or nothing could be sent.
    """
    try:
        yield
    except aws.ClientError as error:
        raise _answered(error, where) from error
    except (aws.HTTPClientError, aws.ConnectionError) as error:
        raise Unavailable(f"AWS does not answer: {error}", where=where, hint="check the network") from error
    except aws.BotoCoreError as error:
        raise ConfigurationError(str(error), where=where, hint="check AWS_REGION and the credentials") from error


def _answered(error: aws.ClientError, where: str) -> Exception:
    code, message = str(error.response["Error"].get("Code", "")), error.response["Error"].get("Message", "")
    status = int(error.response["ResponseMetadata"]["HTTPStatusCode"])
    what = f"AWS answers {status}, {code}: {message}"
    if status >= 500 or status == 429 or code in _BUSY:
        return Unavailable(what, where=where, hint="try again")
    if code in _ABSENT:
        return NotFound(what, where=where)
    return ConfigurationError(what, where=where, hint="check the credentials and what they may do")
