"""WhoScored as a source: which pages are wanted, in which order, and what each answer is worth."""

from collections.abc import Generator, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec
import pandas as pd

from touchline.collecting import About, Page, Scope, Verdict
from touchline.domain import seasons as season_names
from touchline.domain.competitions import competition
from touchline.errors import ConfigurationError, DataError, NotFound, UnknownName
from touchline.ports import Payload
from touchline.sources import leagues
from touchline.sources.table import LONDON, Parsed
from touchline.sources.whoscored import details, discovery, feed, match_page, names

NAME: Final = names.NAME
ACKNOWLEDGE: Final = "TOUCHLINE_SCRAPE_WHOSCORED_TERMS"
ALTERNATIVE: Final = "football-data"
Asking = Generator[Page, Payload | None, None]

_HOME_AGAIN: Final = timedelta(days=7)
_LIST_AGAIN: Final = timedelta(days=1)
_LIST_SOON: Final = timedelta(hours=1)
_MONTH_AGAIN: Final = timedelta(hours=6)
_MONTH_SETTLED: Final = timedelta(days=7)
_MONTH_GIVEN_UP: Final = timedelta(days=365)
_MATCH_AGAIN: Final = timedelta(hours=6)
_MATCH_SELDOM: Final = timedelta(days=30)
_MATCH_CORRECTED: Final = timedelta(hours=24)
_MATCH_LASTS: Final = timedelta(hours=2)


class Target(msgspec.Struct, frozen=True):
    """A tournament of the site, and our code of it."""

    code: str
    region: int
    tournament: int

    @property
    def path(self) -> str:
        """Its page."""
        return f"/Regions/{self.region}/Tournaments/{self.tournament}"


class WhoScored:
    """The site, read as a careful visitor would: lists first, then months, then the pages of matches, newest first.

    Args:
        url: address of the site, or of a replica.
        acknowledged: somebody took on himself that the terms of the site, as far as is known, forbid automated reading.
    """

    name = NAME
    about = About(
        gives=(
            "schedules, results, half-time scores, shots, corners, fouls and cards, line-ups, ratings, player "
            "statistics and every shot of the larger leagues; no prices"
        ),
        terms=(
            "the terms of use forbid automated reading, as far as is known; robots.txt leaves most of the site open. "
            f"Off until {ACKNOWLEDGE}=acknowledged"
        ),
        rate="one page at a time, 6 to 9 seconds apart, 500 pages a day",
        freshness="a running month every six hours, a match page after the match and once more a day later",
        pace_seconds=6.0,
        jitter_seconds=3.0,
        pages_per_day=500,
        acknowledge=ACKNOWLEDGE,
        alternative=f"{ALTERNATIVE}: results, shots, corners, fouls, cards and prices of these leagues, as open files",
        transport="browser",
    )

    def __init__(self, url: str, acknowledged: bool) -> None:
        self._url, self._acknowledged = url.rstrip("/"), acknowledged

    def pages(self, scope: Scope, now: datetime) -> Asking:
        """Lists and months of every competition, then the pages of finished matches within the scope.

        Raises:
            ConfigurationError: nobody acknowledged the terms, or a competition or season that the site cannot have.
            NotFound, DataError: after everything else was asked for: a season is not listed, or a list cannot be read.
        """
        self._require_acknowledgement()
        targets = [_target(code) for code in scope.competitions]
        wanted = {target.code: _seasons_wanted(scope, target.code, now) for target in targets}
        return self._ask(scope, targets, wanted, now)

    def _require_acknowledgement(self) -> None:
        if not self._acknowledged:
            raise ConfigurationError(
                "the terms of WhoScored forbid automated reading, as far as is known: the source is off",
                where=ACKNOWLEDGE,
                hint=f"set {ACKNOWLEDGE}=acknowledged to take that on you, or use the source {ALTERNATIVE}: "
                "results, statistics and prices of the same leagues, as open files",
            )

    def _ask(self, scope: Scope, targets: list[Target], wanted: Mapping[str, tuple[str, ...]], now: datetime) -> Asking:
        home = yield self._page("home", "home.html", "/", values=(discovery.REGIONS,))
        known = discovery.tournaments(home) if home else None
        matches: dict[int, tuple[datetime, Page]] = {}
        faults: list[Exception] = []
        for target in targets:
            try:
                _require_listed(target, known)
                yield from self._competition(target, wanted[target.code], scope, now, matches)
            except (NotFound, DataError) as fault:  # the other competitions do not depend on it
                faults.append(fault)
        for _, page in sorted(matches.values(), key=lambda one: one[0], reverse=True):
            yield page
        if faults:
            raise faults[0]

    def _competition(
        self,
        target: Target,
        wanted: tuple[str, ...],
        scope: Scope,
        now: datetime,
        matches: dict[int, tuple[datetime, Page]],
    ) -> Asking:
        listed = yield self._page("seasons", f"{target.code}/seasons.html", target.path)
        if listed is None:
            return
        for season, name in _chosen(target, listed, wanted, now):
            answer = yield self._page("season", f"{target.code}/{season.label}/{name}.html", season.path)
            for stage in discovery.stages(answer) if answer else ():
                yield from self._stage(target, season, stage, scope, matches)

    def _stage(
        self,
        target: Target,
        season: discovery.Season,
        stage: discovery.Stage,
        scope: Scope,
        matches: dict[int, tuple[datetime, Page]],
    ) -> Asking:
        folder = f"{target.code}/{season.label}"
        path = f"{target.path}/Seasons/{season.id}/Stages/{stage.id}/Fixtures"
        answer = yield self._page("stage", f"{folder}/stages/{stage.id}.html", path, values=(discovery.CALENDAR,))
        for month, days in discovery.calendar(answer).items() if answer else ():
            if not _touches(scope, month, days):
                continue
            url = f"/tournaments/{stage.id}/data/?d={month}"
            found = yield self._page("month", f"{folder}/months/{stage.id}-{month}.json", url, wants="json")
            for fixture in feed.month(found, code_of) if found else ():
                if fixture.final and fixture.id and fixture.kickoff and scope.holds(_day(fixture.kickoff)):
                    matches[fixture.id] = (fixture.kickoff, self._match(folder, fixture.id))

    def _match(self, folder: str, number: int) -> Page:
        values = (match_page.HEADER, match_page.CENTRE)
        return self._page(
            "match", f"{folder}/matches/{number}.html", f"/Matches/{number}/Live", values=values, leaf=True
        )

    def _page(self, endpoint: str, name: str, path: str, **more: Any) -> Page:
        return Page(source=NAME, endpoint=endpoint, name=name, url=self._url + path, **({"wants": "document"} | more))

    def verdict(self, page: Page, payload: Payload, now: datetime) -> Verdict:
        """How complete an answer is, and when it is worth asking again.

        Lists are read again after a day, sooner where the current season is not among them; those of a season that is
        over never. A month is closed a week after its end if all its matches are; else it comes again after six hours,
        a past one after a quarter of the time since its end, for a year. A match page without its data comes
        again after a quarter of the time since the match, six hours to thirty days; one that was read on the day of the
        match once more, since statistics are corrected then.

        Raises:
            ShapeChanged, DataError: as of the modules that read the pages.
        """
        judge = {
            "home": self._judge_home,
            "seasons": _judge_seasons,
            "season": _judge_season,
            "stage": _judge_stage,
            "month": _judge_month,
            "match": _judge_match,
            "day": self._judge_day,
        }
        return judge[page.endpoint](payload, now)

    def _judge_home(self, payload: Payload, _: datetime) -> Verdict:
        discovery.tournaments(payload)
        return Verdict(again=_HOME_AGAIN)

    def _judge_day(self, payload: Payload, _: datetime) -> Verdict:
        feed.envelope(payload)
        return Verdict(again=timedelta(0))

    def live_page(self, day: date) -> Page:
        """Page with all matches of a day (UK calendar).

        Raises:
            ConfigurationError: nobody acknowledged the terms.
        """
        self._require_acknowledgement()
        text = f"{day:%Y%m%d}"
        return self._page("day", f"days/{text}.json", f"/livescores/data?d={text}&isSummary=true", wants="json")

    def live_rows(self, payload: Payload) -> pd.DataFrame:
        """LIVE_COLUMNS, one row a match of a competition that we know.

        Raises:
            ShapeChanged, DataError: as of `verdict`.
        """
        return feed.live(feed.day(payload, code_of))


def parse(payload: Payload) -> Parsed:
    """What a page holds: rows of a feed, details of a match page, nothing of the lists that lead to them.

    Raises:
        ShapeChanged, DataError: as of the modules that read the pages.
    """
    endpoint = names.read(payload.name).endpoint
    if endpoint == "month":
        return feed.parse(payload, feed.month(payload, code_of))
    if endpoint == "day":
        return feed.parse(payload, feed.day(payload, code_of))
    rows = feed.nothing().rows.copy()
    if endpoint == "match":
        found = details.of(match_page.read(payload))
        return Parsed(rows, (), found.notes, found.tables)
    return Parsed(rows, (), ())


def code_of(region: int | None, tournament: int) -> str:
    """Our code of a tournament by its numbers, empty if we have none."""
    targets = (_target(code) for code in leagues.codes(NAME))
    return next((one.code for one in targets if one.tournament == tournament and region in (None, one.region)), "")


def _target(code: str) -> Target:
    try:
        region, _, tournament = leagues.known_as(NAME, code).partition("/")
    except UnknownName as error:
        raise ConfigurationError(
            f"WhoScored has no competition {code}, as far as is known",
            where="TOUCHLINE_SCRAPE_COMPETITIONS",
            hint=f"known are {', '.join(leagues.codes(NAME))}",
        ) from error
    return Target(code, int(region), int(tournament))


def _seasons_wanted(scope: Scope, code: str, now: datetime) -> tuple[str, ...]:
    """Names of the seasons that are asked for; none means the current one. The next one may be listed early."""
    calendar_year = competition(code).calendar_year
    current = season_names.start_year(_current(code, now))
    try:
        spans = [season_names.years([said], current + (not said.endswith("-"))) for said in scope.seasons]
    except ValueError as error:
        raise ConfigurationError(str(error), where="TOUCHLINE_SCRAPE_SEASONS") from error
    return tuple(season_names.label(year, calendar_year) for year in sorted({year for span in spans for year in span}))


def _current(code: str, now: datetime) -> str:
    return season_names.season_of(_day(now), competition(code).calendar_year)


def _require_listed(target: Target, known: Mapping[tuple[int, int], str] | None) -> None:
    if known is not None and (target.region, target.tournament) not in known:
        near = tuple(f"{number}: {name}" for (region, number), name in known.items() if region == target.region)
        raise NotFound(
            f"the site lists no tournament {target.tournament} in region {target.region} for {target.code}",
            where="home.html",
            details=near,
            hint="the site may have renumbered its tournaments",
        )


def _chosen(
    target: Target, payload: Payload, wanted: tuple[str, ...], now: datetime
) -> Iterator[tuple[discovery.Season, str]]:
    """Seasons to read with the names of their pages; two that go by one name of ours are both read."""
    listed = discovery.seasons(payload)
    for label in wanted or _newest(listed, _current(target.code, now)):
        found = [season for season in listed if season.label == label]
        if not found:
            raise NotFound(
                f"season {label} of {target.code} is not listed; listed are "
                f"{', '.join(season.label for season in listed)}; read at {payload.retrieved:%Y-%m-%d %H:%M} UTC",
                where=payload.name,
                hint="lists are read again after a day, and sooner while the current season is missing",
            )
        for at, season in enumerate(found):
            yield season, "season" if at == 0 else f"season-{season.id}"


def _newest(listed: list[discovery.Season], current: str) -> tuple[str, ...]:
    """The newest season of a list that has begun: the current one, or before it is listed the one before."""
    begun = [season.label for season in listed if season.label[:4] <= current[:4] and _is_season(season.label)]
    return (max(begun),) if begun else (current,)


def _is_season(label: str) -> bool:
    try:
        return season_names.normalise(label) == label
    except ValueError:
        return False


def _touches(scope: Scope, month: str, days: tuple[int, ...]) -> bool:
    """Whether a day of a month lies in the scope; one day is allowed on either side: a calendar has no time of day."""
    year, number = int(month[:4]), int(month[4:])
    around = (date(year, number, 1) + timedelta(days=day - 1 + shift) for day in days for shift in (-1, 0, 1))
    return any(scope.holds(day) for day in around)


def _day(kickoff: datetime) -> date:
    return kickoff.astimezone(LONDON).date()


def _judge_seasons(payload: Payload, now: datetime) -> Verdict:
    current = _current(names.read(payload.name).competition, now)
    listed = {season.label for season in discovery.seasons(payload)}
    return Verdict(again=_LIST_AGAIN if current in listed else _LIST_SOON)


def _judge_season(payload: Payload, now: datetime) -> Verdict:
    discovery.stages(payload)
    return Verdict(again=_again_in_season(payload, now))


def _judge_stage(payload: Payload, now: datetime) -> Verdict:
    discovery.calendar(payload)
    return Verdict(again=_again_in_season(payload, now))


def _again_in_season(payload: Payload, now: datetime) -> timedelta | None:
    last = season_names.bounds(names.read(payload.name).season)[1]
    return _LIST_AGAIN if now.date() <= last else None


def _judge_month(payload: Payload, now: datetime) -> Verdict:
    fixtures = feed.month(payload, code_of)
    note = "; ".join(feed.notes(fixtures, now))
    end = datetime.combine(names.month_end(names.read(payload.name).day), datetime.min.time(), LONDON)
    past = now - end
    if past < _MONTH_SETTLED:
        return Verdict(again=_MONTH_AGAIN, note=note)
    if past > _MONTH_GIVEN_UP or all(fixture.final for fixture in fixtures):
        return Verdict(note=note)
    return Verdict(again=past / 4, note=note)


def _judge_match(payload: Payload, now: datetime) -> Verdict:
    page = match_page.read(payload)
    since = now - page.header.kickoff if page.header.kickoff else timedelta(0)
    again: timedelta | None = None
    if page.state in ("empty", "partial", "expected"):
        again = min(max(since / 4, _MATCH_AGAIN), _MATCH_SELDOM)
    elif page.state == "available" and since < _MATCH_LASTS + timedelta(days=1):
        again = _MATCH_CORRECTED
    return Verdict(state=page.state, again=again, note="; ".join(page.notes))
