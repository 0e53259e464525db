"""One event of a function, worked off to its end, in a container started for it: `python -m touchline.job`.

FUNCTION names the function. The event is in a file, `$K_EVENT_PATH/event` (JobSink of Knative), or in TOUCHLINE_EVENT
(a task of ECS, a job of Cloud Run): JSON in any dialect. The exit code says what the status of an answer says.
"""

import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import msgspec

from touchline import telemetry, wiring
from touchline.entrypoint import LambdaHandler, Surroundings, surrounded
from touchline.errors import ConfigurationError, RetryableError, TouchlineError

DONE: Final = 0
"""Done, done before, not due, or parked with its reason: nothing to do again."""
AGAIN: Final = 1
"""Failed, or somebody else is at it: start it again, or leave it to sweep."""
MISSET: Final = 2
"""There is no such function, or no event: no attempt was made."""


def main(environ: Mapping[str, str]) -> int:
    """Do what the event in the environment asks for, in these surroundings; gives the exit code."""
    with surrounded(Surroundings(environ)):
        return work_off(environ)


def work_off(environ: Mapping[str, str]) -> int:
    """Do what the event in the environment asks for; gives the exit code."""
    try:
        handler: LambdaHandler = load(environ.get("FUNCTION", ""), wiring.root(environ)).lambda_handler
        payload = _payload(environ)
    except TouchlineError as error:
        telemetry.log_to()
        telemetry.LOGGER.error("no job", extra={"error": msgspec.to_builtins(telemetry.describe(error))})
        return MISSET
    try:
        answer = handler(payload, None)
    except RetryableError:  # the record of the run tells why
        return AGAIN
    return DONE if answer.get("statusCode") == 204 else AGAIN


def load(name: str, folder: Path) -> ModuleType:
    """The `<folder>/<name>/main.py`, as a module under a name of its own: all of them are called main.

    Raises:
        ConfigurationError: there is no such file, or it cannot be imported.
    """
    path = folder / name / "main.py"
    spec = importlib.util.spec_from_file_location(f"touchline_function_{name}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ConfigurationError(f"{name} has no main.py", where=str(path), hint="see `touchline wiring --check`")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # Python would end with 1, which asks for another start
        raise ConfigurationError(f"cannot be imported: {error!r}", where=str(path), hint="mend its image") from error
    return module


def _payload(environ: Mapping[str, str]) -> Any:
    """The event as JSON, or the text that it is: this the function parks, and says why."""
    path = Path(environ.get("K_EVENT_PATH", "")) / "event"
    text = path.read_bytes() if path.is_absolute() and path.is_file() else environ.get("TOUCHLINE_EVENT", "").encode()
    if not text:
        raise ConfigurationError("no event", where="TOUCHLINE_EVENT", hint="or a file `event` in $K_EVENT_PATH")
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text.decode(errors="replace")


if __name__ == "__main__":
    sys.exit(main(os.environ))
