"""The HTML pages on the way to the matches: every one carries `allRegions`, and reads well without any script."""

from collections.abc import Iterable
from datetime import date
from html import escape
from itertools import groupby
from typing import Final

from replica_league import LONDON, Club, Competition, Fixture, Season, Stage
from replica_site import Site, Standing

CSS: Final = """
body { font: 15px/1.5 sans-serif; margin: 0; color: #1c2733; background: #f2f5f7; }
header, main, footer { max-width: 60rem; margin: 0 auto; padding: 1rem; }
header a { color: #fff; font-weight: bold; margin-right: 1.5rem; text-decoration: none; }
body > header { max-width: none; background: #14532d; }
main { background: #fff; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #d7dde2; }
td.number, th.number { text-align: right; }
.score { font-size: 2rem; }
[class*="row"] { display: flex; gap: 1rem; padding: .2rem 0; }
[class*="header-"] { background: #e4ebe7; padding: .2rem .6rem; margin-top: .6rem; }
"""
_OTHER_REGIONS: Final = (
    (1, 248, "flg-caf", "Africa", ((290, "CAF Champions League", 12),)),
    (0, 3, "flg-al", "Albania", ((118, "Kategoria Superiore", 1),)),
    (0, 53, "flg-ci", "Cote d'Ivoire", ((601, "Ligue 1 – d'Élite", 1), (602, "", 2))),
)  # fmt: skip
"""Type, number, flag, name and tournaments of regions with nothing to see."""


def js(text: str) -> str:
    """A text between single quotes, as the site writes it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("</", "<\\/") + "'"


def all_regions(site: Site) -> str:
    """The menu of every page: a JavaScript literal, no JSON."""
    ours = [
        (int(one.international), one.region, f"flg-{one.region_code}", one.region_name, ((one.number, one.name, 1),))
        for one in site.league.competitions
    ]
    made = []
    for kind, number, flag, name, tournaments in (*_OTHER_REGIONS, *ours):
        inner = ",\n   ".join(
            f"{{id:{tournament}, url:{js(_address(number, tournament, title, name))}, name:{js(title)},"
            f" sortOrder:{order}}}"
            for tournament, title, order in tournaments
        )
        made.append(f"{{type:{kind}, id:{number}, flg:{js(flag)}, name: {js(name)}, tournaments: [\n   {inner}]}}")
    return f"var allRegions = [{','.join(made)}];"


def _address(region: int, tournament: int, title: str, name: str) -> str:
    return f"/regions/{region}/tournaments/{tournament}/{slug(f'{name} {title}').lower()}"


def slug(text: str) -> str:
    """End of an address, which says nothing."""
    return "-".join("".join(letter if letter.isalnum() else " " for letter in text).split())


def page(site: Site, title: str, body: str, scripts: str = "", head: str = "") -> str:
    """A whole page."""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<link rel="stylesheet" href="/assets/site.css"><link rel="icon" href="/assets/icon.png">{head}
<script>var require = {{ config: {{ params: {{}} }} }}, gUtcOffSetNow = {_offset(site)};
{all_regions(site)}
{scripts}</script></head>
<body><header><a href="/"><img src="/assets/logo.png" alt="" width="24" height="24"> Replica</a></header>
<main>{body}</main>
<footer><a href="/termsofuse">Terms of use</a></footer></body></html>"""


def _offset(site: Site) -> int:
    offset = site.now.astimezone(LONDON).utcoffset()
    return int(offset.total_seconds() // 60) if offset else 0


def home(site: Site) -> str:
    """The front page."""
    links = "".join(
        f'<li><a href="{tournament_path(one)}">{escape(one.region_name)}: {escape(one.name)}</a></li>'
        for one in site.league.competitions
    )
    return page(site, "Replica: football statistics", f"<h1>Tournaments</h1><ul>{links}</ul>{_today(site)}")


def _today(site: Site) -> str:
    fixtures = site.on_day(site.now.date())
    return f"<h2>Today</h2>{fixture_list(site, fixtures)}" if fixtures else "<p>No matches today.</p>"


def team(site: Site, club: Club) -> str:
    """A club and its matches."""
    fixtures = [fixture for fixture in site.league.fixtures.values() if club in fixture.clubs]
    return page(site, club.name, f"<h1>{escape(club.name)}</h1>{fixture_list(site, fixtures)}")


def terms(site: Site) -> str:
    """The terms of this site, which is nobody's."""
    words = "This is a replica for tests. Its clubs and players are invented; do with its pages what you like."
    return page(site, "Terms of use", f"<h1>Terms of use</h1><p>{words}</p>")


def missing(site: Site) -> str:
    """What stands in place of a page that is not there."""
    return page(site, "404", "<h1>Not found</h1><p>The page you requested does not exist.</p>")


def tournament_path(competition: Competition) -> str:
    """Address of a tournament."""
    return f"/Regions/{competition.region}/Tournaments/{competition.number}"


def season_path(competition: Competition, season: Season) -> str:
    """Address of a season."""
    return f"{tournament_path(competition)}/Seasons/{season.number}"


def tournament(site: Site, competition: Competition) -> str:
    """A tournament: that is, its newest season."""
    return season_page(site, competition, competition.seasons[0])


def season_page(site: Site, competition: Competition, season: Season) -> str:
    """A season: lists of all seasons and of its stages, and where its fixtures are."""
    stages = season.stages[:1] if season.linked else ()
    return _stage_page(site, competition, season, stages[0] if stages else None, "")


def stage_page(site: Site, competition: Competition, season: Season, stage: Stage) -> str:
    """A stage, with the calendar of its matches."""
    return _stage_page(site, competition, season, stage, calendar(site, stage))


def _stage_page(site: Site, competition: Competition, season: Season, stage: Stage | None, scripts: str) -> str:
    title = f"{competition.name} {season.written}"
    parts = [crumbs(competition, season), f"<h1>{escape(title)}</h1>", _seasons(competition, season)]
    if len(season.stages) > 1:
        parts.append(_stages(competition, season, stage))
    if stage is not None:
        path = f"{season_path(competition, season)}/Stages/{stage.number}"
        end = slug(f"{competition.slug} {season.written}")
        parts.append(f'<nav><a href="{path}/Show/{end}">Summary</a> <a href="{path}/Fixtures/{end}">Fixtures</a></nav>')
        parts.append(fixture_list(site, stage.fixtures))
    return page(site, f"{title} | Replica", "\n".join(parts), scripts)


def crumbs(competition: Competition, season: Season) -> str:
    """Where a match belongs."""
    name = escape(f"{competition.name} - {season.written}")
    return (
        f'<div id="breadcrumb-nav"><span class="iconize"><span class="ui-icon country flg-{competition.region_code}">'
        f'</span>{escape(competition.region_name)}</span><span class="separator"> » </span>'
        f'<a href="{season_path(competition, season)}/{competition.slug}">{name}</a></div>'
    )


def _seasons(competition: Competition, chosen: Season) -> str:
    options = "".join(
        f'<option value="{season_path(competition, season)}/{competition.slug}"'
        f"{' selected' * (season is chosen)}>{season.written}</option>"
        for season in competition.seasons
    )
    return f'<select id="seasons" name="seasons">{options}</select>'


def _stages(competition: Competition, season: Season, chosen: Stage | None) -> str:
    options = "".join(
        f'<option value="{season_path(competition, season)}/Stages/{stage.number}/Show/{competition.slug}"'
        f"{' selected' * (stage is chosen)}>{escape(stage.name)}</option>"
        for stage in season.stages
    )
    return f'<select id="stages" name="stages">{options}</select>'


def calendar(site: Site, stage: Stage) -> str:
    """The days with matches; months count from zero. `vain`: a day of the month after them too, without a match."""
    days = sorted({site.local(fixture).date() for fixture in stage.fixtures})
    if not days:
        return "var wsCalendar = { min: null, max: null, mask: {} };"
    listed = [(one.year, one.month - 1, one.day) for one in days]
    if site.vain:
        after = date(days[-1].year + days[-1].month // 12, days[-1].month % 12 + 1, 6)
        listed.append((after.year, after.month - 1, after.day))
    years = []
    for year, part in groupby(listed, key=lambda one: one[0]):
        months = [
            f"{month}: {{{', '.join(f'{day}:1' for *_, day in inner)}}}"
            for month, inner in groupby(part, key=lambda one: one[1])
        ]
        years.append(f"{year}: {{{', '.join(months)}}}")
    ends = [f"(new Date({one.year}, {one.month - 1}, {one.day})).toString()" for one in (days[0], days[-1])]
    return f"var wsCalendar = {{ min: {ends[0]}, max: {ends[1]},\n mask: {{{', '.join(years)}}}}};"


def match_path(fixture: Fixture, tab: str = "Live") -> str:
    """Address of a match."""
    end = slug(f"{fixture.home.centre_name} {fixture.away.centre_name}")
    return f"/Matches/{fixture.number}/{tab}/{end}"


def fixture_list(site: Site, fixtures: Iterable[Fixture]) -> str:
    """Matches by day, as people see them."""
    ordered = sorted(fixtures, key=site.local)
    blocks = []
    for day, part in groupby(ordered, key=lambda fixture: site.local(fixture).date()):
        rows = "".join(_row(site, fixture) for fixture in part)
        head = f"{day:%A, %b} {day.day} {day.year}"
        blocks.append(
            '<div class="Accordion-module_accordion__a1">'
            f'<div class="Accordion-module_header-x1">{head}</div>{rows}</div>'
        )
    return "".join(blocks)


def _row(site: Site, fixture: Fixture) -> str:
    standing = site.standing(fixture)
    teams = "".join(f'<a href="/teams/{club.number}/show">{escape(club.name)}</a> ' for club in fixture.clubs)
    return (
        f'<div class="Match-module_row__b2"><time>{site.local(fixture):%H:%M}</time>'
        f'<div class="Match-module_teams__c3">{teams}</div>'
        f'<a href="{match_path(fixture).lower()}">{_spans(site, fixture, standing)}</a></div>'
    )


def _spans(site: Site, fixture: Fixture, standing: Standing) -> str:
    if standing.until is None:
        return escape(standing.elapsed or "-")
    home, away = site.game(fixture).score(standing.until)
    return f"<span>{home}</span> : <span>{away}</span> {escape(standing.elapsed or '')}"
