"""Who may do what on AWS, read off the policy documents of `terraform/aws` as Terraform's own test tells them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from terraform import Outcome

BUCKET = "arn:aws:s3:::touchline-123456789012"


class Statement(NamedTuple):
    """A statement of a policy document."""

    actions: frozenset[str]
    resources: frozenset[str]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]


class Made(Outcome):
    """What a run of `terraform test -json -verbose` made of mocks."""

    def of(self, kind: str, name: str) -> dict[str, dict[str, Any]]:
        """Key of each resource, or data source, of a kind and a name -> its values."""
        chosen = [one for one in self.resources if (one["type"], one["name"]) == (f"aws_{kind}", name)]
        return {str(one.get("index", name)): one["values"] for one in chosen}

    def statements(self, name: str, key: str = "") -> dict[str, Statement]:
        """Statements of a policy document by what they are called."""
        values = self.of("iam_policy_document", name)[key or name]
        return {one["sid"]: _statement(one) for one in values["statement"]}

    def documents(self) -> Iterator[tuple[str, dict[str, Statement]]]:
        """All policy documents with their statements."""
        for one in self.resources:
            if one["type"] == "aws_iam_policy_document":
                place = f"{one['name']} {one.get('index', '')}".strip()
                yield place, {str(part["sid"]): _statement(part) for part in one["values"]["statement"]}


def prefixes(statement: Statement | None) -> tuple[str, ...]:
    """Prefixes of the bucket that a statement names as resources, none below another."""
    found = sorted(one.removeprefix(f"{BUCKET}/").removesuffix("*") for one in statement.resources) if statement else []
    return tuple(one for one in found if not any(other != one and one.startswith(other) for other in found))


def _statement(told: dict[str, Any]) -> Statement:
    conditions = tuple(
        (one["test"], one["variable"], tuple(sorted(one["values"]))) for one in told.get("condition") or []
    )
    return Statement(frozenset(told["actions"] or []), frozenset(told["resources"] or []), conditions)
