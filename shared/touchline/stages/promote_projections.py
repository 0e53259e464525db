"""What shows the decisions to others: the serving publications, the ledger's copies, the aliases of the registry.

All of it follows from the promotion log and can be made again at any time; each carries the number of its decision.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from touchline.domain.routing import CHALLENGER
from touchline.manifest import (
    Manifest,
    Publication,
    Ref,
    content_id,
    decode,
    encode,
    point,
    publication_key,
    publish,
    read_object,
)
from touchline.ports import ObjectStore, Promotion, Registry
from touchline.stages.promote_standing import challenge_of, champions, served, serves
from touchline.work import Ports

STAGE: Final = "serving"
VERSION: Final = "1"


def project(ports: Ports, history: Sequence[Promotion]) -> list[str]:
    """Make good what is missing; publications that are new, in the order of their numbers.

    Raises:
        Unavailable: the registry does not answer; what serves is published by then.
    """
    published = [key for row in history if (key := _project_row(ports, row))]
    ports.claim.hold()  # the registry knows no fence of its own
    _set_aliases(ports.registry, history)
    return published


def repair(ports: Ports, history: Sequence[Promotion]) -> list[str]:
    """As `project`, and the pointer to what serves too; everything that was not as the decisions say.

    Raises:
        Unavailable: the registry does not answer; all else is mended by then.
    """
    copies = [key for row in history if (key := _copy(ports.store, row))]
    published = [key for row in history if (key := _project_row(ports, row))]
    pointer = _pointer(ports.store)
    ports.claim.hold()
    return [*copies, *published, *pointer, *(f"alias {name}" for name in _set_aliases(ports.registry, history))]


def _pointer(store: ObjectStore) -> list[str]:
    """Move the pointer to the newest publication, if it is behind."""
    key, published = f"{STAGE}/latest.json", [info.key for info in store.list(f"{STAGE}/published/")]
    if not published:
        return []
    newest = decode(store.get(max(published)), Publication, max(published))
    return [key] if point(store, STAGE, newest) else []


def _copy(store: ObjectStore, row: Promotion) -> str:
    key = f"ledger/promotions/{row.number:012d}.json"
    return key if store.create(key, encode(row)) else ""


def _project_row(ports: Ports, row: Promotion) -> str:
    store = ports.store
    _copy(store, row)
    if not serves(row) or store.stat(publication_key(STAGE, row.number)) is not None:
        return ""
    key, created = publish(store, serving_manifest(store, row), row.number, seal=ports.claim.seal)
    return key if created else ""


def serving_manifest(store: ObjectStore, row: Promotion) -> Manifest:
    """What serves after a decision: the files of its bundle, under the hashes that its model's manifest promised.

    Where a route stands, the files of the challenger are there too, under names that begin with `challenger/`; the
    parameters hold the `route` and who the `challenger` is, and as `shadows` who forecasts beside without answering.

    Raises:
        NotFound, CorruptObject: the manifest of the model is not what it was when it was decided.
    """
    stood = served(row)
    promised = stood["manifest"]
    inputs = [Ref(promised["key"], promised["sha256"])]
    outputs = _model(store, inputs[0]).outputs
    parameters = {
        "model_id": row.champion,
        "model_version": row.champion,
        "promotion": row.number,
        "simulated": stood["simulated"],
    }
    if row.inputs.get("shadows"):
        parameters["shadows"] = row.inputs["shadows"]
    challenge = challenge_of(row.inputs)
    if challenge is not None:
        second = _model(store, challenge.manifest).outputs
        inputs.append(challenge.manifest)
        outputs = outputs | {f"{CHALLENGER}{name}": ref for name, ref in second.items()}
        parameters["route"] = msgspec.to_builtins(challenge.route)
        parameters["challenger"] = {"model_id": challenge.model_id, "model_version": challenge.model_id}
    versions = {STAGE: VERSION}
    name = content_id(STAGE, tuple(inputs), parameters, versions)
    return Manifest(
        stage=STAGE, id=name, inputs=tuple(inputs), outputs=outputs, parameters=parameters, versions=versions, counts={}
    )  # fmt: skip


def _model(store: ObjectStore, ref: Ref) -> Manifest:
    return decode(read_object(store, ref), Manifest, ref.key)


def _set_aliases(registry: Registry, history: Sequence[Promotion]) -> list[str]:
    """Set the aliases that do not point where they should; which."""
    wanted = aliases(history)
    if not wanted:
        return []
    versions, now = registry.versions(), registry.aliases()
    wrong = [alias for alias, model in wanted.items() if model in versions and now.get(alias) != versions[model]]
    for alias in wrong:
        registry.set_alias(alias, versions[wanted[alias]])
    return wrong


def aliases(history: Sequence[Promotion]) -> dict[str, str]:
    """Alias -> model id: the newest model of each level, the champion, and the one before it."""
    named = {row.stage: row.model_version for row in history if row.stage in ("smoke", "candidate")}
    standing = champions(history)
    if standing:
        named["champion"] = standing[-1].champion
    if len(standing) > 1:
        named["previous"] = standing[-2].champion
    return named
