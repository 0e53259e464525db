"""Forecasts of fixtures from a table of results: chances of the result and of every score, and what stands behind them.

All of a row comes of one joint distribution of goals: that of the goal model, brought to the calibrated chances of
home win, draw and away win.
"""

from dataclasses import dataclass

import msgspec
import numpy as np
import pandas as pd

from touchline.domain import joint_goals, score_grid
from touchline.domain import uses as levels
from touchline.domain.forecasts import suggestions
from touchline.domain.score_grid import Floats
from touchline.domain.vocabulary import CLOSING_COLUMNS, ODDS_COLUMNS, OUTCOMES, Uses, side_columns
from touchline.errors import DataError
from touchline.learning.certainty import certainty
from touchline.learning.examples import Examples
from touchline.learning.fitting import FitOptions, fit
from touchline.learning.timeline import Timeline, identity, moments, prepared, timeline
from touchline.learning.tuning import Progress


class ForecastOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to learn from, and how."""

    competitions: tuple[str, ...] = ()
    """Learnt from; empty = all. Features are made of the whole table in any case."""
    uses: Uses = levels.DEFAULT
    refit_ratings_days: int = 1
    """Ratings that matches are learnt with are as of so many days before them at most."""
    newest: int = 60_000
    """As many matches are learnt from at most; all of them make the ratings."""
    fit: FitOptions = FitOptions()


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of n fixtures, in their order."""

    table: pd.DataFrame
    """IDENTITY, season, kickoff, home, draw, away, expected_goals_home, expected_goals_away, over_05 .. over_45,
    both_score, likeliest_score, likeliest_chance, what `certainty` says, uses."""
    grids: Floats
    """(n, SIZE, SIZE) chance of every score; the chances of the table are sums of it."""

    def long(self) -> pd.DataFrame:
        """The grids with a row a score: match (row of the table, from 1), home_goals, away_goals, probability."""
        match, home, away = (axis.ravel() for axis in np.indices(self.grids.shape))
        chances = self.grids.ravel()
        return pd.DataFrame({"match": match + 1, "home_goals": home, "away_goals": away, "probability": chances})


def forecast(
    history: pd.DataFrame, fixtures: pd.DataFrame, options: ForecastOptions, progress: Progress | None = None
) -> Forecasts:
    """Forecast fixtures from what was known when the earliest of them kicks off.

    Args:
        history: tidy table of finished matches; whatever became known later is not used.
        fixtures: tidy table; scores in it are not used, prices before the match only where `uses` says so.
        options: what may be used, and what is learnt from.
        progress: told what happens, and which teams and competitions the history does not know.

    Raises:
        DataError: no fixture, or too little history before it.
    """
    say = progress or (lambda message: None)
    if fixtures.empty:
        raise DataError("no fixture to forecast")
    played, asked = prepared(history), prepared(fixtures)
    moment = moments(asked["kickoff"]).min()
    known = moments(played["available_time"]) <= moment
    _name_limits(played, known, moment, options, say)
    played = played[known]
    both = pd.concat([played, _blank(asked, options.uses)], ignore_index=True)
    line = timeline(both, moment, options.refit_ratings_days, options.competitions, moment)
    sure = certainty(played, asked)
    _name_newcomers(asked, sure, played, say)
    _name_gaps(asked, options.uses, say)
    fitted = fit(_train(line, moment, options), options.fit, say)
    x = line.examples(np.arange(len(played), len(both)), fitted.names).x
    joint = joint_goals.joint(fitted.predict(x), fitted.rates(x))
    table = pd.concat([_when(asked), _chances(joint), sure], axis=1)
    return Forecasts(table.assign(uses=options.uses), joint.grids)


def _train(line: Timeline, moment: np.datetime64, options: ForecastOptions) -> Examples:
    known = line.known(moment)
    newest = known[np.argsort(line.kickoff[known], kind="stable")][-options.newest :]
    return line.examples(newest, levels.columns(options.uses))


def _blank(fixtures: pd.DataFrame, uses: Uses) -> pd.DataFrame:
    """Fixtures without what became known later, and without prices that are not to be used."""
    unknown = [*side_columns("goals"), *CLOSING_COLUMNS, *(() if uses == "prices" else ODDS_COLUMNS)]
    return fixtures.assign(status="scheduled", **dict.fromkeys(unknown, np.nan))


def _when(fixtures: pd.DataFrame) -> pd.DataFrame:
    kickoff = fixtures["kickoff"].dt.tz_convert("UTC").reset_index(drop=True)
    return identity(fixtures).assign(season=fixtures["season"].to_numpy(), kickoff=kickoff)


def _chances(joint: joint_goals.Joint) -> pd.DataFrame:
    found = score_grid.markets(joint.grids)
    expected = (f"expected_goals_{side}" for side in ("home", "away"))
    return pd.DataFrame(
        dict(zip(OUTCOMES, joint.probabilities.T, strict=True))
        | dict(zip(expected, found.expected_goals.T, strict=True))
        | {f"over_{round(10 * line):02}": p for line, p in zip(score_grid.LINES, found.over.T, strict=True)}
        | {"both_score": found.both_score}
        | {"likeliest_score": [f"{home}-{away}" for home, away in found.scores[:, 0].tolist()]}
        | {"likeliest_chance": found.score_chances[:, 0]}
    )


def _name_limits(
    played: pd.DataFrame, known: "np.ndarray", moment: np.datetime64, options: ForecastOptions, say: Progress
) -> None:
    """All fixtures are told from what was known before the first of them: later results are left out, and counted."""
    first, began = str(moment)[:10], played["kickoff"].min()
    if unknown := sorted(set(options.competitions) - set(played["competition"])):
        there = ", ".join(sorted(set(played["competition"])))
        raise DataError(f"no competition {', '.join(unknown)} in the history", hint=f"there are {there}")
    if not known.any():
        hint = "leave out the older fixtures" if len(played) else "name files with finished matches"
        raise DataError(
            f"no result was known by {first}, when the first fixture is; the first is of {began}", hint=hint
        )
    if not known.all():
        say(f"not used: {int((~known).sum())} results that were not known by {first}, when the first fixture is")


def _name_newcomers(fixtures: pd.DataFrame, sure: pd.DataFrame, played: pd.DataFrame, say: Progress) -> None:
    sides = ("home", "away")
    new = {team for side in sides for team in fixtures[f"{side}_team"][(sure[f"{side}_matches"] == 0).to_numpy()]}
    if new:
        known = {team for side in sides for team in played[f"{side}_team"].unique()}
        told = ", ".join(_like(team, known) for team in sorted(new))
        say(f"not in the history of their country, forecast as newcomers: {told}")
    cold = fixtures["competition"][(sure["certainty"] == "new_competition").to_numpy()].unique()
    if len(cold):
        say(f"not in the history, forecast as an average competition: {', '.join(sorted(cold))}")


def _like(team: str, known: set[str]) -> str:
    near = suggestions(team, known, 1)
    return f"{team} (or is it {near[0]}?)" if near else team


def _name_gaps(fixtures: pd.DataFrame, uses: Uses, say: Progress) -> None:
    """What the file of fixtures leaves open, so that a slip in it is seen."""
    timeless = int((~fixtures["kickoff_known"].astype(bool)).sum())
    if timeless:
        say(f"not timed: {timeless} of {len(fixtures)} fixtures have no time that can be read; their day counts")
    priceless = int(fixtures.reindex(columns=[*ODDS_COLUMNS]).isna().all(axis=1).sum())
    if uses == "prices" and priceless:
        say(f"not priced: {priceless} of {len(fixtures)} fixtures; forecast from what earlier prices lead to expect")
