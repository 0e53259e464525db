"""Pictures of a training for the experiment log, as PNG bytes."""

import io

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from touchline.domain.vocabulary import OUTCOMES
from touchline.learning.examples import Floats, Outcomes


def reliability(p: Floats, outcome: Outcomes, bins: int = 10) -> bytes:
    """How often what was promised came, for each of the three outcomes."""
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.add_subplot(xlabel="forecast probability", ylabel="how often it came", title="Reliability")
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1, label="perfect")
    for column, name in enumerate(OUTCOMES):
        promised, came = _binned(p[:, column], outcome == column, bins)
        axes.plot(promised, came, marker="o", label=f"{name} ({len(outcome)} matches)")
    axes.legend()
    return _png(figure)


def fold_scores(losses: dict[str, tuple[float, ...]]) -> bytes:
    """Log-loss of each family in each fold, the older fold first."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="fold, in the order of time", ylabel="log-loss", title="Model families")
    for name, scores in losses.items():
        axes.plot(range(1, len(scores) + 1), scores, marker="o", label=name)
    axes.legend()
    return _png(figure)


def _binned(p: Floats, hit: "np.ndarray[tuple[int], np.dtype[np.bool_]]", bins: int) -> tuple[Floats, Floats]:
    where = np.minimum((p * bins).astype(np.int64), bins - 1)
    count = np.bincount(where, minlength=bins)
    used = count > 0
    promised, came = (np.bincount(where, values, minlength=bins)[used] / count[used] for values in (p, hit))
    return promised, came


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    with mpl.rc_context({"font.family": "DejaVu Sans"}):
        figure.savefig(stream, format="png", dpi=90, metadata={"Software": None})
    return stream.getvalue()
