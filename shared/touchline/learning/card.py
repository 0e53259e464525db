"""What is known of a model, for the gates that read numbers and for people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from touchline.domain.uses import DEFAULT, MEANING
from touchline.domain.vocabulary import Uses


class Estimate(msgspec.Struct, frozen=True):
    """A mean over matches, and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class ModelScore(msgspec.Struct, frozen=True):
    """Scores of one forecaster on the matches that all forecasters of the card were scored on."""

    n: int
    rps: Estimate
    log_loss: Estimate
    brier: Estimate
    ece: Estimate
    accuracy: Estimate


class Difference(msgspec.Struct, frozen=True):
    """The model minus another on the n matches that both forecast; below zero means that it is better."""

    n: int
    rps: Estimate
    log_loss: Estimate


class Slice(msgspec.Struct, frozen=True):
    """Scores of this model in one competition; `few` warns of a number that says little."""

    competition: str
    n: int
    few: bool
    rps: Estimate
    log_loss: Estimate


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """A model, what it learnt from, how it did on later matches, and where its limits are.

    `scores` and `differences` are by forecaster: ours, prior (shares of the outcomes per competition), elo (the Elo
    difference alone), bookmaker and closing (prices before the match and at kick-off), champion (who served when this
    model was trained, on the matches newer than its training).
    """

    model_id: str
    family: str
    params: dict[str, Any]
    features: int
    features_sha256: str
    uses: Uses = DEFAULT
    """What it may know."""
    competitions: tuple[str, ...]
    matches: int
    """Matches that it learnt from."""
    trained_from: datetime
    trained_until: datetime
    """Newest kick-off that it learnt from."""
    test_matches: int
    test_from: datetime
    test_until: datetime
    snapshot: str
    """Manifest of the features that it was made of."""
    seq: int
    simulated: bool
    scores: dict[str, ModelScore]
    differences: dict[str, Difference]
    champion: str
    """Model id behind `differences["champion"]`, empty if none served."""
    slices: tuple[Slice, ...]
    calibration: str
    calibration_losses: dict[str, float]
    fold_losses: dict[str, tuple[float, ...]]
    """Log-loss of each family in each fold, and of the pool."""
    weights: dict[str, float] = {}
    """Part of each family in the pool; 0 for those that were left out."""
    starts: dict[str, dict[str, Any]] = {}
    """Parameters given from outside, from which the search of a family started."""
    parity: float = 0.0
    """Largest difference of a probability between the trained and the servable model."""
    limits: tuple[str, ...] = (
        "Teams that are new to a league are forecast from little; so are the first rounds of a season.",
        "Its probabilities are for 90 minutes, as played under the usual rules; not for extra time or neutral grounds.",
    )


def markdown(card: ModelCard) -> str:
    """The card for people."""
    made_up = "\n**The matches are invented (simulated league); these scores say nothing of real football.**\n"
    learnt, tested = _span(card.trained_from, card.trained_until), _span(card.test_from, card.test_until)
    about = (
        f"{card.family} on {card.features} features, calibration: {card.calibration}. Learnt from {card.matches} "
        f"matches of {', '.join(card.competitions)}, {learnt}; tested on {card.test_matches} later ones, {tested}. "
        f"Features: `{card.snapshot}` (seq {card.seq})."
    )
    if card.starts:
        given = "; ".join(f"{name} {params}" for name, params in card.starts.items())
        about += f" The search started from given parameters: {given}."
    knows = f"It knows {MEANING[card.uses]} (`{card.uses}`); nothing of line-ups, injuries or transfers."
    parts = [
        f"# Model {card.model_id}",
        made_up if card.simulated else "",
        about,
        "## Members, by the log-loss in folds that they had not seen\n",
        _member_table(card),
        "## Calibrations, by the log-loss on the newer half of the folds\n" if card.calibration_losses else "",
        _calibration_table(card),
        "## Scores on the test matches\n",
        _score_table(card),
        "## Differences, this model minus the other (below zero: this one is better)\n",
        _difference_table(card),
        "## By competition\n",
        _slice_table(card),
        "## Limits\n",
        "\n".join(f"- {limit}" for limit in (knows, *card.limits)),
    ]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _span(first: datetime, last: datetime) -> str:
    return f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"


def _member_table(card: ModelCard) -> str:
    rows = [
        (name, f"{card.weights[name]:.3f}" if name in card.weights else "", *(f"{loss:.4f}" for loss in losses))
        for name, losses in card.fold_losses.items()
    ]
    folds = max((len(losses) for losses in card.fold_losses.values()), default=0)
    return _table(("family", "weight", *(f"fold {number}" for number in range(1, folds + 1))), rows)


def _calibration_table(card: ModelCard) -> str:
    """Cost is what a kind loses to the best."""
    if not card.calibration_losses:
        return ""
    best = min(card.calibration_losses.values())
    rows = [
        (f"{name} (chosen)" if name == card.calibration else name, f"{loss:.5f}", f"{loss - best:.5f}")
        for name, loss in card.calibration_losses.items()
    ]
    return _table(("calibration", "log-loss", "cost"), rows)


def _score_table(card: ModelCard) -> str:
    rows = [
        (name, str(s.n), *(_shown(e) for e in (s.rps, s.log_loss, s.brier, s.ece, s.accuracy)))
        for name, s in card.scores.items()
    ]
    return _table(("forecaster", "n", "RPS", "log-loss", "Brier", "ECE", "accuracy"), rows)


def _difference_table(card: ModelCard) -> str:
    rows = [(name, str(d.n), _shown(d.rps), _shown(d.log_loss)) for name, d in card.differences.items()]
    return _table(("against", "n", "RPS", "log-loss"), rows)


def _slice_table(card: ModelCard) -> str:
    rows = [
        (s.competition, f"{s.n}{' (too few)' if s.few else ''}", _shown(s.rps), _shown(s.log_loss)) for s in card.slices
    ]
    return _table(("competition", "n", "RPS", "log-loss"), rows)


def _shown(estimate: Estimate) -> str:
    return f"{estimate.value:.4f} ({estimate.low:.4f} to {estimate.high:.4f})"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
