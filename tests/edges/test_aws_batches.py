"""What AWS needs besides an answer: a pause before the next delivery, and secrets that it only names."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

import s3
from small_platform import environment
from touchline import bootstrap, events, job
from touchline.entrypoint import Surroundings, surrounded
from touchline.errors import ConfigurationError
from touchline.retrying import LONGEST_PAUSE


@pytest.fixture
def client(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes clients of AWS, which the functions use too."""
    for name, value in s3.environment(s3_endpoint).items():
        monkeypatch.setenv(name, value)
    return boto3.session.Session().client


class Queue:
    """A queue with one message in it."""

    def __init__(self, client: Any, body: str) -> None:
        self._sqs = client("sqs")
        self._url = self._sqs.create_queue(QueueName="touchline-validate", Attributes={"VisibilityTimeout": "3000"})[
            "QueueUrl"
        ]
        self._sqs.send_message(QueueUrl=self._url, MessageBody=body)

    def received(self) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(QueueUrl=self._url, AttributeNames=["All"])
        arn = "arn:aws:sqs:us-east-1:123456789012:touchline-validate"
        return [
            {
                "messageId": one["MessageId"], "receiptHandle": one["ReceiptHandle"], "body": one["Body"],
                "attributes": one["Attributes"], "eventSource": "aws:sqs", "eventSourceARN": arn,
            }
            for one in answer.get("Messages", [])
        ]  # fmt: skip

    def remove(self) -> None:
        self._sqs.delete_queue(QueueUrl=self._url)


def deliver(environ: dict[str, str], records: list[dict[str, Any]]) -> list[str]:
    """Messages that the function validate gives back."""
    handler = job.load("validate", Path(environ["TOUCHLINE_FUNCTIONS"])).lambda_handler
    with surrounded(Surroundings(environ)):
        answer = handler({"Records": records}, None)
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


@pytest.mark.parametrize("backoff", [0, 3])
def test_a_message_that_failed_comes_again_after_the_pause_of_the_wiring(
    client: Any, tmp_path: Path, backoff: int
) -> None:
    environ = environment(tmp_path)
    wiring = Path(environ["TOUCHLINE_FUNCTIONS"]) / "wiring.yaml"
    wiring.write_text(wiring.read_text().replace("backoff_s: 0", f"backoff_s: {backoff}"))
    bootstrap.ports(environ).store.create("raw/1.txt", b"wait")
    queue = Queue(client, json.dumps({"key": "raw/1.txt"}))
    (record,) = queue.received()
    assert deliver(environ, [record]) == [record["messageId"]]
    assert len(queue.received()) == (0 if backoff else 1)  # else it waited for the 3000 s of its queue
    queue.remove()


def test_a_message_that_cannot_be_put_back_fails_all_the_same(client: Any, tmp_path: Path) -> None:
    environ = environment(tmp_path)
    bootstrap.ports(environ).store.create("raw/1.txt", b"wait")
    queue = Queue(client, json.dumps({"key": "raw/1.txt"}))
    (record,) = queue.received()
    queue.remove()
    assert deliver(environ, [record]) == [record["messageId"]]


def test_whoever_is_busy_pauses_longest(client: Any, tmp_path: Path) -> None:
    environ = environment(tmp_path)
    wiring = Path(environ["TOUCHLINE_FUNCTIONS"]) / "wiring.yaml"
    about = "about: does what the content of an object says"
    claimed = f"{about}\n    claim: true\n    needs: [object_store, database]"
    wiring.write_text(wiring.read_text().replace(about, claimed))
    ports = bootstrap.ports(environ)
    ports.matches.migrate()
    ports.store.create("raw/1.txt", b"fine")
    queue = Queue(client, json.dumps({"key": "raw/1.txt"}))
    (record,) = queue.received()
    with ports.claimed("validate"):
        assert deliver(environ, [record]) == [record["messageId"]]
    assert (LONGEST_PAUSE, queue.received()) == (60.0, [])
    queue.remove()


def test_receipts_are_read_as_far_as_there_are_any() -> None:
    whole = {"messageId": "1", "receiptHandle": "h", "eventSourceARN": "a"}
    counted = whole | {"messageId": "2", "attributes": {"ApproximateReceiveCount": "3"}}
    strange = whole | {"messageId": "3", "attributes": {"ApproximateReceiveCount": "many"}}
    found = events.receipts({"Records": [whole, counted, strange, {"messageId": "4"}, "noise", {}]})
    assert {name: one.deliveries for name, one in found.items()} == {"1": 1, "2": 3, "3": 1}
    assert [events.receipts(payload) for payload in ({}, [], {"Records": 7}, "noise")] == [{}] * 4


def test_secrets_that_are_named_are_read_and_hidden(client: Any, tmp_path: Path) -> None:
    ssm = client("ssm")
    named = {f"TOUCHLINE_SECRET_{number}": f"/touchline/{number}" for number in range(12)}
    for number, parameter in enumerate(named.values()):
        ssm.put_parameter(Name=parameter, Value="-" if number == 3 else f"value {number}", Type="SecureString")
    given = {"HOME": "/tmp", "TOUCHLINE_SECRETS": ",".join(f"{one}={other}" for one, other in named.items())}
    found = bootstrap.revealed(given)
    values = {f"TOUCHLINE_SECRET_{number}": f"value {number}" for number in range(12) if number != 3}
    assert dict(found) == given | values
    with pytest.raises(ConfigurationError, match="/touchline/none"):
        bootstrap.revealed({"TOUCHLINE_SECRETS": "A=/touchline/0,B=/touchline/none"})


def test_a_secret_that_has_no_value_yet_is_none() -> None:
    given = {"TOUCHLINE_DATABASE": "sqlite://", "TOUCHLINE_TRAIN_STUDY": "-"}  # as a task of ECS is given them
    assert bootstrap.revealed(given) == {"TOUCHLINE_DATABASE": "sqlite://"}


def test_a_function_works_with_secrets_that_were_only_named(client: Any, tmp_path: Path) -> None:
    environ = environment(tmp_path)
    store = tmp_path / "elsewhere"
    client("ssm").put_parameter(Name="/touchline/store", Value=str(store), Type="SecureString")
    environ |= {"TOUCHLINE_SECRETS": "TOUCHLINE_STORE=/touchline/store"}
    ports = bootstrap.ports({"TOUCHLINE_STORE": str(store)})
    ports.store.create("raw/1.txt", b"fine")
    record = {"messageId": "1", "body": json.dumps({"key": "raw/1.txt"}), "eventSource": "aws:sqs"}
    assert deliver(environ, [record]) == []
    assert [info.key for info in ports.store.list("runs/validate/")] != []
