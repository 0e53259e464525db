"""Try a bundle before anybody relies on it (whole? loads? gives probabilities?), and read its card."""

from typing import Final

import numpy as np

from touchline.domain.forecasts import valid_probabilities
from touchline.domain.promotion import Comparison, Evidence, Trial
from touchline.errors import PermanentError, RetryableError
from touchline.learning.card import Difference, Estimate, ModelCard
from touchline.manifest import Manifest, Ref, bundle_of, decode, read_object
from touchline.ports import ObjectStore
from touchline.work import Ports

FILES: Final = frozenset({"model.onnx", "pool.json", "calibration.json", "features.json", "card.json"})


def try_bundle(ports: Ports, manifest: Manifest, rows: int) -> tuple[Trial, ModelCard | None]:
    """What came of a trial, and the card if it can be read.

    Raises:
        RetryableError: the store did not answer, which says nothing of the bundle.
    """
    faults = [*_missing(manifest), *_broken(ports.store, manifest)]
    card, fault = _card(ports.store, manifest)
    faults += fault
    if faults:
        return Trial(tuple(faults)), card
    return _answers(ports, manifest, rows), card


def _missing(manifest: Manifest) -> list[str]:
    there = {ref.key.rpartition("/")[2] for ref in manifest.outputs.values()}
    return [f"{name} is missing" for name in sorted(FILES - there)]


def _broken(store: ObjectStore, manifest: Manifest) -> list[str]:
    faults = []
    for ref in sorted(manifest.outputs.values()):
        try:
            read_object(store, ref)
        except PermanentError as error:
            faults.append(str(error))
    return faults


def _card(store: ObjectStore, manifest: Manifest) -> tuple[ModelCard | None, list[str]]:
    ref = card_of(manifest)
    if ref is None:
        return None, []
    try:
        card = decode(read_object(store, ref), ModelCard, ref.key)
    except PermanentError as error:
        return None, [str(error)]
    return (card, []) if "ours" in card.scores else (None, ["the card has no scores of the model"])


def card_of(manifest: Manifest) -> Ref | None:
    """Where the card of a bundle is."""
    return next((ref for ref in manifest.outputs.values() if ref.key.endswith("/card.json")), None)


def evidence(card: ModelCard) -> Evidence:
    """What the gates ask of a card; where there are no closing prices, those before the match stand for them."""
    own, against = card.scores["ours"], card.differences
    elo, market = _gap(against.get("elo")), _gap(against.get("closing") or against.get("bookmaker"))
    priors = _gap(against.get("prior"))
    return Evidence(
        model_id=card.model_id,
        parity=card.parity,
        matches=own.n,
        log_loss=own.log_loss.value,
        ece=own.ece.value,
        priors=priors.value if priors else None,
        elo=elo.value if elo else None,
        elo_low=elo.low if elo else None,
        closing=market.value if market else None,
        closing_high=market.high if market else None,
    )


def _gap(difference: Difference | None) -> Estimate | None:
    return difference.log_loss if difference else None


def comparison(card: ModelCard) -> Comparison | None:
    """How the model did against the champion of its day, None if there was none or nothing to compare on."""
    found = card.differences.get("champion")
    if not card.champion:
        return None
    if found is None:
        return Comparison(champion=card.champion, matches=0)
    gap = found.log_loss
    return Comparison(champion=card.champion, matches=found.n, difference=gap.value, low=gap.low, high=gap.high)


def _answers(ports: Ports, manifest: Manifest, rows: int) -> Trial:
    """Random features, some of them missing, must give valid probabilities."""
    try:
        predictor = ports.model(*bundle_of(manifest))
        rng = np.random.default_rng(0)
        values = rng.normal(scale=2.0, size=(rows, len(predictor.features)))
        values[rng.random(values.shape) < 0.05] = np.nan
        answered: list[list[float]] = predictor.predict(values).tolist()
    except RetryableError:
        raise
    except Exception as error:  # whatever the runtime says of a broken model, the model is at fault
        return Trial((f"it does not load or answer: {error}",))
    valid = sum(valid_probabilities([row]) for row in answered)
    return Trial((), valid)
