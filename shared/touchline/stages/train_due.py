"""When is a training due? The facts are read from the store, the decision is a pure function of them."""

import msgspec

from touchline.domain.uses import DEFAULT
from touchline.domain.vocabulary import Uses
from touchline.errors import NotFound
from touchline.manifest import Manifest, Ref, current, sha256
from touchline.ports import ObjectStore

REQUESTS = "requests/retrain/"


class Facts(msgspec.Struct, frozen=True):
    """What the decision rests on."""

    finished: int
    """Finished matches in the current features."""
    trained_on: int | None
    """Finished matches when the newest model was made, None if there is no model."""
    model: str
    """Id of the newest model, empty if there is none."""
    changed: bool
    """Whether the features are others than those that the newest model was made of."""
    requested: bool
    """Whether a training was asked for that the newest model does not answer."""
    uses: str = ""
    """What the newest model may know, where that is other than what the settings say; else empty."""
    unanswered: tuple[str, ...] = ()
    """Keys of those requests."""


class Answer(msgspec.Struct, frozen=True):
    """Whether to train, and why or why not, for people."""

    due: bool
    reason: str


def decide(facts: Facts, needed: int, scheduled: float | None = None, days: float = 0.0) -> Answer:
    """Train if there is no model, another is wanted, enough new matches, or a request or a tick and anything new.

    Args:
        facts: what is so.
        needed: new matches that are enough.
        scheduled: of a tick: days of matches that the newest model must have missed; None if no tick woke us.
        days: days of matches that it has missed.

    >>> decide(Facts(912, 900, "ab12", changed=True, requested=False), needed=30)
    Answer(due=False, reason='12 new matches since model ab12 (needs 30)')
    >>> decide(Facts(912, 900, "ab12", changed=True, requested=False), needed=30, scheduled=6.0, days=7.0).reason
    'the schedule: 12 new matches in 7.0 days since model ab12'
    """
    if facts.trained_on is None:
        return Answer(True, "no model yet")
    if facts.uses:
        return Answer(True, f"model {facts.model} may know {facts.uses}, the settings say otherwise")
    new = facts.finished - facts.trained_on
    if new >= needed:
        return Answer(True, f"{new} new matches since model {facts.model}")
    if scheduled is not None and new > 0 and days >= scheduled:
        return Answer(True, f"the schedule: {new} new matches in {days:.1f} days since model {facts.model}")
    if not facts.requested:
        return Answer(False, f"{new} new matches since model {facts.model} (needs {needed})")
    if not facts.changed:
        return Answer(False, f"a training was asked for, but nothing changed since model {facts.model}")
    return Answer(True, f"a training was asked for, and the data changed since model {facts.model}")


def requests(store: ObjectStore) -> dict[str, Ref]:
    """All requests for a training, by key."""
    return {info.key: Ref(info.key, sha256(store.get(info.key))) for info in store.list(REQUESTS)}


def facts(store: ObjectStore, features: Manifest, asked: dict[str, Ref], uses: Uses) -> Facts:
    """What the store says about the newest model, and whether it answers all that was asked for.

    A model answers the requests that were there when its training began: its publication names them.

    Raises:
        NotFound, CorruptObject, DataError: the chain of the newest model is broken.
    """
    finished = features.counts["played"]
    try:
        publication, models = current(store, "models")
    except NotFound:
        return Facts(finished, None, "", changed=True, requested=False)
    changed = models.inputs[0].key != f"features/{features.id}/manifest.json"
    open_ = tuple(key for key, ref in sorted(asked.items()) if publication.sidecars.get(key) != ref)
    used = models.parameters.get("uses", DEFAULT)
    other = used if used != uses else ""
    return Facts(finished, models.counts["finished"], models.id, changed, bool(open_), other, open_)
