"""Pictures of a backtest, as SVG that stands in a page: the same walk gives the same bytes."""

import io
from collections.abc import Mapping
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from touchline.domain import scoring
from touchline.domain.splits import Moments
from touchline.domain.vocabulary import OUTCOMES
from touchline.learning.card import Difference
from touchline.learning.examples import Floats, Outcomes
from touchline.learning.judging import Calibration

COLOURS: Final = ("#0b6e4f", "#c8553d", "#2e5eaa", "#8a6d00", "#7a4f9a", "#3a8a99", "#9a3a62", "#666666", "#b0782e")
_FEW_IN_BIN: Final = 20


def forest(differences: Mapping[str, Difference]) -> str:
    """Ours minus each other, RPS and log-loss, with intervals; left of the line ours is better."""
    figure = Figure(figsize=(9, 0.42 * len(differences) + 1.1), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    places = np.arange(len(differences))[::-1]
    for axes, name, title in zip(panels, ("rps", "log_loss"), ("RPS", "log-loss"), strict=True):
        gaps = [getattr(gap, name) for gap in differences.values()]
        values = np.array([gap.value for gap in gaps])
        ends = np.array([[gap.value - gap.low, gap.high - gap.value] for gap in gaps]).T
        axes.axvline(0, color="#999999", linewidth=1)
        axes.errorbar(values, places, xerr=np.maximum(ends, 0), fmt="o", color=COLOURS[0], capsize=3)
        axes.set_yticks(places, list(differences))
        axes.set_xlabel(f"{title}, ours minus the other")
        axes.locator_params(axis="x", nbins=5)
    return _svg(figure)


def reliability(calibration: Calibration) -> str:
    """How often came what was promised, for each outcome, and how many forecasts each point stands for."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    panels = figure.subplots(2, len(OUTCOMES), sharex=True, sharey="row", height_ratios=(3, 1))
    for column, name in enumerate(OUTCOMES):
        found, axes = calibration.classes[name], panels[0, column]
        bins = [each for each in found.bins if each.n >= _FEW_IN_BIN]
        promised, came = (np.array([getattr(each, field) for each in bins]) for field in ("promised", "came"))
        low, high = (np.array([getattr(each, field) for each in bins]) for field in ("low", "high"))
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
        axes.errorbar(promised, came, yerr=[came - low, high - came], fmt="o", color=COLOURS[column], capsize=3)
        axes.set_title(f"{name}: ECE {found.ece:.4f}, noise up to {found.floor.high:.4f}", fontsize=9)
        panels[1, column].bar(promised, [each.n for each in bins], width=0.08, color=COLOURS[column])
        panels[1, column].set_xlabel("promised")
    panels[0, 0].set_ylabel("came")
    panels[1, 0].set_ylabel("forecasts")
    return _svg(figure)


def over_time(kickoff: Moments, forecasts: Mapping[str, Floats], outcome: Outcomes) -> str:
    """Log-loss of every month, and the running mean of ours minus each other."""
    figure = Figure(figsize=(9, 5), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    losses = {name: scoring.log_loss(p, outcome) for name, p in forecasts.items()}
    month = kickoff.astype("datetime64[M]")
    months, where = np.unique(month, return_inverse=True)
    for number, (name, loss) in enumerate(losses.items()):
        means = np.bincount(where, loss) / np.bincount(where)
        upper.plot(months.astype("datetime64[D]"), means, color=_colour(number), label=name, linewidth=1.3)
    upper.set_ylabel("log-loss of a month")
    upper.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    ours, *others = losses
    last = np.flatnonzero(np.diff(where, append=len(months)))
    for number, name in enumerate(others, start=1):
        gap = np.cumsum(losses[ours] - losses[name]) / np.arange(1, len(outcome) + 1)
        lower.plot(months.astype("datetime64[D]"), gap[last], color=_colour(number), linewidth=1.3)
    lower.axhline(0, color="#999999", linewidth=1)
    lower.set_ylabel("ours minus the other,\nmean so far")
    return _svg(figure)


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _svg(figure: Figure) -> str:
    stream = io.StringIO()
    with mpl.rc_context(
        {"font.family": ["DejaVu Sans"], "svg.fonttype": "none", "svg.hashsalt": "touchline", "font.size": 9}
    ):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]
