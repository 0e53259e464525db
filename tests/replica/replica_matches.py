"""Match pages: the match centre in all the states in which the site serves it, and previews."""

from html import escape
from typing import Any, Final

import msgspec

import replica_feeds
from replica_centre import centre
from replica_game import FORMATIONS, STARTERS, Game
from replica_league import Fixture
from replica_pages import crumbs, js, match_path, page, slug
from replica_sheet import Sheet, sheet
from replica_site import Site, Standing

TRUNCATED_AT: Final = 40 * 60
"""Second after which the events of a truncated match are missing."""
_ARGS: Final = "@ARGS@"
"""Stands for what is by far the largest part of a page, and is bytes already."""
_EVENT_TYPES: Final = {
    "shotSixYardBox": 0,
    **{f"{kind}{number}": number for number in range(1, 218) for kind in (("shot", "goal", "pass")[number % 3],)},
    "pos": 218,
}
"""As many as on the site; but for the first and the last one, the names are ours."""


def live(site: Site, fixture: Fixture) -> bytes:
    """The match centre page."""
    standing, kind = site.standing(fixture), site.page_of(fixture)
    shown = shown_of(site, fixture) if kind in ("full", "live", "truncated") else None
    scripts = f'{_header(site, fixture, standing)}\nrequire.config.params["args"] = {_ARGS};\n'
    canonical = f'<link rel="canonical" href="{match_path(fixture).lower()}">'
    title = f"{_title(site, fixture, standing)} Live"
    text = page(site, title, _body(site, fixture, standing, shown), scripts, canonical)
    return text.encode().replace(_ARGS.encode(), _args(site, fixture, kind, standing, shown))


def shown_of(site: Site, fixture: Fixture) -> Sheet | None:
    """What the events of a match page add up to; None where it has none."""
    kind = site.page_of(fixture)
    if kind not in ("full", "live", "truncated"):
        return None
    return sheet(site, site.standing(fixture), fixture, TRUNCATED_AT if kind == "truncated" else None)


def _args(site: Site, fixture: Fixture, kind: str, standing: Standing, shown: Sheet | None) -> bytes:
    """Keys without quotes around values of strict JSON."""
    parts: dict[str, Any] = {"matchId": fixture.number}
    if kind == "initial":
        parts["initialMatchDataForScrappers"] = _initial(site, fixture, standing)
        return _literal(parts)
    if kind == "null":
        parts["matchCentreData"] = None
    elif shown is not None:
        parts["matchCentreData"] = centre(shown, site, standing)
    parts["matchCentreEventTypeJson"] = _EVENT_TYPES
    parts["formationIdNameMappings"] = {str(number): name for number, name in sorted(FORMATIONS)}
    return _literal(parts)


def _literal(parts: dict[str, Any]) -> bytes:
    inner = [name.encode() + b": " + msgspec.json.encode(value) for name, value in parts.items()]
    return b"{\n  " + b",\n  ".join(inner) + b"\n}"


def _scores(site: Site, fixture: Fixture, standing: Standing) -> tuple[str, str, str, str, str]:
    """Half-time, full-time, extra-time, penalties, now; empty where there is none."""
    if standing.until is None:
        return "", "", "", "", ""
    game, until = site.game(fixture), standing.until
    extra = _text(game.score()) if game.extra and standing.finished else ""
    shootout = _text(game.penalties) if game.shootout and standing.finished else ""
    half = _text(game.half_time) if until >= game.halves[0].end else ""
    full = _text(game.full_time) if until >= game.halves[1].end else ""
    return half, full, extra, shootout, _text(game.score(until))


def _text(pair: tuple[int, int]) -> str:
    return f"{pair[0]} : {pair[1]}"


def _header(site: Site, fixture: Fixture, standing: Standing) -> str:
    """The array of the header: what is not known is left out between its commas."""
    local = site.local(fixture)
    scores = ",".join(js(text) if text else "" for text in _scores(site, fixture, standing))
    names = ",".join(js(club.centre_name) for club in fixture.clubs)
    countries = ",".join(js(club.country) for club in fixture.clubs)
    return (
        "require.config.params['matchheader'] = {\n"
        f"  input: [{fixture.home.number},{fixture.away.number},{names},'{local:%d/%m/%Y %H:%M:%S}',"
        f"'{local:%d/%m/%Y} 00:00:00',{standing.status},{js(standing.elapsed or '')},{scores},{countries}],\n"
        f"  matchId: {fixture.number} }};"
    )


def _initial(site: Site, fixture: Fixture, standing: Standing) -> list[Any]:
    """What the site has of matches without events: a header, incidents, line-ups."""
    game, local = site.game(fixture), site.local(fixture)
    head = [
        fixture.home.number, fixture.away.number, fixture.home.centre_name, fixture.away.centre_name,
        f"{local:%d/%m/%Y %H:%M:%S}", f"{local:%d/%m/%Y} 00:00:00", standing.status, standing.elapsed,
        *_scores(site, fixture, standing),
    ]  # fmt: skip
    incidents = [
        [int(one["minute"]), one["field"], one["playerName"], one["subType"]]
        for one in replica_feeds.match(site, fixture)["incidents"]
    ]
    line_ups = [[[player.name, player.number, player.position] for player in squad] for squad in game.squads]
    return [[head, incidents, line_ups]]


def _title(site: Site, fixture: Fixture, standing: Standing) -> str:
    competition, season, _ = site.league.stages[fixture.stage]
    between = "vs"
    if standing.until is not None:
        home, away = site.game(fixture).score(standing.until)
        between = f"{home}-{away}"
    clubs = f"{fixture.home.centre_name} {between} {fixture.away.centre_name}"
    return f"{clubs} - {competition.name} {season.written}"


def _body(site: Site, fixture: Fixture, standing: Standing, shown: Sheet | None) -> str:
    """What people see."""
    competition, season, stage = site.league.stages[fixture.stage]
    local = site.local(fixture)
    score = _scores(site, fixture, standing)[-1] or "v"
    tabs = "".join(
        f'<a href="/matches/{fixture.number}/{tab}/{slug(fixture.home.name)}">{tab}</a> '
        for tab in ("show", "preview", "betting", "live")
    )
    parts = [
        crumbs(competition, season),
        '<div id="match-header"></div>',
        f'<h1>{escape(fixture.home.centre_name)} <span class="score">{score}</span>'
        f" {escape(fixture.away.centre_name)}</h1>",
        f"<p>{local:%A, %d %B %Y, %H:%M} {escape(standing.elapsed or '')}</p><nav>{tabs}</nav>",
        _round(site, fixture, stage.fixtures),
    ]
    if shown is None:
        return "\n".join([*parts, "<p>There is nothing to tell of this match.</p>"])
    return "\n".join([*parts, _statistics(shown), _line_ups(shown.game)])


def _round(site: Site, fixture: Fixture, fixtures: tuple[Fixture, ...]) -> str:
    """Choice of the other matches of that day."""
    day = site.local(fixture).date()
    options = "".join(
        f'<option value="/Matches/{one.number}/Show/x">{escape(one.home.centre_name)} - '
        f"{escape(one.away.centre_name)}</option>"
        for one in fixtures
        if site.local(one).date() == day
    )
    return f'<select id="matches"><optgroup label="{day:%a, %b %d %Y}">{options}</optgroup></select>'


def _statistics(shown: Sheet) -> str:
    names = {
        "shotsTotal": "Shots", "shotsOnTarget": "On target", "passesTotal": "Passes", "cornersTotal": "Corners",
        "foulsCommited": "Fouls",
    }  # fmt: skip
    rows = "".join(
        f'<tr><td class="number">{shown.totals[name][0].sum()}</td><th>{text}</th>'
        f'<td class="number">{shown.totals[name][1].sum()}</td></tr>'
        for name, text in names.items()
    )
    return f'<table id="match-statistics"><tbody>{rows}</tbody></table>'


def _line_ups(game: Game) -> str:
    rows = "".join(
        f"<tr><td>{home.shirt} {escape(home.name)}</td><td>{away.shirt} {escape(away.name)}</td></tr>"
        for home, away in zip(*(squad[:STARTERS] for squad in game.squads), strict=True)
    )
    return f'<table id="line-ups"><tbody>{rows}</tbody></table>'


def preview(site: Site, fixture: Fixture) -> bytes:
    """Who will be missing; every fifth match has no such section, every third one nobody in it."""
    competition, season, _ = site.league.stages[fixture.stage]
    heading = f"{escape(fixture.home.centre_name)} v {escape(fixture.away.centre_name)}"
    parts = [crumbs(competition, season), f"<h1>{heading}</h1>"]
    if fixture.number % 5:
        tables = "".join(f"<div>{_missing(site.game(fixture), side, fixture)}</div>" for side in (0, 1))
        parts.append(f'<div id="missing-players"><div><h2>Missing players</h2></div>{tables}</div>')
    return page(site, f"{fixture.home.centre_name} Preview", "\n".join(parts)).encode()


def _missing(game: Game, side: int, fixture: Fixture) -> str:
    gone = () if fixture.number % 3 == 0 else game.squads[side][-2:]
    rows = "".join(
        f'<tr><td class="pn"><a href="/Players/{player.number}/Show/x">{escape(player.name)}</a></td>'
        f'<td class="reason"><span title="injured{" doubtful" * (index == 0)}"></span></td>'
        f'<td class="confirmed">{("Doubtful", "Confirmed")[index]}</td></tr>'
        for index, player in enumerate(gone)
    )
    return f"<table><tbody>{rows}</tbody></table>"
