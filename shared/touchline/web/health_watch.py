"""Watches the errors and the slowness of this instance, and asks that what serves be taken back; promote decides.

Nothing is measured anew: the meters are read at each look for news, and what happened in the last minute is what they
gained since. One request is written for a promotion, whichever instance was first.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from touchline.domain.rollback import request_key
from touchline.errors import TouchlineError
from touchline.manifest import encode
from touchline.ports import ObjectStore
from touchline.settings import Predict
from touchline.web.meters import BOUNDS, Meters

WINDOW: Final = 60.0
"""Seconds over which is measured, at most; from the moment on at which something else serves."""
LEAST: Final = 100
"""Fewer answers than this within the window say nothing."""
COUNTED: Final = frozenset(f"/predict/{{match_id}}{rest}" for rest in ("", "/goals", "/explain"))
"""Routes that take as long as the model takes. Others wait for a body, or as long as a client wishes: whoever may ask
could then have a model taken back by being slow."""
_RANK: Final = 0.99


class Sample(msgspec.Struct, frozen=True):
    """What the meters had counted at a moment."""

    at: float
    answers: int
    errors: int
    classes: tuple[int, ...]
    """Answers by class of duration."""


class HealthWatch:
    """Asks for a rollback where the settings name limits; without any, it never does.

    Args:
        store: where requests are put down.
        settings: the limits.
        meters: of this process.
        elapsed: seconds that only go forward.
    """

    def __init__(self, store: ObjectStore, settings: Predict, meters: Meters, elapsed: Callable[[], float]) -> None:
        self._store, self._settings, self._meters, self._elapsed = store, settings, meters, elapsed
        self._samples: deque[Sample] = deque()
        self._promotion = self._asked = 0

    def look(self, promotion: int) -> str:
        """Measure the window, under what serves now; key of the request, if one was written now.

        A store that does not answer is asked again at the next look.
        """
        if not (self._settings.max_error_rate or self._settings.max_p99_seconds) or not promotion:
            return ""
        if promotion != self._promotion:
            self._samples.clear()
            self._promotion = promotion
        newest = self._sample()
        self._samples.append(newest)
        while len(self._samples) > 1 and self._samples[1].at <= newest.at - WINDOW:
            self._samples.popleft()
        figures = figures_of(self._samples[0], newest)
        reason = self._reason(figures)
        return self._ask(promotion, reason, figures) if reason and self._asked != promotion else ""

    def _sample(self) -> Sample:
        counted = [(status, n) for (route, _, status), n in list(self._meters.requests.items()) if route in COUNTED]
        timed = [durations.counts for route, durations in list(self._meters.seconds.items()) if route in COUNTED]
        classes = tuple(map(sum, zip(*timed, strict=True))) if timed else (0,) * (len(BOUNDS) + 1)
        errors = sum(n for status, n in counted if status.startswith("5"))
        return Sample(self._elapsed(), sum(n for _, n in counted), errors, classes)

    def _reason(self, figures: dict[str, float]) -> str:
        """Why what serves should be taken back, empty if nothing is wrong or too little is known."""
        if figures["requests"] < LEAST:
            return ""
        rate, slow = self._settings.max_error_rate, self._settings.max_p99_seconds
        told = []
        if rate and figures["error_rate"] > rate:
            told.append(f"{figures['error_rate']:.1%} of answers are errors, allowed {rate:.1%}")
        if slow and figures["p99_seconds"] > slow:
            told.append(f"99 % of answers take up to {figures['p99_seconds']:.3f} s, allowed {slow:.3f} s")
        return "; ".join(told)

    def _ask(self, promotion: int, reason: str, figures: dict[str, float]) -> str:
        asked = {"action": "rollback", "promotion": promotion, "reason": reason, "figures": figures}
        key = request_key(promotion)
        try:
            written = self._store.create(key, encode({**asked, "requested_by": "predict"}))
        except TouchlineError:
            return ""
        self._asked = promotion
        return key if written else ""


def figures_of(first: Sample, last: Sample) -> dict[str, float]:
    """What was gained between two samples: answers, errors, their share, and the time that 99 of 100 answers keep to.

    >>> none, some = (0,) * 12, (98, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0)
    >>> figures_of(Sample(0.0, 0, 0, none), Sample(30.0, 100, 5, some))["error_rate"]
    0.05
    """
    answers, errors = last.answers - first.answers, last.errors - first.errors
    gained = [now - before for before, now in zip(first.classes, last.classes, strict=True)]
    return {
        "requests": float(answers),
        "errors": float(errors),
        "error_rate": round(errors / answers, 6) if answers else 0.0,
        "p99_seconds": round(rank(gained, _RANK), 6),
        "window_seconds": round(last.at - first.at, 3),
    }


def rank(classes: list[int], share: float) -> float:
    """The duration below which a share of the answers lie, drawn straight within its class; 0 if there are none.

    What took longer than the last bound counts as that bound, so it is never overstated.

    >>> rank([0, 100, *[0] * 10], 0.5)
    0.00175
    >>> rank([*[0] * 11, 7], 0.99) == BOUNDS[-1]
    True
    """
    wanted, below = share * sum(classes), 0
    if not wanted:
        return 0.0
    for low, high, n in zip((0.0, *BOUNDS), BOUNDS, classes, strict=False):
        if n and below + n >= wanted:
            return low + (high - low) * (wanted - below) / n
        below += n
    return BOUNDS[-1]
