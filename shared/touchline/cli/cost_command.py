"""The command `cost`: what a month of what ran would cost, on AWS, on Google Cloud or on a node of your own."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from touchline.cli.terminal import AsJson, emit, scene, showing
from touchline.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from touchline.watch.cost import Estimate
    from touchline.wiring import Wiring


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(cost)


def cost(
    context: typer.Context,
    platform: Annotated[str, typer.Option(help="aws, gcp or node; empty = all three, in short.")] = "",
    days: Annotated[int, typer.Option(help="How far back runs are looked at.", min=1, max=366)] = 30,
    requests: Annotated[int, typer.Option(help="Requests to predict a month: no run record counts them.", min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """Say what a month costs, from run records and stored objects, by dated list prices, in USD.

    By function at list price; what an account gets for nothing stands apart. Where things ran does not matter: runs
    on a laptop show what a cloud would ask for.

    \b
    Examples:
      touchline cost
      touchline cost --platform aws --requests 100000
      touchline cost --json
    """
    from touchline import bootstrap, wiring
    from touchline.watch import prices
    from touchline.watch.cost import estimate
    from touchline.watch.observing import observe

    chosen = [one for one in prices.PLATFORMS if platform in ("", one)]
    if not chosen:
        raise ConfigurationError(f"no prices of {platform!r}", where="--platform", hint=", ".join(prices.PLATFORMS))
    environ, listed = scene(context).environ, prices.load()
    declared = wiring.load(wiring.root(environ))
    usage = observe(bootstrap.ports(environ).store, declared, days)
    usage = msgspec.structs.replace(usage, calls=calls(declared, requests))
    found = [estimate(usage, declared, listed, one) for one in chosen]
    if as_json:
        emit(found)
    elif len(found) == 1:
        _bill(found[0])
    else:
        _compared(found)


def calls(declared: "Wiring", requests: int) -> dict[str, float]:
    """Calls a month of what answers over HTTP: requests, and the ticks that keep it awake."""
    from touchline.domain.schedules import count

    begin = datetime(2026, 11, 1, tzinfo=UTC)  # of a month of 30 days
    end = begin + timedelta(days=30)
    return {
        name: float(requests + (count(one.warm, begin, end) if one.warm else 0))
        for name, one in declared.functions.items()
        if one.http
    }


def _compared(found: "list[Estimate]") -> None:
    """The platforms side by side: a line each."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("USD a month")
    for heading in ("list", "free", "to pay", "1,000 forecasts"):
        table.add_column(heading, justify="right")
    for one in found:
        table.add_row(f"{one.platform}: {one.about}", *_sums(one))
    showing().print(table)
    _rest(found[0])


def _bill(one: "Estimate") -> None:
    """One platform: what each function costs at list price, what is free, what is to be paid."""
    from rich.table import Table

    by_function = Table(box=None, pad_edge=False)
    by_function.add_column("function")
    for heading in ("runs", "seconds", "USD a month"):
        by_function.add_column(heading, justify="right")
    for told in one.functions:
        by_function.add_row(told.function, f"{told.runs:.0f}", f"{told.seconds:.0f}", f"{told.usd_month:.3f}")
    shared = sum(line.usd for line in one.lines if not line.function)
    by_function.add_row("whatever runs", "", "", f"{shared:.3f}")
    by_meter = Table(box=None, pad_edge=False)
    by_meter.add_column("paid for")
    for heading in ("units a month", "", "list", "free"):
        by_meter.add_column(heading, justify="left" if not heading else "right")
    for what, unit, units, usd, spared in _meters(one):
        by_meter.add_row(what, f"{units:,.1f}", unit, f"{usd:.3f}", f"{spared:.3f}" if spared else "")
    listed, free, month, thousand = _sums(one)
    showing().print(by_function, "", by_meter, "")
    showing().print(
        f"{one.about}: {month} USD a month ({listed} at list price, {free} free), 1,000 forecasts {thousand}"
    )
    _rest(one)


def _meters(one: "Estimate") -> "Iterator[tuple[str, str, float, float, float]]":
    """Meter by meter, all functions together: what, unit, units, list price, what of it is free."""
    saved = {told.meter: told.usd for told in one.free}
    for meter in dict.fromkeys(line.meter for line in one.lines):
        lines = [line for line in one.lines if line.meter == meter]
        units, usd = sum(line.units for line in lines), sum(line.usd for line in lines)
        yield lines[0].what, lines[0].unit, units, usd, saved.get(meter, 0.0)


def _sums(one: "Estimate") -> tuple[str, str, str, str]:
    thousand = "none sealed" if one.per_1000_forecasts is None else f"{one.per_1000_forecasts:.2f}"
    return f"{one.list_month:.2f}", f"{one.free_month:.2f}", f"{one.month:.2f}", thousand


def _rest(one: "Estimate") -> None:
    """What the figures rest on."""
    if one.since and one.until:
        seen = f"{one.days:.1f} days of runs, {one.since:%Y-%m-%d %H:%M} to {one.until:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"from {seen}; prices of {one.as_of}")
    for note in one.notes:
        typer.echo(note)
