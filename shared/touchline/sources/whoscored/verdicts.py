"""What each answer is worth, and after which time it is worth asking again.

* Lists are read again after a day, sooner where the current season is not among them; those of a season that is over
  never.
* A month that has begun, or is about to, comes again after six hours, a later one after a day. A week after its end it
  is closed if all its matches are; else it comes again after a quarter of the time since its end, for a year.
* A match page that lacks its data comes again after a quarter of the time since the match, six hours to thirty days.
  Any other is read once more if it was read on the day of the match, since statistics are corrected then.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from touchline.collecting import Verdict
from touchline.domain import seasons as season_names
from touchline.ports import Payload
from touchline.sources.table import LONDON
from touchline.sources.whoscored import discovery, feed, match_page, names, rows
from touchline.sources.whoscored.moments import london
from touchline.sources.whoscored.targets import code_of, current_season

_HOME: Final = timedelta(days=7)
_LIST: Final = timedelta(days=1)
_LIST_SOON: Final = timedelta(hours=1)
_MONTH: Final = timedelta(hours=6)
_MONTH_NEAR: Final = timedelta(days=7)
_MONTH_SETTLED: Final = timedelta(days=7)
_MONTH_GIVEN_UP: Final = timedelta(days=365)
_MATCH: Final = timedelta(hours=6)
_MATCH_SELDOM: Final = timedelta(days=30)
_MATCH_CORRECTED: Final = timedelta(hours=24)
_MATCH_NEW: Final = timedelta(hours=26)


def of(payload: Payload, now: datetime) -> Verdict:
    """Verdict on a page.

    Raises:
        ShapeChanged, DataError: as of the modules that read the pages.
    """
    return _JUDGES[names.read(payload.name).endpoint](payload, now)


def _home(payload: Payload, _: datetime) -> Verdict:
    discovery.tournaments(payload)
    return Verdict(again=_HOME)


def _seasons(payload: Payload, now: datetime) -> Verdict:
    current = current_season(names.read(payload.name).competition, now)
    listed = {season.label for season in discovery.seasons(payload)}
    return Verdict(again=_LIST if current in listed else _LIST_SOON)


def _season(payload: Payload, now: datetime) -> Verdict:
    discovery.stages(payload)
    return _in_season(payload, now)


def _stage(payload: Payload, now: datetime) -> Verdict:
    discovery.calendar(payload)
    return _in_season(payload, now)


def _in_season(payload: Payload, now: datetime) -> Verdict:
    last = season_names.bounds(names.read(payload.name).season)[1]
    return Verdict(again=_LIST if now.date() <= last else None)


def _month(payload: Payload, now: datetime) -> Verdict:
    fixtures = feed.month(payload, code_of)
    note = "; ".join(rows.notes(fixtures, now))
    begin, end = (
        datetime.combine(day, datetime.min.time(), LONDON) for day in names.month_span(names.read(payload.name).day)
    )
    if begin - now > _MONTH_NEAR:
        return Verdict(again=_LIST, note=note)
    if now - end < _MONTH_SETTLED:
        return Verdict(again=_MONTH, note=note)
    if now - end > _MONTH_GIVEN_UP or all(fixture.final for fixture in fixtures):
        return Verdict(note=note)
    return Verdict(again=(now - end) / 4, note=note)


def _match(payload: Payload, now: datetime) -> Verdict:
    page = match_page.read(payload)
    kickoff = page.header.kickoff or london(page.data.get("startTime"))
    again: timedelta | None = None
    if page.state in ("empty", "partial", "expected"):
        since = now - kickoff if kickoff else timedelta(0)
        again = min(max(since / 4, _MATCH), _MATCH_SELDOM)
    elif kickoff and now - kickoff < _MATCH_NEW:
        again = _MATCH_CORRECTED
    return Verdict(state=page.state, again=again, note="; ".join(page.notes))


def _day(payload: Payload, _: datetime) -> Verdict:
    feed.envelope(payload)
    return Verdict(again=timedelta(0))


_JUDGES: Final[Mapping[str, Callable[[Payload, datetime], Verdict]]] = {
    "home": _home,
    "seasons": _seasons,
    "season": _season,
    "stage": _stage,
    "month": _month,
    "match": _match,
    "day": _day,
}
