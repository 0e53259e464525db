"""What the workers of `tune` are told, and what each of them does."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from touchline.adapters.studies import SharedStudies
    from touchline.learning.examples import Examples
    from touchline.learning.tuning import Search

_JOB, _EXAMPLES = "job.json", "examples.npz"
_ARRAYS = ("x", "names", "outcome", "kickoff", "competition", "goals", "market")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One search: where its studies are, and what is tried."""

    address: str
    families: tuple[str, ...]
    trials: int
    folds: int
    seed: int
    starts: dict[str, dict[str, Any]] = {}
    lease_seconds: float = 30.0

    def searches(self, examples: "Examples", worker: str) -> "tuple[SharedStudies, list[Search]]":
        """The studies joined, one search for each family that can learn from these matches.

        Raises:
            ConfigurationError: an address that can hold no studies, or a family that does not exist.
            DataError: the matches cannot be cut into folds.
            Unavailable: the address does not answer.
        """
        from touchline.adapters.studies import SharedStudies
        from touchline.learning.families import families
        from touchline.learning.fitting import FitOptions, task_of
        from touchline.learning.tuning import Search

        heard = families(self.families, examples)
        studies = SharedStudies(self.address, worker=worker, lease_seconds=self.lease_seconds)
        options = FitOptions(
            trials=self.trials, folds=self.folds, seed=self.seed, starts=self.starts, studies=studies
        )  # fmt: skip
        task = task_of(examples, options)
        return studies, [Search(one, task, lambda message: None) for one in heard]


def name_of(process: int) -> str:
    """Name of a worker: its machine and process."""
    return f"{socket.gethostname()}/{process}"


def write(folder: Path, job: Job, examples: "Examples") -> None:
    """Leave a job and its examples for workers; only its owner may read it, since the address may hold a password."""
    import numpy as np

    with os.fdopen(os.open(folder / _JOB, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        file.write(msgspec.json.encode(job))
    text = {"names": np.array(examples.names), "competition": examples.competition.astype(str)}
    np.savez(folder / _EXAMPLES, **{name: text.get(name, getattr(examples, name)) for name in _ARRAYS})


def read(folder: Path) -> "tuple[Job, Examples]":
    """What `write` left."""
    import numpy as np

    from touchline.learning.examples import Examples

    with np.load(folder / _EXAMPLES) as kept:
        made = Examples(
            kept["x"], tuple(kept["names"].tolist()), kept["outcome"], kept["kickoff"],
            kept["competition"].astype(object), kept["goals"], kept["market"],
        )  # fmt: skip
    return msgspec.json.decode((folder / _JOB).read_bytes(), type=Job), made


def work(job: Job, examples: "Examples", number: int) -> None:
    """Fill the studies, one after the other; each worker begins with another one.

    Raises:
        Unavailable: the studies do not answer.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        studies, searches = job.searches(examples, name_of(os.getpid()))
        first = number % len(searches)
        for search in (*searches[first:], *searches[:first]):
            studies.fill(search.study, search.objective, job.trials)
