"""Teams behind the published names of a table, by the spellings that are known and those that we ship."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

import numpy as np
import pandas as pd

from touchline.domain.competitions import competition
from touchline.domain.names import Name, Resolution, Suspect, resolve
from touchline.errors import UnknownName
from touchline.sources import clubs
from touchline.sources.table import LONDON

SIDES: Final = ("home_team", "away_team")
"""Columns with names of teams."""
_EPOCH: Final = pd.Timestamp(1970, 1, 1)


def with_teams(
    rows: pd.DataFrame,
    known: Mapping[str, Mapping[str, str]],
    before: Callable[[], pd.DataFrame],
    where: str,
    hint: Callable[[Suspect], str],
) -> tuple[pd.DataFrame, dict[Name, str]]:
    """Rows with canonical names, and the names that were not known before.

    Args:
        rows: tidy rows with published names.
        known: country -> spelling -> canonical name.
        before: matches that are known, tidy rows; asked only where names look alike, since it may be dear. Those that
            the rows send again prove nothing: with a slip in one name they look like a second match on the same day.
        where: file that the rows are from, for the error.
        hint: what to do about a name that resembles a known one.

    Raises:
        UnknownName: a name that nobody declared resembles a known one.
    """
    answer = resolved(rows, known, before)
    if answer.suspects:
        raise _unknown(answer.suspects, where, hint)
    return named(rows, answer), answer.new


def resolved(
    rows: pd.DataFrame,
    known: Mapping[str, Mapping[str, str]],
    before: Callable[[], pd.DataFrame],
    closed: Collection[str] = (),
) -> Resolution:
    """What the names of the rows mean; arguments as of `with_teams`, and countries in which no name becomes a team."""
    played = _days(rows, countries(rows))
    answer = resolve(played, known, clubs.spellings(), clubs.distinct(), {}, closed)
    if any(suspect.resembles and suspect.country not in closed for suspect in answer.suspects):
        days = _days_besides(before(), rows)
        answer = resolve(played, known, clubs.spellings(), clubs.distinct(), days, closed)
    return answer


def named(rows: pd.DataFrame, answer: Resolution) -> pd.DataFrame:
    """Rows with canonical names; a name that means nothing (yet) becomes a missing one."""
    country = countries(rows)
    return rows.assign(**{side: _named(rows[side], country, answer) for side in SIDES})


def _days_besides(matches: pd.DataFrame, rows: pd.DataFrame) -> dict[Name, set[int]]:
    """Days on which teams play in matches other than those of the rows."""
    if matches.empty:
        return {}
    sent = np.zeros(len(matches), dtype=bool)
    for side in SIDES:
        sent |= _slots(matches, side).isin(_slots(rows, side))
    others = matches[~sent]
    return _days(others, countries(others))


def _slots(rows: pd.DataFrame, side: str) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([rows["competition"], _ordinals(rows), rows[side]])


def countries(rows: pd.DataFrame) -> "pd.Series[str]":
    """Country of each row's competition."""
    return rows["competition"].map({code: competition(code).country for code in rows["competition"].unique()})


def _days(rows: pd.DataFrame, country: "pd.Series[str]") -> dict[Name, set[int]]:
    """Country and name -> ordinals of the days on which it plays."""
    day = _ordinals(rows)
    sides = [pd.DataFrame({"country": country, "name": rows[side], "day": day}) for side in SIDES]
    played: dict[Name, set[int]] = pd.concat(sides).groupby(["country", "name"])["day"].agg(set).to_dict()
    return played


def _ordinals(rows: pd.DataFrame) -> "pd.Series[int]":
    local = rows["kickoff"].dt.tz_convert(LONDON).dt.tz_localize(None)
    return (local - _EPOCH).dt.days + _EPOCH.toordinal()


def _unknown(suspects: tuple[Suspect, ...], where: str, hint: Callable[[Suspect], str]) -> UnknownName:
    details = tuple(f"{one.name} ({one.country}): did you mean {' or '.join(one.resembles[:3])}?" for one in suspects)
    what = f"{len(suspects)} unknown team{'s' * (len(suspects) > 1)} with the look of known ones"
    return UnknownName(what, where=where, details=details, hint=hint(suspects[0]))


def _named(published: "pd.Series[str]", country: "pd.Series[str]", answer: Resolution) -> "pd.Series[str]":
    named = published.copy()
    for land in country.unique():
        teams = {name: team for (where, name), team in answer.teams.items() if where == land}
        named[country == land] = published[country == land].map(teams).astype("str")
    return named
