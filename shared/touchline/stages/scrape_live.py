"""Scrape: how the matches of these hours stand, for whoever watches; the match tables hear of it when it matters.

A tick asks its source only while a stored match may be in play. What it says goes to `live/latest.json`; rows are
stored and published only once a match began, ended or was moved, or a final score is another: a goal wakes nobody.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

import msgspec

from touchline.collecting import LiveSource, Page
from touchline.domain.competitions import competition
from touchline.domain.identity import LONDON
from touchline.domain.live import POINTER, LiveScores, Standing, is_news, may_be_in_play
from touchline.errors import ConfigurationError, DataError, TouchlineError
from touchline.manifest import advance, decode, encode
from touchline.ports import MatchRef, ObjectStore, Payload
from touchline.settings import Scrape
from touchline.stages.scrape_record import ingest, keep
from touchline.stages.scrape_visit import Visitor
from touchline.work import Event, Ports, Result

LATE: Final = timedelta(minutes=2)
"""Ticks that had to wait longer, for a collection to end perhaps, would only ask one after the other for the same."""
_AROUND: Final = timedelta(hours=36)
"""So far from now matches of the same UK day as one in play may kick off."""


def run(event: Event, ports: Ports, settings: Scrape) -> Result:
    """Look how matches stand, where a source of live scores is set and one of them may be in play.

    A source that does not answer, blocks us or refuses our key is asked again by the next tick, which is due in a
    minute: nothing is tried again before, and what was told last stands with its moment.

    Raises:
        ConfigurationError: the settings name a source that is unknown, has no live scores, or must not be used yet.
    """
    if not settings.live_source:
        return Result(outcome="skipped", reason="no source of live scores is set: TOUCHLINE_SCRAPE_LIVE_SOURCE")
    now = ports.clock.now()
    if now - event.time > LATE:
        return Result(outcome="skipped", reason="a tick of long ago: the next one is due within a minute")
    source = _source(ports, settings.live_source)
    known = ports.matches.between(settings.competitions, now - _AROUND, now + _AROUND)
    days = {_day(ref.kickoff) for ref in known if may_be_in_play(ref.kickoff, ref.status, now)}
    if not days:
        return Result(outcome="skipped", reason="no match of the wanted competitions may be in play")
    pages = [source.live_page(day) for day in sorted(days)]
    try:
        payloads = _read(ports, source, settings, pages)
        rows = _rows(ports, source, payloads)
    except TouchlineError as error:
        ports.metrics.count("live_failed", source=source.name)
        return Result(outcome="skipped", reason=f"{source.name} did not say how matches stand: {error}")
    return _tell(event, ports, settings, payloads, _standings(ports, source.name, rows, known, settings))


def _source(ports: Ports, name: str) -> LiveSource:
    where, able = "TOUCHLINE_SCRAPE_LIVE_SOURCE", [one for one, it in ports.sources.items() if hasattr(it, "live_page")]
    if name not in able:
        what = "has no live scores" if name in ports.sources else "is no source"
        raise ConfigurationError(f"{name!r} {what}", where=where, hint=f"known are {', '.join(sorted(able)) or 'none'}")
    return cast("LiveSource", ports.sources[name])


def _read(ports: Ports, source: LiveSource, settings: Scrape, pages: Sequence[Page]) -> list[Payload]:
    """The pages, each asked for once: the next tick is the second attempt."""
    visitor = Visitor(ports, source, msgspec.structs.replace(settings, attempts=1))
    try:
        answers = [(page, visitor.visit(page)) for page in pages]
    finally:
        visitor.close()
    moment = ports.clock.now()
    return [Payload(source.name, page.name, answer.body, moment, page.url) for page, answer in answers]


def _rows(ports: Ports, source: LiveSource, payloads: Sequence[Payload]) -> list[dict[str, Any]]:
    """What the pages say, one row a match; a page that cannot be read is kept to be looked at.

    Raises:
        DataError: one cannot be read.
    """
    rows: dict[str, dict[str, Any]] = {}
    for payload in payloads:
        try:
            found = source.live_rows(payload)
        except DataError:
            keep(ports, payload)
            raise
        rows |= {row["source_id"]: row for row in found.to_dict("records")}
    return list(rows.values())


def _standings(
    ports: Ports, source: str, rows: Sequence[Mapping[str, Any]], known: Sequence[MatchRef], settings: Scrape
) -> list[tuple[Standing, MatchRef]]:
    """Rows of the wanted competitions with the stored matches that they speak of; others are left out."""
    wanted = [row for row in rows if row["competition"] in settings.competitions]
    links = ports.matches.linked(source, [row["source_id"] for row in wanted])
    refs = {ref.match_id: ref for ref in known} | _elsewhere(ports, wanted, links, {ref.match_id for ref in known})
    if any(row["source_id"] not in links for row in wanted):
        links = links | _by_name(ports, [row for row in wanted if row["source_id"] not in links], known)
    found = {links[row["source_id"]]: row for row in wanted if links.get(row["source_id"]) in refs}
    ports.metrics.count("live_unlinked", len(wanted) - len(found))
    told = [(_standing(row, refs[match_id]), refs[match_id]) for match_id, row in found.items()]
    return sorted(told, key=lambda pair: (pair[0].kickoff, pair[0].match_id))


def _elsewhere(
    ports: Ports, rows: Sequence[Mapping[str, Any]], links: Mapping[str, str], known: Collection[str]
) -> dict[str, MatchRef]:
    """Matches that are stored with another day than that of which the source speaks: they were moved."""
    missing = {row["source_id"]: row for row in rows if links.get(row["source_id"], "") not in {"", *known}}
    seasons = {(row["competition"], row["season"]) for row in missing.values()}
    wanted = {links[source_id] for source_id in missing}
    refs = (ref for code, season in sorted(seasons) for ref in ports.matches.known(code, [season]))
    return {ref.match_id: ref for ref in refs if ref.match_id in wanted}


def _by_name(ports: Ports, rows: Sequence[Mapping[str, Any]], known: Sequence[MatchRef]) -> dict[str, str]:
    """Number in the source -> match, for rows whose teams are known by that name and meet on that day."""
    teams = ports.matches.teams()
    meetings = {(ref.competition, ref.home_team, ref.away_team, _day(ref.kickoff)): ref.match_id for ref in known}
    found: dict[str, str] = {}
    for row in rows:
        names = teams.get(competition(row["competition"]).country, {})
        home, away = names.get(row["home_team"], ""), names.get(row["away_team"], "")
        match_id = meetings.get((row["competition"], home, away, _day(row["kickoff"].to_pydatetime())))
        found |= {row["source_id"]: match_id} if match_id else {}
    return found


def _standing(row: Mapping[str, Any], ref: MatchRef) -> Standing:
    goals = {side: None if row[side] != row[side] else int(row[side]) for side in ("home_goals", "away_goals")}
    return Standing(
        match_id=ref.match_id, competition=ref.competition, season=ref.season,
        kickoff=row["kickoff"].to_pydatetime(), home_team=ref.home_team, away_team=ref.away_team,
        state=row["state"], raw_status=row["raw_status"], minute=row["minute"], **goals,
    )  # fmt: skip


def _tell(
    event: Event, ports: Ports, settings: Scrape, payloads: Sequence[Payload], told: Sequence[tuple[Standing, MatchRef]]
) -> Result:
    """Let the match tables know of news, then everybody of how matches stand.

    In this order, so that news are offered again if a run breaks off between the two.
    """
    scores = LiveScores(
        as_of=min(payload.retrieved for payload in payloads),
        source=payloads[0].source,
        matches=tuple(standing for standing, _ in told),
    )
    last = _last(ports.store)
    before = {standing.match_id: standing for standing in last.matches} if last else {}
    news = [standing.match_id for standing, ref in told if is_news(standing, before.get(standing.match_id), ref)]
    result = _record(event, ports, settings, payloads) if news else None
    moved = advance(ports.store, POINTER, encode(scores), LiveScores, lambda now: now.as_of >= scores.as_of)
    summary = {"matches": len(told), "news": news, "live": sum(one.state == "live" for one in scores.matches)}
    if result is None:
        return Result(outcome="done" if moved else "unchanged", summary=summary)
    return msgspec.structs.replace(result, summary=summary | result.summary)


def _record(event: Event, ports: Ports, settings: Scrape, payloads: Sequence[Payload]) -> Result:
    for payload in payloads:
        keep(ports, payload)
    try:
        return ingest(event, ports, settings, payloads)
    except DataError as error:  # scores are told all the same
        return Result(outcome="parked", reason=str(error))


def _last(store: ObjectStore) -> LiveScores | None:
    return decode(store.get(POINTER), LiveScores, POINTER) if store.stat(POINTER) else None


def _day(moment: datetime) -> date:
    """Day in the United Kingdom, by which sources list matches."""
    return moment.astimezone(LONDON).date()
