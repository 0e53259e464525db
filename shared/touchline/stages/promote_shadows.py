"""Who forecasts beside the champion without answering anybody, so that settled matches can decide between them.

Candidates are tried against the champion. The champion before stays in the shadow for as long as a rollback would
return to it, so that a champion that got worse shows. Who they are follows from the decisions, and each decision that
changes it keeps it; what serves names them, and forecast seals what they say.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from touchline.manifest import Ref
from touchline.ports import Promotion
from touchline.stages.promote_standing import challenge_of, champions, served, serves, serving_row

RETIRED: Final = "retired"
"""Stage of a decision that ends the trial of a challenger."""
Role = Literal["challenger", "previous"]


class Shadow(msgspec.Struct, frozen=True):
    """A model that forecasts beside the champion."""

    model_id: str
    role: Role
    manifest: Ref
    seq: int
    """Number of the features that it was made of: how old it is."""


def shadows_of(inputs: Mapping[str, Any]) -> tuple[Shadow, ...]:
    """Those that a decision, or what serves, names.

    Raises:
        msgspec.ValidationError: what stands there are none.
    """
    return msgspec.convert(inputs.get("shadows", []), tuple[Shadow, ...])


def told(shadows: Sequence[Shadow]) -> dict[str, Any]:
    """As a decision keeps them."""
    return {"shadows": msgspec.to_builtins(tuple(shadows))}


def standing_shadows(history: Sequence[Promotion]) -> tuple[Shadow, ...]:
    """Those that stand."""
    row = serving_row(history)
    return shadows_of(row.inputs) if row else ()


def joined(standing: Sequence[Shadow], new: Shadow, limit: int) -> tuple[tuple[Shadow, ...], str]:
    """Those that stand with a further challenger, and who had to make room for whom, if anybody had.

    The eldest challenger keeps its place, so that its trial comes to an end; beside it the newest are tried. Whatever
    order they come in, the same ones are left.
    """
    others = [shadow for shadow in standing if shadow.model_id != new.model_id]
    asked = sorted((one for one in (*others, new) if one.role == "challenger"), key=lambda one: (one.seq, one.model_id))
    kept = [asked[0], *asked[1:][-(limit - 1) :]] if limit > 1 else asked[:1]
    gone = [one.model_id for one in asked if one not in kept]
    before = [one for one in others if one.role == "previous"]
    why = f"{', '.join(gone)} makes room: {limit} challengers at a time, the eldest and the newest" if gone else ""
    return (*kept, *before), why


def tried(history: Sequence[Promotion], new: Shadow, limit: int) -> tuple[dict[str, Any], str]:
    """What the decision about a candidate keeps that is to be tried, and what there is to say of it.

    Nothing, where it is on trial already, was the champion before, or lost its trial against the champion that serves.
    """
    serving, standing = serving_row(history), standing_shadows(history)
    since = max((row.number for row in history if row.stage == "champion"), default=0)
    lost = any(
        row.stage == RETIRED and row.model_version == new.model_id and row.number > since
        for row in history
    )  # fmt: skip
    if serving is None or lost or any(one.model_id == new.model_id for one in standing):
        return {}, ""
    beside, room = joined(standing, new, limit)
    challenge = challenge_of(serving.inputs)
    route = challenge.told() if challenge else {}
    return {**told(beside), "serves": served(serving), **route}, room


def without(standing: Sequence[Shadow], model_id: str) -> tuple[Shadow, ...]:
    """Those that stand but one."""
    return tuple(shadow for shadow in standing if shadow.model_id != model_id)


def crowned(standing: Sequence[Shadow], champion: str, before: Promotion | None) -> tuple[Shadow, ...]:
    """Those that stand when a model becomes champion: challengers of the old one, and the champion before.

    Args:
        standing: those that stand until then.
        champion: the model that serves from now on.
        before: the decision about the champion that a rollback would return to, None if there is none.
    """
    challengers = [one for one in standing if one.role == "challenger" and one.model_id != champion]
    if before is None or before.champion == champion:
        return tuple(challengers)
    model = before.inputs["manifest"]
    previous = Shadow(before.champion, "previous", Ref(model["key"], model["sha256"]), 0)
    return (*(one for one in challengers if one.model_id != before.champion), previous)


def begun(history: Sequence[Promotion], shadow: Shadow) -> datetime | None:
    """Since when a shadow forecasts against the champion that stands; None if there is no champion.

    Only matches after that count, so that nothing that led to a decision is used to judge it.
    """
    if not champions(history):
        return None
    decided = next(row.decided_at for row in reversed(history) if row.stage == "champion")
    return max([decided, *_entered(history, shadow)])


def _entered(history: Sequence[Promotion], shadow: Shadow) -> list[datetime]:
    """When it came to stand there without a break since; empty if it does not stand."""
    since: list[datetime] = []
    for row in reversed(history):
        if not serves(row):
            continue
        if not any((one.model_id, one.role) == (shadow.model_id, shadow.role) for one in shadows_of(row.inputs)):
            break
        since = [row.decided_at]
    return since
