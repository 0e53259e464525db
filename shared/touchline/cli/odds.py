"""The commands `odds`: collect prices, and show how those of a match have moved."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import uuid4

import typer

from touchline.cli.terminal import AsJson, emit, open_platform, scene, showing, verdict
from touchline.errors import ConfigurationError, NotFound

if TYPE_CHECKING:
    import pandas as pd

    from touchline.telemetry import RunRecord

odds = typer.Typer(invoke_without_command=True)
_CREDITS: Final = re.compile(r"(\d+) credits left")
_ORDER: Final = ("home", "draw", "away", "over", "under")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(odds, name="odds")


@odds.callback()
def collect(
    context: typer.Context,
    competition: Annotated[
        list[str] | None, typer.Option(help="Name or code, such as E0 or 'Premier League'; may be repeated.")
    ] = None,
    kept: Annotated[
        bool, typer.Option("--kept", help="Take all kept answers in again: matches or names may be known by now.")
    ] = False,
    chain: Annotated[bool, typer.Option("--chain/--no-chain", help="Run the rest of the chain afterwards.")] = True,
    as_json: AsJson = False,
) -> None:
    """Collect prices of the matches to come, and keep each with its moment; `odds show` tells how they moved.

    Prices are linked to matches that another source announced. What cannot be linked is listed with what may be meant;
    its answer is kept, and taken in once somebody says who that is.

    \b
    Examples:
      touchline odds
      touchline odds --competition "England Premier League" --competition D1 --json
      touchline odds show e0-2025-26-northbridge-foxglove
    """
    if context.invoked_subcommand is not None:
        return
    environ = scene(context).environ
    record = _again(environ) if kept else _ask(environ, _competitions(environ, competition or []))
    records = [record]
    if chain and record.publications and record.outcome == "done":
        with open_platform(environ, quiet=as_json) as platform:
            records += platform.drain()
    total = _total(record, _credits(environ))
    if as_json:
        emit({"odds": total, "records": records})
    else:
        _tell(total)
    if code := verdict(records):
        raise typer.Exit(4 if total["blocked"] else code)


@odds.command()
def show(
    context: typer.Context,
    match_id: Annotated[str, typer.Argument(help="Match, as `touchline odds` and the forecasts name it.")],
    as_json: AsJson = False,
) -> None:
    """Show the prices of a match, each with the moment at which it was quoted, the oldest first.

    Example: touchline odds show e0-2025-26-northbridge-foxglove --json
    """
    from touchline import bootstrap

    ports = bootstrap.ports(scene(context).environ)
    history = ports.quotes.of([match_id])
    if history.empty and ports.matches.described([match_id]).empty:
        raise NotFound("no such match is stored", where=match_id, hint="`touchline runs` tells what was collected")
    if as_json:
        emit([row | {"quoted_at": row["quoted_at"].isoformat()} for row in history.to_dict("records")])
    else:
        _table(history)


def _ask(environ: Mapping[str, str], codes: Sequence[str]) -> "RunRecord":
    from touchline import tracing
    from touchline.cli.scrape_command import demand_answer
    from touchline.sources.the_odds_api import NAME
    from touchline.work import Event

    with open_platform(environ, quiet=True) as platform:
        event = Event(
            id=f"odds-{uuid4()}", kind="http", source="command line", time=platform.ports.clock.now(),
            traceparent=tracing.child(), data={"collect": {"source": NAME, "competitions": codes}},
        )  # fmt: skip
        status, record = platform.invoke("scrape", event)
    demand_answer(status, record)
    return record


def _again(environ: Mapping[str, str]) -> "RunRecord":
    from touchline.cli.reparse import store
    from touchline.sources.the_odds_api import NAME
    from touchline.stages.scrape_reparse import Request

    return store(environ, Request(NAME), quiet=True)


def _competitions(environ: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """Codes of the competitions that are asked for, else those of the settings that the source has.

    Raises:
        ConfigurationError: the key is missing, or nothing is left to ask for.
        UnknownName: no competition is called so.
    """
    from touchline import settings
    from touchline.sources import leagues
    from touchline.sources.the_odds_api import KEY, NAME

    if not environ.get(KEY, "").strip():
        raise ConfigurationError(
            f"{KEY} is not set", where=NAME,
            hint=f"get a key at the-odds-api.com and set {KEY}; without one, the files of football-data hold prices of "
            "several bookmakers: touchline scrape --source football-data",
        )  # fmt: skip
    if names:
        return list(dict.fromkeys(leagues.find(name) for name in names))
    wanted = settings.load(settings.Scrape, environ, "scrape").competitions
    found = [code for code in wanted if code in leagues.codes(NAME)]
    if not found:
        raise ConfigurationError(
            f"{NAME} has none of {', '.join(wanted)}", where="TOUCHLINE_SCRAPE_COMPETITIONS",
            hint=f"it has {', '.join(leagues.codes(NAME))}",
        )  # fmt: skip
    return found


def _credits(environ: Mapping[str, str]) -> int | None:
    """Requests that are left of the plan, by the newest answer; None if none ever said."""
    from touchline import bootstrap
    from touchline.sources.the_odds_api import NAME

    kept = [page for page in bootstrap.ports(environ).journal.pages(NAME, "odds") if page.retrieved]
    found = [_CREDITS.search(page.note) for page in sorted(kept, key=lambda page: str(page.retrieved))]
    return next((int(one[1]) for one in reversed(found) if one), None)


def _total(record: "RunRecord", left: int | None) -> dict[str, Any]:
    """What came of it, as plain data."""
    told = record.summary
    numbers = {name: told.get(name, 0) for name in ("quotes", "quotes_new", "quoted_matches", "unlinked", "pages_kept")}
    events = told.get("unlinked_events", [])
    names = {(one["country"], one["name"]): one["resembles"] for event in events for one in event["names"]}
    return numbers | {
        "unlinked_events": events,
        "accept": [_accept(country, name, meant) for (country, name), meant in names.items()],
        "blocked": told.get("blocked", {}),
        "credits_left": left,
    }


def _accept(country: str, name: str, meant: Sequence[str]) -> str:
    """The command that says who is meant; the best suggestion stands in it."""
    import shlex

    team = meant[0] if meant else "TEAM AS STORED"
    return f"touchline teams accept {shlex.quote(name)} {shlex.quote(team)} --country {shlex.quote(country)}"


def _tell(total: Mapping[str, Any]) -> None:
    typer.echo(f"{total['quotes_new']} new prices of {total['quotes']}, {total['quoted_matches']} matches linked")
    if total["pages_kept"] and not total["quotes"]:
        typer.echo("the last answer is not an hour old: nothing was asked for")
    for event in total["unlinked_events"]:
        when = event["kickoff"][:16].replace("T", " ")
        meeting = f"{event['home_team']} - {event['away_team']}"
        typer.echo(f"not linked: {event['competition']} {meeting}, {when} UTC: {event['why']}")
    if total["accept"]:
        typer.echo("say who that is; what waits for it is taken in then:")
        for command in total["accept"]:
            typer.echo(f"  {command}")
    if any(not event["names"] for event in total["unlinked_events"]):
        typer.echo("matches that are not stored: collect them from another source, then `touchline odds --kept`")
    if total["unlinked"] > len(total["unlinked_events"]):
        typer.echo(f"... and {total['unlinked'] - len(total['unlinked_events'])} more")
    if total["credits_left"] is not None:
        typer.echo(f"credits left: {total['credits_left']}")


def _table(history: "pd.DataFrame") -> None:
    from rich.table import Table

    if history.empty:
        showing().print("no price yet")
        return
    table = Table("quoted", "bookmaker", "market", "prices", box=None, pad_edge=False)
    keys = ["quoted_at", "bookmaker", "market", "line"]
    for (moment, bookmaker, market, line), some in history.groupby(keys):
        prices = dict(zip(some["outcome"], some["price"], strict=True))
        shown = "  ".join(f"{name} {prices[name]:.2f}" for name in _ORDER if name in prices)
        table.add_row(f"{moment:%Y-%m-%d %H:%M}", bookmaker, f"{market} {line:g}" if line else market, shown)
    showing().print(table)
