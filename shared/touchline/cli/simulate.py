"""The command `simulate`: past seasons, lived through once more by a virtual clock."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline import telemetry
from touchline.cli.terminal import AsJson, emit, scene, since_moment, speaking
from touchline.errors import ConfigurationError

if TYPE_CHECKING:
    from touchline.cli.simulate_plan import Plan


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(simulate)


def simulate(
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", help="First day; all before it is history, known from the start.")],
    until: Annotated[str, typer.Option("--to", help="Last day.")],
    data: Annotated[list[Path], typer.Option(help="Files or folders with matches; may be repeated.")],
    competition: Annotated[list[str] | None, typer.Option(help="Code such as E0; may be repeated.")] = None,
    seasons: Annotated[list[str] | None, typer.Option(help="2017- or 2018-2021; may be repeated.")] = None,
    home: Annotated[str, typer.Option(help="New folder for it; by default one of its own.")] = "",
    step: Annotated[float, typer.Option(help="Ask the source once in so many days: quicker.", min=0, max=366)] = 0.0,
    shuffle: Annotated[int | None, typer.Option(help="Seed: another order, and some files twice.", min=0)] = None,
    pages: Annotated[bool, typer.Option("--pages", help="Draw the page of each drift report, too: slow.")] = False,
    as_json: AsJson = False,
) -> None:
    """Live through past seasons once more: real functions and events, a home of its own, and a clock that is moved.

    What was played before --from is taken in as history; a model is trained of it. Then the clock goes from tick to
    tick of the schedules, and files tell what the world knew by then: forecasts are sealed before each kick-off, and
    matches settled when their results come; drift, training and promotion follow their own rules. The matches are
    told by the times at which they were played in the end. Look at the outcome with `touchline --home HOME serve`.

    \b
    Examples:
      touchline simulate --from 2022-08-01 --to 2023-06-30 --data seasons/ --competition E0 --seasons 2017-
      touchline simulate --from 2022-08-01 --to 2022-09-30 --data matches.parquet --home /tmp/autumn --json
      touchline simulate --from 2022-08-01 --to 2022-09-30 --data matches.parquet --shuffle 7
    """
    from touchline.cli import simulate_plan, simulate_show

    begin, end = _day(since, "--from"), _day(until, "--to") + timedelta(days=1)
    if end <= begin:
        raise ConfigurationError("the last day lies before the first", where="--to", hint="swap them")
    wish = simulate_plan.Wish(
        begin,
        end,
        tuple(data),
        tuple(competition or ()),
        tuple(seasons or ()),
        home,
        timedelta(days=step),
        shuffle,
        pages,
    )
    plan = simulate_plan.plan(wish, scene(context).environ)
    facts = _played(plan)
    if as_json:
        emit(facts)
    else:
        simulate_show.show(facts)
    if facts["sealed"]["late"] or facts["settled"]["twice"] or facts["settled"]["missing"] or facts["failed"]:
        raise typer.Exit(3)


def _day(text: str, option: str) -> datetime:
    try:
        moment = since_moment(text)
    except ConfigurationError as error:
        raise ConfigurationError(error.what, where=option, hint="as in 2022-08-01") from error
    if moment is None:
        raise ConfigurationError("no day is given", where=option, hint="as in 2022-08-01")
    return moment


def _played(plan: "Plan") -> dict[str, Any]:
    """Go through it all, and say what came of it."""
    from touchline.cli.simulate_facts import Facts
    from touchline.cli.simulate_show import Bar

    started = time.perf_counter()
    with plan.opened() as season:
        telemetry.log_to(season.ports.home / "log.jsonl", season.ports.common.log_level)
        facts = Facts(season.ports)
        with Bar(speaking(), plan) as bar:
            for told in season.play(plan.until):
                facts.add(told)
                bar.move(told.at, facts)
        return facts.told(plan, season.asked, time.perf_counter() - started)
