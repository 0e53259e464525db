"""Whose names count: what each row's teams are called by us, and which rows wait until somebody says who that is.

The teams of a country are named by whoever came first: files and football-data.co.uk, or one other source. A name that
another source uses never becomes a team beside them; it has to be known, or its rows wait.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, NamedTuple

import pandas as pd

from touchline.collecting import Links, Unresolved
from touchline.domain.names import Name, Resolution, Suspect
from touchline.ports import MatchRef, MatchStore, Payload
from touchline.sources import clubs, files, football_data, simulated
from touchline.sources.naming import SIDES, countries, named, resolved, with_teams

_OURS: Final = ""
_NAMES_AS_WE: Final = frozenset({_OURS, files.NAME, football_data.NAME})
"""Sources whose names are ours; `teams.source` is empty for the first."""
_WHOLE: Final = _NAMES_AS_WE | {simulated.NAME}
"""Sources of which a payload is refused as a whole where a name looks like another: somebody can mend the file."""


class Named(NamedTuple):
    """Rows with canonical names, and those that wait."""

    rows: pd.DataFrame
    waiting: pd.DataFrame
    """Rows as published with a name that nobody declared."""


class Teams:
    """Names of teams, as stored and as the payloads of this run have added to them."""

    def __init__(self, matches: MatchStore, links: Links) -> None:
        self._known: dict[str, dict[str, str]] = {country: dict(names) for country, names in matches.teams().items()}
        self._named_by = {country: _authorities(sources) for country, sources in links.team_sources().items()}
        self.new: dict[Name, str] = {}
        """Names that were not known before -> canonical name."""
        self.new_teams: list[str] = []
        """Teams that were not known before, with their country."""
        self._unresolved: dict[tuple[str, Name], Unresolved] = {}

    @property
    def unresolved(self) -> list[Unresolved]:
        """Names whose rows wait, once for each source."""
        return list(self._unresolved.values())

    @property
    def countries(self) -> Collection[str]:
        """Countries of which teams are known."""
        return self._known.keys()

    def name(self, rows: pd.DataFrame, payload: Payload, digest: str, before: Callable[[], pd.DataFrame]) -> Named:
        """Give the rows of a payload canonical names.

        Args:
            rows: tidy rows with published names.
            payload: where they come from.
            digest: its sha256.
            before: matches that are known, as of `with_teams`.

        Raises:
            UnknownName: a name in a file looks like a known one, and nobody declared it.
        """
        if payload.source in _WHOLE:
            rows, new = with_teams(rows, self._known, before, payload.name, _accept)
            self._learn(new, payload.source)
            return Named(rows, rows.iloc[:0])
        answer = resolved(rows, self._known, before, self._closed(payload.source))
        self._learn(answer.new, payload.source)
        found = named(rows, answer)
        unknown = found[list(SIDES)].isna().any(axis=1)
        waiting = rows[unknown]
        self._wait(waiting, answer, payload, digest)
        return Named(found[~unknown], waiting)

    def contradicted(self, rows: pd.DataFrame, refs: Mapping[str, MatchRef]) -> "pd.Series[bool]":
        """Which rows (with `match_id`) are of other teams than their match, as far as their names are known."""
        answer = resolved(rows, self._known, _nothing, frozenset(countries(rows)))
        found = named(rows, answer)
        wrong = pd.Series(False, rows.index)
        for side in SIDES:
            stored = rows["match_id"].map({match_id: getattr(ref, side) for match_id, ref in refs.items()})
            wrong |= found[side].notna() & (found[side] != stored)
        return wrong

    def _closed(self, source: str) -> frozenset[str]:
        """Countries whose teams somebody else named."""
        own = _authorities([source])
        return frozenset(country for country, who in self._named_by.items() if who - own)

    def _learn(self, new: Mapping[Name, str], source: str) -> None:
        self.new |= new
        for (country, name), team in new.items():
            known = self._known.setdefault(country, {})
            if known.get(team) != team:
                self.new_teams.append(f"{team} ({country})")
            known |= {name: team, team: team}
            self._named_by.setdefault(country, set(_authorities([source])))

    def _wait(self, rows: pd.DataFrame, answer: Resolution, payload: Payload, digest: str) -> None:
        country = countries(rows)
        for one in answer.suspects:
            these = rows[(country == one.country) & (rows[list(SIDES)] == one.name).any(axis=1)]
            if len(these):
                self._note(one, these, payload, digest)

    def _note(self, one: Suspect, rows: pd.DataFrame, payload: Payload, digest: str) -> None:
        near = clubs.suggest(one.name, one.country, self._known.get(one.country, {}))
        key = payload.source, (one.country, one.name)
        met = self._unresolved.get(key)
        self._unresolved[key] = Unresolved(
            source=payload.source,
            country=one.country,
            competition=str(rows["competition"].iloc[0]),
            name=one.name,
            suggestions=tuple(dict.fromkeys((*one.resembles, *near)))[: clubs.SUGGESTED],
            payload=digest,
            first_seen=min(payload.retrieved, met.first_seen if met else payload.retrieved),
            last_seen=max(payload.retrieved, met.last_seen if met else payload.retrieved),
            rows=len(rows) + (met.rows if met and met.payload != digest else 0),
        )


def _authorities(sources: Iterable[str]) -> set[str]:
    """Who named teams, each of ours as one."""
    single = {name for source in sources for name in source.split("+")}
    return {_OURS if name in _NAMES_AS_WE else name for name in single}


def _nothing() -> pd.DataFrame:
    return pd.DataFrame()


def _accept(one: Suspect) -> str:
    return (
        f'mend the file, or say who that is: touchline teams accept "{one.name}" "{one.resembles[0]}" '
        f'--country "{one.country}", or touchline teams new "{one.name}" --country "{one.country}"'
    )
