"""What a forecast says of goals: a grid of scores, totals, likely scores."""

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from touchline.stages.predict_goals import Grid
from touchline.web.look import Look
from touchline.web.plots import heat

SHOWN: Final = 5
"""Goals of a side that stand for themselves: 0 to 4; the last row and column are for 5 and more."""


@dataclass(frozen=True)
class GoalsView:
    """Goals of one match."""

    svg: Markup
    labels: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Chances of scores in percent, home goals down, away goals across."""
    expected: str
    both: str
    lines: tuple[tuple[str, str, str], ...]
    """Line, over, under."""
    likely: tuple[tuple[str, str], ...]
    from_results: bool


def goals_view(look: Look, grid: Grid) -> GoalsView:
    """The goals of a match as the page shows them."""
    t, chances = look.words, _folded(grid.scores)
    labels = (*map(str, range(SHOWN)), f"{SHOWN}+")
    cells = [[(value, t.number(100 * value, 1)) for value in row] for row in chances]
    about = t("goals.about", score=grid.likely[0].score, chance=t.percent(grid.likely[0].chance, 1))
    return GoalsView(
        svg=heat("grid", t("goals.grid"), about, cells, labels, (t("goals.home"), t("goals.away"))),
        labels=labels,
        rows=tuple(tuple(text for _, text in row) for row in cells),
        expected=t(
            "goals.expected",
            home=t.number(grid.expected_goals_home, 2),
            away=t.number(grid.expected_goals_away, 2),
            home_team=grid.home_team,
            away_team=grid.away_team,
        ),
        both=t.percent(grid.both_score),
        lines=tuple((t.number(one.line, 1), t.percent(one.over), t.percent(one.under)) for one in grid.lines),
        likely=tuple((one.score.replace("-", "–"), t.percent(one.chance, 1)) for one in grid.likely),
        from_results=grid.from_results,
    )


def _folded(scores: tuple[tuple[float, ...], ...]) -> list[list[float]]:
    """The table with all from SHOWN on in its last row and column."""
    narrow = [[*row[:SHOWN], sum(row[SHOWN:])] for row in scores]
    last = [sum(values) for values in zip(*narrow[SHOWN:], strict=True)]
    return [*narrow[:SHOWN], last]
