"""Matches in the database, with all that was ever known of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
import sqlalchemy as sa

from touchline.adapters import appearances, bulk, database, match_links, staging, staging_details, team_merge
from touchline.adapters.schema import (
    GOALS,
    PRICES,
    STATISTICS,
    competitions,
    match_versions,
    matches,
    odds_quotes,
    payloads,
    scrape_runs,
    seasons,
    team_aliases,
    team_match_stats,
    teams,
    valid,
)
from touchline.adapters.schema_collected import source_matches
from touchline.adapters.staging_facts import write
from touchline.domain.competitions import competition
from touchline.domain.seasons import around as seasons_around
from touchline.domain.tellings import SEEN, by_kind, one_each
from touchline.domain.vocabulary import (
    BOOKMAKERS,
    CLOSING_COLUMNS,
    MATCH_COLUMNS,
    ODDS_COLUMNS,
    STATUSES,
    odds_columns,
)
from touchline.errors import Conflict, DataError, NotFound, UnknownName
from touchline.ports import Changes, Clock, MatchRef, ScrapeRun

_INCOMING: Final = (*MATCH_COLUMNS, "available_time", "payload")
_CARRIED: Final = ("source", "source_id", "raw_status")
_LINK: Final = ("source", "source_id", "match_id")
_FILES: Final = "files"
_BY_HAND: Final = ""
_ASKED: Final = 5_000  # numbers of a source in one query
_PRICE_COLUMNS: Final = (*ODDS_COLUMNS, *CLOSING_COLUMNS)


class SqlMatchStore:
    """A `MatchStore` in SQLite or PostgreSQL; one writer at a time, readers see whole transactions."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def migrate(self) -> None:
        """Bring the schema to the newest revision; does nothing when it is."""
        database.migrate(self._engine)

    def teams(self) -> dict[str, dict[str, str]]:
        """Country -> {published name or alias -> canonical name}; a canonical name stands for itself."""
        with database.reading(self._engine) as connection:
            return _names(connection)

    def add_alias(self, country: str, alias: str, team: str) -> None:
        """Let a further spelling stand for a known team (or, where alias and team are equal, declare a new team).

        A new team counts as named by whoever named all others of the country, since it stands among them.

        Raises:
            NotFound: there is no such team.
            DataError: the spelling stands for another team already.
        """
        with database.writing(self._engine, "matches") as connection:
            known = _names(connection).get(country, {})
            if alias != team and known.get(team) != team:
                raise NotFound(f"no team {team!r} in {country}", where=alias, hint="declare it first: alias = team")
            if known.get(alias, team) != team:
                raise DataError(f"{alias!r} stands for {known[alias]!r} in {country} already", where=alias)
            named_by = match_links.team_sources(connection).get(country, set())
            _declare(connection, {(country, alias): team}, named_by.pop() if len(named_by) == 1 else _BY_HAND)

    def merge_teams(self, country: str, wrong: str, right: str, *, dry_run: bool = False) -> int:
        """Let two teams be one: names and matches of the wrong one become the other's; how many matches did.

        Matches keep their `match_id`, so forecasts stay with them; earlier tables have the right name, too.

        Raises:
            NotFound: there is no such team.
            DataError: they are one already, played each other, or played on the same day.
        """
        with database.writing(self._engine, "matches") as connection:
            moved = team_merge.check(connection, country, wrong, right)
            if dry_run:
                return moved
            now = self._clock.now()
            run = ScrapeRun(f"merge {country} {wrong} -> {right}", "teams", (), now)
            team_merge.merge(connection, country, wrong, right, self._account(connection, run, moved > 0))
        return moved

    def known(self, competition: str, seasons: Sequence[str]) -> list[MatchRef]:
        """Current state of the matches of these seasons."""
        query = _references().where(matches.c.competition == competition, matches.c.season.in_(seasons))
        with database.reading(self._engine) as connection:
            return [MatchRef(**row) for row in connection.execute(query).mappings()]

    def between(self, competitions: Sequence[str], first: datetime, last: datetime) -> list[MatchRef]:
        """Current state of the matches that kick off between two moments, both included."""
        names = {*seasons_around(first.date()), *seasons_around(last.date())}  # so that the index by season serves
        query = _references().where(
            matches.c.competition.in_(competitions),
            matches.c.season.in_(names),
            match_versions.c.kickoff.between(first, last),
        )
        with database.reading(self._engine) as connection:
            return [MatchRef(**row) for row in connection.execute(query).mappings()]

    def linked(self, source: str, source_ids: Iterable[str]) -> dict[str, str]:
        """Number of a match in a source -> `match_id`, for those that are known."""
        wanted = sorted(set(source_ids))
        query = (
            sa.select(source_matches.c.source_id, matches.c.match_id)
            .join(matches, matches.c.number == source_matches.c.match)
            .where(source_matches.c.source == source)
        )
        with database.reading(self._engine) as connection:
            found = (connection.execute(query.where(source_matches.c.source_id.in_(part))) for part in _parts(wanted))
            return {source_id: match_id for rows in found for source_id, match_id in rows}

    def described(self, match_ids: Iterable[str]) -> pd.DataFrame:
        """IDENTITY and `available_time` of matches, as they are stored now; those that are not stored are left out."""
        with database.reading(self._engine) as connection:
            return match_links.described(connection, match_ids)

    def record(
        self,
        run: ScrapeRun,
        rows: pd.DataFrame,
        teams: Mapping[tuple[str, str], str],
        details: Mapping[str, pd.DataFrame] | None = None,
    ) -> Changes:
        """Store rows in one transaction under one new `seq`, or none of them; see `MatchStore.record`.

        Raises:
            Conflict: the write lock could not be had in time, or a name was given to another team meanwhile.
            DataError: a column is missing, a match is there twice or stored with others, or a moment has no offset;
                a source's number is that of another match; details do not fit their table, or their match is unknown.
            UnknownName: a team or a status that nobody declared.
        """
        rows, tables = _checked(rows, run), staging_details.checked(details or {}, run.source, run.retrieved)
        with database.writing(self._engine, "matches") as connection:
            bulk.make_room(connection)
            teams_new = _declare(connection, teams, "" if run.source == _FILES else run.source)
            _require_teams(connection, rows)
            _insert_seasons(connection, rows)
            links = rows.loc[rows["source_id"].notna(), [*_LINK]].drop_duplicates()
            rows = one_each(rows, _moments(connection, rows["match_id"][rows["match_id"].duplicated()]))
            frames = (rows, *tables.values())
            sent = {digest for frame in frames for digest in frame["payload"].unique()}
            numbers = _numbers_of_payloads(connection, [*run.payloads, *sent])
            rows, *others = (frame.assign(payload=frame["payload"].map(numbers)) for frame in frames)
            found = staging.stage(connection, rows, links)
            details_changed = staging_details.stage(connection, dict(zip(tables, others, strict=True)))
            changed = found.anything or details_changed > 0
            seq = self._account(connection, run, changed)
            if found.anything:
                write(connection, staging.FACTS, seq)
            if details_changed:
                write(connection, staging_details.facts(tables), seq)
            staging.clear(connection)
            staging_details.clear(connection, tables)
        return Changes(
            seq=seq,
            changed=changed,
            matches_new=found.matches_new,
            matches_changed=found.matches_changed,
            statistics_changed=found.statistics_changed,
            odds_changed=found.odds_changed,
            teams_new=teams_new,
            details_changed=details_changed,
        )

    def head(self) -> int:
        """Highest `seq`, 0 when nothing was stored."""
        with database.reading(self._engine) as connection:
            return _head(connection)

    def snapshot(self, seq: int) -> pd.DataFrame:
        """The tidy table as of `seq`: MATCH_COLUMNS, `available_time`, `payload`; ordered by kickoff, match_id.

        Raises:
            NotFound: `seq` is above the highest.
        """
        with database.reading(self._engine) as connection:
            if seq > (head := _head(connection)):
                raise NotFound(f"no change number {seq}", where="scrape_runs", hint=f"the newest is {head}")
            table = bulk.fetch(connection, matches_as_of(seq))
            quotes = bulk.fetch(connection, quotes_as_of(seq))
            sent = bulk.fetch(connection, sa.select(payloads.c.number, payloads.c.sha256))
        return _pivoted(table, quotes, sent.set_index("number")["sha256"])

    def appearances(self, seq: int) -> pd.DataFrame:
        """Who played in finished matches as of `seq`; see `MatchStore.appearances`."""
        with database.reading(self._engine) as connection:
            return bulk.fetch(connection, appearances.as_of(seq))

    def _account(self, connection: sa.Connection, run: ScrapeRun, changed: bool) -> int:
        """Note the run, once if it changed nothing; the `seq` that it got, or else the highest."""
        head = _head(connection)
        noted = connection.scalar(sa.select(scrape_runs.c.number).where(scrape_runs.c.run_id == run.run_id).limit(1))
        if not changed and noted is not None:
            return head
        newest = connection.scalar(
            sa.select(scrape_runs.c.recorded_time).order_by(scrape_runs.c.number.desc()).limit(1)
        )
        values: dict[str, Any] = {
            name: getattr(run, name) for name in ("run_id", "source", "simulated_source", "retrieved")
        }
        now = self._clock.now()
        connection.execute(
            sa.insert(scrape_runs).values(
                **values,
                payloads=list(run.payloads),
                seq=head + 1 if changed else None,
                recorded_time=max(now, newest or now),  # never before the run that came first
            )
        )
        return head + int(changed)


def _references() -> sa.Select[Any]:
    """Fields of MatchRef, of the current versions, by kick-off."""
    columns = [matches.c[name] for name in ("match_id", "competition", "season", "home_team", "away_team", *SEEN)]
    return (
        sa.select(*columns, match_versions.c.kickoff, match_versions.c.status)
        .join(match_versions, match_versions.c.match == matches.c.number)
        .where(match_versions.c.until_seq.is_(None))
        .order_by(match_versions.c.kickoff, matches.c.match_id)
    )


def _checked(rows: pd.DataFrame, run: ScrapeRun) -> pd.DataFrame:
    missing = [name for name in _INCOMING if name not in rows.columns]
    if missing:
        raise DataError("columns are missing", where=", ".join(missing), hint="rows have MATCH_COLUMNS and two more")
    twice = rows["match_id"][rows["match_id"].duplicated()]
    if len(twice) and "retrieved" not in rows:
        raise DataError("a match is there twice", where=str(twice.iloc[0]), details=tuple(twice.astype(str)))
    unknown = sorted(set(rows["status"]) - set(STATUSES))
    if unknown:
        raise UnknownName(f"unknown status {unknown[0]!r}", where="status", hint=f"known are {', '.join(STATUSES)}")
    countries = {code: competition(code).country for code in rows["competition"].unique()}
    carried = {name: rows.get(name, absent) for name, absent in zip(_CARRIED, (run.source, None, None), strict=True)}
    told = {"retrieved": rows.get("retrieved", pd.Timestamp(run.retrieved)), "bare": rows.get("bare", False)}
    rows = rows[list(_INCOMING)].assign(**carried, **told, country=rows["competition"].map(countries))
    for name in ("kickoff", "available_time", "retrieved"):
        if not isinstance(rows[name].dtype, pd.DatetimeTZDtype):
            raise DataError("moments have no offset", where=name, hint="convert them to UTC")
    linked = rows.loc[rows["source_id"].notna(), [*_LINK]].drop_duplicates()
    twice = linked["source_id"][linked.duplicated(["source", "source_id"])]
    if len(twice):
        raise DataError("a source's number stands beside two matches", where=str(twice.iloc[0]))
    return by_kind(rows)


def _moments(connection: sa.Connection, match_ids: Iterable[str]) -> pd.DataFrame:
    """SEEN of matches, by `match_id`."""
    query = sa.select(matches.c.match_id, *(matches.c[name] for name in SEEN))
    found = (connection.execute(query.where(matches.c.match_id.in_(part))) for part in _parts(sorted(set(match_ids))))
    moments = dict.fromkeys(SEEN, "datetime64[us, UTC]")
    rows = [row for some in found for row in some]
    return pd.DataFrame(rows, columns=["match_id", *SEEN]).astype(moments).set_index("match_id")


def _head(connection: sa.Connection) -> int:
    return connection.scalar(sa.select(sa.func.max(scrape_runs.c.seq))) or 0


def _names(connection: sa.Connection) -> dict[str, dict[str, str]]:
    every = sa.union_all(
        sa.select(teams.c.country, teams.c.team.label("name"), teams.c.team),
        sa.select(team_aliases.c.country, team_aliases.c.alias, team_aliases.c.team),
    )
    names: dict[str, dict[str, str]] = {}
    for country, name, team in connection.execute(every):
        names.setdefault(country, {})[name] = team
    return names


def _declare(connection: sa.Connection, given: Mapping[tuple[str, str], str], source: str) -> int:
    """Store names that are new, and that `source` was the first to write so; how many teams are.

    Raises:
        Conflict: a name stands for another team.
    """
    known = _names(connection)
    for (country, name), team in given.items():
        if (other := known.get(country, {}).get(name, team)) != team:
            raise Conflict(f"{name!r} in {country} was given to {other!r} meanwhile", where=name, hint="try again")
    new = sorted({(country, team) for (country, _), team in given.items() if team not in known.get(country, {})})
    database.insert_new(
        connection, teams, [{"country": country, "team": team, "source": source} for country, team in new]
    )
    aliases = [
        {"country": country, "alias": name, "team": team} for (country, name), team in given.items() if name != team
    ]
    database.insert_new(connection, team_aliases, aliases)
    return len(new)


def _require_teams(connection: sa.Connection, rows: pd.DataFrame) -> None:
    known = _names(connection)
    given = {
        *zip(rows["country"], rows["home_team"], strict=True),
        *zip(rows["country"], rows["away_team"], strict=True),
    }
    unknown = sorted(f"{team} ({country})" for country, team in given if known.get(country, {}).get(team) != team)
    if unknown:
        raise UnknownName(
            "teams that nobody declared", where="teams", hint="resolve them first", details=tuple(unknown)
        )


def _insert_seasons(connection: sa.Connection, rows: pd.DataFrame) -> None:
    leagues = [competition(code) for code in sorted(rows["competition"].unique())]
    database.insert_new(
        connection,
        competitions,
        [{"competition": league.code, "country": league.country, "name": league.name} for league in leagues],
    )
    bulk.append_new(connection, seasons, rows[["competition", "season"]].drop_duplicates(), ["competition", "season"])


def _numbers_of_payloads(connection: sa.Connection, digests: Iterable[str]) -> dict[str, int]:
    wanted = sorted(set(digests))
    bulk.append_new(connection, payloads, pd.DataFrame({"sha256": wanted}, dtype="str"), ["sha256"])
    query = sa.select(payloads.c.sha256, payloads.c.number)
    found = (connection.execute(query.where(payloads.c.sha256.in_(part))) for part in _parts(wanted))
    return {digest: number for rows in found for digest, number in rows}


def _parts(values: list[str]) -> Iterator[list[str]]:
    """So many at a time as one query takes."""
    return (values[start : start + _ASKED] for start in range(0, len(values), _ASKED))


def matches_as_of(seq: int) -> sa.Select[Any]:
    """Matches with their statistics as of `seq`; it reads both tables whole."""
    version, statistics = match_versions.alias("version"), team_match_stats.alias("statistics")
    current = sa.and_(statistics.c.match == version.c.match, valid(statistics, seq))
    later = sa.func.coalesce(statistics.c.seq, 0) > version.c.seq
    newest = sa.case((later, statistics.c.seq), else_=version.c.seq)
    names = ("match_id", "competition", "season", "home_team", "away_team")
    return (
        sa.select(
            matches.c.number,
            *(matches.c[name] for name in names),
            *(version.c[name] for name in ("kickoff", "kickoff_known", "status", "available_time", *GOALS)),
            *(statistics.c[name] for name in STATISTICS),
            newest.label("seq"),
            sa.case((later, statistics.c.payload), else_=version.c.payload).label("payload"),
        )
        .select_from(version.join(matches, matches.c.number == version.c.match).outerjoin(statistics, current))
        .where(valid(version, seq))
    )


def quotes_as_of(seq: int) -> sa.Select[Any]:
    """Prices as of `seq`; it reads their table whole."""
    names = ("match", "bookmaker", "closing", *PRICES, "seq", "payload")
    return sa.select(*(odds_quotes.c[name] for name in names)).where(valid(odds_quotes, seq))


def _pivoted(table: pd.DataFrame, quotes: pd.DataFrame, sent: "pd.Series[str]") -> pd.DataFrame:
    """One row a match, with the prices of all bookmakers beside it."""
    table = table.sort_values(["kickoff", "match_id"], ignore_index=True)
    place = pd.Index(table["number"]).get_indexer(quotes["match"])
    prices = np.full((len(table), len(_PRICE_COLUMNS)), np.nan)
    columns = {
        (bookmaker, closing): _PRICE_COLUMNS.index(odds_columns(bookmaker, closing=closing)[0])
        for bookmaker in BOOKMAKERS
        for closing in (False, True)
    }
    for (bookmaker, closing), found in quotes.groupby(["bookmaker", "closing"], sort=False).indices.items():
        column = columns[bookmaker, bool(closing)]
        prices[place[found], column : column + 3] = quotes[list(PRICES)].to_numpy()[found]
    wide = pd.concat([table, pd.DataFrame(prices, columns=list(_PRICE_COLUMNS))], axis=1)
    last = pd.concat([table[["number", "seq", "payload"]], quotes.rename(columns={"match": "number"})])
    last = last.sort_values("seq", kind="stable").drop_duplicates("number", keep="last").set_index("number")["payload"]
    wide["payload"] = wide["number"].map(last).map(sent).astype("str")
    return wide[list(_INCOMING)]
