"""How likely a player is to score, or to have a part in a goal: his shrunken share of what his team is to score.

A player's goals are Poisson with mean share * goals expected of his team * minutes / 90. Shares of the players of one
line (goalkeepers, defenders, midfielders, forwards) are Gamma distributed around the line's mean, so what a player is
held to be is drawn towards his line by a number of team goals (`strength`): the posterior mean of the Gamma-Poisson
model (Robbins 1956; Efron and Morris 1975 for sport). Involved is who scored or made the last pass.

Appearances are rows of a table: match_id, kickoff, available_time, team, player, name, position, starter, minutes,
goals, assists, and team_goals (expected of the team before kick-off). Nothing of a match is used before its
`available_time`.
"""

from dataclasses import dataclass
from math import lgamma
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

EVENTS: Final = ("goals", "involvements")
LINES: Final[dict[str, tuple[str, ...]]] = {
    "goalkeeper": ("GK",),
    "defender": ("D",),
    "midfielder": ("DM", "M", "AM"),
    "forward": ("FW",),
}
"""Beginnings of the positions of a line, as line-ups write them."""
UNKNOWN: Final = "unknown"
FULL: Final = 90.0
"""Minutes of a whole match; time added counts no more."""
STRENGTHS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Team goals by which a player is drawn towards his line: the likeliest of these is taken."""


@dataclass(frozen=True)
class Prior:
    """What is held of players before they are seen: mean share of each line, and how strongly it draws."""

    shares: dict[str, Floats]
    """Line -> (2,) events of EVENTS per goal expected of the team."""
    strengths: Floats
    """(2,) team goals."""


def chance(share: ArrayLike, team_goals: ArrayLike, minutes: ArrayLike) -> Floats:
    """Probability of at least one event in so many minutes of a match in which the team is to score so many goals.

    >>> chance([0.3, 0.0], 1.5, [90, 90]).round(3).tolist()
    [0.362, 0.0]
    """
    mean = np.asarray(share, np.float64) * np.asarray(team_goals) * np.minimum(np.asarray(minutes), FULL) / FULL
    return np.asarray(1 - np.exp(-mean))


def shrunken(events: ArrayLike, exposure: ArrayLike, mean: ArrayLike, strength: ArrayLike) -> Floats:
    """Share of a player after events in an exposure (goals expected of his teams while he played).

    >>> shrunken([0.0, 10.0], [0.0, 20.0], 0.1, 20.0).tolist()
    [0.1, 0.3]
    """
    weight = np.asarray(strength, np.float64)
    return np.asarray((np.asarray(events) + weight * np.asarray(mean)) / (np.asarray(exposure) + weight))


def line(position: str | None) -> str:
    """Line of a position; UNKNOWN for a substitute's.

    >>> line("DMC"), line("DC"), line("Sub")
    ('midfielder', 'defender', 'unknown')
    """
    starts = [
        (len(start), name) for name, all_ in LINES.items() for start in all_ if (position or "").startswith(start)
    ]
    return max(starts)[1] if starts else UNKNOWN


def prepared(appearances: "pd.DataFrame") -> "pd.DataFrame":
    """Rows with what the others need: `line` (a substitute's is the one that he started in last), `exposure`,
    `involvements`; in the order in which they became known.
    """
    rows = appearances.sort_values(["available_time", "match_id", "player"], ignore_index=True)
    own = rows["position"].map(line, na_action="ignore").where(rows["starter"])
    own = own.where(own != UNKNOWN)
    return rows.assign(
        line=own.fillna(own.groupby(rows["player"]).ffill()).fillna(UNKNOWN),
        involvements=rows["goals"] + rows["assists"],
        exposure=rows["team_goals"] * rows["minutes"].clip(upper=FULL) / FULL,
    )


def fit(rows: "pd.DataFrame") -> Prior:
    """Prior from prepared rows, by the likelihood of what each player did in all (a negative binomial).

    Raises:
        ValueError: there is no row.
    """
    if rows.empty:
        raise ValueError("no appearance to learn from")
    played = rows[rows["exposure"] > 0]
    overall = played[list(EVENTS)].sum().to_numpy(np.float64) / max(float(played["exposure"].sum()), 1e-9)
    sums = played.groupby("line")[[*EVENTS, "exposure"]].sum()
    shares = {
        name: (row[list(EVENTS)].to_numpy(np.float64) + overall) / (row["exposure"] + 1)
        for name, row in sums.iterrows()
    }
    shares[UNKNOWN] = shares.get(UNKNOWN, overall)
    whole = {name: shares.get(name, shares[UNKNOWN]) for name in (*LINES, UNKNOWN)}
    players = played.groupby(["player", "line"])[[*EVENTS, "exposure"]].sum().reset_index()
    return Prior(whole, np.array([_strength(players, whole, number) for number in range(len(EVENTS))]))


def totals(rows: "pd.DataFrame") -> "pd.DataFrame":
    """What each player did in all prepared rows: newest name, team and line, minutes, exposure, events."""
    sums = rows.groupby("player")[["minutes", "exposure", "assists", *EVENTS]].sum()
    newest = rows.groupby("player")[["name", "team", "line"]].last()
    return newest.join(sums).join(rows.groupby("player").size().rename("matches")).reset_index()


def shares(players: "pd.DataFrame", prior: Prior) -> Floats:
    """(n, 2) shares of players with their line, exposure and events so far."""
    mean = np.array([prior.shares[name] for name in players["line"]]).reshape(-1, len(EVENTS))
    events, exposure = players[list(EVENTS)].to_numpy(np.float64), players[["exposure"]].to_numpy(np.float64)
    return shrunken(events, exposure, mean, prior.strengths)


def before(rows: "pd.DataFrame") -> "pd.DataFrame":
    """What was known of each prepared row's player before its kick-off: line, exposure and events, row by row."""
    import pandas as pd

    known = ["exposure", *EVENTS]
    sums = rows.groupby("player")[known].cumsum().assign(player=rows["player"], available_time=rows["available_time"])
    asked = rows[["player", "kickoff"]].assign(row=range(len(rows))).sort_values("kickoff", kind="stable")
    found = pd.merge_asof(asked, sums, left_on="kickoff", right_on="available_time", by="player").sort_values("row")
    return found[known].fillna(0.0).set_axis(rows.index).assign(line=rows["line"])


def _strength(players: "pd.DataFrame", shares: dict[str, Floats], event: int) -> float:
    mean = np.array([shares[name][event] for name in players["line"]])
    count, exposure = (players[name].to_numpy(np.float64) for name in (EVENTS[event], "exposure"))
    return max(STRENGTHS, key=lambda strength: _log_likelihood(count, exposure, mean, strength))


def _log_likelihood(count: Floats, exposure: Floats, mean: Floats, strength: float) -> float:
    """Of counts that are Poisson(share * exposure), shares Gamma with this mean and strength."""
    shape = np.maximum(strength * mean, 1e-9)
    gammas = np.array([lgamma(a + k) - lgamma(a) - lgamma(k + 1) for a, k in zip(shape, count, strict=True)])
    rest = shape * np.log(strength / (strength + exposure))
    return float(np.sum(gammas + rest + count * np.log(np.maximum(exposure, 1e-9) / (strength + exposure))))
