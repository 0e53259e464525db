"""terraform/aws: valid, tested by Terraform itself, in step with the wiring and with the rights derived from it."""

import json
from pathlib import Path

import pytest

import aws_rights
import terraform
from aws_rights import BUCKET, Made
from codebase import ROOT
from terraform import Terraform
from touchline import wiring
from touchline.deploy.rights import rights, widest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
DECLARED = wiring.load(wiring.root())
JOBS = {name for name, one in DECLARED.functions.items() if one.kind == "job"}
QUEUED = {name for name, one in DECLARED.functions.items() if not one.http} - JOBS
WRITE = {"s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"}
"""A write that is refused is looked at, whether it was ours after all."""
TAKE = ("ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ReceiveMessage")
ACTIONS = {
    "ReadSecrets": {"ssm:GetParameters"},
    "TakeMessages": {f"sqs:{action}" for action in TAKE},
    "SendEvents": {"sqs:GetQueueUrl", "sqs:SendMessage"},
    "StartJobs": {"events:PutEvents"},
    "WriteLog": {"logs:CreateLogStream", "logs:PutLogEvents"},
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    return Terraform("aws", tmp_path_factory.mktemp("aws"), {}, {})


@pytest.fixture(scope="module")
def made(root: Terraform) -> Made:
    return Made(root.run("test", "-json", "-verbose", codes=(0, 1)).stdout)


def test_terraforms_own_tests_pass(made: Made) -> None:
    assert made.faults == []
    assert made.passed == ["made", "without_secrets", "refuses_tags"]


def test_the_root_of_the_images_has_a_place_for_each_that_is_sent(tmp_path: Path) -> None:
    images = Terraform("aws/images", tmp_path, {}, {})
    for entry in (ROOT / "functions").glob("*/main.py"):
        (tmp_path / "functions" / entry.parent.name).mkdir()
        (tmp_path / "functions" / entry.parent.name / entry.name).touch()
    assert "1 passed, 0 failed" in images.run("test").stdout


def test_files_are_formatted(root: Terraform) -> None:
    assert root.run("fmt", "-check", "-recursive", "-diff", str(terraform.ROOTS / "aws")).stdout == ""


@pytest.mark.parametrize("name", DECLARED.functions)
def test_rights_on_objects_are_those_of_the_wiring_no_fewer_and_no_more(made: Made, name: str) -> None:
    wanted, found = rights(DECLARED, name), made.statements("function", name)
    read, write, listed = found["ReadObjects"], found.get("WriteObjects"), found["ListObjects"]
    assert (read.actions, aws_rights.prefixes(read)) == ({"s3:GetObject"}, wanted.object_reads)
    assert write is not None
    assert (write.actions, aws_rights.prefixes(write)) == (WRITE, wanted.object_writes)
    assert (listed.actions, listed.resources) == ({"s3:ListBucket"}, {BUCKET})
    ((test, variable, values),) = listed.conditions
    assert (test, variable) == ("StringLikeIfExists", "s3:prefix")
    assert widest(one.removesuffix("*") for one in values) == widest((*wanted.object_lists, *wanted.object_writes))


@pytest.mark.parametrize("name", DECLARED.functions)
def test_other_rights_are_those_of_the_wiring_no_fewer_and_no_more(made: Made, name: str) -> None:
    wanted, found = rights(DECLARED, name), made.statements("function", name)
    secret = set(wanted.secrets) - {"TOUCHLINE_SINK_TOKEN"}
    expected = {"ReadObjects", "ListObjects", "WriteObjects"}  # of which another test tells
    expected |= {"ReadSecrets"} if secret and name not in JOBS else set()
    expected |= {"TakeMessages"} if name in QUEUED else set()
    expected |= {"SendEvents", "StartJobs"} if wanted.events else set()
    expected |= set() if name in JOBS else {"WriteLog"}
    assert set(found) == expected
    assert {sid: one.actions for sid, one in found.items() if sid in ACTIONS and ACTIONS[sid] != one.actions} == {}
    if wanted.events:
        arn = "arn:aws:sqs:eu-west-1:123456789012:touchline-"
        assert found["SendEvents"].resources == {f"{arn}{function}" for function in QUEUED}
        assert found["StartJobs"].conditions == (("StringEquals", "events:source", ("touchline",)),)


def test_every_function_is_given_its_secrets_and_no_other(made: Made) -> None:
    given = {}
    for name, values in made.of("lambda_function", "service").items():
        told = values["environment"][0]["variables"].get("TOUCHLINE_SECRETS", "")
        given[name] = dict(part.split("=") for part in told.split(",") if part)
    for name, found in given.items():
        wanted = set(rights(DECLARED, name).secrets) - {"TOUCHLINE_SINK_TOKEN"}
        assert set(found) == wanted
        assert found.get("TOUCHLINE_DATABASE", "") in ("", f"/touchline/TOUCHLINE_DATABASE-{name}")


def test_no_right_is_for_everything(made: Made) -> None:
    for place, statements in made.documents():
        for name, one in statements.items():
            assert not any(action == "*" or action.endswith(":*") for action in one.actions) or name == "OnlyOverTls"
            assert "*" not in one.resources or (place, name) == ("starting train", "SignIn")


def test_limits_are_those_of_the_wiring(made: Made) -> None:
    mappings = made.of("lambda_event_source_mapping", "queue")
    queues = made.of("sqs_queue", "function")
    for name, values in made.of("lambda_function", "service").items():
        declared = DECLARED.functions[name]
        assert (values["timeout"], values["memory_size"]) == (declared.timeout_s, declared.memory_mib)
        if name in QUEUED:
            assert mappings[name]["scaling_config"][0]["maximum_concurrency"] == max(2, declared.scale.max)
            assert (
                f'"maxReceiveCount":{declared.retries.attempts + 5 * declared.claim}' in queues[name]["redrive_policy"]
            )
    assert set(mappings) == set(queues) == QUEUED
    tasks = made.of("ecs_task_definition", "job")
    assert {name: int(one["memory"]) for name, one in tasks.items()} == {
        name: DECLARED.functions[name].memory_mib for name in JOBS
    }


def test_a_task_may_write_where_its_image_has_a_volume(made: Made) -> None:
    """Or Fargate would give the volume to root alone."""
    dockerfile = (ROOT / "functions" / "Dockerfile").read_text()
    (volumes,) = [line.removeprefix("VOLUME ") for line in dockerfile.splitlines() if line.startswith("VOLUME ")]
    for task in made.of("ecs_task_definition", "job").values():
        (container,) = json.loads(task["container_definitions"])
        assert [one["containerPath"] for one in container["mountPoints"]] == json.loads(volumes)


def test_every_trigger_of_the_wiring_is_there(made: Made) -> None:
    rules = made.of("cloudwatch_event_rule", "objects")
    wanted = {name: one.prefixes for name, one in DECLARED.functions.items() if one.prefixes}
    assert set(rules) == set(wanted)
    for name, found in wanted.items():
        assert all(f'{{"prefix":"{prefix}"}}' in rules[name]["event_pattern"] for prefix in found)
    ticks = {
        f"{one.name}-{trigger.name}" for one in DECLARED.functions.values() for trigger in one.triggers if trigger.cron
    }
    assert set(made.of("scheduler_schedule", "tick")) == ticks
