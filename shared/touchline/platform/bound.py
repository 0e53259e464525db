"""Run a module as `python -m` does, bound to the process that asked for it: `python bound.py PARENT MODULE ARGUMENTS`.

Whoever starts functions may be killed without a chance to end them. On Linux the kernel then ends this process and all
that it forks (a server's workers); elsewhere the next start of the platform finds them.
"""

import os
import runpy
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def bind(parent: int) -> None:
    """Let the kernel kill this process when its parent dies, and at once if that has happened."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _bind_forks() -> None:
    """Bind each fork to the process that it was forked from."""
    forker = [os.getpid()]

    def forked() -> None:
        bind(forker[0])
        forker[0] = os.getpid()

    os.register_at_fork(after_in_child=forked)


def main() -> None:
    """Bind this process and its forks, then become the module."""
    parent, module = int(sys.argv[1]), sys.argv[2]
    bind(parent)
    _bind_forks()
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
