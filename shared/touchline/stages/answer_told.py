"""Tells a client at the address that it gave, once the outcome is kept: telling can fail, the outcome stays."""

from typing import Any, Final

from touchline.domain.callbacks import SIGNATURE, signature
from touchline.domain.tasks import Outcome, Status, Task, kind_of
from touchline.errors import PermanentError
from touchline.manifest import encode
from touchline.settings import Answer
from touchline.stages.answer_desk import Told, told_key, told_of
from touchline.work import Ports

DELIVERED: Final = "delivered"
UNSIGNED: Final = "refused: this service signs no callbacks, since TOUCHLINE_ANSWER_CALLBACK_SECRET is not set"


def tell(ports: Ports, settings: Answer, task: Task, outcome: Outcome) -> str:
    """Call back, unless that is over; what became of it now, empty if nothing was to do.

    Raises:
        Unavailable: nobody takes it now; the task comes again, and its outcome is told then.
    """
    if not task.callback or told_of(ports.store, task.id) is not None:
        return ""
    fate = _called(ports, settings, task, outcome) if settings.callback_secret else UNSIGNED
    ports.store.create(told_key(task.id), encode(Told(task.id, fate)))
    return fate


def told(task: Task, status: Status, outcome: Outcome | None, callback: str = "") -> dict[str, Any]:
    """How a task stands, as clients are told; what has no value is left out."""
    shown = outcome if outcome is not None and status == outcome.status else None
    rows = shown.rows if shown else None
    full = {
        "task_id": task.id,
        "status": status,
        "kind": kind_of(task),
        "created": task.created,
        "deadline": task.deadline,
        "kept_until": task.kept_until,
        "result": shown.answer if shown else None,
        "rows": {"answered": rows.answered, "rejected": rows.rejected} if rows else None,
        "result_href": f"/monitoring/task_status/{task.id}/result" if rows else None,
        "model_version": (shown.model_version or None) if shown else None,
        "reason": shown.reason if shown else None,
        "callback": (callback or "open") if task.callback else None,
    }
    return {name: value for name, value in full.items() if value is not None}


def _called(ports: Ports, settings: Answer, task: Task, outcome: Outcome) -> str:
    body = encode(told(task, outcome.status, outcome))
    moment = int(ports.clock.now().timestamp())
    headers = {
        "content-type": "application/json",
        "user-agent": "touchline",
        "x-touchline-task": task.id,
        SIGNATURE: signature(settings.callback_secret, moment, body),
    }
    try:
        ports.callbacks.call(task.callback, body, headers)
    except PermanentError as error:
        return f"refused: {error.what}"
    return DELIVERED
