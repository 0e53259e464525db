"""terraform/gcp: valid, tested by Terraform itself, in step with the wiring and with the rights derived from it."""

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import gcp_rights
import gcp_terraform
import terraform
from gcp_rights import Grant
from gcp_terraform import ROOT, Made, Outcome
from terraform import Terraform
from touchline import wiring
from touchline.deploy.rights import rights, widest
from touchline.wiring import Wiring

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # Terraform is slow where there is much to do
DECLARED = wiring.load(ROOT / "functions")
SERVICES = [name for name, one in DECLARED.functions.items() if one.kind == "service"]
JOBS = [name for name, one in DECLARED.functions.items() if one.kind == "job"]
OWN_ROLES = {
    "read": {"storage.objects.get"},
    "list": {"storage.objects.list"},
    "write": {"storage.objects.create", "storage.objects.delete", "storage.objects.get"},
}
"""To Google replacing is deleting; and a write that is refused is looked at, whether it was ours after all."""


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return gcp_terraform.tested(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def made(tested: Outcome) -> Made:
    return tested.made


def test_terraforms_own_tests_pass(tested: Outcome) -> None:
    assert tested.faults == []
    assert tested.passed == ["made", "private", "refuses_tags"]


def test_files_are_formatted() -> None:
    command = ["terraform", "fmt", "-check", "-recursive", "-diff", str(terraform.ROOTS / "gcp")]
    done = subprocess.run(command, env=terraform.environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", DECLARED.functions)
def test_rights_on_objects_are_those_of_the_wiring_no_fewer_and_no_more(made: Made, name: str) -> None:
    wanted = rights(DECLARED, name)
    assert {right: gcp_rights.prefixes(made, name, right) for right in OWN_ROLES} == {
        "read": wanted.object_reads,
        "list": widest((*wanted.object_lists, *wanted.object_writes)),  # or missing objects would be forbidden ones
        "write": wanted.object_writes,
    }


def test_roles_of_ours_hold_what_they_say(made: Made) -> None:
    roles = made.of("project_iam_custom_role")
    assert {key: set(one["permissions"]) for key, one in roles.items()} == OWN_ROLES
    assert list(gcp_rights.unconditional(made)) == []


def expected(declared: Wiring) -> set[Grant]:
    """All grants that the wiring asks for, and those of whoever delivers and starts."""
    delivery, starter = "delivery", "starter"
    pubsub = "serviceAccount:service-N@gcp-sa-pubsub.iam.gserviceaccount.com"
    storage = "serviceAccount:service-N@gs-project-accounts.iam.gserviceaccount.com"
    services = {name: one for name, one in declared.functions.items() if one.kind == "service"}
    found: set[Grant] = {
        (delivery, "roles/run.invoker", f"cloud_run_v2_service_iam_member {name}")
        for name, one in services.items() if not one.http or one.warm
    }  # fmt: skip
    found |= {("allUsers", "roles/run.invoker", "cloud_run_v2_service_iam_member predict")}
    found |= {(pubsub, "roles/iam.serviceAccountTokenCreator", f"service_account_iam_member {delivery}")}
    found |= {(storage, "roles/pubsub.publisher", f"pubsub_topic_iam_member {topic}") for topic in ("objects", *JOBS)}
    found |= {(who, "roles/pubsub.publisher", "pubsub_topic_iam_member dead") for who in (pubsub, starter)}
    found |= {
        (pubsub, "roles/pubsub.subscriber", f"pubsub_subscription_iam_member {name}{suffix}")
        for name, one in services.items() if not one.http for suffix in ("", "-again") if one.prefixes or suffix
    }  # fmt: skip
    roles = ("run.viewer", "eventarc.eventReceiver", "workflows.invoker", "logging.logWriter")
    found |= {(starter, f"roles/{role}", "project_iam_member example-project") for role in roles}
    found |= {(starter, "roles/run.jobsExecutorWithOverrides", f"cloud_run_v2_job_iam_member {job}") for job in JOBS}
    for name in declared.functions:
        found |= of_function(name)
    return found


def of_function(name: str) -> set[Grant]:
    """What a function's own account may do."""
    may = rights(DECLARED, name)
    sides = {"read": may.object_reads, "list": may.object_lists + may.object_writes, "write": may.object_writes}
    found: set[Grant] = {
        (name, f"own {right}", "storage_bucket_iam_member objects") for right, some in sides.items() if some
    }
    found |= {
        (name, "roles/secretmanager.secretAccessor", f"secret_manager_secret_iam_member {secret_id(name, secret)}")
        for secret in may.secrets if secret != "TOUCHLINE_SINK_TOKEN"
    }  # fmt: skip
    return found | ({(name, "roles/pubsub.publisher", "pubsub_topic_iam_member again")} if may.events else set())


def secret_id(name: str, secret: str) -> str:
    return f"{secret}-{name}" if secret == "TOUCHLINE_DATABASE" else secret


def test_nobody_may_do_anything_else(made: Made) -> None:
    assert gcp_rights.grants(made) == expected(DECLARED)


def container(made: Made, name: str) -> dict[str, Any]:
    """Template of a function's container."""
    template = {**made.of("cloud_run_v2_service"), **made.of("cloud_run_v2_job")}[name]["template"][0]
    found: dict[str, Any] = template.get("containers", template.get("template"))[0]
    return found if "image" in found else found["containers"][0]


@pytest.mark.parametrize("name", DECLARED.functions)
def test_secrets_are_those_of_the_wiring_and_come_by_reference(made: Made, name: str) -> None:
    referred = {one["name"]: one["value_source"] for one in container(made, name)["env"] if one["value_source"]}
    assert set(referred) == set(rights(DECLARED, name).secrets) - {"TOUCHLINE_SINK_TOKEN"}
    named = {variable: one[0]["secret_key_ref"][0]["secret"] for variable, one in referred.items()}
    assert named == {variable: secret_id(name, variable) for variable in referred}
    plain = {one["name"] for one in container(made, name)["env"] if not one["value_source"]}
    assert not plain & {secret for one in DECLARED.functions.values() for secret in one.secrets}


@pytest.mark.parametrize("name", SERVICES)
def test_services_have_the_limits_of_the_wiring(made: Made, name: str) -> None:
    declared, one = DECLARED.function(name), made.of("cloud_run_v2_service")[name]
    template = one["template"][0]
    scaling = template["scaling"][0]
    assert (scaling["min_instance_count"], scaling["max_instance_count"]) == (declared.scale.min, declared.scale.max)
    assert template["max_instance_request_concurrency"] == declared.concurrency
    assert template["timeout"] == f"{declared.timeout_s}s"
    assert container(made, name)["resources"][0]["limits"]["memory"] == f"{max(declared.memory_mib, 512)}Mi"
    assert one["ingress"] == ("INGRESS_TRAFFIC_ALL" if declared.http else "INGRESS_TRAFFIC_INTERNAL_ONLY")


@pytest.mark.parametrize("name", JOBS)
def test_jobs_have_the_limits_of_the_wiring(made: Made, name: str) -> None:
    declared = DECLARED.function(name)
    task = made.of("cloud_run_v2_job")[name]["template"][0]["template"][0]
    assert (task["timeout"], task["max_retries"]) == (f"{declared.timeout_s}s", declared.retries.attempts - 1)
    assert container(made, name)["resources"][0]["limits"]["memory"] == f"{declared.memory_mib}Mi"
    told = [one["object_name_prefix"] for one in made.of("storage_notification", "job").values()]
    assert sorted(told) == sorted(declared.prefixes)


def test_every_subscription_waits_longer_than_its_function_may_take_and_has_dead_letters(made: Made) -> None:
    for key, one in made.of("pubsub_subscription", "function").items():
        declared = DECLARED.function(key.removesuffix("-again"))
        assert declared.timeout_s < one["ack_deadline_seconds"] <= 600
        assert one["dead_letter_policy"][0]["max_delivery_attempts"] == max(5, declared.retries.attempts)
        assert one["retry_policy"][0] == {"minimum_backoff": "10s", "maximum_backoff": "600s"}


def test_schedules_are_those_of_the_wiring_in_utc(made: Made) -> None:
    wanted = {
        f"{name}-{trigger.name}": trigger.cron
        for name, one in DECLARED.functions.items() for trigger in one.triggers if trigger.cron
    }  # fmt: skip
    found = made.of("cloud_scheduler_job", "tick")
    assert {key: one["schedule"] for key, one in found.items()} == wanted
    warm = made.of("cloud_scheduler_job", "warm")
    kept = {name: one.warm for name, one in DECLARED.functions.items() if one.warm}
    assert {key: one["schedule"] for key, one in warm.items()} == kept
    assert {one["time_zone"] for one in (*found.values(), *warm.values())} == {"Etc/UTC"}


def test_names_are_unique_and_as_google_allows_them(made: Made) -> None:
    accounts = [one["account_id"] for one in made.of("service_account").values()]
    assert all(6 <= len(one) <= 30 for one in accounts)
    assert max(Counter(accounts).values()) == 1


SLIPS: tuple[dict[str, tuple[str, str]], ...] = (
    {
        "storage.tf": ("public_access_prevention ", "public_access_preventions "),
        "services.tf": ("max_instance_request_concurrency", "container_concurrency"),
        "jobs.tf": ("max_retries ", "retries "),
        "identities.tf": ('account_id   = "${local.name}-delivery"', ""),
    },
    {
        "delivery.tf": ("minimum_backoff =", "minimum_back_off ="),
        "schedules.tf": ("time_zone        =", "timezone ="),
        "watch.tf": ('comparison      = "COMPARISON_GT"', ""),
    },
    {
        "outputs.tf": ("google_storage_bucket.objects.name", "google_storage_bucket.object.name"),
        "wiring.tf": ("local.stored :", "local.store :"),
        "identities.tf": ("google_service_account.delivery.name", "google_service_account.push.name"),
    },
)
"""File, what stands there, what somebody wrote instead. What depends on something wrong is not looked at, so that they
come one after the other."""


@pytest.fixture
def slippery(tmp_path: Path) -> Terraform:
    """A root to make mistakes in."""
    return gcp_terraform.prepared(tmp_path)


def test_validate_finds_slips_of_the_pen(slippery: Terraform) -> None:
    root, folder = slippery, slippery.folder
    assert refused(root) == set()
    for mistakes in SLIPS:
        before = {file: (folder / file).read_text() for file in mistakes}
        for file, (right, wrong) in mistakes.items():
            assert right in before[file], f"{file} has no {right!r}"
            (folder / file).write_text(before[file].replace(right, wrong, 1))
        assert refused(root) == set(mistakes)
        for file, text in before.items():
            (folder / file).write_text(text)


def refused(root: Terraform) -> set[str]:
    """Files in which Terraform finds faults."""
    told = json.loads(root.run("validate", "-json", codes=(0, 1)).stdout)["diagnostics"]
    return {Path(one["range"]["filename"]).name for one in told if one["severity"] == "error"}


BLUNDERS = {
    "storage.tf": ('= "enforced"', '= "inherited"', "Nobody makes an object of the bucket public."),
    "services.tf": ("each.value.http ?", "!each.value.http ?", "Only predict is reached from outside."),
    "schedules.tf": ("Etc/UTC", "Europe/London", "Schedules are in UTC."),
    "wiring.tf": ("])), 12)", "])), 13)", "A condition joins twelve comparisons at most."),
    "delivery.tf": ("hasPrefix(attributes.objectId", "hasPrefix(attributes.bucketId", "export is woken by"),
}
"""File, what stands there, what is valid and wrong, and what Terraform's own test says of it."""


def test_terraforms_own_test_finds_what_is_valid_and_wrong(slippery: Terraform) -> None:
    root, folder = slippery, slippery.folder
    for file, (right, wrong, _) in BLUNDERS.items():
        text = (folder / file).read_text()
        assert right in text, f"{file} has no {right!r}"
        (folder / file).write_text(text.replace(right, wrong))
    runs = folder / "tests" / "gcp.tftest.hcl"
    runs.write_text(runs.read_text().split('run "private"')[0])
    said = gcp_terraform.Outcome(root.run("test", "-json", codes=(0, 1)).stdout).faults
    for file, (_, _, complaint) in BLUNDERS.items():
        assert any(complaint in line for line in said), f"{file}: {said}"
