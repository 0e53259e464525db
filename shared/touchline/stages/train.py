"""Train: decide whether it is due; tune, select, calibrate, evaluate; register the model as `smoke`, publish it.

The model that ships is the one whose scores stand on its card: it is not fitted again on the matches that it was tested
on. What came of a training is kept as one object before anything else is written, so that a registry that does not
answer, or a crash, costs no second training.
"""

import logging
import pickle
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
import numpy as np
import pandas as pd

from touchline.domain.competitions import is_simulated
from touchline.errors import NotFound
from touchline.learning import evaluation, plots
from touchline.learning.bundle import CARD, bundle_files, features_sha256
from touchline.learning.card import ModelCard, markdown
from touchline.learning.fitting import FitOptions, Fitted, fit
from touchline.learning.starts import starts
from touchline.learning.studies import Alone
from touchline.manifest import (
    Manifest,
    Publication,
    Ref,
    content_id,
    current,
    publication_key,
    publish,
    write_object,
)
from touchline.ports import ObjectStore, TrainingLog
from touchline.settings import Train
from touchline.stages import train_budget, train_due, train_material
from touchline.work import Event, Ports, Result

STAGE: Final = "models"
VERSION: Final = "1"
ALIAS: Final = "smoke"
_LOG = logging.getLogger("touchline.train")
_SAMPLE = 20


class Trained(msgspec.Struct, frozen=True):
    """All that came of a training: the bundle's files, the pickled model (read by this function only), the pictures."""

    files: dict[str, bytes]
    fitted: bytes
    plots: dict[str, bytes]


class Wanted(msgspec.Struct, frozen=True):
    """Features that are to be learnt from, and who asked for it."""

    publication: Publication
    features: Manifest
    requests: dict[str, Ref]
    reason: str


class Job(msgspec.Struct, frozen=True):
    """One training: of which features, under which identity."""

    model_id: str
    seq: int
    features: Manifest
    source: Ref
    parameters: dict[str, Any]
    versions: dict[str, str]


def run(event: Event, ports: Ports, settings: Train) -> Result:
    """Train on the current features if that is due.

    Raises:
        Unavailable: the registry does not answer; the model is kept and registered on the next attempt.
        DataError: the matches are too few to learn from, or the converted model differs from the fitted one.
        PermanentError: the features cannot be read.
    """
    found = wanted(ports.store, settings, scheduled=event.kind == "cron")
    if isinstance(found, Result):
        return found
    _LOG.info("training: %s", found.reason)
    return _train(ports, settings, _job(found.publication, found.features, settings), found.requests)


def wanted(store: ObjectStore, settings: Train, *, scheduled: bool = False) -> Wanted | Result:
    """What a training that is due learns from, else why there is none to be.

    Args:
        store: where features and models are.
        settings: when a training is due, and how much is trained.
        scheduled: whether a tick asks.

    Raises:
        PermanentError: the features cannot be read.
    """
    try:
        publication, features = current(store, "features")
    except NotFound as error:
        return Result(outcome="skipped", reason=error.what)
    key = publication_key(STAGE, publication.seq)
    if store.stat(key):
        return Result(outcome="unchanged", publications=(key,), reason="these features have a model")
    asked = train_due.requests(store)
    facts = train_due.facts(store, features, asked, settings.uses)
    if facts.trained_on is None:
        return Wanted(publication, features, asked, "no model yet")
    spent = train_budget.spent(store, features)
    tick = settings.schedule_days if scheduled else None
    answer = train_due.decide(facts, settings.min_new_matches, tick, spent.days)
    if not answer.due:
        return Result(outcome="skipped", reason=answer.reason)
    if not facts.uses:
        wait = train_budget.refusal(spent, settings.cool_down_days, settings.per_month, facts.unanswered)
        if wait:
            return Result(outcome="skipped", reason=f"{answer.reason}, but {wait}")
    return Wanted(publication, features, asked, answer.reason)


def _job(publication: Publication, features: Manifest, settings: Train) -> Job:
    source = Ref(publication.manifest, publication.sha256)
    # How many threads work and when a training is due changes nothing in the model. Where trials are kept may hold a
    # password; what others tried there shows in the parameters on the card.
    parameters = {
        name: value
        for name, value in msgspec.to_builtins(settings).items()
        if name not in ("threads", "min_new_matches", "study", "schedule_days", "cool_down_days", "per_month")
    }
    parameters["params"] = starts(settings.params)
    versions = {"train": VERSION}
    model_id = content_id(STAGE, (source,), parameters, versions)
    return Job(model_id, publication.seq, features, source, parameters, versions)


def _train(ports: Ports, settings: Train, job: Job, asked: dict[str, Ref]) -> Result:
    trained = _kept(ports, settings, job)
    store = ports.store
    outputs = {
        name: write_object(store, f"{STAGE}/{job.model_id}/{name}", data) for name, data in trained.files.items()
    }
    card = msgspec.json.decode(trained.files[CARD], type=ModelCard)
    version = _register(ports, trained, card)
    manifest = Manifest(
        stage=STAGE,
        id=job.model_id,
        inputs=(job.source,),
        outputs=outputs,
        parameters=job.parameters,
        versions=job.versions,
        counts={"finished": job.features.counts["played"], "learnt": card.matches, "tested": card.test_matches},
    )
    key, created = publish(store, manifest, job.seq, sidecars=asked, seal=ports.claim.seal)
    loss = {name: round(score.log_loss.value, 4) for name, score in card.scores.items()}
    summary = {"model": job.model_id, "version": version, "family": card.family, "uses": card.uses, "log_loss": loss}
    return Result(outcome="done" if created else "unchanged", publications=(key,), summary=summary)


def _kept(ports: Ports, settings: Train, job: Job) -> Trained:
    """What an earlier attempt made, else a training whose outcome is kept first of all."""
    where = f"{STAGE}/{job.model_id}/trained.msgpack"
    store: ObjectStore = ports.store
    if store.stat(where) is None:
        store.create(where, msgspec.msgpack.encode(_made(ports, settings, job)))
    else:
        _LOG.info("model %s was trained by an earlier attempt", job.model_id)
    return msgspec.msgpack.decode(store.get(where), type=Trained)


def _made(ports: Ports, settings: Train, job: Job) -> Trained:
    material = train_material.read(ports.store, job.features, settings.test_days, settings.uses)
    fitted = fit(material.train, options(ports, settings), _LOG.info)
    test = material.test
    champion, said = train_material.champion(ports, test)
    forecasts = {
        "ours": fitted.predict(test.only(fitted.names).x),
        "prior": evaluation.prior(material.train, test.competition),
        "elo": evaluation.elo(material.train, test),
        **material.markets,
        "champion": said,
    }
    card = _card(job, fitted, material, forecasts, champion)
    pictures = {
        "plots/reliability.png": plots.reliability(forecasts["ours"], test.outcome),
        "plots/families.png": plots.fold_scores(fitted.fold_losses),
    }
    return Trained(bundle_files(fitted, card), pickle.dumps(fitted), pictures)


def options(ports: Ports, settings: Train) -> FitOptions:
    """How to fit, and where the trials are kept."""
    return FitOptions(
        trials=settings.trials,
        folds=settings.folds,
        seed=settings.seed,
        threads=settings.threads,
        families=settings.families,
        starts=starts(settings.params),
        studies=ports.studies(settings.study) if settings.study else Alone(),
    )


def _card(
    job: Job, fitted: Fitted, material: train_material.Material, forecasts: dict[str, Any], champion: str
) -> ModelCard:
    train, test = material.train, material.test
    found = {
        name: evaluation.difference(forecasts["ours"], p, test.outcome)
        for name, p in forecasts.items()
        if name != "ours"
    }
    competitions = tuple(sorted(set(train.competition)))
    return ModelCard(
        model_id=job.model_id,
        family=fitted.family,
        params=fitted.params,
        features=len(fitted.names),
        features_sha256=features_sha256(fitted.names),
        uses=job.parameters["uses"],
        competitions=competitions,
        matches=len(train),
        trained_from=_moment(train.kickoff.min()),
        trained_until=_moment(train.kickoff.max()),
        test_matches=len(test),
        test_from=_moment(test.kickoff.min()),
        test_until=_moment(test.kickoff.max()),
        snapshot=job.source.key,
        seq=job.seq,
        simulated=any(is_simulated(name) for name in competitions),
        scores=evaluation.scores(forecasts, test.outcome),
        differences={name: difference for name, difference in found.items() if difference},
        champion=champion,
        slices=evaluation.slices(forecasts["ours"], test.outcome, test.competition),
        calibration=str(msgspec.to_builtins(fitted.calibration)["type"]),
        calibration_losses=fitted.calibration_losses,
        fold_losses=fitted.fold_losses,
        weights=fitted.weights,
        starts=job.parameters["params"],
    )


def _register(ports: Ports, trained: Trained, card: ModelCard) -> str:
    fitted: Fitted = pickle.loads(trained.fitted)  # noqa: S301  # written by this function, see `_kept`
    sample = pd.DataFrame(fitted.sample[:_SAMPLE], columns=list(fitted.names))
    contents = {
        **{f"bundle/{name}": data for name, data in trained.files.items()},
        **trained.plots,
        "card.md": markdown(card).encode(),
    }
    ports.claim.hold()  # the registry knows no fence of its own
    with TemporaryDirectory() as folder:
        artifacts = {name: _written(Path(folder) / name, data) for name, data in contents.items()}
        version = ports.registry.register(_log(card, artifacts), fitted, sample, card.model_id)
    ports.registry.set_alias(ALIAS, version)
    return version


def _written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _log(card: ModelCard, artifacts: dict[str, Path]) -> TrainingLog:
    metrics = {
        f"test_{name}_{metric}": getattr(score, metric).value
        for name, score in card.scores.items()
        for metric in ("rps", "log_loss", "brier", "ece", "accuracy")
    }
    return TrainingLog(
        name=card.model_id,
        params={"family": card.family, "calibration": card.calibration, "uses": card.uses, "matches": card.matches}
        | card.params,
        metrics=metrics | {"parity": card.parity},
        fold_metrics={f"fold_{name}_log_loss": list(losses) for name, losses in card.fold_losses.items()},
        artifacts=artifacts,
        dataset={"name": "features", "source": card.snapshot, "digest": card.snapshot.split("/")[1]},
        tags={"touchline.seq": str(card.seq), "touchline.simulated": str(card.simulated).lower()},
    )


def _moment(kickoff: np.datetime64) -> datetime:
    moment: datetime = pd.Timestamp(kickoff, tz="UTC").to_pydatetime()
    return moment
