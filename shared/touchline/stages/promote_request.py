"""What somebody asks of promote, and how a decision says who asked."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec

from touchline.domain.trial_gates import Claim
from touchline.errors import DataError
from touchline.manifest import Publication, Ref, decode, sha256
from touchline.ports import ObjectStore
from touchline.work import Event, Ports

FUNCTION: Final = "promote"
TRIALS: Final = "requests/promotion/drift/"
"""Where drift says what trials have decided."""
MODELS: Final = "models/published/"


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What somebody asks for: that a model serve (`promote`), the one before again (`rollback`), a second (`route`).

    With a `trial`, drift says what settled forecasts have decided; then `reject` ends the trial of a challenger.
    """

    action: Literal["promote", "rollback", "route", "reject"]
    model_id: str = ""
    """Of promote and route: id of the model; `candidate` and `previous` name those of the registry."""
    reason: str = ""
    requested_by: str = ""
    force: bool = False
    """Of promote: lets a model serve that a gate refused, never one whose bundle does not work."""
    mode: Literal["", "shadow", "canary", "ab", "competitions", "off"] = ""
    """Of route: how forecasts are divided; `off` ends the route."""
    share: float = 0.0
    """Of route: share of pairs of client and match that the challenger answers."""
    competitions: tuple[str, ...] = ()
    """Of route: codes of those that it is limited to, all by default."""
    promotion: int = 0
    """Of a rollback that a machine asks for: number of what served while it saw the trouble."""
    figures: dict[str, float] = {}
    """Of such a rollback: what was measured."""
    trial: Claim | None = None
    """What a trial says; from drift only."""
    asked_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    """When it was asked for, if that is known: stores tell the time of an object in whole seconds."""
    traceparent: str = ""
    """Span in which it was asked for, if that is known."""

    @property
    def asker(self) -> str:
        """Who asked, in words."""
        return self.requested_by or "somebody"


def work_of(event: Event, ports: Ports) -> str:
    """Identity of a decision: a model may be judged anew when it is replayed, a request is met once.

    It is about the model as its manifest has it: the publication also says which run made it.
    """
    if event.key.startswith(MODELS):
        model = decode(ports.store.get(event.key), Publication, event.key).sha256
        return msgspec.structs.replace(event, sha256=model).work(FUNCTION)
    asked = event.sha256 or sha256(ports.store.get(event.key))
    return msgspec.structs.replace(event, sha256=asked, generation=0).work(FUNCTION)


def manifest_of(store: ObjectStore, model_id: str, where: str) -> Ref:
    """Where the manifest of a model is, and its hash.

    Raises:
        DataError: no model is named.
        NotFound: there is no such model.
    """
    if not model_id:
        raise DataError("it needs a model_id", where=where, hint='{"action": "promote", "model_id": "..."}')
    key = f"models/{model_id}/manifest.json"
    return Ref(key, sha256(store.get(key)))


def origin(event: Event, ref: Ref, request: Request | None) -> dict[str, Any]:
    """What a decision tells of how it came about: the object that asked, the champion's manifest, the request."""
    told: dict[str, Any] = {"asked": event.key, "manifest": {"key": ref.key, "sha256": ref.sha256}}
    if request is None:
        return told
    asked = {
        name: value for name, value in msgspec.to_builtins(request).items() if name not in ("traceparent", "trial")
    }
    return told | {"action": request.action, "request": asked}
