"""Runs a program so that nothing of it outlives us: `python -I -S browser_guard.py FOLDER PROGRAM ARGUMENTS`.

Whoever starts this holds the other end of its standard input, and nobody else does. When that end is closed, because
the work is done or because the holder died, even by a kill that leaves it no time, or when the program ends of itself,
all processes of the program's group are killed, and the folder is removed. What the program leaves orphaned comes to
this process on Linux, so that no dead process stays behind where nobody else waits for it, as in a container.
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from typing import Any, Final

_PR_SET_CHILD_SUBREAPER: Final = 36
_PATIENCE: Final = 5.0
"""Seconds for killed processes to be gone."""


def main() -> None:
    """Run the program until standard input ends, or the program does."""
    folder, command = sys.argv[1], sys.argv[2:]
    _adopt_orphans()
    signal.signal(signal.SIGTERM, _stop)
    signals = _signals()
    try:
        program = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)
        try:
            while program.poll() is None and not _ended(signals):
                pass
        finally:
            _kill(program.pid)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _stop(*_: Any) -> None:
    raise SystemExit


def _signals() -> int:
    """A pipe that holds a byte for every signal from now on: a handler would run amid a question after the program."""
    told, teller = os.pipe()
    os.set_blocking(teller, False)
    signal.set_wakeup_fd(teller, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return told


def _ended(signals: int) -> bool:
    """Wait until standard input or a signal tells something; whether it was the end of the input."""
    ready, _, _ = select.select([sys.stdin, signals], [], [])
    if signals in ready:
        os.read(signals, 512)
    return sys.stdin in ready and not os.read(sys.stdin.fileno(), 512)


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    until = time.monotonic() + _PATIENCE
    with contextlib.suppress(ChildProcessError):  # none is left
        while time.monotonic() < until:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.01)


if __name__ == "__main__":
    main()
