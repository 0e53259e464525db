"""Scrape: prices. Each is kept with its moment, beside the match that another source announced; it never makes one.

Teams are known by spellings that somebody declared, never by likeness. What cannot be linked is said, with what may be
meant; its payload is kept and can be taken in again. The newest price of each bookmaker that we have a column for, an
hour before kick-off at the latest, becomes the match's price, so that forecasts may look at it.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import pandas as pd

from touchline.collecting import Unresolved
from touchline.domain import seasons
from touchline.domain.availability import deadline
from touchline.domain.competitions import SIMULATED, competition
from touchline.domain.identity import UNPLAYED
from touchline.domain.names import Name, Suspect, resolve
from touchline.domain.vocabulary import MATCH_COLUMNS, ODDS_AVAILABLE, OUTCOMES, odds_columns
from touchline.manifest import encode, sha256
from touchline.ports import Changes, MatchRef, Payload, ScrapeRun
from touchline.sources import clubs
from touchline.sources.the_odds_api import NAME, bookmaker_code, quotes
from touchline.stages.scrape_intake import Findings
from touchline.work import Ports

NEAR: Final = timedelta(hours=36)
"""A stored match of the same teams is the same if kick-off differs by less; else only a unique one to be played is."""
_QUOTED: Final = ["match_id", "bookmaker", "market", "outcome", "line", "price", "quoted_at"]
_SHOWN: Final = 100


class Unlinked(msgspec.Struct, frozen=True):
    """An event whose match is not known, and why."""

    competition: str
    home_team: str
    away_team: str
    kickoff: datetime
    why: str
    names: tuple[Suspect, ...] = ()
    """Those of its names that nobody declared, with what they resemble."""


class Linked(msgspec.Struct, frozen=True):
    """What became of the prices of some payloads."""

    changes: Changes
    """Of the matches, those of the same run included."""
    quotes: int = 0
    """Prices in the payloads."""
    quotes_new: int = 0
    matches: int = 0
    """Stored matches that they are of."""
    unlinked: tuple[Unlinked, ...] = ()

    @property
    def reason(self) -> str:
        """What asks for somebody, empty if nothing does."""
        count = len(self.unlinked)
        return f"{count} event{'s' * (count > 1)} of {NAME} not linked: see `touchline odds --kept`" if count else ""

    @property
    def summary(self) -> dict[str, Any]:
        """For the record of the run."""
        if not self.quotes:
            return {}
        counts = {"quotes": self.quotes, "quotes_new": self.quotes_new, "quoted_matches": self.matches}
        shown = [msgspec.to_builtins(one) for one in self.unlinked[:_SHOWN]]
        return counts | {"unlinked": len(self.unlinked), "unlinked_events": shown}


class Prices:
    """Takes payloads with prices; links and stores them at the end, when the matches of the same run are stored.

    Args:
        ports: matches, prices and names.
        as_of: moment after which nothing may be known, None where time is real.
    """

    def __init__(self, ports: Ports, as_of: datetime | None) -> None:
        self._ports, self._as_of = ports, as_of
        self._frames: list[pd.DataFrame] = []
        self._payloads: list[tuple[str, datetime]] = []
        self.findings: list[Findings] = []
        self.waiting: set[str] = set()
        """sha256 of payloads with names that nobody has declared yet."""

    def take(self, payload: Payload) -> None:
        """Read a payload.

        Raises:
            DataError: it cannot be read.
        """
        quoted, digest = quotes(payload), sha256(payload.body)
        prices = quoted.prices
        known = prices if self._as_of is None else prices[prices["quoted_at"] <= self._as_of]
        withheld = len(prices) - len(known)
        self.findings.append(Findings(digest, payload.source, payload.name, len(known), withheld, (), quoted.notes))
        self._frames.append(known.assign(payload=digest))
        self._payloads.append((digest, payload.retrieved))
        if any(self._named(str(code), some)[1] for code, some in known.groupby("competition")):
            self.waiting.add(digest)

    def finish(self, before: Changes) -> Linked:
        """Link and store all prices that were taken.

        Args:
            before: what the same run changed already.

        Raises:
            Conflict: the write lock could not be had in time.
        """
        frame = pd.concat(self._frames, ignore_index=True)
        events = frame.drop_duplicates("source_id", keep="last").set_index("source_id", drop=False)
        links, unlinked = self._linked(events)
        prices = frame.assign(match_id=frame["source_id"].map(links)).dropna(subset="match_id")
        new = self._ports.quotes.record(prices[[*_QUOTED, "payload"]].assign(source=NAME)) if len(prices) else 0
        self._ports.names.note(self._unresolved(events, unlinked))
        changes = _both(before, self._record(self._rows(events, links))) if links else before
        return Linked(changes, len(frame), new, len(set(links.values())), tuple(unlinked))

    def _linked(self, events: pd.DataFrame) -> tuple[dict[str, str], list[Unlinked]]:
        """Number of an event -> match, for those that are known or recognised; and the others."""
        links = self._ports.matches.linked(NAME, events["source_id"].tolist())
        unlinked = []
        for code, some in events[~events["source_id"].isin(list(links))].groupby("competition"):
            teams, suspects = self._named(str(code), some)
            stored = self._stored(str(code), some["kickoff"])
            for event in some.to_dict("records"):
                names = tuple(suspects[name] for name in (event["home_team"], event["away_team"]) if name in suspects)
                pair = tuple(teams.get(event[side], "") for side in ("home_team", "away_team"))
                match = None if names else _match_of(stored, pair, event["kickoff"])
                if match is None:
                    unlinked.append(_unlinked(event, names))
                else:
                    links[event["source_id"]] = match.match_id
        return links, unlinked

    def _named(self, code: str, events: pd.DataFrame) -> tuple[dict[str, str], dict[str, Suspect]]:
        """Teams behind the names of events, and the names that nobody declared."""
        country = competition(code).country
        played: dict[Name, set[int]] = {}
        for side in ("home_team", "away_team"):
            for name, kickoff in zip(events[side], events["kickoff"], strict=True):
                played.setdefault((country, name), set()).add(kickoff.toordinal())
        known = self._ports.matches.teams()
        answer = resolve(played, known, clubs.spellings(), clubs.distinct(), {}, closed=(country,))
        teams = {name: team for (_, name), team in answer.teams.items()}
        return teams, {one.name: _suggested(one, known.get(country, {})) for one in answer.suspects}

    def _stored(self, code: str, kickoffs: "pd.Series[Any]") -> list[MatchRef]:
        names = set[str]().union(*(seasons.around(day) for day in kickoffs.dt.date.unique()))
        return self._ports.matches.known(code, sorted(names))

    def _rows(self, events: pd.DataFrame, links: Mapping[str, str]) -> pd.DataFrame:
        """Matches as they stand, with the prices of record: all else stays as it is."""
        found = {match_id: source_id for source_id, match_id in links.items()}
        standing = self._ports.matches.described(found)
        numbers = standing["match_id"].map(found)
        rows = standing.assign(source_id=numbers, payload=numbers.map(events["payload"]))
        moments = numbers.map(events["payload"]).map(dict(self._payloads))
        rows = rows.reindex(columns=[*MATCH_COLUMNS, "available_time", "payload", "source_id"])
        rows = rows.assign(retrieved=pd.to_datetime(moments, utc=True).dt.as_unit("us"), bare=True)
        known = standing if self._as_of is None else standing[standing["kickoff"] + ODDS_AVAILABLE <= self._as_of]
        prices = of_record(self._ports.quotes.of(known["match_id"]), known)
        for column in prices.columns:
            rows[column] = rows["match_id"].map(prices[column])
        return rows

    def _record(self, rows: pd.DataFrame) -> Changes:
        digests = tuple(digest for digest, _ in self._payloads)
        retrieved = max(moment for _, moment in self._payloads)
        run_id = sha256(encode([NAME, digests, retrieved]))[:20]
        invented = SIMULATED.country in self._ports.matches.teams()
        return self._ports.matches.record(ScrapeRun(run_id, NAME, digests, retrieved, invented), rows, {})

    def _unresolved(self, events: pd.DataFrame, unlinked: list[Unlinked]) -> list[Unresolved]:
        """Names that wait for somebody's word."""
        suspects = {one.name: (one, event.competition) for event in unlinked for one in event.names}
        seen = max(moment for _, moment in self._payloads)
        found = []
        for name, (one, code) in suspects.items():
            these = events[(events["home_team"] == name) | (events["away_team"] == name)]
            found.append(
                Unresolved(
                    source=NAME,
                    country=one.country,
                    competition=code,
                    name=name,
                    suggestions=one.resembles,
                    payload=str(these["payload"].iloc[-1]),
                    first_seen=seen,
                    last_seen=seen,
                    rows=len(these),
                )
            )
        return found


def _both(before: Changes, after: Changes) -> Changes:
    """Two changes of one run as one."""
    sums = {
        name: getattr(before, name) + getattr(after, name)
        for name in Changes.__struct_fields__
        if name not in ("seq", "changed")
    }
    return Changes(seq=after.seq, changed=before.changed or after.changed, **sums)


def _suggested(suspect: Suspect, known: Mapping[str, str]) -> Suspect:
    """With every team that may be meant, also where names have little in common."""
    others = (*suspect.resembles, *clubs.suggest(suspect.name, suspect.country, known))
    return msgspec.structs.replace(suspect, resembles=tuple(dict.fromkeys(others)))


def _match_of(stored: list[MatchRef], pair: tuple[str, ...], kickoff: datetime) -> MatchRef | None:
    """The match of two teams at about that time, else the only one that they have still to play."""
    same = [match for match in stored if (match.home_team, match.away_team) == pair]
    near = [match for match in same if abs(match.kickoff - kickoff) <= NEAR]
    if near:
        return min(near, key=lambda match: abs(match.kickoff - kickoff))
    waiting = [match for match in same if match.status in UNPLAYED]
    return waiting[0] if len(waiting) == 1 else None


def _unlinked(event: Mapping[str, Any], names: tuple[Suspect, ...]) -> Unlinked:
    said = " and ".join(repr(one.name) for one in names)
    why = f"nobody declared {said}" if names else "no such match is stored"
    code, home, away = (event[name] for name in ("competition", "home_team", "away_team"))
    return Unlinked(code, home, away, event["kickoff"].to_pydatetime(), why, names)


def of_record(history: pd.DataFrame, standing: pd.DataFrame) -> pd.DataFrame:
    """Prices that stand for a bookmaker: by match_id, ODDS_COLUMNS of those who have any.

    The newest complete 1X2 triple that was quoted an hour before kick-off at the latest, or before the day begins where
    only that is known.

    Args:
        history: as of `Quotes.of`.
        standing: as of `MatchStore.described`.
    """
    latest = standing[["match_id"]].assign(latest=deadline(standing) + ODDS_AVAILABLE)
    codes = {name: bookmaker_code(name) for name in history["bookmaker"].unique()}
    prices = history.assign(code=history["bookmaker"].map(codes).astype("str")).merge(latest, on="match_id")
    prices = prices[(prices["market"] == "h2h") & (prices["code"] != "") & (prices["quoted_at"] <= prices["latest"])]
    if prices.empty:
        return pd.DataFrame()
    triples = prices.pivot_table("price", ["match_id", "code", "quoted_at"], "outcome").reindex(columns=list(OUTCOMES))
    newest = triples.dropna().groupby(level=["match_id", "code"]).last()
    return pd.DataFrame(dict(_columns(newest)))


def _columns(newest: pd.DataFrame) -> Iterator[tuple[str, "pd.Series[float]"]]:
    for code, prices in newest.groupby(level="code"):
        for column, outcome in zip(odds_columns(str(code)), OUTCOMES, strict=True):
            yield column, prices[outcome].droplevel("code")
