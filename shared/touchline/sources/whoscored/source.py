"""WhoScored: schedules, results, line-ups, statistics and shots, as a browser shows them.

Nothing here talks to the site. `WhoScored` says which pages are wanted, in which order; `verdicts` what their answers
are worth; the other modules of this folder read pages that somebody fetched.
"""

from collections.abc import Generator, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import pandas as pd

from touchline.collecting import About, Page, Scope, Verdict
from touchline.domain import seasons as season_names
from touchline.domain.competitions import competition
from touchline.errors import ConfigurationError, DataError, NotFound
from touchline.ports import Payload
from touchline.sources.table import Parsed
from touchline.sources.whoscored import details, discovery, feed, match_page, names, rows, verdicts
from touchline.sources.whoscored.targets import Target, code_of, current_season, target_of, uk_day

NAME: Final = names.NAME
ACKNOWLEDGE: Final = "TOUCHLINE_SCRAPE_WHOSCORED_TERMS"
ALTERNATIVE: Final = "football-data"
Asking = Generator[Page, Payload | None, None]


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
        targets = [target_of(code) for code in scope.competitions]
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
        faults: list[NotFound | DataError] = []
        for target in targets:
            try:
                _require_listed(target, known)
                yield from self._competition(target, wanted[target.code], scope, now, matches)
            except (NotFound, DataError) as fault:  # the other competitions do not depend on it
                faults.append(fault)
        for _, page in sorted(matches.values(), key=lambda one: one[0], reverse=True):
            yield page
        if faults:
            faults[0].details += tuple(str(fault) for fault in faults[1:])
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
                if fixture.final and fixture.id and fixture.kickoff and scope.holds(uk_day(fixture.kickoff)):
                    matches[fixture.id] = (fixture.kickoff, self._match(folder, fixture.id))

    def _match(self, folder: str, number: int) -> Page:
        """A match page is large and read as text; its values are for the day on which that is no longer enough."""
        path, values = f"/Matches/{number}/Live", (match_page.HEADER, match_page.CENTRE)
        return self._page("match", f"{folder}/matches/{number}.html", path, wants="file", values=values, leaf=True)

    def _page(self, endpoint: str, name: str, path: str, **more: Any) -> Page:
        return Page(source=NAME, endpoint=endpoint, name=name, url=self._url + path, **({"wants": "document"} | more))

    def verdict(self, page: Page, payload: Payload, now: datetime) -> Verdict:
        """How complete an answer is, and when it is worth asking again, by the rules of `verdicts`.

        Raises:
            ShapeChanged, DataError: as of the modules that read the pages.
        """
        return verdicts.of(payload, now)

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
        return rows.live(feed.day(payload, code_of))


def parse(payload: Payload) -> Parsed:
    """What a page holds: rows of a feed, details of a match page, nothing of the lists that lead to them.

    Raises:
        ShapeChanged, DataError: as of the modules that read the pages.
    """
    endpoint = names.read(payload.name).endpoint
    if endpoint == "month":
        return rows.parse(payload, feed.month(payload, code_of))
    if endpoint == "day":
        return rows.parse(payload, feed.day(payload, code_of))
    none = rows.nothing().rows.copy()
    if endpoint == "match":
        found = details.of(match_page.read(payload))
        match_page.forget()
        return Parsed(none, (), found.notes, found.tables)
    return Parsed(none, (), ())


def _seasons_wanted(scope: Scope, code: str, now: datetime) -> tuple[str, ...]:
    """Names of the seasons that are asked for; none means the current one. The next one may be listed early."""
    calendar_year = competition(code).calendar_year
    current = season_names.start_year(current_season(code, now))
    try:
        spans = [season_names.years([said], current + (not said.endswith("-"))) for said in scope.seasons]
    except ValueError as error:
        raise ConfigurationError(str(error), where="TOUCHLINE_SCRAPE_SEASONS") from error
    return tuple(season_names.label(year, calendar_year) for year in sorted({year for span in spans for year in span}))


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
    for label in wanted or _newest(listed, current_season(target.code, now)):
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
