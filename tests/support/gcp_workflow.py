"""Runs our workflow as Google would, as far as it uses the language: assign, switch, call, try.

https://cloud.google.com/workflows/docs/reference/syntax. The expressions are Python's, but for the names in them.
"""

import json
import re
from base64 import b64encode
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import yaml

Calls = Callable[[str, dict[str, Any]], Any]
"""Name of a connector and its arguments -> what it answers; an exception is an error of the workflow."""
_WHOLE = re.compile(r"\$\{(.*)\}", re.DOTALL)


class Fields(dict[str, Any]):
    """A map whose fields are also attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return _fields(self[name])
        except KeyError:
            raise AttributeError(name) from None


def run(source: str, argument: Any, calls: Calls, *, execution: str = "execution-1", now: str = "") -> None:
    """Run the `main` of a workflow with its one argument."""
    main = yaml.safe_load(source)["main"]
    names = {main["params"][0]: _fields(argument), **_library(execution, now)}
    _steps(main["steps"], names, calls)


def _steps(steps: list[dict[str, Any]], names: dict[str, Any], calls: Calls) -> bool:
    """Run steps in order; whether the workflow goes on after them."""
    return all(_step(next(iter(step.values())), names, calls) for step in steps)


def _step(step: dict[str, Any], names: dict[str, Any], calls: Calls) -> bool:
    unknown = set(step) - {"assign", "switch", "call", "args", "try", "except", "steps", "next"}
    assert not unknown, f"a step with {unknown}"
    if "try" in step:
        return _tried(step, names, calls)
    if "switch" in step:
        chosen = [one for one in step["switch"] if _value(one["condition"], names)]
        return not chosen or _step({key: one for key, one in chosen[0].items() if key != "condition"}, names, calls)
    for given in step.get("assign", ()):
        for name, value in given.items():
            names[name] = _value(value, names)
    if "call" in step:
        calls(step["call"], _value(step["args"], names))
    return _steps(step.get("steps", []), names, calls) and step.get("next") != "end"


def _tried(step: dict[str, Any], names: dict[str, Any], calls: Calls) -> bool:
    try:
        return _step(step["try"], names, calls)
    except ConnectionError as error:
        names[step["except"]["as"]] = Fields(message=str(error))
        return _steps(step["except"]["steps"], names, calls)


def _value(written: Any, names: dict[str, Any]) -> Any:
    if isinstance(written, dict):
        return Fields({name: _value(one, names) for name, one in written.items()})
    if isinstance(written, list):
        return [_value(one, names) for one in written]
    whole = _WHOLE.fullmatch(written) if isinstance(written, str) else None
    return eval(whole[1], {"__builtins__": {}}, names) if whole else written


def _fields(value: Any) -> Any:
    return Fields(value) if isinstance(value, dict) else value


def _library(execution: str, now: str) -> dict[str, Any]:
    def get(found: Any, keys: str | list[str]) -> Any:
        for key in [keys] if isinstance(keys, str) else keys:
            found = found.get(key) if isinstance(found, dict) else None
        return _fields(found)

    def substring(text: str, start: int, end: int) -> str:
        if not 0 <= start <= end <= len(text):
            raise IndexError(f"no {start} to {end} in a text of {len(text)}")
        return text[start:end]

    return {
        "default": lambda value, other: other if value is None else value,
        "map": SimpleNamespace(get=get, merge=lambda one, other: Fields({**one, **other})),
        "json": SimpleNamespace(
            encode=lambda value: json.dumps(value).encode(), encode_to_string=lambda value: json.dumps(value)
        ),
        "base64": SimpleNamespace(encode=lambda data: b64encode(data).decode()),
        "text": SimpleNamespace(substring=substring),
        "math": SimpleNamespace(min=min),
        "len": len,
        "time": SimpleNamespace(format=lambda moment: moment),
        "sys": SimpleNamespace(
            get_env={"GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": execution}.__getitem__, now=lambda: now
        ),
    }  # fmt: skip
