"""The processes that work on a search: each that dies is replaced, and its trial given to another."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from touchline.cli.tune_job import Job, name_of, write
from touchline.errors import Unavailable
from touchline.platform import bound

if TYPE_CHECKING:
    from collections.abc import Callable

    from touchline.learning.examples import Examples
    from touchline.learning.tuning import Search

_LOOK: Final = 0.2
DEATHS: Final = 10
"""So many workers may die in one search: after that it is the machine that wants a look."""


def fill(
    job: Job, examples: "Examples", workers: int, folder: Path, watch: "Callable[[list[Search]], None]"
) -> "list[Search]":
    """Let workers fill the studies of a job; gives the searches when all trials are finished.

    Args:
        job: what is tried.
        examples: what it is tried on.
        workers: processes that work at the same time.
        folder: empty; what the workers read, and what they said.
        watch: called a few times a second.

    Raises:
        ConfigurationError, DataError: there is nothing to work on, see `Job.searches`.
        Unavailable: the studies do not answer, a worker stopped with an error, or too many of them died.
    """
    studies, searches = job.searches(examples, name_of(os.getpid()))
    write(folder, job, examples)
    deaths = 0
    with ExitStack() as stack:
        crew = [_hire(folder, number, stack) for number in range(workers)]
        while any(worker.poll() != 0 for worker in crew):
            time.sleep(_LOOK)
            watch(searches)
            for number, worker in enumerate(crew):
                if not (code := worker.poll()):
                    continue
                if code > 0 or (deaths := deaths + 1) > DEATHS:
                    raise Unavailable(
                        "a worker stopped", details=_last_words(folder, number), where=f"exit code {code}"
                    )
                for search in searches:
                    studies.take_back(search.study, name_of(worker.pid))
                crew[number] = _hire(folder, number, stack)
        watch(searches)
    return searches


def _hire(folder: Path, number: int, stack: ExitStack) -> "subprocess.Popen[bytes]":
    command = (sys.executable, bound.__file__, str(os.getpid()), "touchline.cli.tune_worker", str(folder), str(number))
    with (folder / f"worker-{number}.log").open("ab") as log:
        worker = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    stack.callback(worker.wait)
    stack.callback(worker.kill)
    return worker


def _last_words(folder: Path, number: int) -> tuple[str, ...]:
    return tuple((folder / f"worker-{number}.log").read_text(errors="replace").splitlines()[-3:])
