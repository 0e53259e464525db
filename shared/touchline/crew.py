"""A helper in the search for parameters, in a container of its own: `python -m touchline.crew`.

The engine of the platform starts as many as one likes and numbers them: an indexed Job of Kubernetes
(JOB_COMPLETION_INDEX), tasks of a job on Cloud Run (CLOUD_RUN_TASK_INDEX); tasks of ECS have no number, and need none.
"""

import os
import sys
from collections.abc import Mapping
from typing import Final

import msgspec
from threadpoolctl import threadpool_limits

from touchline import bootstrap, settings, telemetry, wiring
from touchline.errors import RetryableError, TouchlineError
from touchline.stages.train_crew import join

_NUMBERS: Final = ("JOB_COMPLETION_INDEX", "CLOUD_RUN_TASK_INDEX")


def main(environ: Mapping[str, str]) -> int:
    """Help until there is nothing left to help with; 0, or 1 if it is worth another try, 2 if it is not."""
    telemetry.log_to()
    try:
        environ = bootstrap.revealed(environ)
        declared = wiring.load(wiring.root(environ)).function("train")
        ports = bootstrap.ports(environ, needs=frozenset(declared.needs))
        options = settings.load(settings.Train, environ, "train")
        with threadpool_limits(1):
            result = join(ports, options, _number(environ))
    except TouchlineError as error:
        hidden = tuple(environ[name] for name in ("TOUCHLINE_DATABASE", "TOUCHLINE_TRAIN_STUDY") if environ.get(name))
        told = msgspec.to_builtins(telemetry.describe(error, hidden))
        telemetry.LOGGER.error("no help", extra={"error": told})
        return 1 if isinstance(error, RetryableError) else 2
    telemetry.LOGGER.info("helped: %s", result.outcome, extra={"reason": result.reason})
    return 0


def _number(environ: Mapping[str, str]) -> int:
    given = next((environ[name] for name in _NUMBERS if name in environ), "0")
    return int(given) if given.isdigit() else 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
