"""The page of the models: who served since when, and the card of who serves now."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from touchline.domain.competitions import competition
from touchline.errors import TouchlineError
from touchline.learning.card import ModelCard, ModelScore
from touchline.manifest import Manifest, Ref, bundle_of, decode, read_object, read_publication
from touchline.ports import ObjectInfo, ObjectStore
from touchline.stages.predict_board import Serving
from touchline.web.look import Look
from touchline.web.view_parts import league
from touchline.web.view_scores import Row, Scored, rows

CARD: Final = "card.json"
PROMOTIONS: Final = 20
"""So many are shown, the newest."""


@dataclass(frozen=True)
class PromotionRow:
    """One promotion."""

    number: int
    version: str
    when: str
    ago: str
    serves: bool
    family: str
    matches: str
    log_loss: str


@dataclass(frozen=True)
class CardView:
    """What is to be known of a model."""

    model_id: str
    facts: tuple[tuple[str, str], ...]
    scores: tuple[Row, ...]
    slices: tuple[Row, ...]
    limits: tuple[str, ...]


@dataclass(frozen=True)
class ModelsView:
    """What the page shows; `card` is None if it cannot be read, then `fault` says why."""

    route: str
    """How requests are divided between the champion and a challenger, empty where there is none."""
    promotions: tuple[PromotionRow, ...]
    card: CardView | None
    fault: str


def models_view(look: Look, store: ObjectStore, serving: Serving | None) -> ModelsView:
    """The promotions, newest first, and the card of the champion.

    Args:
        look: how the page is looked at.
        store: where both are read from.
        serving: what serves, if that is known.
    """
    route = _route(look, serving)
    newest = sorted(store.list("serving/published/"), key=lambda info: info.key, reverse=True)[:PROMOTIONS]
    made = tuple(_promotion(look, store, info, serves=place == 0) for place, info in enumerate(newest))
    if not newest:
        return ModelsView(route, (), None, "")
    try:
        _, manifest = read_publication(store, newest[0].key)
        return ModelsView(route, made, _card_view(look, read_card(store, manifest)), "")
    except TouchlineError as error:
        return ModelsView(route, made, None, error.what)


def _route(look: Look, serving: Serving | None) -> str:
    if serving is None or serving.route is None or serving.challenger is None:
        return ""
    t, route = look.words, serving.route
    where = ", ".join(league(code) for code in route.competitions) or t("everywhere")
    return t(f"route.{route.mode}", version=serving.challenger.version[:12], share=t.percent(route.share), where=where)


def read_card(store: ObjectStore, manifest: Manifest) -> ModelCard:
    """The card of the model that a publication of serving points at.

    Raises:
        NotFound, CorruptObject, DataError: it is not there, or not what was promised.
    """
    folder, digests = bundle_of(manifest)
    ref = Ref(f"{folder}/{CARD}", digests.get(CARD, ""))
    return decode(read_object(store, ref), ModelCard, ref.key)


def _promotion(look: Look, store: ObjectStore, info: ObjectInfo, *, serves: bool) -> PromotionRow:
    t, card, version, number = look.words, None, "?", 0
    try:
        publication, manifest = read_publication(store, info.key)
        version, number = str(manifest.parameters["model_version"]), publication.seq
        card = read_card(store, manifest)
    except TouchlineError:
        pass  # the row says what is known
    ours = card.scores.get("ours") if card else None
    return PromotionRow(
        number=number,
        version=version[:12],
        when=look.moment(info.modified),
        ago=look.ago(info.modified),
        serves=serves,
        family=card.family if card else "–",
        matches=t.count(card.matches) if card else "–",
        log_loss=t.number(ours.log_loss.value, 4) if ours else "–",
    )


def _card_view(look: Look, card: ModelCard) -> CardView:
    return CardView(
        model_id=card.model_id,
        facts=tuple(_facts(look, card)),
        scores=rows(look, [_scored(look, name, score) for name, score in _ranked(card)]),
        slices=rows(
            look,
            [
                Scored(
                    league(one.competition), one.log_loss.value, one.log_loss.low, one.log_loss.high,
                    (look.words.number(one.rps.value, 4), look.words.count(one.n)), few=one.few,
                )
                for one in islice(card.slices, 60)
            ],
        ),
        limits=tuple(look.words.or_else(f"limit.{place}", text) for place, text in enumerate(card.limits)),
    )  # fmt: skip


def _ranked(card: ModelCard) -> list[tuple[str, ModelScore]]:
    return sorted(card.scores.items(), key=lambda pair: (pair[0] != "ours", pair[1].log_loss.value))


def _scored(look: Look, name: str, score: ModelScore) -> Scored:
    t = look.words
    cells = (
        t.number(score.rps.value, 4),
        t.number(score.brier.value, 4),
        t.percent(score.ece.value, 1),
        t.percent(score.accuracy.value),
        t.count(score.n),
    )
    loss = score.log_loss
    return Scored(t.or_else(f"forecaster.{name}", name), loss.value, loss.low, loss.high, cells, own=name == "ours")


def _facts(look: Look, card: ModelCard) -> Iterator[tuple[str, str]]:
    t = look.words
    yield t("models.family"), card.family
    weights = ", ".join(f"{name} {t.percent(weight)}" for name, weight in card.weights.items() if weight >= 0.005)
    if weights:
        yield t("models.weights"), weights
    yield t("models.features"), f"{t.count(card.features)} ({t.or_else(f'uses.{card.uses}', card.uses)})"
    learnt = t("to", low=t.short_day(card.trained_from), high=t.short_day(card.trained_until))
    yield t("models.learnt"), t("models.matches", n=t.count(card.matches), span=learnt)
    tested = t("to", low=t.short_day(card.test_from), high=t.short_day(card.test_until))
    yield t("models.tested"), t("models.matches", n=t.count(card.test_matches), span=tested)
    yield t("models.competitions"), ", ".join(competition(code).name for code in card.competitions)
    yield t("models.calibration"), card.calibration
    yield t("models.snapshot"), card.snapshot
