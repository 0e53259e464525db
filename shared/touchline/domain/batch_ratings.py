"""Attack and defence of every team, fitted anew each week on all results that were known by then.

The model is that of Maher (1982, "Modelling association football scores"): what a side counts is Poisson with mean
base(division, venue) * exp(attack - defence of the other), matches fade with a half-life as in Dixon and Coles (1997),
and strengths are drawn towards the mean of the team's division (ridge). Goals are one thing to count; shots, corners
and the goals that prices of earlier matches imply are others. Unlike ratings learnt match by match, a fit lets every
result speak again about all teams that are linked to it.

Refits happen at fixed moments, the same whoever asks. A match is read by the newest refit at or before its moment.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from touchline.domain.rows import NONE

if TYPE_CHECKING:
    from touchline.domain.encoding import Fixtures

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

NEWCOMER: Final = 0.12
"""A team never seen before attacks and defends that much worse than the mean of its division, in logs."""


@dataclass(frozen=True)
class Batch:
    """Strengths after each refit, or after the last two of each country."""

    slot: Ints
    """(teams,) place of each team among those of its country, in the order in which they first played; NONE before."""
    country: Ints
    """(leagues,) country of each competition, NONE where none of its matches was played."""
    division: Ints
    """(leagues,) place of each competition among those of its country."""
    first: Ints
    """(countries + 1,) first refit of each country."""
    moment: Ints
    """(refits,) microseconds since 1970, rising within a country."""
    team_row: Ints
    """(refits + 1,) first row of each refit in `strengths`."""
    league_row: Ints
    """(refits + 1,) the same in `bases`."""
    strengths: Singles
    """(kinds, team rows, 2) attack and defence, NaN of a team of which nothing was counted."""
    bases: Singles
    """(kinds, league rows, 4) mean count at home and away, mean attack and defence; NaN where nothing was counted."""

    def find(self, match: "Fixtures", moment: Ints) -> Ints:
        """Rows of home and away team in `strengths` and of their league in `bases`, (3, n), by the newest refit at or
        before a moment each; NONE where there is none.

        >>> from datetime import UTC, datetime
        >>> from touchline.domain.features import build
        >>> from touchline.domain.simulation import simulate
        >>> batch = build(simulate(1, datetime(2026, 3, 2, tzinfo=UTC), seasons=2, teams=6)).state.batch
        >>> len(batch.moment)
        2
        """
        played = (match.competition != NONE) & (len(self.country) > 0)
        country = np.where(played, np.append(self.country, NONE)[match.competition], NONE)
        refit = self._newest(country, moment)
        place = np.where(refit == NONE, NONE, np.append(self.division, NONE)[match.competition])
        return np.stack(
            [
                _row(self.team_row, refit, self.slot[match.home]),
                _row(self.team_row, refit, self.slot[match.away]),
                _row(self.league_row, refit, place),
            ]
        )

    def rates(self, found: Ints) -> Floats:
        """Log of what to expect, (kinds, 2, n) of home and away, by rows from `find`; NaN where nothing was counted."""
        base = _values(self.bases, found[2])
        home, away = (_values(self.strengths, row) for row in found[:2])
        start = base[2:] - NEWCOMER
        home, away = (np.where(np.isnan(each), start, each) for each in (home, away))
        level = np.stack([home[0] - away[1], away[0] - home[1]], axis=1)
        return np.asarray(np.log(base[:2]).transpose(1, 0, 2) + level)

    def _newest(self, country: Ints, moment: Ints) -> Ints:
        refit = np.full(len(moment), NONE)
        for each in np.unique(country[country != NONE]):
            asked = np.flatnonzero(country == each)
            start, end = self.first[each : each + 2]
            place = np.searchsorted(self.moment[start:end], moment[asked], side="right") - 1
            refit[asked] = np.where(place >= 0, start + place, NONE)
        return refit

    def newest(self) -> "Batch":
        """The last two refits of each country: the last one may lie after the last result, and counts from then on."""
        spans = zip(self.first[:-1], self.first[1:], strict=True)
        last = [np.arange(max(start, end - 2), end) for start, end in spans]
        first, refits = _joined(last)
        team_row, teams = _joined([np.arange(*self.team_row[each : each + 2]) for each in refits])
        league_row, leagues = _joined([np.arange(*self.league_row[each : each + 2]) for each in refits])
        rows = (team_row, league_row, self.strengths[:, teams], self.bases[:, leagues])
        return Batch(self.slot, self.country, self.division, first, self.moment[refits], *rows)


def _row(start: Ints, refit: Ints, place: Ints) -> Ints:
    size = np.append(np.diff(start), 0)[refit]
    return np.where((refit != NONE) & (place != NONE) & (place < size), start[refit] + place, NONE)


def _values(table: Singles, row: Ints) -> Floats:
    """(columns, kinds, n) of some rows, NaN where there is none."""
    if not table.shape[1]:
        return np.full((table.shape[2], table.shape[0], len(row)), np.nan)
    values = np.where((row != NONE)[:, None], table[:, row], np.float32(np.nan))
    return np.ascontiguousarray(values.transpose(2, 0, 1), np.float64)


def _joined(parts: list[Ints]) -> tuple[Ints, Ints]:
    """Where each part begins, and all of them in one."""
    sizes = [len(part) for part in parts]
    return np.cumsum([0, *sizes]), np.concatenate([*parts, np.empty(0, np.int64)]).astype(np.int64)
