"""What is remembered of a team, of a league and of a pair of teams: the columns of one row each.

>>> len(MEASURES), FORM.stop - FORM.start
(11, 55)
"""

from typing import Final

COUNTS: Final = ("goals", "xg", "on_target", "shots", "corners")
"""What is counted of each side; `xg` are the goals that it deserved by its shots."""
STATISTICS: Final = ("points", *COUNTS)
"""What form is made of."""
KINDS: Final = ("fast", "slow", "xg", "on_target", "shots", "corners")
"""Attack and defence are learnt in these kinds: goals fast and slowly, and each of the other counts."""
KIND_COUNTS: Final = (0, 0, 1, 2, 3, 4)
"""The count that each kind learns."""
SPEEDS: Final = ("fast", "slow")
"""Speeds at which the strength that prices tell is learnt."""

ELO, PI_HOME, PI_AWAY = 0, 1, 2
ATTACK: Final = slice(3, 3 + len(KINDS))
DEFENCE: Final = slice(ATTACK.stop, ATTACK.stop + len(KINDS))
MARKET: Final = slice(DEFENCE.stop, DEFENCE.stop + len(SPEEDS))
MARKET_DRAW: Final = MARKET.stop
"""How likely a draw the prices of its matches hold, beyond what the strengths of both sides say."""
RATINGS: Final = MARKET_DRAW + 1
"""Ratings of a team."""

MEASURES: Final = ("points", *(f"{name}_{way}" for name in COUNTS for way in ("for", "against")))
"""What form tells: what a team did, and what was done to it."""
WINDOWS: Final = ("last5", "span6", "span20", "at_home", "away")
"""Last five matches, exponentially weighted with both spans, and with the longer span at home or away only."""
STANDING: Final = ("matches", "season_matches", "season_points", "season_goals", "stint")
"""Matches known; matches, points, goals in the season of the last one; matches in a row in its competition."""
RECENT: Final = 10
"""So many kick-offs are remembered for congestion; nobody plays more in 30 days."""

FORM: Final = slice(RATINGS, RATINGS + len(WINDOWS) * len(MEASURES))
STANDINGS: Final = slice(FORM.stop, FORM.stop + len(STANDING))
KICKOFFS: Final = slice(STANDINGS.stop, STANDINGS.stop + RECENT)
"""Microseconds since 1970, newest first, minus infinity where there were fewer."""
COMPETITION: Final = KICKOFFS.stop
"""Code of the last match, NONE before it."""
SEASON: Final = COMPETITION + 1
TEAM: Final = SEASON + 1
"""Columns of a team."""

BASES: Final = slice(0, 2 * len(COUNTS))
"""Mean of each count in a match of the league, home and away side by side."""
HOME_WIN: Final = BASES.stop
DRAW: Final = HOME_WIN + 1
MARKET_HOME: Final = slice(DRAW + 1, DRAW + 1 + len(SPEEDS))
DRAW_LEVEL: Final = MARKET_HOME.stop
"""The same as a mean over the league."""
COUNTED: Final = slice(DRAW_LEVEL + 1, DRAW_LEVEL + 1 + len(COUNTS))
"""Matches of the league in which each was counted."""
PRICED: Final = COUNTED.stop
"""Matches of the league that had a price."""
MEANS: Final = slice(PRICED + 1, PRICED + 1 + RATINGS)
"""Slow mean of each rating of its teams."""
LEAGUE: Final = MEANS.stop
"""Columns of a league."""

PAIR: Final = ("meetings", "first_points", "second_points", "first_goals")
"""Of the newest meetings of two teams: how many, points of either, goal difference seen from the first by code."""
NONE: Final = -1
"""Number of a row of which nothing is known; the last row of each table stands for it."""
