"""The demo's results on a terminal: forecasts, scores side by side, what each stage took."""

from typing import TYPE_CHECKING, Any

from rich.table import Table

from touchline.cli.terminal import showing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from touchline.domain.forecasts import ForecastSet, Score
    from touchline.telemetry import RunRecord

SHOWN = 15
"""Forecasts that the terminal shows; the page has all."""


def show(facts: dict[str, Any], records: "Sequence[RunRecord]") -> None:
    """Print what the demo has to tell."""
    console = showing()
    told: ForecastSet | None = facts["told"]
    if told is None:
        console.print("no model serves yet; `touchline runs --failed` says why")
    else:
        title = "Simulated league, no real club" if told.simulated else "Forecasts"
        console.print(f"[bold]{title}[/]: {len(told.matches)} matches to come")
        console.print(forecasts(told))
        if told.reason:
            console.print(told.reason)
        held_out = told.model.scores[0].n if told.model.scores else 0
        title = f"[bold]Champion {told.model.version}[/] on {held_out:,} held-out matches (lower is better)"
        console.print(title, soft_wrap=True)
        console.print(scores(told))
    console.print(stages(facts["stages"], facts["stage_memory_mib"]))
    console.print(f"{facts['matches']:,} matches, {facts['forecasts']} forecasts, mode {facts['mode']}; {facts['new']}")
    for record in records:
        if record.outcome in ("parked", "failed"):
            console.print(f"[yellow]{record.function} {record.outcome}[/]: {record.reason}", soft_wrap=True)
    if told and told.matches:
        example = told.matches[0].match_id
        console.print(f"look behind a forecast: touchline --home {facts['home']} trace {example}", soft_wrap=True)
    if "url" in facts:
        console.print(f"the page: [bold]{facts['url']}[/] (Ctrl-C ends)", soft_wrap=True)


def forecasts(told: "ForecastSet") -> Table:
    """The next fixtures, with the chances of home, draw and away."""
    table = Table(box=None, pad_edge=False)
    for name in ("kick-off (UTC)", "", "home", "away"):
        table.add_column(name)
    for name in ("home", "draw", "away"):
        table.add_column(name, justify="right")
    for match in told.matches[:SHOWN]:
        moment = f"{match.kickoff:%Y-%m-%d %H:%M}" if match.kickoff_known else f"{match.kickoff:%Y-%m-%d}"
        chances = (f"{p:.1%}" for p in (match.home, match.draw, match.away))
        table.add_row(moment, match.competition, match.home_team, match.away_team, *chances)
    if len(told.matches) > SHOWN:
        table.caption = f"and {len(told.matches) - SHOWN} more on the page"
    return table


def scores(told: "ForecastSet") -> Table:
    """The champion beside priors, Elo and bookmaker, on the same held-out matches; lower is better."""
    table = Table(box=None, pad_edge=False)
    table.add_column("forecaster")
    for name in ("log-loss", "95 % interval", "RPS"):
        table.add_column(name, justify="right")
    for score in told.model.scores:
        table.add_row(score.forecaster, f"{score.log_loss:.4f}", _interval(score), _or_dash(score.rps))
    return table


def _interval(score: "Score") -> str:
    return "" if score.low is None or score.high is None else f"{score.low:.4f} to {score.high:.4f}"


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def stages(seconds: "Mapping[str, float]", memory: "Mapping[str, float]") -> Table:
    """Wall time and peak memory of each function."""
    table = Table(box=None, pad_edge=False)
    table.add_column("function")
    table.add_column("seconds", justify="right")
    table.add_column("peak MiB", justify="right")
    for name, taken in seconds.items():
        table.add_row(name, f"{taken:.2f}", f"{memory[name]:.0f}")
    table.add_row("all", f"{sum(seconds.values()):.2f}", f"{max(memory.values(), default=0):.0f}")
    return table
