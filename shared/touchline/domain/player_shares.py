"""Players of the teams that have fixtures, with their shares of the goals of their team, as predict reads them."""

import msgspec


class PlayerShare(msgspec.Struct, frozen=True, kw_only=True):
    """A player as he was seen last, and what part he has in the goals that his team is expected to score."""

    name: str
    country: str
    """Of the competition that he was seen in."""
    team: str
    line: str
    """goalkeeper, defender, midfielder, forward or unknown."""
    seen: str
    """Day of his newest match, as 2026-03-02."""
    matches: int
    minutes: float
    """Played in all of them."""
    goals: float
    """Goals per goal expected of his team while he plays, drawn towards the mean of his line."""
    involvements: float
    """Goals and last passes to goals, likewise."""


class PlayerShares(msgspec.Struct, frozen=True):
    """All players that are known.

    >>> one = PlayerShare(name="A. Striker", country="England", team="Leeds", line="forward", seen="2026-03-02",
    ...                   matches=20, minutes=1500.0, goals=0.3, involvements=0.45)
    >>> known = PlayerShares((one,))
    >>> [len(known.of(country, "Leeds")) for country in ("England", "Spain")]
    [1, 0]
    """

    players: tuple[PlayerShare, ...] = ()

    def of(self, country: str, team: str) -> tuple[PlayerShare, ...]:
        """Players of a team."""
        return tuple(each for each in self.players if (each.country, each.team) == (country, team))
