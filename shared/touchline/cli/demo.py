"""The command `demo`: matches in, the whole chain, forecasts and scores out, then the page."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.demo_plan import Plan, Wish, plans
from touchline.cli.serve import HOST, become_server, listen_port
from touchline.cli.terminal import AsJson, emit, open_platform, scene, speaking
from touchline.errors import ConfigurationError, NotFound, PermanentError, Unavailable
from touchline.manifest import Ref, bundle_of, current, decode, read_object

if TYPE_CHECKING:
    from touchline.domain.forecasts import ForecastSet
    from touchline.platform.guest import Chain
    from touchline.telemetry import RunRecord


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(demo)


def demo(
    context: typer.Context,
    data: Annotated[list[Path] | None, typer.Option(help="Files or folders with matches; may be repeated.")] = None,
    source: Annotated[str, typer.Option(help="football-data or simulated; by default the first that answers.")] = "",
    competition: Annotated[list[str] | None, typer.Option(help="Code such as E0; may be repeated.")] = None,
    seasons: Annotated[list[str] | None, typer.Option(help="2018-, 2018-2021 or 2024-25; may be repeated.")] = None,
    as_of: Annotated[str, typer.Option(help="Set the clock: ISO 8601 with an offset.")] = "",
    home: Annotated[str, typer.Option(help="Folder of this demo; by default one of its own.")] = "",
    port: Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.", min=0, max=65535)] = 8080,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the page at the end.")] = True,
    as_json: AsJson = False,
) -> None:
    """Hold the whole chain on this machine: collect, train, promote, forecast; then serve the page until Ctrl-C.

    Without options it fetches the open data of football-data.co.uk, and a simulated league where it cannot have them.
    Data that end in the past are looked at from their last matchday. Asked again, it says what is there already.

    \b
    Examples:
      touchline demo
      touchline demo --source simulated --no-serve
      touchline demo --data matches.parquet --competition E0 --competition D1
      touchline demo --data seasons/ --as-of 2024-05-01T09:00:00+00:00 --json --no-serve
    """
    from touchline import bootstrap

    environ = scene(context).environ
    wish = Wish(
        source=source, competitions=tuple(competition or ()), seasons=tuple(seasons or ()), data=tuple(data or ()),
        as_of=as_of, home=home,
    )  # fmt: skip
    found = plans(wish, environ, bootstrap.ports(environ).clock.now())
    chosen = listen_port(port) if serve else 0
    plan, records, told = _first_that_answers(found)
    facts = told | {"home": plan.environ["TOUCHLINE_HOME"]} | ({"url": f"http://{HOST}:{chosen}/"} if serve else {})
    if as_json:
        emit({key: value for key, value in facts.items() if key != "told"})
    else:
        _show(facts, records)
    if any(record.outcome == "failed" for record in records):
        raise typer.Exit(3)
    if serve:
        become_server(plan.environ, chosen)


def _first_that_answers(found: Sequence[Plan]) -> "tuple[Plan, list[RunRecord], dict[str, Any]]":
    console = speaking()
    for number, plan in enumerate(found, 1):
        for note in plan.notes:
            console.print(f"[bold]{note}[/]", soft_wrap=True)
        with open_platform(plan.environ) as platform:
            try:
                records = _collect(platform, plan)
            except (Unavailable, PermanentError) as error:
                if number == len(found):
                    raise
                why = "does not answer" if isinstance(error, Unavailable) else "gives nothing usable"
                console.print(f"[yellow]{plan.source} {why} ({error.what}); trying the next[/]")
                continue
            records += platform.drain()
            return plan, records, outcome(platform, plan, records)
    raise Unavailable("no source answers", where="demo")


def _collect(platform: "Chain", plan: Plan) -> "list[RunRecord]":
    """Bring the matches in: files under `incoming/`, or a tick of scrape (which has patience of its own).

    Raises:
        Unavailable: the source does not answer.
        PermanentError: it refuses, or all that it gives is refused.
        ConfigurationError: it was asked for something that it does not have.
    """
    if plan.payloads:
        from touchline.cli.commands import put_down

        return put_down(platform, plan.payloads)
    records = [_ticked(platform, plan)]
    while records[-1].summary.get("left") and records[-1].summary.get("pages_fetched"):
        records.append(_ticked(platform, plan))
    return records


def _ticked(platform: "Chain", plan: Plan) -> "RunRecord":
    """One run of scrape by its schedule."""
    status, record = platform.invoke("scrape", platform.tick("scrape"))
    if status >= 500 and record.error is not None:
        fault = record.error
        kind = ConfigurationError if fault.kind == ConfigurationError.__name__ else Unavailable
        raise kind(fault.what, where=fault.where or plan.source, hint=fault.hint, details=fault.details)
    if record.outcome == "parked" and not record.publications:
        what = record.error.what if record.error else record.reason
        where, hint = (record.error.where, record.error.hint) if record.error else ("", "")
        raise PermanentError(what, where=where or plan.source, hint=hint)
    return record


def outcome(platform: "Chain", plan: Plan, records: "Sequence[RunRecord]") -> dict[str, Any]:
    """What the demo has to tell, as plain data."""
    told = _told(platform)
    facts: dict[str, Any] = {
        "stages": _by_function(records, lambda runs: round(sum(run.duration_s for run in runs), 2)),
        "stage_memory_mib": _by_function(records, lambda runs: max(run.peak_memory_mib for run in runs)),
        "peak_memory_mib": max((record.peak_memory_mib for record in records), default=0.0),
        "matches": _matches(platform),
        "forecasts": len(told.matches) if told else 0,
        "mode": platform.ports.clock.mode,
        "as_of": plan.environ.get("TOUCHLINE_NOW", ""),
        "source": plan.source,
        "new": _new(records),
        "told": told,
    }
    if told:
        facts["champion"] = {"version": told.model.version, "model_id": told.model.model_id}
        facts |= _scores(platform, facts["champion"])
    return facts


def _by_function(records: "Sequence[RunRecord]", measure: "Callable[[list[RunRecord]], float]") -> dict[str, float]:
    """A figure of each function over all its runs, in the order in which they ran first."""
    names = dict.fromkeys(record.function for record in records)
    return {name: measure([record for record in records if record.function == name]) for name in names}


FORECASTERS = {"ours": "champion", "prior": "priors", "elo": "elo", "bookmaker": "bookmaker", "closing": "closing"}
"""Name on the card -> name in our JSON."""


def _scores(platform: "Chain", champion: dict[str, Any]) -> dict[str, Any]:
    """Scores of the champion and of those that it is measured against, from its card."""
    from touchline.learning.card import ModelCard

    bundle, digests = bundle_of(current(platform.ports.store, "serving")[1])
    card = decode(read_object(platform.ports.store, Ref(f"{bundle}/card.json", digests["card.json"])), ModelCard)
    names = ("log_loss", "rps", "brier", "ece", "accuracy")
    told = {
        FORECASTERS[name]: {"n": score.n} | {each: getattr(score, each).value for each in names}
        for name, score in card.scores.items()
        if name in FORECASTERS
    }
    return told | {"champion": champion | told.get("champion", {})}


def _matches(platform: "Chain") -> int:
    try:
        return current(platform.ports.store, "raw")[1].counts["matches"]
    except NotFound:
        return 0


def _told(platform: "Chain") -> "ForecastSet | None":
    from touchline.domain.forecasts import ForecastSet

    try:
        _, manifest = current(platform.ports.store, "predictions")
    except NotFound:
        return None
    ref = manifest.outputs["forecasts"]
    return decode(read_object(platform.ports.store, ref), ForecastSet, ref.key)


def _new(records: "Sequence[RunRecord]") -> str:
    """Why something new was trained, or why not."""
    trained = [record for record in records if record.function == "train"]
    if not trained:
        scraped = next((record for record in records if record.function == "scrape"), None)
        why = scraped.reason or scraped.outcome if scraped else "nothing came in"
        return f"nothing new was trained: the matches are those that are here already (scrape: {why})"
    last = trained[-1]
    if last.outcome == "done":
        return "a model was trained" + (f": {last.reason}" if last.reason else "")
    return f"nothing new was trained: {last.reason or last.outcome}"


def _show(facts: dict[str, Any], records: "Sequence[RunRecord]") -> None:
    from touchline.cli import demo_show

    demo_show.show(facts, records)
