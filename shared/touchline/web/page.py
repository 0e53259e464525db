"""The page for people: what the templates show, worked out beforehand so that they hold no logic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from math import floor

from touchline.domain.competitions import competition
from touchline.domain.forecasts import MatchForecast, Score
from touchline.domain.joint_goals import Goals
from touchline.stages.predict_board import Board

SIGNS = ("1", "X", "2")


@dataclass(frozen=True)
class Part:
    """One of the three pieces of a probability bar, in percent of its width."""

    outcome: str
    sign: str
    label: str
    start: float
    width: float
    percent: int
    likeliest: bool


@dataclass(frozen=True)
class Fixture:
    """One match of the page."""

    match_id: str
    time: str
    moment: str
    home_team: str
    away_team: str
    parts: tuple[Part, ...]
    goals: str
    """What is expected of goals, empty if the model expects none."""


@dataclass(frozen=True)
class League:
    """Matches of one competition on one day."""

    name: str
    country: str
    fixtures: tuple[Fixture, ...]


@dataclass(frozen=True)
class Day:
    """One day of the page."""

    iso: str
    name: str
    leagues: tuple[League, ...]


@dataclass(frozen=True)
class ScoreRow:
    """One forecaster of the score table; places on the picture are percent of its width, None without an interval."""

    name: str
    log_loss: str
    interval: str
    rps: str
    n: str
    at: float
    low: float | None
    high: float | None
    own: bool


def percents(values: Sequence[float]) -> list[int]:
    """Whole percents that sum to 100: the largest remainders are rounded up.

    >>> percents([0.456, 0.273, 0.271]), percents([1 / 3, 1 / 3, 1 / 3])
    ([46, 27, 27], [34, 33, 33])
    """
    whole = [floor(100 * value) for value in values]
    order = sorted(range(len(values)), key=lambda place: whole[place] - 100 * values[place])
    for place in order[: 100 - sum(whole)]:
        whole[place] += 1
    return whole


def upcoming(matches: Sequence[MatchForecast], now: datetime) -> list[MatchForecast]:
    """Matches that have not kicked off, in the order of the page; a day without a time lasts until its end."""
    ahead = [
        match
        for match in matches
        if (match.kickoff > now if match.kickoff_known else match.kickoff.date() >= now.date())
    ]
    return sorted(ahead, key=lambda match: (match.kickoff.date(), match.competition, match.kickoff, match.home_team))


def days(matches: Sequence[MatchForecast], goals: Mapping[str, Goals]) -> tuple[Day, ...]:
    """Matches by day, then by competition."""
    return tuple(
        Day(day.isoformat(), f"{day:%A} {day.day} {day:%B %Y}", _leagues(tuple(group), goals))
        for day, group in groupby(matches, key=lambda match: match.kickoff.date())
    )


def _leagues(matches: Sequence[MatchForecast], goals: Mapping[str, Goals]) -> tuple[League, ...]:
    return tuple(
        League(
            competition(code).name,
            competition(code).country,
            tuple(_fixture(match, goals.get(match.match_id)) for match in group),
        )
        for code, group in groupby(matches, key=lambda match: match.competition)
    )


def _fixture(match: MatchForecast, goals: Goals | None) -> Fixture:
    moment = match.kickoff.isoformat() if match.kickoff_known else match.kickoff.date().isoformat()
    time = f"{match.kickoff:%H:%M}" if match.kickoff_known else "Time open"
    return Fixture(match.match_id, time, moment, match.home_team, match.away_team, _parts(match), _goals(goals))


def _goals(goals: Goals | None) -> str:
    if goals is None:
        return ""
    expected = f"{goals.expected_goals_home:.1f} to {goals.expected_goals_away:.1f} goals expected"
    return f"{expected}, three or more in {goals.over_25:.0%} of cases"


def _parts(match: MatchForecast) -> tuple[Part, ...]:
    values = (match.home, match.draw, match.away)
    labels = (f"{match.home_team} win", "draw", f"{match.away_team} win")
    best = values.index(max(values))
    return tuple(
        Part(outcome, sign, label, round(100 * sum(values[:place]), 2), round(100 * value, 2), percent, place == best)
        for place, (outcome, sign, label, value, percent) in enumerate(
            zip(("home", "draw", "away"), SIGNS, labels, values, percents(values), strict=True)
        )
    )


def score_rows(scores: Sequence[Score]) -> tuple[ScoreRow, ...]:
    """The score table: the first score is the champion's."""
    ends = [value for one in scores for value in (one.low, one.high, one.log_loss) if value is not None]
    low, high = min(ends, default=0.0), max(ends, default=0.0)

    def place(value: float) -> float:
        return round(4 + 92 * (value - low) / ((high - low) or 1), 2)

    return tuple(
        ScoreRow(
            name=one.forecaster,
            log_loss=f"{one.log_loss:.4f}",
            interval="" if one.low is None or one.high is None else f"{one.low:.3f} to {one.high:.3f}",
            rps="" if one.rps is None else f"{one.rps:.4f}",
            n=f"{one.n:,}",
            at=place(one.log_loss),
            low=None if one.low is None else place(one.low),
            high=None if one.high is None else place(one.high),
            own=number == 0,
        )
        for number, one in enumerate(scores)
    )


@dataclass(frozen=True)
class Empty:
    """Why there is nothing to show, and what to do."""

    why: str
    what: str


NOTHING_SERVES = Empty("No model serves yet.", "Load matches, train a model and promote it; this page fills itself.")


def empty(board: Board | None, fault: str, chosen: str) -> Empty:
    """The message of a page without matches, when there is a model or something is broken."""
    published = board.published if board else None
    if board is None:
        return Empty("The forecasts cannot be read.", f"Nothing is lost; somebody has to look at this: {fault}")
    if published is None:
        return Empty(
            "No forecasts are published yet.",
            "A model serves. Forecasts follow as soon as features of coming fixtures are there.",
        )
    if chosen:
        return Empty(f"No coming match in {chosen}.", "Choose another competition, or all of them.")
    why = published.forecasts.reason or "Every match that was forecast has kicked off."
    return Empty(
        f"{why[:1].upper()}{why[1:]}", "Load the coming fixtures of your league; forecasts follow by themselves."
    )


def moment(value: datetime) -> str:
    """A moment for people.

    >>> moment(datetime(2026, 3, 2, 9, 5, tzinfo=UTC))
    '2 March 2026, 09:05 UTC'
    """
    value = value.astimezone(UTC)
    return f"{value.day} {value:%B %Y, %H:%M} UTC"
