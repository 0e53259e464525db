"""What a store in a bucket promises on a bad line: right answers, or `Unavailable`, and nothing half done."""

import io
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

import flaky
import gcs
import s3
from touchline.adapters.bucket_store import PART
from touchline.adapters.stores import open_store
from touchline.errors import ConfigurationError, NotFound, Unavailable
from touchline.ports import ObjectStore

BIG = random.Random(1).randbytes(2 * PART + 100)


@dataclass(frozen=True)
class Cloud:
    """A bucket behind a line, and how its protocol calls things."""

    support: ModuleType
    scheme: str
    endpoint: str
    bucket: str
    line: flaky.Line
    write: str
    """Method of a small write."""
    ask: str
    """Method of asking what is known of an object."""
    finish: tuple[str, int]
    """Method that ends a write of three parts, and how many calls of this method come before it."""
    monkeypatch: pytest.MonkeyPatch

    def store(self, direct: bool = False, bucket: str = "") -> ObjectStore:
        """A store on the bucket, over the line or around it."""
        for name, value in self.support.environment(self.endpoint if direct else self.line.endpoint).items():
            self.monkeypatch.setenv(name, value)
        return open_store(f"{self.scheme}://{bucket or self.bucket}", Path("none"))

    def fault_at_the_end(self, fault: flaky.Fault) -> None:
        """Let the last call of a write of three parts fail."""
        method, before = self.finish
        self.line.plan(method, *[""] * before, fault)


@pytest.fixture(params=["s3", "gcs"])
def cloud(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    endpoint = request.getfixturevalue(f"{request.param}_endpoint")
    with flaky.proxy(endpoint, seed=7) as line:
        if request.param == "s3":
            bucket = s3.bucket(endpoint)
            yield Cloud(s3, "s3", endpoint, bucket, line, "PUT", "HEAD", ("POST", 1), monkeypatch)
        else:
            bucket = gcs.bucket(endpoint)
            yield Cloud(gcs, "gs", endpoint, bucket, line, "POST", "GET", ("PUT", 2), monkeypatch)


def swap(store: ObjectStore, key: str, data: bytes) -> bool:
    info = store.stat(key)
    assert info is not None
    return store.swap(key, data, info.etag)


def test_a_write_whose_answer_was_lost_is_known_as_ours(cloud: Cloud) -> None:
    store = cloud.store()
    cloud.line.plan(cloud.write, "lost", "lost", "")
    assert store.create("a", b"one")
    assert not store.create("a", b"one")
    cloud.line.plan(cloud.write, "lost", "refused")
    assert swap(store, "a", b"two")
    assert store.get("a") == b"two"
    assert cloud.line.calls["lost"] == 3


def test_a_lost_answer_does_not_make_anothers_write_ours(cloud: Cloud) -> None:
    """The same content, written by somebody else while we wait before we try again."""
    other, store = cloud.store(direct=True), cloud.store()
    cloud.line.meanwhile = lambda: other.create("a", b"same")
    cloud.line.plan(cloud.write, "refused")
    assert not store.create("a", b"same")
    info = store.stat("a")
    assert info is not None
    cloud.line.meanwhile = lambda: other.swap("a", b"theirs", info.etag)
    cloud.line.plan(cloud.write, "refused")
    assert not store.swap("a", b"ours", info.etag)
    assert store.get("a") == b"theirs"


def test_our_write_is_known_as_ours_after_others_replaced_it(cloud: Cloud) -> None:
    other, store = cloud.store(direct=True), cloud.store()
    cloud.line.meanwhile = lambda: [swap(other, "a", b"%d" % number) for number in range(5)]
    cloud.line.plan(cloud.write, "lost")
    assert store.create("a", b"ours")
    assert store.get("a") == b"4"
    cloud.line.meanwhile = lambda: [swap(other, "a", b"%d" % number) for number in range(10, 15)]
    cloud.line.plan(cloud.write, "lost")
    assert swap(store, "a", b"ours")
    assert store.get("a") == b"14"


def test_marks_do_not_grow_without_end(cloud: Cloud) -> None:
    store = cloud.store()
    store.create("a", b"0")
    for number in range(40):
        assert swap(store, "a", b"%d" % number)
    cloud.line.plan(cloud.write, "lost")
    assert swap(store, "a", b"last")


def test_a_large_write_whose_end_was_lost_is_known_as_ours(cloud: Cloud) -> None:
    store = cloud.store()
    cloud.fault_at_the_end("lost")
    assert store.create("big", io.BytesIO(BIG))
    assert cloud.line.calls["lost"] == 1
    assert store.get("big") == BIG
    assert not store.create("big", io.BytesIO(BIG))


def test_a_large_write_gives_way_to_one_that_was_faster(cloud: Cloud) -> None:
    other, store = cloud.store(direct=True), cloud.store()
    cloud.line.meanwhile = lambda: other.create("big", b"small")
    cloud.fault_at_the_end("refused")
    assert not store.create("big", io.BytesIO(BIG))
    assert store.get("big") == b"small"
    assert unfinished(cloud) == []


def test_a_large_write_that_fails_leaves_nothing(cloud: Cloud) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 2 * PART:
                raise Unavailable("the source is gone")
            return super().read(size)

    store = cloud.store()
    with pytest.raises(Unavailable, match="the source is gone"):
        store.create("big", Broken(BIG * 2))
    assert list(store.list("")) == []
    assert unfinished(cloud) == []
    assert store.create("big", io.BytesIO(BIG))


def unfinished(cloud: Cloud) -> list[object]:
    """Uploads in parts that nobody ended: they cost money, and nobody sees them."""
    if cloud.scheme == "gs":
        return []  # it forgets them itself
    found: list[object] = s3.client(cloud.endpoint).list_multipart_uploads(Bucket=cloud.bucket).get("Uploads", [])
    return found


def test_a_source_may_give_little_at_once(cloud: Cloud) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 1_000_003))

    store = cloud.store()
    assert store.create("big", Slow(BIG))
    assert store.get("big") == BIG


def test_bodies_that_break_off_are_read_again(cloud: Cloud) -> None:
    store = cloud.store()
    store.create("big", BIG)
    cloud.line.plan("GET", "cut", "cut")
    assert store.get("big") == BIG
    cloud.line.plan("GET", "cut")
    with store.open("big") as stream:
        assert stream.read() == BIG
    assert cloud.line.calls["cut"] == 3


def test_a_line_that_is_down_is_named_and_comes_back(cloud: Cloud) -> None:
    store = cloud.store()
    store.create("a", b"one")
    cloud.line.down()
    began = time.monotonic()
    with pytest.raises(Unavailable, match=f"{cloud.scheme}://{cloud.bucket}/a: the store does not answer"):
        store.get("a")
    assert time.monotonic() - began < 20
    cloud.line.up()
    assert store.get("a") == b"one"


CALLS: dict[str, Callable[[ObjectStore], object]] = {
    "get": lambda store: store.get("a"),
    "open": lambda store: store.open("a"),
    "stat": lambda store: store.stat("a"),
    "create": lambda store: store.create("a", b""),
    "large create": lambda store: store.create("a", io.BytesIO(BIG)),
    "swap": lambda store: store.swap("a", b"", "e"),
    "list": lambda store: list(store.list("")),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_bucket_that_is_not_there_is_named(cloud: Cloud, call: str) -> None:
    store = cloud.store(bucket="touchline-nowhere")
    with pytest.raises(ConfigurationError, match=rf"{cloud.scheme}://touchline-nowhere.*bucket(.|\n)*TOUCHLINE_STORE"):
        CALLS[call](store)


def test_a_refusal_names_the_rights_that_are_needed(cloud: Cloud) -> None:
    store = cloud.store()
    cloud.line.plan("GET", *[403] * 9)
    cloud.line.plan(cloud.write, 403)
    for call in ("get", "list", "create"):
        with pytest.raises(ConfigurationError, match=r"403(.|\n)*(s3:PutObject|objectUser)"):
            CALLS[call](store)


@pytest.mark.slow
def test_too_many_calls_are_no_fault_of_the_caller(cloud: Cloud) -> None:
    store = cloud.store()
    cloud.line.plan("GET", *[429] * 100)
    with pytest.raises(Unavailable, match=r"429|does not answer"):
        store.get("a")


@pytest.mark.parametrize("cloud", ["s3"], indirect=True)
def test_a_write_that_another_disturbs_is_tried_again_by_the_caller(cloud: Cloud) -> None:
    """S3 answers 409 to a write that meets another one: who won is seen by looking. Google's writes do not meet."""
    other, store = cloud.store(direct=True), cloud.store()
    cloud.line.plan("PUT", 409, 409)
    with pytest.raises(Unavailable, match="under way"):
        store.create("a", b"ours")
    cloud.line.meanwhile = lambda: other.create("a", b"theirs")
    assert not store.create("a", b"ours")
    cloud.line.plan("PUT", 409)
    with pytest.raises(Unavailable, match="under way"):
        swap(store, "a", b"ours")
    assert swap(store, "a", b"ours")


def test_an_object_that_went_is_not_found(cloud: Cloud) -> None:
    store = cloud.store()
    store.create("other", b"")
    with pytest.raises(NotFound, match="a: there is no such object"):
        store.get("a")


def test_no_credentials_are_a_matter_of_settings(cloud: Cloud, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "STORAGE_EMULATOR_HOST"):
        cloud.monkeypatch.delenv(name, raising=False)
    nothing = str(tmp_path / "none")
    for name, value in {
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": nothing, "AWS_SHARED_CREDENTIALS_FILE": nothing,
        "CLOUDSDK_CONFIG": nothing, "NO_GCE_CHECK": "true",
    }.items():  # fmt: skip
        cloud.monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=r"credentials(.|\n)*check the credentials"):
        open_store(f"{cloud.scheme}://bucket", tmp_path).get("a")


@contextmanager
def patiently(lost: list[str]) -> Iterator[None]:
    """The platform's part: whoever gets `Unavailable` comes back."""
    try:
        yield
    except Unavailable as error:
        lost.append(str(error))


def test_one_call_in_ten_may_fail(cloud: Cloud) -> None:
    """Three writers on a counter and on keys of their own and in common, over a line that loses every tenth call."""
    cloud.store(direct=True).create("counter", b"0")
    stores = [cloud.store() for _ in range(3)]
    cloud.line.share = 0.1
    with ThreadPoolExecutor(3) as threads:
        done = list(threads.map(_work, range(3), stores))
    cloud.line.share = 0.0
    assert cloud.line.calls["lost"] > 3
    assert cloud.line.calls["refused"] > 3
    assert stores[0].get("counter") == b"%d" % sum(raised for raised, _ in done)
    won = [key for _, keys in done for key in keys]
    assert sorted(won) == [info.key for info in stores[0].list("c")][:-1]  # each key was made by exactly one of them


def _work(number: int, store: ObjectStore) -> tuple[int, list[str]]:
    """How often the counter was raised, and which keys were made."""
    raised, won, failed = 0, [], list[str]()
    for turn in range(10):
        for key in (f"c/{turn}", f"c/{turn}-{number}"):
            with patiently(failed):
                won += [key] * store.create(key, key.encode())
        with patiently(failed):
            info = store.stat("counter")
            assert info is not None
            raised += store.swap("counter", b"%d" % (int(store.get("counter")) + 1), info.etag)
        with patiently(failed):
            assert store.get(f"c/{turn}") == f"c/{turn}".encode()
    assert failed == []  # one in a hundred thousand calls fails five times
    return raised, won
