"""What the local object store promises beyond the others: crashes, full disks, and what else lies in its folder."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from touchline.adapters.local_store import LocalStore
from touchline.errors import DataError, Unavailable

WRITER = """
import sys
from pathlib import Path
from touchline.adapters.local_store import LocalStore

class Slow:
    def __init__(self):
        self.pieces = 0
    def read(self, size):
        self.pieces += 1
        if self.pieces == 20:
            print("half way", flush=True)
            sys.stdin.read()
        return b"x" * 1_000_000

LocalStore(Path(sys.argv[1])).create("raw/1/matches.parquet", Slow())
"""

SWAPPER = """
import sys
from pathlib import Path
from touchline.adapters.local_store import LocalStore

store = LocalStore(Path(sys.argv[1]))
for _ in range(40):
    while True:
        info = store.stat("counter")
        if store.swap("counter", b"%d" % (int(store.get("counter")) + 1), info.etag):
            break
"""


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_writer_that_is_killed_leaves_nothing_to_see(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "half way\n"
        assert files(tmp_path), "the writer was to be half way"
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    store = LocalStore(tmp_path)
    assert list(store.list("")) == []
    assert store.stat("raw/1/matches.parquet") is None
    assert store.create("raw/1/matches.parquet", b"whole")
    assert store.get("raw/1/matches.parquet") == b"whole"


def test_old_leftovers_are_removed_and_young_ones_left(tmp_path: Path) -> None:
    LocalStore(tmp_path).create("a", b"")
    (staging,) = (path for path in tmp_path.iterdir() if path.is_dir())
    old, young = staging / "old", staging / "young"
    for path, age in ((old, 2 * 86_400), (young, 3_600)):
        path.write_bytes(b"unfinished")
        os.utime(path, (time.time() - age,) * 2)
    LocalStore(tmp_path).create("b", b"")
    assert not old.exists()
    assert young.exists()


def test_a_finished_write_leaves_no_copy(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.create("a", b"one")
    store.create("a", b"two")
    info = store.stat("a")
    assert info is not None
    store.swap("a", b"three", info.etag)
    store.swap("a", b"four", info.etag)
    assert [path for path in files(tmp_path) if path.stat().st_size] == [tmp_path / "a"]


def test_a_swap_is_always_later_than_what_it_replaces(tmp_path: Path) -> None:
    """Otherwise a file that gets the number of an old one could get its etag too."""
    store = LocalStore(tmp_path)
    store.create("a", b"0")
    ahead = time.time() + 3_600  # a clock that was put back
    os.utime(tmp_path / "a", (ahead, ahead))
    before = store.stat("a")
    assert before is not None
    assert store.swap("a", b"1", before.etag)
    assert (tmp_path / "a").stat().st_mtime_ns > int(ahead * 1e9) - 1_000


def test_no_etag_comes_back_with_its_content(tmp_path: Path) -> None:
    store, seen = LocalStore(tmp_path), set()
    store.create("a", b"0")
    for number in range(50):  # contents of one size, as fast as it goes, and the first one again and again
        info = store.stat("a")
        assert info is not None
        assert info.etag not in seen
        seen.add(info.etag)
        assert store.swap("a", b"%d" % (number % 2), info.etag)


def test_processes_do_not_lose_each_others_swaps(tmp_path: Path) -> None:
    LocalStore(tmp_path).create("counter", b"0")
    workers = [subprocess.Popen([sys.executable, "-c", SWAPPER, str(tmp_path)]) for _ in range(2)]
    assert [worker.wait() for worker in workers] == [0, 0]
    assert LocalStore(tmp_path).get("counter") == b"80"


def test_a_key_cannot_be_a_folder_of_other_keys(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.create("a/b", b"")
    for key in ("a", "a/b/c", "a/b/c/d"):
        with pytest.raises(DataError, match="is in the way"):
            store.create(key, b"")
    assert not store.swap("a", b"", "0-0-0")
    assert [info.key for info in store.list("")] == ["a/b"]


def test_nothing_is_read_or_written_through_symbolic_links(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    store = LocalStore(root)
    store.create("a", b"")
    (root / "way").symlink_to(outside)
    (root / "link").symlink_to(outside / "secret")
    for key in ("way/secret", "link"):
        for call in (store.get, store.stat, store.open, lambda key: store.create(key, b"")):
            with pytest.raises(DataError, match="symbolic link"):
                call(key)
    with pytest.raises(DataError, match="symbolic link"):
        store.create("way/new", b"")
    assert [info.key for info in store.list("")] == ["a"]
    assert files(outside) == [outside / "secret"]


def test_the_folder_itself_may_be_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert LocalStore(tmp_path / "link").create("a", b"")
    assert (tmp_path / "real" / "a").exists()


def test_foreign_files_are_no_objects(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.create("a", b"")
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "Folder").mkdir()
    (tmp_path / "Folder" / "b").write_text("mine")
    assert [info.key for info in store.list("")] == ["a"]


def test_reading_makes_no_folder(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "none")
    assert store.stat("a") is None
    assert list(store.list("")) == list(store.list("a/b")) == []
    assert not (tmp_path / "none").exists()


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.create("a", b"small")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(Unavailable, match=r"b: the store's folder answers: File too large"):
            store.create("b", b"x" * 20_000)
        info = store.stat("a")
        assert info is not None
        with pytest.raises(Unavailable):
            store.swap("a", b"x" * 20_000, info.etag)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [info.key for info in store.list("")] == ["a"]
    assert store.get("a") == b"small"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="Not a directory"):
        LocalStore(tmp_path / "file" / "objects").create("a", b"")


@contextlib.contextmanager
def _unprivileged(folder: Path) -> Iterator[None]:
    """Without the rights of root, which may write anywhere."""
    folder.chmod(0o555)
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_without_rights_is_named_and_can_be_read() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        LocalStore(root).create("a/b", b"content")
        (root / "closed").mkdir(mode=0)
        with _unprivileged(root):
            store = LocalStore(root)
            assert store.get("a/b") == b"content"
            with pytest.raises(Unavailable, match="Permission denied"):
                store.create("c", b"")
            with pytest.raises(Unavailable, match="Permission denied"):
                list(store.list("closed/"))
            with pytest.raises(Unavailable, match="Permission denied"):
                store.stat("closed/a")
        for folder in (root, root / "closed"):
            folder.chmod(0o755)


def test_a_source_that_fails_leaves_nothing(tmp_path: Path) -> None:
    class Broken:
        def read(self, size: int) -> bytes:
            raise Unavailable("the network is gone")

    store = LocalStore(tmp_path)
    with pytest.raises(Unavailable, match="the network is gone"):
        store.create("a", Broken())  # type: ignore[arg-type]
    assert files(tmp_path) == []
