"""Which store an address means, and what stands in front of the keys."""

from pathlib import Path

import pytest

import gcs
import s3
from touchline import bootstrap
from touchline.adapters.local_store import LocalStore
from touchline.adapters.stores import open_store
from touchline.errors import ConfigurationError, DataError


def test_a_path_is_a_folder(tmp_path: Path) -> None:
    for number, address in enumerate([str(tmp_path / "0"), f"file://{tmp_path}/1", f"file://{tmp_path}/with%20blank"]):
        store = open_store(address, tmp_path / "default")
        assert isinstance(store, LocalStore)
        assert store.create("a", b"%d" % number)
    assert (tmp_path / "0" / "a").read_bytes() == b"0"
    assert (tmp_path / "1" / "a").read_bytes() == b"1"
    assert (tmp_path / "with blank" / "a").read_bytes() == b"2"
    assert open_store("", tmp_path / "default").create("a", b"")
    assert (tmp_path / "default" / "a").exists()


@pytest.mark.parametrize(
    "address",
    ["ftp://bucket/prefix", "s3://", "s3:///prefix", "gs://", "file://host/folder", "file://", "S4://b", "s3://b?x=1",
     "gs://b#x", "https://bucket.example/prefix"],
)  # fmt: skip
def test_other_addresses_are_refused_and_the_known_ones_named(address: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"TOUCHLINE_STORE: no address.*(.|\n)*s3://bucket/prefix, gs://"):
        open_store(address, tmp_path)


def test_an_address_with_a_secret_is_refused_without_telling_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        open_store("s3://key:hush@bucket/prefix", tmp_path)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("prefix", ["A", "a//b", "a/../b", "a%20b", "ä"])
@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_a_prefix_is_made_of_keys(scheme: str, prefix: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be the prefix"):
        open_store(f"{scheme}://bucket/{prefix}", tmp_path)


def test_a_prefix_keeps_stores_of_one_bucket_apart(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3.environment(s3_endpoint).items():
        monkeypatch.setenv(name, value)
    bucket = s3.bucket(s3_endpoint)
    whole, one, two = (open_store(f"s3://{bucket}{prefix}", Path("none")) for prefix in ("", "/one/", "/two/deep"))
    assert one.create("a", b"1")
    assert two.create("a", b"2")
    assert [info.key for info in whole.list("")] == ["one/a", "two/deep/a"]
    assert [info.key for info in two.list("")] == ["a"]
    assert (one.get("a"), two.get("a"), whole.get("two/deep/a")) == (b"1", b"2", b"2")
    long = open_store(f"s3://{bucket}/{'p/' * 300}", Path("none"))
    with pytest.raises(DataError, match="too long"):
        long.create("a/" * 300 + "a", b"")


def test_what_others_keep_in_the_bucket_is_no_object(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3.environment(s3_endpoint).items():
        monkeypatch.setenv(name, value)
    bucket = s3.bucket(s3_endpoint)
    for name in ("README.md", "raw/", "raw/Upper", "raw/x y", "raw/a"):
        s3.client(s3_endpoint).put_object(Bucket=bucket, Key=name, Body=b"theirs")
    store = open_store(f"s3://{bucket}", Path("none"))
    assert [info.key for info in store.list("")] == ["raw/a"]
    info = store.stat("raw/a")
    assert info is not None
    assert store.swap("raw/a", b"ours", info.etag)  # without a mark of ours


@pytest.mark.parametrize("kind", ["s3", "gcs"])
def test_ports_use_the_store_that_is_set(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cloud, scheme = (s3, "s3") if kind == "s3" else (gcs, "gs")
    endpoint = request.getfixturevalue(f"{kind}_endpoint")
    for name, value in cloud.environment(endpoint).items():
        monkeypatch.setenv(name, value)
    environ = {"TOUCHLINE_HOME": str(tmp_path), "TOUCHLINE_STORE": f"{scheme}://{cloud.bucket(endpoint)}/here"}
    assert bootstrap.ports(environ).store.create("a", b"one")
    assert bootstrap.ports(environ).store.get("a") == b"one"
    assert not (tmp_path / "objects").exists()
