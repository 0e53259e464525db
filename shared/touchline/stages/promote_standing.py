"""What stands after all decisions: the champion, the one before, and the route to a challenger."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from touchline.domain.routing import Route, after_promotion, route_of
from touchline.manifest import Ref
from touchline.ports import Promotion

SERVES: Final = ("champion", "route")
"""Decisions after which something else answers."""


class Challenge(msgspec.Struct, frozen=True):
    """A route, and the model that it leads to."""

    route: Route
    model_id: str
    manifest: Ref

    def told(self) -> dict[str, Any]:
        """As a decision keeps it."""
        manifest = {"key": self.manifest.key, "sha256": self.manifest.sha256}
        return {
            "route": msgspec.to_builtins(self.route),
            "challenger": {"model_id": self.model_id, "manifest": manifest},
        }


def challenge_of(inputs: Mapping[str, Any]) -> Challenge | None:
    """The route that a decision left standing, None if there was none."""
    route = route_of(inputs)
    if route is None:
        return None
    model = inputs["challenger"]
    return Challenge(route, str(model["model_id"]), Ref(model["manifest"]["key"], model["manifest"]["sha256"]))


def champions(history: Sequence[Promotion]) -> list[Promotion]:
    """Decisions that stand, oldest first: a rollback takes back the decision before it, back to the model it names.

    The last one is about the champion, the one before it about the model that a rollback would return to.
    """
    standing: list[Promotion] = []
    for row in history:
        if row.stage != "champion":
            continue
        if row.inputs.get("action") == "rollback":
            while standing and standing[-1].model_version != row.champion:
                standing.pop()
        else:
            standing.append(row)
    return standing


def serves(row: Promotion) -> bool:
    """Whether something else answers, or forecasts beside, after a decision: it has a serving publication then."""
    return row.stage in SERVES or "shadows" in row.inputs


def serving_row(history: Sequence[Promotion]) -> Promotion | None:
    """The decision whose publication serves, None if there is none."""
    return next((row for row in reversed(history) if serves(row)), None)


def served(row: Promotion) -> dict[str, Any]:
    """Of such a decision: where the `manifest` of the champion's model is, and whether it is `simulated`.

    A decision about another model that leaves the champion where it is keeps this apart from what it is about.
    """
    told: Mapping[str, Any] = row.inputs.get("serves", row.inputs)
    return {"manifest": told["manifest"], "simulated": told["simulated"]}


def standing_challenge(history: Sequence[Promotion]) -> Challenge | None:
    """The route that stands."""
    row = serving_row(history)
    return challenge_of(row.inputs) if row else None


def carried(history: Sequence[Promotion], champion: str) -> tuple[dict[str, Any], str]:
    """What becomes of the route when a model becomes champion: what the decision keeps of it, and why it ends."""
    challenge = standing_challenge(history)
    if challenge is None:
        return {}, ""
    ended = after_promotion(challenge.route, challenge.model_id, champion)
    return ({}, ended) if ended else (challenge.told(), "")
