"""Schemathesis asks every operation of the description for what it promises, and for what it must refuse.

Its phases: the examples, the edges of each schema (values just outside, fields that are missing, parameters given
twice, methods that a path does not know, requests without a key or with a wrong one), and random requests, right and
wrong. No answer may be a 5xx or one that is not described, and no wrong request may be taken.
"""

from collections.abc import Iterator

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from api import Api

CHECKS = {"positive_data_acceptance": {"enabled": False}}
"""What fits the schema may still name nobody, or a day in the past."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    return Api(tmp_path_factory.mktemp("fuzzed"))


def config(api: Api) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "workers": 1,
            "auth": {"openapi": {"X-API-Key": {"api_key": api.key}}},
            "generation": {"max-examples": 4, "database": "none", "deterministic": True},
            "phases": {"stateful": {"enabled": False}},
            "checks": CHECKS,
        }
    )


def run(api: Api, settings: SchemathesisConfig) -> tuple[set[str], list[str]]:
    """Operations that were asked, and what was found."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", api.app, config=settings)
    asked: set[str] = set()
    found: list[str] = []
    for event in from_schema(schema.exclude(path="/predict/stream")).execute():  # it has no end
        if isinstance(event, events.ScenarioFinished):
            asked.add(event.label or "")
            found += failures(event)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            found.append(f"{type(event).__name__} {vars(event) if hasattr(event, '__dict__') else event!r}")
    return asked, found


def failures(event: events.ScenarioFinished) -> Iterator[str]:
    for checks in event.recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                told = check.failure_info
                yield f"{event.label}: {check.name}: {told.failure.title} {told.failure.message} {told.code_sample}"


def test_the_api_is_as_it_is_described(api: Api) -> None:
    asked, found = run(api, config(api))
    assert found == []
    described = api.description["paths"]
    assert asked == {
        f"{method.upper()} {path}" for path, methods in described.items() for method in methods
    } - {"GET /predict/stream"}  # fmt: skip
