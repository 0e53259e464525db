"""What several pages show: the three chances of a match as a bar, odds, form, kick-off, contexts of matches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import floor
from typing import Final

from touchline.domain.competitions import competition
from touchline.domain.context import Quoted
from touchline.domain.forecasts import MatchForecast
from touchline.web.look import Look

OUTCOMES: Final = (("home", "1"), ("draw", "X"), ("away", "2"))


@dataclass(frozen=True)
class Chance:
    """One of the three outcomes; `start` and `width` are percent of the bar."""

    outcome: str
    sign: str
    label: str
    start: float
    width: float
    percent: str
    fair: str
    """Odds without a margin: one through the chance."""
    market: str
    """Newest odds that somebody offers, empty where none are known."""
    likeliest: bool


@dataclass(frozen=True)
class Kickoff:
    """When a match begins, in the zone of who looks."""

    day: date
    time: str
    """Empty where only the day is known."""
    iso: str


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


def chances(
    look: Look, teams: tuple[str, str], values: Sequence[float], market: Quoted | None = None
) -> tuple[Chance, ...]:
    """The three chances of a match, home, draw, away; `market` are prices of the same."""
    prices = (market.home, market.draw, market.away) if market else None
    words, best = look.words, max(range(3), key=lambda place: values[place])
    labels = (words("win.of", team=teams[0]), words("draw"), words("win.of", team=teams[1]))
    shown = percents(values)
    return tuple(
        Chance(
            outcome=outcome,
            sign=sign,
            label=labels[place],
            start=round(100 * sum(values[:place]), 1),
            width=round(100 * values[place], 1),
            percent=f"{shown[place]}\xa0%",
            fair=fair_odds(look, values[place]),
            market=words.number(prices[place]) if prices else "",
            likeliest=place == best,
        )
        for place, (outcome, sign) in enumerate(OUTCOMES)
    )


def fair_odds(look: Look, chance: float) -> str:
    """One through a chance; a dash where that says nothing."""
    return look.words.number(1 / chance) if chance >= 0.001 else "–"


def kickoff(look: Look, match: MatchForecast) -> Kickoff:
    """When a match begins; where only the day is known, it is the same in every zone."""
    if not match.kickoff_known:
        return Kickoff(match.kickoff.date(), "", match.kickoff.date().isoformat())
    local = look.local(match.kickoff)
    return Kickoff(local.date(), f"{local:%H:%M}", local.isoformat())


def league(code: str) -> str:
    """A competition with its country, where the name alone does not say which."""
    found = competition(code)
    return found.name if found.country in found.name else f"{found.name} · {found.country}"
