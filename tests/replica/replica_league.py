"""What is played on the replica: competitions, seasons, stages, clubs and fixtures, all drawn from a seed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from replica_names import CLUBS

LONDON: Final = ZoneInfo("Europe/London")
"""The site speaks UK time."""
MAX_TEAMS: Final = 20

PAGE_TRAITS: Final = ("null", "initial", "truncated", "never_served")
"""What is wrong with the match page of a match that was played."""
TRAITS: Final = (
    *PAGE_TRAITS, "corrected", "goalless", "moved", "postponed", "stuck", "unknown", "autumn", "spring", "no_utc",
)  # fmt: skip
"""Each is had by one match of the first season of E0: see `Fixture.trait`."""


@dataclass(frozen=True)
class Club:
    """A club: `name` in the feeds, `centre_name` on match pages."""

    number: int
    name: str
    centre_name: str
    country: str
    country_code: str


@dataclass(frozen=True)
class Fixture:
    """A match to be played; `trait` is what is odd about it.

    null, initial, truncated, never_served: its match page; corrected: its score changes by a revision; goalless: no
    goals; moved: changes its month by a revision; postponed: status 8; stuck: its status stays 1; unknown: a status
    that nobody knows; autumn, spring: on a day on which the clocks change; no_utc: without `startTimeUtc`;
    extra_time, shootout: longer than others.
    """

    number: int
    code: str
    season: str
    stage: int
    kickoff: datetime
    home: Club
    away: Club
    trait: str = ""

    @property
    def clubs(self) -> tuple[Club, Club]:
        """Home, away."""
        return self.home, self.away


@dataclass(frozen=True)
class Stage:
    """A part of a season."""

    number: int
    name: str
    fixtures: tuple[Fixture, ...]


@dataclass(frozen=True)
class Season:
    """A season: `label` as we write it, `written` as the site does; `linked`: its page links to the fixtures."""

    number: int
    label: str
    written: str
    stages: tuple[Stage, ...]
    linked: bool = True

    @property
    def fixtures(self) -> Iterator[Fixture]:
        """Of all stages."""
        return (fixture for stage in self.stages for fixture in stage.fixtures)


@dataclass(frozen=True)
class Competition:
    """A competition under the code of ours, with the numbers of the site; seasons from the newest on."""

    code: str
    region: int
    region_name: str
    region_code: str
    number: int
    name: str
    seasons: tuple[Season, ...]
    international: bool = False

    @property
    def slug(self) -> str:
        """End of its addresses."""
        return f"{self.region_name}-{self.name}".replace(" ", "-")


@dataclass(frozen=True)
class League:
    """All that is played."""

    competitions: tuple[Competition, ...]
    clubs: tuple[Club, ...] = field(repr=False)

    @cached_property
    def fixtures(self) -> dict[int, Fixture]:
        """By the number of the match."""
        seasons = (season for competition in self.competitions for season in competition.seasons)
        return {fixture.number: fixture for season in seasons for fixture in season.fixtures}

    @cached_property
    def stages(self) -> dict[int, tuple[Competition, Season, Stage]]:
        """By the number of the stage."""
        return {
            stage.number: (competition, season, stage)
            for competition in self.competitions
            for season in competition.seasons
            for stage in season.stages
        }


def make_league(teams: int = MAX_TEAMS, seasons: int = 1, traits: Sequence[str] = TRAITS) -> League:
    """The competitions of the replica; `teams` play each season of E0.

    Raises:
        ValueError: an odd number of teams, or more than there are.
    """
    if not 2 <= teams <= MAX_TEAMS or teams % 2:
        raise ValueError(f"{teams} teams cannot be had: an even number from 2 to {MAX_TEAMS}")
    england = [_club(number, "England", "gb-eng") for number in range(MAX_TEAMS)]
    mixed = [_club(number, "Norway", "no") for number in range(MAX_TEAMS, 27)]
    brazil = [_club(number, "Brazil", "br") for number in range(27, 31)]
    belgium = [_club(number, "Belgium", "be") for number in range(31, 35)]
    competitions = (
        _premier(england[:teams], seasons, traits),
        _cup([*mixed[:6], *england[:2]]),
        _belgian(belgium),
        _brazilian(brazil),
    )
    return League(competitions, (*england[:teams], *mixed, *brazil, *belgium))


def _club(index: int, country: str, code: str) -> Club:
    return Club(901 + index, *CLUBS[index], country, code)


def _premier(clubs: Sequence[Club], seasons: int, traits: Sequence[str]) -> Competition:
    made = []
    for back in range(seasons):
        year, number = 2025 - back, 24533 - 1000 * back
        rounds = double_rounds(clubs)
        drawn = _fixtures(rounds, _saturdays(year, len(rounds)), ("E0", f"{year}-{(year + 1) % 100}", number))
        first = 1900001 - 50000 * back
        numbered = [replace(fixture, number=first + index) for index, fixture in enumerate(drawn)]
        stage = Stage(number, "Premier League", tuple(_with_traits(numbered, () if back else traits)))
        made.append(Season(10743 - 500 * back, stage.fixtures[0].season, f"{year}/{year + 1}", (stage,)))
    made.append(Season(2458, "2010-11", "2010/2011", (), linked=False))
    return Competition("E0", 252, "England", "gb-eng", 2, "Premier League", tuple(made))


def _saturdays(year: int, rounds: int) -> list[date]:
    """Saturdays of a season, none in January; where they are too few, Wednesdays of December and February too."""
    first = date(year, 8, 16)
    first += timedelta((5 - first.weekday()) % 7)
    weekends = [first + timedelta(weeks=week) for week in range(41)]
    weekends = [day for day in weekends if day.month != 1]
    midweek = [day + timedelta(4) for day in weekends if day.month in (12, 2)]
    days = weekends if rounds <= len(weekends) else sorted([*weekends, *midweek[: rounds - len(weekends)]])
    step = (len(days) - 1) / max(rounds - 1, 1)
    return [days[round(index * step)] for index in range(rounds)]


def _cup(clubs: Sequence[Club]) -> Competition:
    """Two groups in autumn, a knock-out round in spring, and the sum of the groups, which has no matches of its own."""
    season = "2025-26"
    stages = []
    first = 1930001
    for index, group in enumerate((clubs[0::2], clubs[1::2])):
        rounds = double_rounds(group)
        days = [date(2025, 9, 16) + timedelta(days=14 * number) for number in range(len(rounds))]
        drawn = _fixtures(rounds, days, ("CL", season, 24601 + index), evenings=True)
        numbered = tuple(replace(fixture, number=first + number) for number, fixture in enumerate(drawn))
        first += len(numbered)
        stages.append(Stage(24601 + index, f"Group {'AB'[index]}", numbered))
    ties = [(clubs[0], clubs[3]), (clubs[1], clubs[2])]
    knocked = _knock_out([ties, [(clubs[0], clubs[1])]], [date(2026, 3, 17), date(2026, 5, 30)], ("CL", season, 24610))
    ended = tuple(replace(fixture, number=first + number) for number, fixture in enumerate(knocked))
    stages += [Stage(24610, "Final Stage", ended), Stage(24611, "Grp. Stages", ())]
    seasons = (Season(10801, season, "2025/2026", tuple(stages)),)
    return Competition("CL", 250, "Europe", "eu", 12, "Champions League", seasons, international=True)


def _knock_out(
    rounds: Sequence[Sequence[tuple[Club, Club]]], days: Sequence[date], where: tuple[str, str, int]
) -> list[Fixture]:
    """Matches that have to be won: the first one goes into extra time, the last one is shot out."""
    drawn = _fixtures(rounds, days, where, evenings=True)
    return [replace(drawn[0], trait="extra_time"), *drawn[1:-1], replace(drawn[-1], trait="shootout")]


def _belgian(clubs: Sequence[Club]) -> Competition:
    """A league whose seasons end in play-offs of two kinds."""
    season, stages, first = "2025-26", [], 1940001
    rounds = double_rounds(clubs)
    regular = [date(2025, 8, 2) + timedelta(days=40 * number) for number in range(len(rounds))]
    parts = [("Pro League", _fixtures(rounds, regular, ("B1", season, 24701), evenings=True))]
    for index, (name, pair) in enumerate((("Championship Play-off", clubs[:2]), ("Relegation Play-off", clubs[2:]))):
        legs, days = double_rounds(pair), [date(2026, 4, 11), date(2026, 5, 16)]
        parts.append((name, _knock_out(legs, days, ("B1", season, 24702 + index))))
    for index, (name, drawn) in enumerate(parts):
        numbered = tuple(replace(fixture, number=first + number) for number, fixture in enumerate(drawn))
        first += len(numbered)
        stages.append(Stage(24701 + index, name, numbered))
    seasons = (Season(10777, season, "2025/2026", tuple(stages)),)
    return Competition("B1", 22, "Belgium", "be", 18, "Jupiler Pro League", seasons)


def _brazilian(clubs: Sequence[Club]) -> Competition:
    """Two seasons of one year; two kick-offs lie in the hour that UK clocks show twice."""
    made = []
    for year, season, stage, first in ((2026, 10902, 25121, 1960001), (2025, 10520, 24121, 1950001)):
        rounds = double_rounds(clubs)
        days = [date(year, 4, 5) + timedelta(days=35 * number) for number in range(len(rounds))]
        drawn = _fixtures(rounds, days, ("BRA", f"{year}", stage), evenings=True)
        fixtures = [replace(fixture, number=first + number) for number, fixture in enumerate(drawn)]
        if year == 2025:
            for index, hour in ((-1, 1), (-2, 0)):
                night = datetime(2025, 10, 26, hour, 30, tzinfo=UTC)
                fixtures[index] = replace(fixtures[index], kickoff=night)
        made.append(Season(season, f"{year}", f"{year}", (Stage(stage, "Brasileirão", tuple(fixtures)),)))
    return Competition("BRA", 31, "Brazil", "br", 95, "Brasileirão", tuple(made))


def double_rounds(clubs: Sequence[Club]) -> list[list[tuple[Club, Club]]]:
    """Rounds in which everybody meets everybody at home and away."""
    ring, half = list(clubs), len(clubs) // 2
    rounds = []
    for number in range(len(clubs) - 1):
        pairs = [(ring[index], ring[-1 - index]) for index in range(half)]
        rounds.append([(b, a) if number % 2 else (a, b) for a, b in pairs])
        ring.insert(1, ring.pop())
    return rounds + [[(away, home) for home, away in pairs] for pairs in rounds]


_SLOTS: Final = ((0, 15, 0), (1, 14, 0), (0, 12, 30), (0, 17, 30), (1, 16, 30), (2, 20, 0), (0, 15, 0), (0, 15, 0),
                 (1, 14, 0), (-1, 20, 0))  # fmt: skip
"""Kick-offs of one round in UK time: days after the Saturday, hour, minute."""


def _fixtures(
    rounds: Sequence[Iterable[tuple[Club, Club]]],
    days: Sequence[date],
    where: tuple[str, str, int],
    evenings: bool = False,
) -> list[Fixture]:
    """Fixtures in the order of time, not numbered yet; `where` is competition, season and stage."""
    found = []
    for day, pairs in zip(days, rounds, strict=True):
        for index, (home, away) in enumerate(pairs):
            after, hour, minute = (index % 2, 20, 0) if evenings else _SLOTS[index]
            local = datetime.combine(day + timedelta(after), time(hour, minute), LONDON)
            found.append(Fixture(0, *where, local.astimezone(UTC), home, away))
    return sorted(found, key=lambda fixture: fixture.kickoff)


def _with_traits(fixtures: Sequence[Fixture], traits: Sequence[str]) -> list[Fixture]:
    """Give each trait to a match of its own, spread over the first four fifths of the season."""
    made = list(fixtures)
    step = max(len(made) * 0.8 / max(len(traits), 1), 1.0)
    for index, trait in enumerate(traits):
        place = int(index * step)
        if place < len(made):
            made[place] = _marked(made[place], trait)
    return made


def _marked(fixture: Fixture, trait: str) -> Fixture:
    year = int(fixture.season[:4])
    clocks = {"autumn": date(year, 10, 31), "spring": date(year + 1, 3, 31)}
    if trait not in clocks:
        return replace(fixture, trait=trait)
    last = clocks[trait]
    sunday = last - timedelta((last.weekday() + 1) % 7)
    kickoff = datetime.combine(sunday, time(14), LONDON).astimezone(UTC)
    return replace(fixture, trait=trait, kickoff=kickoff)
