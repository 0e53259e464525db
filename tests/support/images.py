"""Images of the functions: built with buildah on a base of Debian's packages, and run as a platform runs them.

That is: as a user without rights, on a root that cannot be written to but for /tmp, with nothing but its environment.
A container engine is not needed, only Linux, root, buildah and mmdebstrap.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from missing import Missing

ROOT = Path(__file__).parents[2]
BASE = "localhost/touchline-base"
PROGRAMS = ("buildah", "mmdebstrap", "unshare", "setpriv")
UNREACHABLE = ("Temporary failure", "Connection refused", "Network is unreachable", "Could not resolve", "timed out")
_AS_ON_A_PLATFORM = """
root=$1; shift
mount --bind "$root" "$root"
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mount -o remount,ro,bind "$root"
exec setpriv --no-new-privs unshare --root "$root" --wd /app --setuid 10001 --setgid 10001 -- /usr/bin/env -i "$@"
"""


class Builder:
    """Builds images into a storage of its own.

    Raises:
        Missing: images cannot be built here.
    """

    def __init__(self, storage: Path) -> None:
        if sys.platform != "linux" or os.geteuid() != 0:
            raise Missing("unpacking a system takes root on Linux")
        if absent := [name for name in PROGRAMS if shutil.which(name) is None]:
            raise Missing(f"not installed: {', '.join(absent)}")
        settings = storage / "storage.conf"
        where = f"graphroot = '{storage}/graph'\nrunroot = '{storage}/run'\n"
        settings.write_text(f"[storage]\ndriver = 'overlay'\n{where}")
        self._environ = os.environ | {"CONTAINERS_STORAGE_CONF": str(settings), "BUILDAH_LAYERS": "false"}

    def run(self, *command: str) -> str:
        """Run a command on the storage; what it says.

        Raises:
            Missing: nothing could be fetched.
        """
        done = subprocess.run(command, cwd=ROOT, env=self._environ, capture_output=True, text=True, check=False)
        if done.returncode and any(word in done.stderr for word in UNREACHABLE):
            raise Missing(f"neither packages of Debian nor of Python can be fetched: {done.stderr[-2000:]}")
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    def base(self) -> None:
        """Make the base that the others are built on."""
        self.run("scripts/base-image", BASE)

    def build(self, function: str) -> str:
        """Build the image of a function; its name."""
        told = self.run("scripts/build-images", "--base", BASE, function)
        return told.split()[1]

    def config(self, image: str) -> dict[str, Any]:
        """What the image says of itself: User, Env, Entrypoint, Labels, Healthcheck..."""
        told: dict[str, Any] = json.loads(self.run("buildah", "inspect", "--type", "image", image))
        return dict(told["Docker"]["config"])

    @contextmanager
    def unpacked(self, image: str) -> Iterator[Path]:
        """Root of the file system of an image."""
        container = self.run("buildah", "from", "--pull-never", image).strip()
        try:
            yield Path(self.run("buildah", "mount", container).strip())
        finally:
            self.run("buildah", "rm", container)


class Started(NamedTuple):
    """A process that runs in an image, and where it tells what it does."""

    process: subprocess.Popen[bytes]
    log: Path

    def inner(self) -> list[int]:
        """The process within, the first of a space of its own: all others there end with it."""
        outer = self.process.pid
        return [int(pid) for pid in Path(f"/proc/{outer}/task/{outer}/children").read_text().split()]

    def told(self) -> dict[str, str]:
        """What the system says of the process within: its user, its rights."""
        lines = Path(f"/proc/{self.inner()[0]}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def end(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError, FileNotFoundError):
            for pid in self.inner():
                os.kill(pid, signal.SIGKILL)
        self.process.kill()


@contextmanager
def started(
    root: Path, config: Mapping[str, Any], environ: Mapping[str, str], log: Path, *command: str
) -> Iterator[Started]:
    """Run what an image runs (or another command) in it, with more in its environment; ended afterwards."""
    words = [*config["Env"], *(f"{name}={value}" for name, value in environ.items())]
    inner = [*words, *(command or config["Entrypoint"])]
    outer = ["unshare", "--mount", "--pid", "--fork", "sh", "-euc", _AS_ON_A_PLATFORM, "sh", str(root)]
    with log.open("wb") as told, subprocess.Popen([*outer, *inner], stdout=told, stderr=told) as process:
        within = Started(process, log)
        try:
            yield within
        finally:
            within.end()
