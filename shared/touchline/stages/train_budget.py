"""How much is trained: not too soon after the last model, and not too often in a month, whoever asks but people.

Time is that of matches, so a simulated season keeps to it as a real one does. What people ask for is done in any case.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Final

import msgspec
import pandas as pd

from touchline import tables
from touchline.manifest import Manifest, decode, read_object, read_publication
from touchline.ports import ObjectStore

MONTH: Final = timedelta(days=30)
MACHINES: Final = "requests/retrain/drift/"
"""Where requests are written that nobody made by hand."""


class Spent(msgspec.Struct, frozen=True):
    """Newest match that is known, and the newest that each model of the last 30 days knew, the newest model first."""

    now: datetime
    trained: tuple[datetime, ...]

    @property
    def days(self) -> float:
        """Days of matches that the newest model has not seen; infinite if there is no model."""
        return (self.now - self.trained[0]) / timedelta(days=1) if self.trained else float("inf")


class _Card(msgspec.Struct, frozen=True):
    test_until: datetime


def spent(store: ObjectStore, features: Manifest) -> Spent:
    """What was trained of late.

    Raises:
        NotFound, CorruptObject, DataError: the features or a model cannot be read.
    """
    kickoff = tables.read(store, features.outputs["played"], ["kickoff"])["kickoff"].max()
    now = pd.Timestamp(kickoff).to_pydatetime().astimezone(UTC)
    keys = sorted((info.key for info in store.list("models/published/")), reverse=True)
    times = (_known(store, read_publication(store, key)[1]) for key in keys)
    recent = takewhile(lambda pair: pair[0] == 0 or now - pair[1] < MONTH, enumerate(times))
    return Spent(now, tuple(time for _, time in recent))


def _known(store: ObjectStore, model: Manifest) -> datetime:
    """Newest match that a model was made of."""
    ref = next(ref for ref in model.outputs.values() if ref.key.endswith("/card.json"))
    return decode(read_object(store, ref), _Card, ref.key).test_until.astimezone(UTC)


def refusal(told: Spent, cool_down_days: float, per_month: int, asked: Sequence[str]) -> str:
    """Why a training that is due has to wait, empty if it need not.

    Args:
        told: what was trained of late.
        cool_down_days: days of matches that must pass since the newest model.
        per_month: models within 30 days of matches.
        asked: keys of requests that the newest model does not answer.

    >>> day = datetime(2026, 3, 2, tzinfo=UTC)
    >>> refusal(Spent(day, (day - timedelta(hours=12),)), 1.0, 8, [])
    'cool-down: 0.5 days of matches since the newest model, 1 must pass (TOUCHLINE_TRAIN_COOL_DOWN_DAYS)'
    >>> refusal(Spent(day, (day - timedelta(hours=12),)), 1.0, 8, ["requests/retrain/users/now.json"])
    ''
    """
    if any(not key.startswith(MACHINES) for key in asked):
        return ""
    if told.days < cool_down_days:
        passed = f"{told.days:.1f} days of matches since the newest model"
        return f"cool-down: {passed}, {cool_down_days:g} must pass (TOUCHLINE_TRAIN_COOL_DOWN_DAYS)"
    recent = sum(told.now - time < MONTH for time in told.trained)
    if recent >= per_month:
        return f"budget: {recent} models within 30 days of matches, {per_month} allowed (TOUCHLINE_TRAIN_PER_MONTH)"
    return ""
