"""Object lock: what is written of the record can be removed by nobody for a while, and all else as ever."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import s3
from touchline.adapters.stores import open_store
from touchline.errors import ConfigurationError


@pytest.fixture
def locking(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, str]:
    """A client, and the name of a bucket with object lock."""
    for name, value in s3.environment(s3_endpoint).items():
        monkeypatch.setenv(name, value)
    client, bucket = s3.client(s3_endpoint), "touchline-locking"
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    return client, bucket


def test_the_record_is_locked_and_nothing_else(locking: tuple[Any, str]) -> None:
    client, bucket = locking
    store = open_store(f"s3://{bucket}/deep", Path("none"), lock_days=30)
    key = "ledger/forecasts/000000000001.json"
    assert store.create(key, b"{}")
    assert not store.create(key, b"other")
    assert store.create("views/latest.json", b"{}")
    kept = client.head_object(Bucket=bucket, Key=f"deep/{key}")
    assert kept["ObjectLockMode"] == "COMPLIANCE"
    left = kept["ObjectLockRetainUntilDate"] - datetime.now(UTC)
    assert timedelta(days=29) < left <= timedelta(days=30)
    assert "ObjectLockMode" not in client.head_object(Bucket=bucket, Key="deep/views/latest.json")
    with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
        client.delete_object(Bucket=bucket, Key=f"deep/{key}", VersionId=kept["VersionId"])
    assert store.get(key) == b"{}"


@pytest.mark.parametrize("address", ["", "gs://bucket", "file:///folder"])
def test_a_store_that_cannot_lock_says_so(address: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="locks objects"):
        open_store(address, tmp_path, lock_days=1)
