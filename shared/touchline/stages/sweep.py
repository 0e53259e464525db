"""Sweep: emit again whatever has no receipt, so that no notification and no tick that was lost stays lost.

A receipt is a run record that did not fail; its name says of which work, so receipts are listed, never opened. What was
emitted lately is left alone until its function had the time to do it; what was never emitted, or longest ago, comes
first, so that nothing starves behind what is emitted in vain; and what failed as often as its function may try
is a dead letter, for people. To emit something once too often is harmless: every function knows its work again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from touchline import tracing
from touchline.domain import schedules
from touchline.domain.receipts import WORK_DIGITS
from touchline.ports import ObjectInfo
from touchline.settings import Sweep
from touchline.stages.sweep_look import Emitted, Known, Log, Sight, keep, known, look
from touchline.stages.sweep_redrive import redrive
from touchline.wiring import Function
from touchline.work import Event, Ports, Result

FUNCTION: Final = "sweep"
SOURCE: Final = "touchline/sweep"
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
Owed = tuple[Event, Emitted]


def run(event: Event, ports: Ports, settings: Sweep) -> Result:
    """Emit what is owed, as much of it as the settings allow, and keep a log of it.

    Raises:
        Unavailable, ConfigurationError: the sink takes no events; what it took is in the log, the rest comes again.
    """
    redriven = redrive(ports)
    if event.kind == "object":  # a wish of an administrator woke us, and not the time
        return Result(outcome="done" if redriven else "unchanged", summary={"redriven": len(redriven)})
    held: Counter[str] = Counter()
    sight = look(ports, settings.reads)
    owed = [
        one for name in ports.wiring.order() if name != FUNCTION for one in _owed(ports, settings, sight, name, held)
    ]
    owed.sort(key=lambda one: sight.memory.emitted.get(one[1].work, NEVER))
    first = owed[: settings.limit]
    log = _emit(ports, first, len(owed) - len(first))
    left = len(owed) - len(first)
    reason = f"{left} more than one sweep emits, they are next" if left else "" if owed else "nothing is owed"
    return Result(
        outcome="done" if owed or redriven else "unchanged",
        publications=log,
        reason=reason,
        summary={"emitted": len(first), "left": left, **({"redriven": len(redriven)} if redriven else {}), **held},
    )


def _owed(ports: Ports, settings: Sweep, sight: Sight, name: str, held: Counter[str]) -> Iterator[Owed]:
    """What a function should have done and has no receipt for; what is held back is counted."""
    function, told = ports.wiring.function(name), known(ports.store, name)
    patience = timedelta(seconds=function.timeout_s)
    asked = (*_objects(ports, settings, sight, function, held), *_ticks(ports, settings, sight, function, told))
    for event, reason in asked:
        work = event.work(name)[:WORK_DIGITS]
        if work in told.done:
            continue
        if told.failed[work] >= function.retries.attempts:
            held["dead"] += 1
        elif sight.now - sight.memory.emitted.get(work, NEVER) < patience:
            held["on_their_way"] += 1
        else:
            tries = f", failed {told.failed[work]} times" if told.failed[work] else ""
            yield event, Emitted(name, event.kind, event.key, work, reason + tries)


def _objects(
    ports: Ports, settings: Sweep, sight: Sight, function: Function, held: Counter[str]
) -> Iterator[tuple[Event, str]]:
    """An event for each object that wakes a function."""
    youngest = sight.now - timedelta(seconds=settings.grace_seconds)
    for info in (info for prefix in function.prefixes for info in _in_order(prefix, sight.objects[prefix])):
        etag, digest = sight.memory.hashes.get(info.key, ("", ""))
        if info.modified > youngest:
            held["young"] += 1
        elif etag != info.etag:
            held["unread"] += 1
        else:
            identity, now = f"{info.key}@{etag}.0", ports.clock.now()
            yield Event(id=identity, kind="object", source=SOURCE, time=now, key=info.key, sha256=digest), "no receipt"


def _in_order(prefix: str, found: Sequence[ObjectInfo]) -> Sequence[ObjectInfo]:
    """Publications come newest first: where the newest is good, the older ones need not be worked on."""
    return found[::-1] if prefix.endswith("/published/") else found


def _ticks(ports: Ports, settings: Sweep, sight: Sight, function: Function, told: Known) -> Iterator[tuple[Event, str]]:
    """A tick for each schedule of a function that passed without a run; several that were missed are one."""
    now, grace = ports.clock.now(), timedelta(seconds=settings.grace_seconds)
    for trigger in function.triggers:
        if not trigger.cron:
            continue
        since = sight.memory.schedules.get(f"{function.name}/{trigger.name}", now)
        moment = schedules.missed(trigger.cron, now, told.ticks.get(trigger.name), since, grace)
        if moment is not None:
            identity = f"{function.name}/{trigger.name}@{moment.isoformat()}"
            yield (
                Event(
                    id=identity,
                    kind="cron",
                    source=SOURCE,
                    time=moment,
                    key=trigger.name,
                    traceparent=tracing.current(),
                ),
                f"missed at {moment:%Y-%m-%d %H:%M}",
            )


def _emit(ports: Ports, owed: Sequence[Owed], left: int) -> tuple[str, ...]:
    """Emit events, one after the other; the log of it is kept also if the sink fails on the way."""
    emitted: list[Emitted] = []
    try:
        for event, told in owed:
            ports.emitter.emit(told.function, event)
            emitted.append(told)
    finally:
        missing = left + len(owed) - len(emitted)
        log = Log(at=ports.clock.now(), emitted=tuple(emitted), left=missing)
        kept = (keep(ports.store, log),) if emitted else ()
    return kept
