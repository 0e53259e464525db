"""A worker of `tune`, a process of its own: `python -m touchline.cli.tune_worker FOLDER NUMBER`."""

import sys
from pathlib import Path

from touchline.cli.terminal import complain
from touchline.cli.tune_job import read, work
from touchline.errors import TouchlineError


def main() -> int:
    """Work on the job in a folder; returns the exit code of its error."""
    job, examples = read(Path(sys.argv[1]))
    try:
        work(job, examples, int(sys.argv[2]))
    except TouchlineError as error:
        return complain(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
