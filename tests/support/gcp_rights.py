"""Who may do what on Google Cloud, read off what Terraform would make; conditions as the wiring needs them are read."""

import re
from collections.abc import Iterator

from gcp_terraform import Made

BUCKET = "example-project-touchline"
_OBJECT = re.compile(rf'resource\.name\.startsWith\("projects/_/buckets/{BUCKET}/objects/(?P<prefix>[a-z0-9/_.-]+)"\)')
_LIST = re.compile(
    r'api\.getAttribute\("storage\.googleapis\.com/objectListPrefix", ""\)\.startsWith\("(?P<prefix>[a-z0-9/_.-]+)"\)'
)
Grant = tuple[str, str, str]
"""Account, role, and on what: kind and key of a resource."""


def prefixes(made: Made, function: str, right: str) -> tuple[str, ...]:
    """Prefixes under which a function has a right: read, list or write."""
    member = made.of("service_account", "function")[function]["member"]
    role = made.of("project_iam_custom_role")[right]["id"]
    shape = _LIST if right == "list" else _OBJECT
    found = [
        one["condition"][0]["expression"]
        for one in made.of("storage_bucket_iam_member").values()
        if (one["member"], one["role"]) == (member, role)
    ]
    return tuple(sorted(_prefix(shape, part) for expression in found for part in expression.split(" || ")))


def _prefix(shape: re.Pattern[str], part: str) -> str:
    read = shape.fullmatch(part)
    assert read, f"a condition that nobody expects: {part}"
    return read["prefix"]


def grants(made: Made) -> set[Grant]:
    """All that accounts may do, but for what is theirs by condition on the bucket."""
    return {
        (_account(made, one["member"]), _role(made, one["role"]), f"{kind} {_place(made, one)}")
        for kind in sorted(made.kinds())
        if kind.endswith("_iam_member")
        for one in made.of(kind).values()
    }


def unconditional(made: Made) -> Iterator[str]:
    """Grants on the bucket that hold without a condition."""
    for key, one in made.of("storage_bucket_iam_member").items():
        if not one["condition"]:
            yield key


def _account(made: Made, member: str) -> str:
    for key, one in made.of("service_account").items():
        if one["member"] == member:
            return key
    return re.sub(r"\d{6,}", "N", member)


def _role(made: Made, role: str) -> str:
    return {one["id"]: f"own {key}" for key, one in made.of("project_iam_custom_role").items()}.get(role, role)


def _place(made: Made, granted: dict[str, str]) -> str:
    """What a grant is on, by the key that the resource has in Terraform."""
    for field, kinds in {
        "topic": ("pubsub_topic",), "subscription": ("pubsub_subscription",), "secret_id": ("secret_manager_secret",),
        "service_account_id": ("service_account",), "name": ("cloud_run_v2_service", "cloud_run_v2_job"),
        "bucket": ("storage_bucket",), "project": (),
    }.items():  # fmt: skip
        if value := granted.get(field):
            for kind in kinds:
                for key, one in made.of(kind).items():
                    if value in (one.get("id"), one.get("name"), one.get("secret_id")):
                        return key
            return value
    raise AssertionError(f"a grant on something unknown: {granted}")
