"""Whether models keep what they promise, as the page of drift shows it: a row a model, and what is surely wrong."""

from dataclasses import dataclass

from touchline.domain.health import Health, Signal
from touchline.ports import ObjectStore
from touchline.stages.predict_views import read_view
from touchline.web.look import Look


@dataclass(frozen=True)
class HealthView:
    """What the page shows."""

    rows: tuple[tuple[str, ...], ...]
    """Model, competition, settled matches, log-loss, promised, gap in standard errors, verdict, waiting, expected."""
    alarms: tuple[str, ...]
    """A sentence for each alarm."""


def health_view(look: Look, store: ObjectStore) -> HealthView | None:
    """The newest health of all models over all competitions, and of each competition with an alarm; None without any.

    Raises:
        NotFound, CorruptObject, DataError: the view is not what was promised.
    """
    told = read_view(store, "health", Health)
    if told is None or not told.signals:
        return None
    shown = [one for one in told.signals if one.alarm or not one.competition]
    return HealthView(
        rows=tuple(_row(look, one) for one in shown),
        alarms=tuple(
            look.words("health.alarm", model=one.model_version, where=_where(look, one), leaning=_leaning(look, one))
            for one in shown
            if one.alarm
        ),
    )


def _row(look: Look, one: Signal) -> tuple[str, ...]:
    t = look.words
    numbers = [t.number(value, 3) if value is not None else "–" for value in (one.settled, one.expected)]
    gap = t.number(one.gap_z, 1) if one.gap_z is not None else "–"
    verdict = _leaning(look, one) if one.alarm else t("health.fine") if one.n else t("health.open")
    ahead = t.number(one.ahead, 3) if one.ahead is not None else "–"
    return (one.model_version, _where(look, one), t.count(one.n), *numbers, gap, verdict, t.count(one.waiting), ahead)


def _where(look: Look, one: Signal) -> str:
    return one.competition or look.words("health.all")


def _leaning(look: Look, one: Signal) -> str:
    return look.words.or_else(f"health.{one.leaning.replace(' ', '_')}", one.leaning)
