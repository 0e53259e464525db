"""The first page: coming matches, chosen by day, competition, team and chance, a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Final

from touchline.domain.context import form, newest_prices
from touchline.domain.forecasts import MatchForecast, suggestions
from touchline.domain.joint_goals import Goals
from touchline.domain.vocabulary import slug
from touchline.stages.predict_board import Board, Published
from touchline.stages.predict_match import newest_seal
from touchline.stages.predict_teams import around
from touchline.web.look import Look
from touchline.web.view_parts import Chance, Kickoff, chances, kickoff, league

PAGE: Final = 60
"""Matches of one page: with them it is small and quick, whatever is known of them."""


@dataclass(frozen=True)
class Wish:
    """Which matches to show; days are those of the zone that was chosen."""

    begin: str
    end: str
    competition: str
    team: str
    at_least: int
    """Percent that the likeliest outcome must reach."""
    page: int
    wrong: tuple[str, ...]
    """Names of fields that could not be understood and are ignored."""

    @property
    def narrows(self) -> bool:
        """Whether anything was asked for but a page."""
        return bool(self.begin or self.end or self.competition or self.team or self.at_least)


@dataclass(frozen=True)
class Card:
    """One match."""

    match_id: str
    href: str
    kickoff: Kickoff
    home_team: str
    away_team: str
    chances: tuple[Chance, ...]
    market: bool
    goals: str
    """What is expected of goals, empty if the model expects none."""
    form_home: tuple[str, ...]
    """Won, drawn, lost as `W`, `D`, `L`, the newest last."""
    form_away: tuple[str, ...]
    sealed: str
    """How long ago the forecast was sealed, empty where that is not known."""


@dataclass(frozen=True)
class League:
    """Matches of one competition on one day."""

    name: str
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Day:
    """One day of the page."""

    iso: str
    name: str
    leagues: tuple[League, ...]


@dataclass(frozen=True)
class Fixtures:
    """What the page shows."""

    wish: Wish
    total: int
    """Matches that the wish chooses."""
    days: tuple[Day, ...]
    competitions: tuple[tuple[str, str, int], ...]
    """Code, name and number of coming matches."""
    first: int
    last: int
    previous: str
    next: str
    """Links to the pages before and after, empty at the ends."""
    suggestions: tuple[tuple[str, str], ...]
    """Teams that look like the one that was not found, with links."""


WISHES: Final = ("from", "to", "competition", "team", "min", "page")
"""Parameters of the page of forecasts."""


def wish_of(query: Mapping[str, str]) -> Wish:
    """A wish from the fields of the form; what cannot be understood is named, and ignored.

    >>> wish = wish_of({"from": "2026-03-14", "to": "soon", "min": "60"})
    >>> wish.begin, wish.end, wish.at_least, wish.wrong
    ('2026-03-14', '', 60, ('to',))
    """
    wrong: list[str] = []
    return Wish(
        begin=_day(query, "from", wrong),
        end=_day(query, "to", wrong),
        competition=query.get("competition", "")[:100],
        team=query.get("team", "").strip()[:100],
        at_least=_number(query, "min", 0, 100, wrong),
        page=_number(query, "page", 1, 10_000, wrong),
        wrong=tuple(wrong),
    )


def _day(query: Mapping[str, str], name: str, wrong: list[str]) -> str:
    value = query.get(name, "").strip()
    try:
        return date.fromisoformat(value).isoformat() if value else ""
    except ValueError:
        wrong.append(name)
        return ""


def _number(query: Mapping[str, str], name: str, low: int, high: int, wrong: list[str]) -> int:
    value = query.get(name, "").strip()
    if value.isdecimal() and value.isascii() and len(value) < 7:
        return min(max(int(value), low), high)
    if value:
        wrong.append(name)
    return low


def fixtures(look: Look, board: Board | None, wish: Wish) -> Fixtures:
    """The coming matches that are wished for."""
    published = board.published if board else None
    ahead = upcoming(published.forecasts.matches, look.now) if published else []
    chosen = sorted(_chosen(look, ahead, wish), key=lambda match: _place(look, match))
    pages = max(1, -(-len(chosen) // PAGE))
    page = min(wish.page, pages)
    shown = chosen[(page - 1) * PAGE : page * PAGE]
    return Fixtures(
        wish=wish,
        total=len(chosen),
        days=_days(look, published, shown) if published else (),
        competitions=_competitions(ahead),
        first=(page - 1) * PAGE + 1,
        last=(page - 1) * PAGE + len(shown),
        previous=look.here(page=page - 1 if page > 2 else "") if page > 1 else "",
        next=look.here(page=page + 1) if page < pages else "",
        suggestions=() if chosen or not wish.team else _suggestions(look, ahead, wish.team),
    )


def upcoming(matches: Sequence[MatchForecast], now: datetime) -> list[MatchForecast]:
    """Matches that have not kicked off; a day without a time lasts until its end."""
    return [
        match
        for match in matches
        if (match.kickoff > now if match.kickoff_known else match.kickoff.date() >= now.date())
    ]


def _chosen(look: Look, matches: Sequence[MatchForecast], wish: Wish) -> list[MatchForecast]:
    team = _slug(wish.team)
    return [
        match
        for match in matches
        if (not wish.competition or match.competition.casefold() == wish.competition.casefold())
        and (not wish.team or (team and (team in _slug(match.home_team) or team in _slug(match.away_team))))
        and 100 * max(match.home, match.draw, match.away) >= wish.at_least
        and _between(kickoff(look, match).day.isoformat(), wish)
    ]


def _between(day: str, wish: Wish) -> bool:
    return (not wish.begin or day >= wish.begin) and (not wish.end or day <= wish.end)


def _slug(name: str) -> str:
    try:
        return slug(name) if name else ""
    except ValueError:
        return ""


def _place(look: Look, match: MatchForecast) -> tuple[str, str, datetime, str]:
    return kickoff(look, match).day.isoformat(), match.competition, match.kickoff, match.home_team


def _competitions(matches: Sequence[MatchForecast]) -> tuple[tuple[str, str, int], ...]:
    codes = [match.competition for match in matches]
    return tuple((code, league(code), codes.count(code)) for code in sorted(set(codes)))


def _suggestions(look: Look, matches: Sequence[MatchForecast], team: str) -> tuple[tuple[str, str], ...]:
    known = {name for match in matches for name in (match.home_team, match.away_team)}
    return tuple((name, look.here(team=name, page="")) for name in suggestions(team, known))


def _days(look: Look, published: Published, matches: Sequence[MatchForecast]) -> tuple[Day, ...]:
    return tuple(
        Day(day.isoformat(), look.words.day(day), _leagues(look, published, tuple(group)))
        for day, group in groupby(matches, key=lambda match: kickoff(look, match).day)
    )


def _leagues(look: Look, published: Published, matches: Sequence[MatchForecast]) -> tuple[League, ...]:
    return tuple(
        League(league(code), tuple(_card(look, match, published) for match in group))
        for code, group in groupby(matches, key=lambda match: match.competition)
    )


def _card(look: Look, match: MatchForecast, published: Published) -> Card:
    known = around(published, match.match_id)
    prices, sealed = newest_prices(known.odds), newest_seal(known.history, published.author(match).version)
    values = (match.home, match.draw, match.away)
    return Card(
        match_id=match.match_id,
        href=look.href(f"/match/{match.match_id}"),
        kickoff=kickoff(look, match),
        home_team=match.home_team,
        away_team=match.away_team,
        chances=chances(look, (match.home_team, match.away_team), values, prices),
        market=prices is not None,
        goals=told_of_goals(look, published.goals.get(match.match_id)),
        form_home=form(match.home_team, known.form_home),
        form_away=form(match.away_team, known.form_away),
        sealed=look.ago(sealed) if sealed else "",
    )


def told_of_goals(look: Look, goals: Goals | None) -> str:
    """What is expected of goals in a sentence, empty if nothing is."""
    if goals is None:
        return ""
    words = look.words
    return words(
        "goals.short",
        home=words.number(goals.expected_goals_home, 1),
        away=words.number(goals.expected_goals_away, 1),
        many=words.percent(goals.over_25),
    )
