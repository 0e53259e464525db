"""What a function may do in a bucket of S3, as a policy: its rights, in the words of the store."""

from typing import Any

from touchline.deploy.rights import Rights


def policy(bucket: str, found: Rights) -> dict[str, Any]:
    """Policy of a function.

    All may ask for the names of the whole bucket: who may not is told that a missing object is forbidden, and names
    hold nothing that is secret. Nobody may remove anything.
    """
    reads = sorted({*found.object_reads, *found.object_writes})
    return _allowed(bucket, ("s3:GetObject", reads), ("s3:PutObject", found.object_writes))


def whole(bucket: str) -> dict[str, Any]:
    """Policy of who has a bucket for itself, as the registry has; it may remove what it made."""
    everything = ("",)
    return _allowed(bucket, ("s3:GetObject", everything), ("s3:PutObject", everything), ("s3:DeleteObject", everything))


def _allowed(bucket: str, *given: tuple[str, Any]) -> dict[str, Any]:
    name = f"arn:aws:s3:::{bucket}"
    listing = {"Effect": "Allow", "Action": ["s3:GetBucketLocation", "s3:ListBucket"], "Resource": [name]}
    statements = [
        {
            "Effect": "Allow",
            "Action": [action, *_PARTS.get(action, ())],
            "Resource": [f"{name}/{prefix}*" for prefix in under],
        }
        for action, under in given
        if under
    ]
    return {"Version": "2012-10-17", "Statement": [listing, *statements]}


_PARTS = {"s3:PutObject": ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")}
"""Large objects are written in parts."""
