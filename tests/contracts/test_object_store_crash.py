"""What happens to a store in a folder when its writers are killed, its disk is full or must not be written."""

import contextlib
import hashlib
import io
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.adapters.local_store import LocalStore
from touchline.errors import Unavailable

WRITER = """
import hashlib, itertools, sys
from pathlib import Path
from touchline.adapters.local_store import LocalStore

store, name = LocalStore(Path(sys.argv[1])), sys.argv[2]
store.create("newest", b"")
for number in itertools.count():
    data = b"%s %d " % (name.encode(), number) * 400_000
    key = "objects/" + hashlib.sha256(data).hexdigest()
    print("writes", key, flush=True)
    assert store.create(key, data)
    while not store.swap("newest", key.encode(), store.stat("newest").etag):
        pass
    print("wrote", key, flush=True)
"""

HOLDER = """
import fcntl, sys
lock = open(sys.argv[1], "wb")
fcntl.flock(lock, fcntl.LOCK_EX)
print("holds", flush=True)
sys.stdin.read()
"""


@settings(max_examples=10, deadline=None)
@given(lines=st.integers(1, 6), later=st.floats(0, 0.04))
def test_whenever_a_writer_is_killed_all_that_is_seen_is_whole(lines: int, later: float) -> None:
    """Killed while it writes, links, swaps or syncs: some milliseconds after a line that it prints."""
    with tempfile.TemporaryDirectory() as folder:
        printed = [line.split() for line in _killed(folder, "first", lines, later).splitlines() if line[-1:].isalnum()]
        store = LocalStore(Path(folder))
        wrote = {line[1] for line in printed if line[0] == "wrote" and len(line[-1]) == 72}
        seen = [info.key for info in store.list("objects/")]
        assert wrote <= set(seen)
        for key in seen:
            assert key == "objects/" + hashlib.sha256(store.get(key)).hexdigest()
        newest = store.get("newest").decode()
        assert newest == "" or newest in seen
        assert "wrote" in _killed(folder, "second", 4, 0)  # nothing that is left stands in the way


def _killed(folder: str, name: str, lines: int, later: float) -> str:
    """Run a writer until it printed so many lines, and for so many seconds more; what it printed altogether."""
    with subprocess.Popen([sys.executable, "-c", WRITER, folder, name], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        printed = b"".join(writer.stdout.readline() for _ in range(lines))
        with contextlib.suppress(subprocess.TimeoutExpired):
            writer.wait(later)
        writer.send_signal(signal.SIGKILL)
        return (printed + writer.stdout.read()).decode()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    _mount("-t", "tmpfs", "-o", "size=1m", "touchline-test", str(place))
    yield place
    subprocess.run(["umount", str(place)], check=True)


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount a disk here: {done.stderr.strip()}")


def test_a_disk_that_is_full_is_named_and_works_again_with_space(small_disk: Path) -> None:
    store = LocalStore(small_disk / "objects")
    assert store.create("a", b"small")
    info = store.stat("a")
    assert info is not None
    (small_disk / "other").write_bytes(b"x" * 900_000)
    for write in (
        lambda: store.create("b/c", b"x" * 500_000),
        lambda: store.create("b/d", io.BytesIO(b"x" * 500_000)),
        lambda: store.swap("a", b"x" * 500_000, info.etag),
    ):
        with pytest.raises(Unavailable, match=r"No space left on device(.|\n)*check its space"):
            write()
        assert [found.key for found in store.list("")] == ["a"]
        assert store.get("a") == b"small"
    (small_disk / "other").unlink()
    assert store.create("b/c", b"x" * 500_000)
    assert store.swap("a", b"larger", info.etag)
    assert sum(path.stat().st_size for path in small_disk.rglob("*") if path.is_file()) == 500_000 + len(b"larger")


def test_a_disk_that_must_not_be_written_is_named_and_read(small_disk: Path) -> None:
    writer = LocalStore(small_disk / "objects")
    assert writer.create("a", b"content")
    info = writer.stat("a")
    assert info is not None
    _mount("-o", "remount,ro", str(small_disk))
    for store in (writer, LocalStore(small_disk / "objects")):
        assert store.get("a") == b"content"
        assert [found.key for found in store.list("")] == ["a"]
        assert not store.create("a", b"other")
        for write in (lambda store=store: store.create("b", b""), lambda store=store: store.swap("a", b"", info.etag)):
            with pytest.raises(Unavailable, match="Read-only file system"):
                write()
    _mount("-o", "remount,rw", str(small_disk))
    assert writer.create("b", b"")
    assert writer.swap("a", b"new", info.etag)


def test_no_place_for_a_new_folder_is_named(small_disk: Path) -> None:
    """Without inodes left nothing can be made, though there is space."""
    _mount("-o", "remount,nr_inodes=6", str(small_disk))
    store = LocalStore(small_disk / "objects")

    def fill() -> None:
        for number in range(6):
            store.create(f"{number}/a", b"")

    with pytest.raises(Unavailable, match="No space left on device"):
        fill()
    seen = [info.key for info in store.list("")]
    assert [store.get(key) for key in seen] == [b""] * len(seen)


def test_the_lock_of_a_process_goes_with_it(tmp_path: Path) -> None:
    """Of one that is killed in the middle of a swap."""
    LocalStore(tmp_path).create("a", b"0")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / ".~lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holds\n"
        process.send_signal(signal.SIGKILL)
        store = LocalStore(tmp_path)
        info = store.stat("a")
        assert info is not None
        assert store.swap("a", b"1", info.etag)
