"""What scrape makes of payloads: checked rows with known teams and the identity of their matches, all in memory."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final

import msgspec
import pandas as pd

from touchline.domain.availability import available_time, withhold
from touchline.domain.competitions import SIMULATED, is_simulated
from touchline.domain.identity import identify
from touchline.domain.names import Name, Suspect
from touchline.domain.vocabulary import MATCH_COLUMNS
from touchline.errors import DataError
from touchline.manifest import sha256
from touchline.ports import MatchRef, MatchStore, Payload
from touchline.sources import football_data
from touchline.sources.naming import with_teams
from touchline.sources.registry import parse
from touchline.sources.table import Parsed, Rejected

MAX_REJECTED: Final = 0.05
"""Share of refused rows above which nothing of a payload is trusted."""
_SHOWN: Final = 10


class Findings(msgspec.Struct, frozen=True):
    """What was found in one payload; depends on nothing that is stored."""

    payload: str
    source: str
    name: str
    rows: int
    withheld: int
    rejected: tuple[Rejected, ...]
    notes: tuple[str, ...]


class Intake:
    """Takes payloads one after the other; later ones know the matches and names of the earlier ones.

    Args:
        matches: what is stored.
        as_of: moment after which nothing may be known, None where time is real.
        wanted: competitions that are taken from a site's payloads (its fixtures come in one file for all); files that
            somebody sends are taken whole.
    """

    def __init__(self, matches: MatchStore, as_of: datetime | None, wanted: Collection[str]) -> None:
        self._matches, self._as_of, self._wanted = matches, as_of, wanted
        self._names: dict[str, dict[str, str]] = {country: dict(names) for country, names in matches.teams().items()}
        self._tables: list[pd.DataFrame] = []
        self._retrieved: list[datetime] = []
        self._speaking: dict[tuple[str, str], list[int]] = defaultdict(list)
        """Competition and season -> places in `_tables` that speak of it."""
        self.new_names: dict[Name, str] = {}
        self.findings: list[Findings] = []
        """Of the payloads that were taken."""
        self.rejected: list[Findings] = []
        """Of those with refused rows, whether they were taken or not."""
        self.stale = self.repeated = 0

    def take(self, payload: Payload) -> None:
        """Add the rows of a payload, or none of them.

        Raises:
            DataError: it cannot be read, or too many of its rows are refused.
            UnknownName: a name that nobody declared resembles a known one.
        """
        parsed = parse(payload)
        rows, withheld = self._known_by_now(self._only_wanted(parsed.rows, payload.source))
        findings = _findings(payload, parsed, len(rows), withheld)
        if parsed.rejected:
            self.rejected.append(findings)
        _check(payload, parsed)
        rows, new_names = self._with_teams(rows, payload.name)
        found = identify(rows, self._stored(rows), payload.retrieved)
        self.findings.append(findings)
        for pair in _seasons(found.rows).itertuples(index=False, name=None):
            self._speaking[pair].append(len(self._tables))
        self._tables.append(found.rows)
        self._retrieved.append(payload.retrieved)
        self.new_names |= new_names
        for (country, name), team in new_names.items():
            self._names.setdefault(country, {})[name] = team
        self.stale, self.repeated = self.stale + found.stale, self.repeated + found.repeated

    def rows(self) -> pd.DataFrame:
        """All rows, one a match: what a later payload says stands, what it leaves open is taken from earlier ones."""
        columns = [*MATCH_COLUMNS, "available_time", "payload"]
        tables = [table for table in self._tables if len(table)]
        if not tables:
            return pd.DataFrame(columns=columns)
        together = pd.concat(tables, ignore_index=True)
        if together["match_id"].duplicated().any():
            together = together.groupby("match_id", sort=False, as_index=False).last()
        return together.sort_values(["kickoff", "match_id"], ignore_index=True)[columns]

    @property
    def invented(self) -> bool:
        """Whether matches of the simulated league are among the rows, or stored."""
        stored = SIMULATED.country in self._names
        return stored or any(is_simulated(code) for table in self._tables for code in table["competition"].unique())

    def _only_wanted(self, rows: pd.DataFrame, source: str) -> pd.DataFrame:
        return rows[rows["competition"].isin(self._wanted)] if source == football_data.NAME else rows

    def _known_by_now(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, int]:
        if self._as_of is None:
            return rows.assign(available_time=available_time(rows)), 0
        return withhold(rows, self._as_of)

    def _with_teams(self, rows: pd.DataFrame, where: str) -> tuple[pd.DataFrame, dict[Name, str]]:
        return with_teams(rows, self._names, self._before, where, _accept)

    def _before(self) -> pd.DataFrame:
        """Matches that are stored, and those of the payloads before."""
        stored = self._matches.snapshot(self._matches.head())
        return pd.concat([stored, *self._tables], ignore_index=True) if self._tables else stored

    def _stored(self, rows: pd.DataFrame) -> list[MatchRef]:
        """Matches of the seasons that the rows speak of, as stored or as the payloads before left them."""
        spoken = _seasons(rows)
        refs: dict[str, MatchRef] = {}
        for code, some in spoken.groupby("competition"):
            refs |= {ref.match_id: ref for ref in self._matches.known(str(code), some["season"].tolist())}
        pairs = spoken.itertuples(index=False, name=None)
        for place in sorted({place for pair in pairs for place in self._speaking.get(pair, ())}):
            for ref in _refs(self._tables[place].merge(spoken), self._retrieved[place]):
                known = refs.get(ref.match_id)
                seen = max(ref.seen, known.seen) if known else ref.seen
                refs[ref.match_id] = msgspec.structs.replace(ref, seen=seen)
        return list(refs.values())


def _seasons(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["competition", "season"]].drop_duplicates()


def _refs(rows: pd.DataFrame, retrieved: datetime) -> Iterator[MatchRef]:
    fields = ["match_id", "competition", "season", "home_team", "away_team", "kickoff", "status"]
    for match_id, code, season, home, away, kickoff, status in rows[fields].itertuples(index=False):
        yield MatchRef(match_id, code, season, home, away, kickoff.to_pydatetime(), status, retrieved)


def _findings(payload: Payload, parsed: Parsed, rows: int, withheld: int) -> Findings:
    digest = sha256(payload.body)
    return Findings(digest, payload.source, payload.name, rows, withheld, parsed.rejected, parsed.notes)


def _check(payload: Payload, parsed: Parsed) -> None:
    refused, total = len(parsed.rejected), len(parsed.rows) + len(parsed.rejected)
    if refused > MAX_REJECTED * total:
        more = (f"... and {refused - _SHOWN} more",) * (refused > _SHOWN)
        shown = tuple(f"line {row.line}: {row.reason} ({row.text})" for row in parsed.rejected[:_SHOWN])
        raise DataError(
            f"{refused} of {total} rows are refused, more than {MAX_REJECTED:.0%}: nothing of this file is stored",
            where=payload.name,
            details=shown + more,
            hint="mend these rows and send the file again",
        )


def _accept(one: Suspect) -> str:
    return (
        f'mend the file, or say who that is: touchline teams accept "{one.name}" "{one.resembles[0]}" '
        f'--country "{one.country}", or touchline teams new "{one.name}" --country "{one.country}"'
    )
