"""Parameters given from outside, from which the families' searches start."""

import warnings
from pathlib import Path

import msgspec
from optuna.trial import FixedTrial

from touchline.errors import ConfigurationError
from touchline.learning.families import Params, family


def starts(text: str, where: str = "TOUCHLINE_TRAIN_PARAMS") -> dict[str, Params]:
    """Parameters by family from a JSON object, or from the file of that name; none for an empty text.

    Raises:
        ConfigurationError: no such file, no such family, or other parameters than the family has.
    """
    if not text.strip():
        return {}
    try:
        data = text.encode() if text.lstrip().startswith("{") else Path(text).expanduser().read_bytes()
        given = msgspec.json.decode(data, type=dict[str, Params])
    except OSError as error:
        raise ConfigurationError(f"no file of parameters: {error.strerror}: {text}", where=where) from error
    except msgspec.DecodeError as error:
        raise ConfigurationError(
            f"not parameters by family: {error}", where=where, hint='as in {"logistic": {"C": 0.01}}'
        ) from error
    for name, params in given.items():
        _check(name, params, where)
    return given


def _check(name: str, params: Params, where: str) -> None:
    one = family(name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # how Optuna says that a value lies outside of what is searched
            one.space(FixedTrial(params))
    except (ValueError, TypeError, UserWarning) as error:
        raise ConfigurationError(f"{name}: {error}", where=where, hint=f"as in {one.start}") from error
    if unknown := sorted(set(params) - set(one.start)):
        raise ConfigurationError(
            f"{name} has no parameter {', '.join(unknown)}", where=where, hint=f"as in {one.start}"
        )
