"""What scrape makes of payloads: checked rows with known teams and the identity of their matches, all in memory."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import pandas as pd

from touchline.collecting import Links, Unresolved
from touchline.domain.availability import available_time, withhold
from touchline.domain.competitions import SIMULATED, is_simulated
from touchline.domain.identity import identify
from touchline.domain.names import Name
from touchline.domain.vocabulary import IDENTITY, MATCH_COLUMNS
from touchline.errors import DataError
from touchline.manifest import sha256
from touchline.ports import MatchRef, MatchStore, Payload
from touchline.sources import files, simulated
from touchline.sources.naming import SIDES
from touchline.sources.registry import parse
from touchline.sources.table import NUMBERS, Parsed, Rejected
from touchline.stages.scrape_details import Details, of_no_match
from touchline.stages.scrape_names import Teams

MAX_REJECTED: Final = 0.05
"""Share of refused rows above which nothing of a payload is trusted."""
_SHOWN: Final = 10
_NAMED: Final = 20
_ASK: Final = "touchline teams unresolved"
_OWN: Final = ("source", "source_id", "raw_status")
_COLUMNS: Final = [*MATCH_COLUMNS, "available_time", "payload", *_OWN, "retrieved", "bare"]
_TAKEN_WHOLE: Final = (files.NAME, simulated.NAME)
_STANDING: Final = [*IDENTITY, "available_time"]


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
        links: what sources have to do with it.
        as_of: moment after which nothing may be known, None where time is real.
        wanted: competitions that are taken from a site's payloads (its fixtures come in one file for all); files that
            somebody sends are taken whole.
    """

    def __init__(self, matches: MatchStore, links: Links, as_of: datetime | None, wanted: Collection[str]) -> None:
        self._matches, self._known_links, self._as_of, self._wanted = matches, links, as_of, wanted
        self._teams = Teams(matches, links)
        self._details = Details()
        self._tables: list[pd.DataFrame] = []
        self._standing: tuple[int, pd.DataFrame] = (0, _none(_STANDING))
        """How the matches of the first so many tables stand, where nothing newer is stored."""
        self._seen: dict[str, pd.Timestamp] = {}
        """`match_id` -> when the payload was retrieved that last told how it stands, as stored."""
        self._retrieved: list[datetime] = []
        self._speaking: dict[tuple[str, str], list[int]] = defaultdict(list)
        """Competition and season -> places in `_tables` that speak of it."""
        self._links: dict[str, dict[str, str]] = defaultdict(dict)
        """Source -> its number of a match -> `match_id`, of this run's rows."""
        self.findings: list[Findings] = []
        """Of the payloads that were taken."""
        self.rejected: list[Findings] = []
        """Of those with refused rows, or with rows or details that were set aside, whether they were taken or not."""
        self.waiting: dict[str, int] = defaultdict(int)
        """sha256 of payloads that have to be taken in again -> how much of them waits, for a name or for its match."""
        self.stale = self.repeated = self.rows_waiting = 0

    @property
    def new_names(self) -> dict[Name, str]:
        """Names that were not known before."""
        return self._teams.new

    @property
    def unresolved(self) -> list[Unresolved]:
        """Names whose rows wait until somebody says who that is."""
        return self._teams.unresolved

    @property
    def reason(self) -> str:
        """What somebody has to do so that everything is taken in; empty if it is."""
        if not self.unresolved:
            return ""
        names = ", ".join(sorted({f"{one.name} ({one.country})" for one in self.unresolved})[:_SHOWN])
        return f"{self.rows_waiting} rows wait for {len(self.unresolved)} unknown names ({names}): {_ASK}"

    def summary(self) -> dict[str, Any]:
        """Counts beside those of the store, and the teams that nobody knew, not more than can be read."""
        new = sorted(self._teams.new_teams)
        more = [f"and {len(new) - _NAMED} more"] * (len(new) > _NAMED)
        return {
            "stale": self.stale,
            "repeated": self.repeated,
            "rows_waiting": self.rows_waiting,
            "names_unresolved": len(self.unresolved),
            "new_teams": [*new[:_NAMED], *more],
        }

    def take(self, payload: Payload) -> None:
        """Add the rows and details of a payload, or none of them.

        Raises:
            DataError: it cannot be read, or too many of its rows are refused.
            UnknownName: a name that nobody declared resembles a known one, in a file.
        """
        parsed = parse(payload)
        rows, withheld = parsed.rows, 0
        if len(rows):
            rows, withheld = self._known_by_now(self._only_wanted(rows, payload.source))
        findings = _findings(payload, parsed, len(rows), withheld)
        if parsed.rejected:
            self.rejected.append(findings)
        _check(payload, parsed)
        aside = self._take_rows(rows, payload, findings.payload) if len(rows) else []
        aside += self._take_details(parsed.details, payload, findings.payload)
        self.findings.append(findings)
        if aside:
            self.rejected.append(msgspec.structs.replace(findings, rejected=tuple(aside)))

    def rows(self) -> pd.DataFrame:
        """All that was told of matches: each payload that speaks of one has a row of it, and its moment `retrieved`.

        MATCH_COLUMNS, `available_time`, `payload`, where the source has them `source`, `source_id`, `raw_status`, and
        `bare` where a row has nothing but statistics.
        """
        tables = [table for table in self._tables if len(table)]
        told = self._details.counted
        statistics = self._details.statistics(self._now(told)) if told else pd.DataFrame()
        if len(statistics):
            kinds = _none().dtypes
            tables.append(statistics.reindex(columns=_COLUMNS).astype(kinds.to_dict()))
        together = pd.concat(tables, ignore_index=True)[_COLUMNS] if tables else _none()
        return together.sort_values(["kickoff", "match_id"], ignore_index=True)

    def details(self) -> dict[str, pd.DataFrame]:
        """Tables by the names in DETAILS but "statistics" (they are in the rows), with `match_id` and `payload`."""
        return self._details.tables()

    @property
    def invented(self) -> bool:
        """Whether matches of the simulated league are among the rows, or stored."""
        stored = SIMULATED.country in self._teams.countries
        return stored or any(is_simulated(code) for table in self._tables for code in table["competition"].unique())

    def _only_wanted(self, rows: pd.DataFrame, source: str) -> pd.DataFrame:
        return rows if source in _TAKEN_WHOLE else rows[rows["competition"].isin(self._wanted)]

    def _known_by_now(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, int]:
        if self._as_of is None:
            return rows.assign(available_time=available_time(rows)), 0
        return withhold(rows, self._as_of)

    def _take_rows(self, rows: pd.DataFrame, payload: Payload, digest: str) -> list[Rejected]:
        """Name and identify rows, and add them; those that contradict what their number says are returned."""
        rows = _with_own(rows, payload.source)
        again = rows["source_id"].notna() & rows["source_id"].duplicated(keep="last")
        self.repeated += int(again.sum())
        rows = rows[~again]
        if rows.empty:
            return []
        refs = self._stored(rows)
        linked = self._linked(payload.source, rows["source_id"])
        sure, others, aside = self._by_number(rows, linked, refs)
        named = self._teams.name(others, payload, digest, self._before)
        if len(named.waiting):
            self.waiting[digest] += len(named.waiting)
            self.rows_waiting += len(named.waiting)
        found = identify(
            pd.concat([sure, named.rows]).sort_index(),
            refs.values(),
            payload.retrieved,
            linked,
            self._numbered(payload.source, rows),
        )
        self._add(found.rows.assign(retrieved=pd.Timestamp(payload.retrieved), bare=False), payload)
        self.stale, self.repeated = self.stale + found.stale, self.repeated + found.repeated
        return aside

    def _by_number(
        self, rows: pd.DataFrame, linked: Mapping[str, str], refs: Mapping[str, MatchRef]
    ) -> tuple[pd.DataFrame, pd.DataFrame, list[Rejected]]:
        """Rows whose number says which match they are, with its teams; the other rows; and what cannot be."""
        match_id = rows["source_id"].map(linked)
        others = rows[match_id.isna()]
        sure = rows[match_id.notna()].assign(match_id=match_id[match_id.notna()])
        if sure.empty:
            return sure, others, []
        wrong = ~sure["match_id"].isin(refs) | self._teams.contradicted(sure, refs)
        aside = [_other_match(row) for row in sure[wrong].itertuples()]
        sure = sure[~wrong]
        names = {
            side: sure["match_id"].map({ref.match_id: getattr(ref, side) for ref in refs.values()}) for side in SIDES
        }
        return sure.assign(**names), others, aside

    def _add(self, rows: pd.DataFrame, payload: Payload) -> None:
        for pair in _seasons(rows).itertuples(index=False, name=None):
            self._speaking[pair].append(len(self._tables))
        self._tables.append(rows)
        self._retrieved.append(payload.retrieved)
        numbers = rows[rows["source_id"].notna()]
        self._links[payload.source].update(zip(numbers["source_id"], numbers["match_id"], strict=True))

    def _take_details(self, details: Mapping[str, pd.DataFrame], payload: Payload, digest: str) -> list[Rejected]:
        """Add details to the matches whose number they have; those of no match that may have them are returned."""
        if not details:
            return []
        numbers = pd.concat([table["source_id"] for table in details.values()])
        linked = self._linked(payload.source, numbers)
        aside = of_no_match(details, linked)
        now = self._now(linked.values())
        if self._as_of is not None:
            known = set(now["match_id"][now["available_time"] <= self._as_of])
            linked = {number: match_id for number, match_id in linked.items() if match_id in known}
        aside += self._details.add(details, linked, now, payload.source, digest, payload.retrieved)
        if aside:
            self.waiting[digest] += len(aside)
        return [one.as_rejected() for one in aside]

    def _now(self, match_ids: Collection[str]) -> pd.DataFrame:
        """IDENTITY and `available_time` of matches, as this run's rows say, or else as stored."""
        tables, here = self._standing
        if tables < len(self._tables):
            together = pd.concat([table[[*_STANDING, "retrieved"]] for table in self._tables], ignore_index=True)
            newest = together.sort_values("retrieved", kind="stable").drop_duplicates("match_id", keep="last")
            later = pd.to_datetime(newest["match_id"].map(self._seen), utc=True) > newest["retrieved"]
            here = newest.loc[~later, _STANDING]
            self._standing = len(self._tables), here
        here = here[here["match_id"].isin(match_ids)]
        others = set(match_ids).difference(here["match_id"])
        return pd.concat([self._matches.described(others), here], ignore_index=True) if others else here

    def _linked(self, source: str, numbers: "pd.Series[str]") -> dict[str, str]:
        """Number of the source -> `match_id`, of the stored matches and of this run's rows."""
        wanted, known = set(numbers.dropna()), self._links[source]
        here = {number: known[number] for number in wanted if number in known}
        others = wanted.difference(here)
        return (self._matches.linked(source, others) if others else {}) | here

    def _numbered(self, source: str, rows: pd.DataFrame) -> set[str]:
        """Matches of the rows' seasons to which the source gave a number."""
        if rows["source_id"].isna().all():
            return set()
        stored = (
            self._known_links.numbered(source, str(code), some["season"].tolist())
            for code, some in _seasons(rows).groupby("competition")
        )
        return set(self._links[source].values()).union(*stored)

    def _before(self) -> pd.DataFrame:
        """Matches that are stored, and those of the payloads before."""
        stored = self._matches.snapshot(self._matches.head())
        return pd.concat([stored, *self._tables], ignore_index=True) if self._tables else stored

    def _stored(self, rows: pd.DataFrame) -> dict[str, MatchRef]:
        """Matches of the seasons that the rows speak of, as stored or as the payloads before left them."""
        spoken = _seasons(rows)
        refs: dict[str, MatchRef] = {}
        for code, some in spoken.groupby("competition"):
            refs |= {ref.match_id: ref for ref in self._matches.known(str(code), some["season"].tolist())}
        self._seen |= {ref.match_id: pd.Timestamp(ref.seen) for ref in refs.values()}
        pairs = spoken.itertuples(index=False, name=None)
        for place in sorted({place for pair in pairs for place in self._speaking.get(pair, ())}):
            for ref in _refs(self._tables[place].merge(spoken), self._retrieved[place]):
                known = refs.get(ref.match_id)
                if known is None or ref.seen >= known.seen:
                    refs[ref.match_id] = ref
        return refs


def _with_own(rows: pd.DataFrame, source: str) -> pd.DataFrame:
    """Rows with the columns that only some sources have; `source` stands where the source numbered the match."""
    absent = {name: pd.Series(pd.NA, rows.index, dtype="str") for name in _OWN if name not in rows}
    rows = rows.assign(**absent)
    return rows.assign(source=pd.Series(source, rows.index, dtype="str").where(rows["source_id"].notna()))


def _none(names: Sequence[str] = _COLUMNS) -> pd.DataFrame:
    """No rows, with the types that these columns of rows have."""
    moments = dict.fromkeys(("kickoff", "available_time", "retrieved"), "datetime64[us, UTC]")
    marks = dict.fromkeys(("kickoff_known", "bare"), "bool")
    kinds = dict.fromkeys(_COLUMNS, "str") | dict.fromkeys(NUMBERS, "float64") | moments | marks
    return pd.DataFrame({name: pd.Series(dtype=kinds[name]) for name in names})


def _other_match(row: Any) -> Rejected:
    reason = f"its number {row.source_id} is that of {row.match_id}, which others play, or in another season"
    return Rejected(0, reason, f"{row.kickoff:%Y-%m-%d} {row.home_team} - {row.away_team} ({row.competition})")


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
