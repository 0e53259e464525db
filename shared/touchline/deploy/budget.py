"""How long the deliveries of one event may take in all."""

from typing import Final

from touchline.wiring import Function, Retries

ANSWER_SECONDS: Final = 5
"""What a delivery takes besides the function's own time: finding it, and telling its answer."""
HANDOVER_SECONDS: Final = 30
"""To start a job takes no longer; its own deadline begins then."""
HANDOVER: Final = Retries(attempts=6, backoff_s=2)
"""Deliveries of an event to whoever starts the job: how often the job itself is tried is another matter."""
_JOB_PAUSE, _JOB_PAUSE_MOST = 10, 360
"""Kubernetes doubles the pause between the pods of a Job, from 10 s up to 6 minutes."""


def pauses(retries: Retries) -> list[int]:
    """Pauses between deliveries in seconds.

    >>> pauses(Retries(attempts=4, backoff_s=2)), pauses(Retries(attempts=4, backoff_s=2, policy="linear"))
    ([2, 4, 8], [2, 4, 6])
    """
    grown = range(retries.attempts - 1)
    return [retries.backoff_s * ((1 << n) if retries.policy == "exponential" else n + 1) for n in grown]


def delivery(function: Function) -> tuple[int, Retries]:
    """Seconds that one delivery may take, and how it is repeated."""
    if function.kind == "job":
        return HANDOVER_SECONDS, HANDOVER
    return function.timeout_s + ANSWER_SECONDS, function.retries


def event_seconds(function: Function) -> int:
    """Until an event is delivered or a dead letter, if every delivery takes all its time."""
    each, retries = delivery(function)
    return retries.attempts * each + sum(pauses(retries))


def job_seconds(function: Function) -> int:
    """Until a job has succeeded or failed for good, if every attempt takes all its time."""
    attempts = function.retries.attempts
    waits = sum(min(_JOB_PAUSE << n, _JOB_PAUSE_MOST) for n in range(attempts - 1))
    return attempts * (function.timeout_s + HANDOVER_SECONDS) + waits
