"""Makes buckets of an S3 store ready: there, and telling a listener of the objects that wake functions.

Where the clouds' own tools make buckets (Terraform), this has nothing to do.
"""

from collections.abc import Iterable
from typing import Any

import boto3
from botocore import exceptions as aws

from touchline.errors import ConfigurationError, Unavailable


def client() -> Any:
    """A client of the S3 store that the environment names (AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_ACCESS_KEY_ID)."""
    return boto3.session.Session().client("s3")


def make(bucket: str, s3: Any) -> bool:
    """Make a bucket; whether it was missing.

    Raises:
        Unavailable: the store does not answer, or refuses.
    """
    try:
        if _there(bucket, s3):
            return False
        s3.create_bucket(Bucket=bucket, **_place(s3))
    except aws.ClientError as error:
        raise Unavailable(f"the bucket cannot be made: {error}", where=f"s3://{bucket}") from error
    except aws.BotoCoreError as error:
        raise Unavailable(f"the store does not answer: {error}", where=f"s3://{bucket}") from error
    return True


def notify(bucket: str, target: str, prefixes: Iterable[str], s3: Any) -> None:
    """Let the store tell a target of every new object under these prefixes, and of nothing else.

    Args:
        bucket: its notifications are replaced as a whole.
        target: ARN of a queue, as the store names it.
        prefixes: one rule each, since a rule knows one prefix only.
        s3: client of the store.

    Raises:
        ConfigurationError: the store refuses the target.
    """
    rules = [
        {
            "Id": prefix.strip("/").replace("/", "-"),
            "QueueArn": target,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
        }
        for prefix in sorted(set(prefixes))
    ]
    try:
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"QueueConfigurations": rules}
        )
    except aws.ClientError as error:
        hint = "the store must know the target: with RustFS, RUSTFS_NOTIFY_WEBHOOK_ENABLE_<NAME>"
        raise ConfigurationError(f"notifications are refused: {error}", where=f"s3://{bucket}", hint=hint) from error


def _there(bucket: str, s3: Any) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except aws.ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
            return False
        raise
    return True


def _place(s3: Any) -> dict[str, Any]:
    """Elsewhere than in its first region S3 wants to be told where."""
    region = s3.meta.region_name
    return {} if region in (None, "us-east-1") else {"CreateBucketConfiguration": {"LocationConstraint": region}}
