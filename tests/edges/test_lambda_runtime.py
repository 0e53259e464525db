"""A function under the real runtime client of AWS Lambda, as its image starts it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lambda_runtime
from lambda_runtime import Runtime
from small_platform import environment
from touchline import bootstrap
from touchline.ports import ObjectStore


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return environment(tmp_path_factory.mktemp("lambda"))


@pytest.fixture(scope="module")
def store(environ: dict[str, str]) -> ObjectStore:
    found = bootstrap.ports(environ).store
    for order in ("fine", "refuse", "break"):
        found.create(f"raw/{order}.txt", order.encode())
    return found


@pytest.fixture(scope="module")
def runtime(environ: dict[str, str], store: ObjectStore) -> Iterator[Runtime]:
    with lambda_runtime.running(Path(environ["TOUCHLINE_FUNCTIONS"]) / "validate", environ) as made:
        yield made


def queued(**bodies: Any) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": name, "eventSource": "aws:sqs", "body": json.dumps(body)} for name, body in bodies.items()
        ]
    }


def test_of_a_batch_only_what_failed_comes_again(runtime: Runtime, store: ObjectStore) -> None:
    bodies = {order: {"key": f"raw/{order}.txt"} for order in ("fine", "refuse", "break")}
    answer = runtime.invoke(queued(**bodies, foreign={"what": "is this"}))
    assert answer == ("response", {"batchItemFailures": [{"itemIdentifier": "break"}]})
    reasons = [json.loads(store.get(info.key)) for info in store.list("quarantine/validate/")]
    assert {reason["kind"] for reason in reasons} == {"DataError", "EventError"}


def test_an_event_that_failed_is_an_error_and_the_next_one_is_done(runtime: Runtime) -> None:
    failed = runtime.invoke({"key": "raw/break.txt"})
    assert (failed.kind, failed.content["errorType"]) == ("error", "RetryableError")
    done = runtime.invoke({"schedule": "daily"})
    assert (done.kind, done.content["statusCode"]) == ("response", 204)
