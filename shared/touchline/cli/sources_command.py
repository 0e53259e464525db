"""The command `sources`: where matches and prices can come from, on which terms, and how we stand with each."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec
import typer

from touchline.cli.terminal import AsJson, emit, scene, showing
from touchline.errors import UnknownName

if TYPE_CHECKING:
    from touchline.bootstrap import Container
    from touchline.collecting import HostState, Kept, Source
    from touchline.domain.source_health import Health
    from touchline.settings import Scrape

sources = typer.Typer(invoke_without_command=True)
_ACKNOWLEDGED: Final = "acknowledged"
_GOOD: Final = ("available", "partial", "expected")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A source, and how we stand with it."""

    name: str
    state: Literal["scheduled", "ready", "off"]
    """Whether schedules ask it, it can be asked, or something is missing."""
    to_do: str
    """How to switch it on, or have it asked by schedules."""
    gives: str
    terms: str
    rate: str
    freshness: str
    transport: str
    pace_seconds: float
    pages_per_day: int
    alternative: str
    key: str
    """Variable of the key that it needs, empty = none."""
    key_set: bool
    acknowledge: str
    acknowledged: bool
    last_success: datetime | None
    """Moment of the newest answer that could be used."""
    pages: dict[str, int]
    """How many pages are remembered, by what they hold."""
    asked_today: int
    blocked_until: datetime | None
    blocked_by: str
    evidence: str
    looked: datetime | None
    """When its health was looked at, None if never."""
    troubles: list[str]
    """What was found then, empty if it was well: blocked, silent, changed, stale."""
    notes: list[str]
    """The same in sentences."""


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(sources, name="sources")


@sources.callback()
def table(context: typer.Context, as_json: AsJson = False) -> None:
    """List every source: what it gives, on which terms, how fast and how fresh, and whether it can be asked now.

    Example: touchline sources --json
    """
    if context.invoked_subcommand is not None:
        return
    found = standings(scene(context).environ)
    if as_json:
        emit(found)
    else:
        _print(found)


@sources.command()
def show(
    context: typer.Context, name: Annotated[str, typer.Argument(help="Name of a source.")], as_json: AsJson = False
) -> None:
    """Show all that is known of one source.

    Example: touchline sources show the-odds-api
    """
    found = {one.name: one for one in standings(scene(context).environ)}
    if name not in found:
        raise UnknownName(f"no source {name!r}", hint=f"known are {', '.join(sorted(found))}")
    if as_json:
        emit(found[name])
        return
    for field, value in msgspec.structs.asdict(found[name]).items():
        if shown := _shown(value):
            typer.echo(f"{field.replace('_', ' '):<14} {shown}")


def standings(environ: Mapping[str, str]) -> list[Standing]:
    """Every source, by name."""
    from touchline import bootstrap, settings
    from touchline.stages import scrape_canary

    ports = bootstrap.ports(environ)
    wanted = settings.load(settings.Scrape, environ, "scrape")
    health = scrape_canary.latest(ports.store)
    return [_standing(ports, wanted, source, health) for _, source in sorted(ports.sources.items())]


def _standing(ports: "Container", wanted: "Scrape", source: "Source", health: "Health | None") -> Standing:
    about, environ = source.about, ports.environ
    key_set = bool(environ.get(about.key, "").strip()) if about.key else False
    acknowledged = not about.acknowledge or environ.get(about.acknowledge, "") == _ACKNOWLEDGED
    missing = _missing("" if key_set else about.key, "" if acknowledged else about.acknowledge)
    state: Literal["scheduled", "ready", "off"] = (
        "off" if missing else "scheduled" if source.name in wanted.sources else "ready"
    )
    kept = [page for page in ports.journal.pages(source.name) if page.endpoint != "robots"]
    host = _host(ports, wanted, source, kept)
    now = ports.clock.now()
    shut = host if host and host.open_until and host.open_until > now else None
    looked = health.of(source.name) if health else None
    return Standing(
        name=source.name,
        state=state,
        to_do=missing or ("" if state == "scheduled" else _to_schedule(source.name, wanted)),
        gives=about.gives,
        terms=about.terms,
        rate=about.rate,
        freshness=about.freshness,
        transport=about.transport,
        pace_seconds=about.pace_seconds if wanted.pace_seconds is None else wanted.pace_seconds,
        pages_per_day=wanted.pages_per_day or about.pages_per_day,
        alternative=about.alternative,
        key=about.key,
        key_set=key_set,
        acknowledge=about.acknowledge,
        acknowledged=acknowledged,
        last_success=max((page.retrieved for page in kept if page.retrieved and page.state in _GOOD), default=None),
        pages=_counted(kept),
        asked_today=host.asked if host and host.day == now.date() else 0,
        blocked_until=shut.open_until if shut else None,
        blocked_by=shut.kind if shut else "",
        evidence=shut.evidence if shut else "",
        looked=health.looked if health and looked else None,
        troubles=list(looked.troubles) if looked else [],
        notes=list(looked.notes) if looked else [],
    )


def _missing(key: str, acknowledge: str) -> str:
    """What to set before a source can be asked, empty if nothing."""
    parts = [f"set {key} to the key of your account"] if key else []
    parts += [f"read its terms, then set {acknowledge}={_ACKNOWLEDGED}"] if acknowledge else []
    return "; ".join(parts)


def _to_schedule(name: str, wanted: "Scrape") -> str:
    return f"touchline scrape --source {name}, or TOUCHLINE_SCRAPE_SOURCES={','.join((*wanted.sources, name))}"


def _host(ports: "Container", wanted: "Scrape", source: "Source", kept: "list[Kept]") -> "HostState | None":
    """The host that answers for a source, None where there is none or it was never asked."""
    from touchline.stages.scrape_visit import host_of

    setting = getattr(wanted, f"{source.name.replace('-', '_')}_url", "")
    names = {host_of(url) for url in (setting, *(page.url for page in kept[-1:])) if url}
    found = [state for state in ports.hosts.all() if state.host in names]
    return max(found, key=lambda state: (state.open_until is not None, state.day), default=None)


def _counted(kept: "list[Kept]") -> dict[str, int]:
    states = [page.state for page in kept]
    return {state: states.count(state) for state in sorted(set(states))}


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items())
    if isinstance(value, list):
        return "; ".join(value)
    if isinstance(value, bool):
        return "yes" if value else ""
    return str(value) if value else ""


def _print(found: list[Standing]) -> None:
    from rich.table import Table

    shown = Table("source", "gives", "terms", "rate", "freshness", box=None, pad_edge=False, padding=(0, 2, 1, 0))
    styles = {"scheduled": "green", "ready": "green", "off": "yellow"}
    for one in found:
        lines = [f"[bold]{one.name}[/]", f"[{styles[one.state]}]{one.state}[/]", *_told(one)]
        shown.add_row("\n".join(lines), one.gives, one.terms, one.rate, one.freshness)
    console = showing()
    console.print(shown)
    for one in found:
        if one.state == "off":
            console.print(f"{one.name}: {one.to_do}")


def _told(one: Standing) -> list[str]:
    """What stands below the name of a source."""
    key = [f"key {'set' if one.key_set else 'not set'}"] if one.key else []
    last = [f"last {one.last_success:%Y-%m-%d %H:%M}"] if one.last_success else []
    shut = [f"[red]left alone until {one.blocked_until:%m-%d %H:%M}[/]"] if one.blocked_until else []
    found = [f"[red]{', '.join(one.troubles)} on {one.looked:%m-%d}[/]"] if one.troubles and one.looked else []
    return [*key, *last, *shut, *found]
