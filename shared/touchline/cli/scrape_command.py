"""The command `scrape`: collect from one source, as far as it lets us, and run the chain on what came."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import msgspec
import typer

from touchline import tracing
from touchline.cli.terminal import AsJson, emit, open_platform, scene, speaking, verdict
from touchline.collecting import watcher
from touchline.errors import BlockedError, ConfigurationError, Unavailable

if TYPE_CHECKING:
    from touchline.collecting import Source
    from touchline.stages.scrape import Request
    from touchline.stages.scrape_plan import Plan
    from touchline.telemetry import RunRecord

_STOPPED = 130
_OPTIONS = {"TOUCHLINE_SCRAPE_SEASONS": "--season", "TOUCHLINE_SCRAPE_COMPETITIONS": "--competition"}


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(scrape)


def scrape(
    context: typer.Context,
    source: Annotated[str, typer.Option(help="Where from; `touchline sources` lists them.")],
    competition: Annotated[
        list[str] | None, typer.Option(help="Name or code, such as E0 or 'Premier League'; may be repeated.")
    ] = None,
    season: Annotated[
        list[str] | None, typer.Option(help="2024-25, 2018-2021 or 2018-; the current one by default.")
    ] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of kick-offs.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of kick-offs.")] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Ask for failed pages at once.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be asked for; ask for nothing.")] = False,
    chain: Annotated[bool, typer.Option("--chain/--no-chain", help="Run the rest of the chain afterwards.")] = True,
    as_json: AsJson = False,
) -> None:
    """Collect matches from a source, politely; what was collected before is not asked for again.

    It may be stopped at any time (Ctrl-C) and goes on where it was when it is asked again. Exit code 4: the source
    shows a wall, and is left alone for a while.

    \b
    Examples:
      touchline scrape --source football-data --competition "England Premier League" --season 2018-
      touchline scrape --source openfootball --competition E0 --dry-run
      touchline scrape --source whoscored --competition E0 --from 2026-03-01 --to 2026-03-31 --no-chain
    """
    environ = scene(context).environ
    try:
        wanted = _as_if_acknowledged(environ, source) if dry_run else environ
        found, asked = _asked(wanted, source, competition or [], season or [], first, last)
        asked = msgspec.structs.replace(asked, retry_failed=retry_failed)
        if dry_run:
            _tell_plan(_plan(wanted, found, asked), as_json)
            _tell_missing(environ, wanted, found)
            return
        records = _collect(environ, asked, as_json)
    except KeyboardInterrupt:
        typer.secho("stopped; what came is kept, the same command goes on from there", err=True)
        raise typer.Exit(_STOPPED) from None
    if chain and records[-1].publications:
        with open_platform(environ, quiet=as_json) as platform:
            records += platform.drain()
    total = summary(records)
    emit({"collected": total, "records": records}) if as_json else _tell(total)
    _end(environ, found, records, total)


def _as_if_acknowledged(environ: Mapping[str, str], source: str) -> Mapping[str, str]:
    """The environment as it were if the terms of the source had been acknowledged: a plan asks for nothing."""
    from touchline import bootstrap

    found = bootstrap.ports(environ).sources.get(source)
    return {**environ, found.about.acknowledge: "acknowledged"} if found and found.about.acknowledge else environ


def _tell_missing(environ: Mapping[str, str], wanted: Mapping[str, str], source: "Source") -> None:
    if wanted != environ:
        what = f"before anything is asked for, {source.about.acknowledge}=acknowledged has to be set"
        typer.secho(f"{what}: {source.about.terms}", err=True, fg="yellow")


def _asked(
    environ: Mapping[str, str], source: str, competitions: list[str], seasons: list[str],
    first: datetime | None, last: datetime | None,
) -> "tuple[Source, Request]":  # fmt: skip
    """The source, and the request that the options make.

    Raises:
        ConfigurationError, UnknownName: there is no such source or competition, or the source cannot have it.
    """
    from touchline import bootstrap, settings
    from touchline.sources import leagues
    from touchline.stages.scrape import Request

    ports = bootstrap.ports(environ)
    if source not in ports.sources:
        known = ", ".join(sorted(ports.sources))
        raise ConfigurationError(f"no source {source!r}", where="--source", hint=f"known are {known}")
    codes = tuple(dict.fromkeys(leagues.find(text) for text in competitions))
    codes = codes or settings.load(settings.Scrape, environ, "scrape").competitions
    days = [day.date() if day else None for day in (first, last)]
    if first and last and first > last:
        raise ConfigurationError(f"{days[0]} is after {days[1]}", where="--from, --to", hint="change them round")
    if (key := ports.sources[source].about.key) and not environ.get(key):
        raise ConfigurationError(f"{key} is not set", where=source, hint="set it to the key of your account there")
    asked = Request(source=source, competitions=codes, seasons=tuple(seasons), first=days[0], last=days[1])
    try:
        next(ports.sources[source].pages(asked, ports.clock.now()), None)  # says what it cannot have
    except ConfigurationError as error:
        given = {"TOUCHLINE_SCRAPE_SEASONS": seasons, "TOUCHLINE_SCRAPE_COMPETITIONS": competitions}
        error.where = _OPTIONS[error.where] if given.get(error.where) else error.where
        raise
    return ports.sources[source], asked


def _plan(environ: Mapping[str, str], source: "Source", asked: "Request") -> "Plan":
    from touchline import bootstrap, settings
    from touchline.stages.scrape_plan import plan

    return plan(source, asked, bootstrap.ports(environ), settings.load(settings.Scrape, environ, "scrape"))


def _tell_plan(found: "Plan", as_json: bool) -> None:
    if as_json:
        emit(msgspec.to_builtins(found) | {"pages": found.pages})
        return
    for endpoint, names in found.needed.items():
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        typer.echo(f"{len(names):6} to ask for  {endpoint:<10} {shown}")
    for endpoint, count in found.kept.items():
        typer.echo(f"{count:6} kept         {endpoint}")
    if found.waiting:
        typer.echo(f"{found.waiting:6} failed not long ago, asked for later")
    if found.following is None:
        typer.echo("     ? more will follow from these, nobody can tell how many")
    elif found.following:
        typer.echo(f"{found.following:6} more will follow from these, if it is like what was collected before")
    days = -(-(found.pages + (found.following or 0)) // found.per_day)
    spread = f", on {days} days, since {found.per_day} pages a day are allowed" if days > 1 else ""
    least = "at least" if found.following is None else "about"
    pace = f"{least} {timedelta(seconds=round(found.seconds))} at the pace of {found.source}{spread}"
    typer.echo(f"{pace}; nothing was asked for")


def _collect(environ: Mapping[str, str], asked: "Request", quiet: bool) -> "list[RunRecord]":
    """Ask scrape until nothing is left, or the source will give no more for now."""
    from touchline.work import Event

    records: list[RunRecord] = []
    with open_platform(environ, quiet=True) as platform, _watching(quiet):
        while True:
            event = Event(
                id=f"scrape-{uuid4()}", kind="http", source="command line", time=platform.ports.clock.now(),
                traceparent=tracing.child(), data={"collect": msgspec.to_builtins(asked)},
            )  # fmt: skip
            status, record = platform.invoke("scrape", event)
            demand_answer(status, record)
            records.append(record)
            told = records[-1].summary
            if not told.get("left") or told["blocked"] or told["stopped"] or not told["pages_fetched"]:
                return records


def demand_answer(status: int, record: "RunRecord") -> None:
    """See that a run came to its end, whatever it found.

    Raises:
        ConfigurationError, Unavailable: it did not, for want of a setting, or of an answer.
    """
    from touchline.platform.runner import demand_settings

    if status >= 500 and (fault := record.error) is not None:
        demand_settings(record)
        raise Unavailable(fault.what, where=fault.where, hint=fault.hint, details=fault.details)


@contextmanager
def _watching(quiet: bool) -> Iterator[None]:
    """Show how far the collection is: a bar at a terminal, lines elsewhere, nothing if quiet."""
    console = speaking()
    if quiet:
        yield
        return
    from touchline.cli.scrape_progress import Bar, Lines

    with Bar(console) if console.is_terminal else Lines(console) as shown:
        token = watcher.set(shown)
        try:
            yield
        finally:
            watcher.reset(token)


def summary(records: "list[RunRecord]") -> dict[str, Any]:
    """What the runs of scrape did together; `left`, `blocked` and `stopped` are those of the last one."""
    runs = [record.summary for record in records if record.function == "scrape"]
    last = {
        name: runs[-1][name]
        for name in ("left", "blocked", "stopped", "pages_waiting", "pages_kept", "seq")
        if name in runs[-1]
    }
    added = (
        "pages_fetched", "pages_failed", "retries", "rows", "rejected", "matches_new", "matches_changed", "teams_new",
        "details_changed",
    )  # fmt: skip
    return {name: sum(run.get(name, 0) for run in runs) for name in added} | last


def _tell(total: dict[str, Any]) -> None:
    typer.echo(", ".join(f"{name.replace('_', ' ')} {count}" for name, count in total.items() if count))


def _end(environ: Mapping[str, str], source: "Source", records: "list[RunRecord]", total: dict[str, Any]) -> None:
    """Leave with the code that says how it went.

    Raises:
        typer.Exit: with 2, 3 or 4, unless all is well.
    """
    code = verdict(records)
    if total.get("blocked"):
        typer.secho(str(_wall(environ, source, total["blocked"][source.name])), err=True, fg="red")
        code = 4
    elif code == 2 and total.get("stopped"):
        code = 3  # what is missing may come later
    if code:
        raise typer.Exit(code)


def _wall(environ: Mapping[str, str], source: "Source", kind: str) -> BlockedError:
    """What is known of the wall: where, since when not, where the evidence is, and what else there is."""
    from touchline import bootstrap

    ports = bootstrap.ports(environ)
    now = ports.clock.now()
    shut = [host for host in ports.hosts.all() if host.kind == kind and host.open_until and host.open_until > now]
    details = tuple(
        f"{one.host} is left alone until {one.open_until:%Y-%m-%d %H:%M} UTC; evidence in {one.evidence}"
        for one in shut
    )
    hint = f"another way: {source.about.alternative}" if source.about.alternative else ""
    return BlockedError(f"blocked ({kind})", kind=kind, where=source.name, details=details, hint=hint)
